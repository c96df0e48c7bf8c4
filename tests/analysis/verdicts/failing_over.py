"""A proxy whose primary fails and whose standby takes over, as its log tells it and as scrapes of 15 s see it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from breakwatch.clock import fixed_clock, to_us
from breakwatch.config import Config, load
from breakwatch.model import Window
from service.ingest import Ingest
from store import Store
from tests.service.command import write

START = datetime(2026, 11, 20, 10, tzinfo=UTC)
LASTS_S = 900.0
FAILED_AT_S = 452.0
CALLS_EVERY_S = 0.5
SCRAPE_S = 15
END_US = to_us(START + timedelta(seconds=LASTS_S))

OBJECTIVE = "{name: fast, indicator: failover_time, stat: max, below: 5s, window: 10m, service: be_app}"


@dataclass(frozen=True)
class Call:
    """One call: when it began, who answered, and how; each takes a millisecond."""

    at_s: float
    server: str
    code: int


def calls(failover_s: float) -> list[Call]:
    """Return one call after the other; from the failure on the primary answers 503 until the standby takes over."""
    found = []
    for number in range(int(LASTS_S / CALLS_EVERY_S)):
        at_s = number * CALLS_EVERY_S
        if at_s < FAILED_AT_S:
            found.append(Call(at_s, "primary", 200))
        elif at_s < FAILED_AT_S + failover_s:
            found.append(Call(at_s, "primary", 503))
        else:
            found.append(Call(at_s, "standby", 200))
    return found


def log_lines(told: list[Call]) -> str:
    """Return the proxy's access log."""
    lines = []
    for call in told:
        begun = START + timedelta(seconds=call.at_s)
        ended = begun + timedelta(milliseconds=1)
        accepted = begun.strftime("%d/%b/%Y:%H:%M:%S.") + f"{begun.microsecond // 1000:03}"
        lines.append(
            f"<134>1 {ended.isoformat()} - haproxy 1 - - 127.0.0.1:37758 [{accepted}] fe_app be_app/{call.server}"
            f' 0/0/0/1/1 {call.code} 126 - - ---- 1/1/0/0/0 0/0 "GET / HTTP/1.1"'
        )
    return "\n".join(lines) + "\n"


def exposition(told: list[Call]) -> str:
    """Return what scrapes of its exporter would have seen, as OpenMetrics text."""
    stamp_s = START.timestamp()
    servers: list[str] = []
    backend: list[str] = []
    for scrape in range(0, int(LASTS_S) + 1, SCRAPE_S):
        counted = Counter((call.server, call.code // 100) for call in told if call.at_s + 0.001 <= scrape)
        for server in ("primary", "standby"):
            for code in (2, 5):
                labels = f'proxy="be_app",server="{server}",code="{code}xx"'
                servers.append(
                    f"haproxy_server_http_responses_total{{{labels}}} {counted[server, code]} {stamp_s + scrape}"
                )
        for code in (2, 5):
            total = counted["primary", code] + counted["standby", code]
            backend.append(
                f'haproxy_backend_http_responses_total{{proxy="be_app",code="{code}xx"}} {total} {stamp_s + scrape}'
            )
    types = ("# TYPE haproxy_server_http_responses counter", "# TYPE haproxy_backend_http_responses counter")
    return "\n".join([types[0], *sorted(servers), types[1], *sorted(backend), "# EOF"]) + "\n"


METRICS = "{name: metrics, kind: openmetrics, paths: [metrics.om], profiles: [haproxy], labels: {environment: prod}}"
LOG = "{name: log, kind: logs, paths: [haproxy.log], format: regex, profile: haproxy, labels: {environment: prod}}"


def collected(folder: Path, failover_s: float, *sources: str, objectives: str = OBJECTIVE) -> tuple[Config, Path]:
    """Bring the story in through the ordinary collectors; return the configuration and the store's path."""
    folder.mkdir(parents=True, exist_ok=True)
    told = calls(failover_s)
    (folder / "haproxy.log").write_text(log_lines(told), encoding="utf-8")
    (folder / "metrics.om").write_text(exposition(told), encoding="utf-8")
    listed = "".join(f"  - {source}\n" for source in sources)
    config = load(write(folder, f"store: {{path: b.duckdb}}\nsources:\n{listed}objectives:\n  - {objectives}\n"))
    clock = fixed_clock(END_US)
    with Store.open(config.store.path, clock=clock) as store:
        assert Ingest(config, store, clock).once(config.sources, Window(None, END_US)).problems() == ()
    return config, config.store.path
