"""Clocks that are off: stamps from the future are kept aside, and a server's own clock is said to differ, once."""

from __future__ import annotations

import gzip
import json
import threading
import time
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

from breakwatch.clock import HOUR_US, MINUTE_US, SECOND_US, Instant, fixed_clock, from_us, system_clock
from breakwatch.config import Config, LogsSource, OpenMetricsSource, PrometheusSource, ServiceConfig
from breakwatch.model import Window
from service import journal, running
from service.ingest import Ingest
from store import Store
from tests.real import generated
from tests.real.processes import Prometheus
from tests.service.servers import until

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

AHEAD_S = 90.0


def line(at_us: Instant, was: str, became: str) -> str:
    """Return a transition as a log tells it."""
    told = {"event": "breaker_transition", "service": "shop", "breaker": "bank", "from": was, "to": became}
    return json.dumps({"ts": from_us(at_us).isoformat(), **told}) + "\n"


def exposition(at_us: Instant) -> str:
    """Return a minute of samples of a state that changes, ending then."""
    states = [(at_us - age * SECOND_US, state) for age, state in ((45, "closed"), (30, "open"), (15, "open"))]
    own = 'job="shop",instance="c:1"'
    lines = [
        f'breakwatch_breaker_state{{breaker="b",state="{word}",{own}}} {int(word == state)} {stamp / SECOND_US}\n'
        for word in ("closed", "open", "half_open")
        for stamp, state in states
    ]
    ups = [f"up{{{own}}} 1 {stamp / SECOND_US}\n" for stamp, _ in states]
    return "".join([*lines, *ups, "# EOF\n"])


def test_nothing_from_the_future_gets_in(tmp_path: Path) -> None:
    """Server, log and file hold the past and what is an hour ahead: only the past is shown, the rest is counted.

    Our clock is set into the middle of what the server holds.
    """
    generated.write_blocks(tmp_path, 3)
    middle_us = generated.START_US + HOUR_US
    (tmp_path / "app.jsonl").write_text(line(middle_us - MINUTE_US, "closed", "open"))
    with (tmp_path / "app.jsonl").open("a") as log:
        log.write(line(middle_us + HOUR_US, "open", "closed"))
    with gzip.open(tmp_path / "dump.om.gz", "wt") as dump:
        dump.write(exposition(middle_us - MINUTE_US).removesuffix("# EOF\n") + exposition(middle_us + HOUR_US))
    server = Prometheus(tmp_path)
    server.start()
    try:
        sources = (
            PrometheusSource(name="prom", url=server.url, labels={"cluster": "a"}),
            LogsSource(name="log", paths=(tmp_path / "app.jsonl",), labels={"cluster": "b"}),
            OpenMetricsSource(name="file", paths=(tmp_path / "dump.om.gz",), labels={"cluster": "c"}),
        )
        config = Config(sources=sources, services=(ServiceConfig(name="shop", match={"job": "shop"}),))
        with Store.open(tmp_path / "b.duckdb", clock=fixed_clock(middle_us)) as store:
            flow = Ingest(config, store, fixed_clock(middle_us))
            errors = [outcome.error for outcome in flow.once(sources, Window(None, middle_us)).outcomes]
            assert errors == [None, None, None]
            latest = "SELECT labels['cluster'] AS cluster, max(occurred_latest) AS latest FROM breaker_transitions"
            rows = store.rows(f"{latest} GROUP BY ALL ORDER BY ALL")
            assert [row["cluster"] for row in rows] == ["a", "b", "c"]
            assert all(row["latest"] <= from_us(middle_us + 5 * MINUTE_US) for row in rows)
            refused = store.rows("SELECT source, count(*) AS n FROM rejected_inputs GROUP BY source ORDER BY source")
            assert {row["source"] for row in refused} == {"file", "log", "prom"}
    finally:
        server.stop()


def test_a_server_whose_clock_is_off_is_named_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server whose Date is 90 s ahead of ours: one run says so in its notes, the others do not say it again."""

    class Ahead(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = b'{"status":"success","data":[]}'
            self.send_response_only(200)
            self.send_header("Date", formatdate(time.time() + AHEAD_S, usegmt=True))
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET  # noqa: N815 - the name the server looks for

        def log_message(self, *_words: object) -> None:
            """Say nothing."""

    monkeypatch.setattr(running, "LEAST_INTERVAL_S", 0.5)
    front = ThreadingHTTPServer(("127.0.0.1", 0), Ahead)
    threading.Thread(target=front.serve_forever, args=(0.05,), daemon=True).start()
    try:
        url = f"http://127.0.0.1:{front.server_port}"
        config = Config(sources=(PrometheusSource(name="prom", url=url, scrape_interval_s=0.5),))
        with Store.open(tmp_path / "b.duckdb") as store:
            service = running.Service(Ingest(config, store, system_clock), system_clock, journal.start())
            service.start()
            try:
                until(lambda: len(store.rows("FROM collection_runs WHERE status = 'ok'")) >= 4)
            finally:
                service.shut_down()
            notes = [row["notes"] for row in store.rows("SELECT notes FROM collection_runs WHERE notes IS NOT NULL")]
    finally:
        front.shutdown()
        front.server_close()
    assert len(notes) == 1
    assert notes[0].startswith("its clock is +9")
