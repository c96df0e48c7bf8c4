"""A real Envoy with outlier detection, limits and retries, its logs, and an independent watcher of whom it ejected."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
import urllib.request
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any, Self

from tests.real.processes import PROJECT, free_port, now_us
from tests.real.programs import Program

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path
    from types import TracebackType

    from tests.real.backends import Backend

APP, NARROW = "app", "narrow"
"""Two clusters: one whose hosts are ejected and whose calls are retried, one that takes two requests at a time."""
MAX_REQUESTS = 2
CONSECUTIVE_5XX = 3
EJECTED_S = 2
LOOK_EVERY_S = 0.015
FLUSHED = ("--file-flush-interval-msec", "100")  # lines of its logs would come up to 10 s late
MANAGER = "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"
ROUTER = "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"
FILE_LOG = "type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog"


@cache
def envoy_program() -> str:
    """Return where the program is; fetches it first where that was not done yet."""
    script = PROJECT / "scripts" / "ensure-envoy.sh"
    done = subprocess.run(
        [script], check=True, capture_output=True, text=True, env=os.environ | {"PYTHON": sys.executable}
    )
    return done.stdout.strip()


def _address(port: int) -> dict[str, Any]:
    return {"socket_address": {"address": "127.0.0.1", "port_value": port}}


def _cluster(name: str, backends: Sequence[Backend], **more: object) -> dict[str, Any]:
    hosts = [{"endpoint": {"address": _address(one.port)}} for one in backends]
    return {
        "name": name,
        "connect_timeout": "0.3s",
        "type": "STATIC",
        "load_assignment": {"cluster_name": name, "endpoints": [{"lb_endpoints": hosts}]},
        "common_lb_config": {"healthy_panic_threshold": {"value": 0}},
        **more,
    }


@dataclass(frozen=True)
class Ejection:
    """A host was ejected, or let back in, truly somewhere from ``low_us`` to ``high_us``."""

    host: str
    ejected: bool
    low_us: int
    high_us: int


@dataclass
class Envoy:
    """The process; ``/work`` goes to the hosts of ``APP``, ``/slow`` to the one of ``NARROW``."""

    folder: Path
    backends: Sequence[Backend]
    slow: Backend
    port: int = field(default_factory=free_port)
    admin_port: int = field(default_factory=free_port)

    def __post_init__(self) -> None:
        self.event_log = self.folder / "outlier.jsonl"
        self.access_log = self.folder / "access.log"
        config = self.folder / "envoy.json"
        config.write_text(json.dumps(self._config()))
        self.program = Program(
            (envoy_program(), "-c", str(config), "--concurrency", "1", "--disable-hot-restart", "-l", "warn", *FLUSHED),
            self.folder / "envoy.out",
            self.folder / "envoy.err",
            f"http://127.0.0.1:{self.admin_port}/ready",
        )

    @property
    def scrape_config(self) -> dict[str, object]:
        """How a Prometheus scrapes it."""
        targets = [{"targets": [f"127.0.0.1:{self.admin_port}"]}]
        return {"job_name": "envoy", "metrics_path": "/stats/prometheus", "static_configs": targets}

    def ejected(self) -> dict[str, bool]:
        """Ask its admin port which hosts of ``APP`` are ejected now."""
        url = f"http://127.0.0.1:{self.admin_port}/clusters?format=json"
        with urllib.request.urlopen(url, timeout=5) as answer:
            clusters = json.load(answer)["cluster_statuses"]
        (hosts,) = (one["host_statuses"] for one in clusters if one["name"] == APP)
        return {
            f"127.0.0.1:{host['address']['socket_address']['port_value']}": bool(
                host["health_status"].get("failed_outlier_check")
            )
            for host in hosts
        }

    def stats(self) -> dict[str, int]:
        """Ask its admin port for all counters and gauges of the clusters."""
        url = f"http://127.0.0.1:{self.admin_port}/stats?filter=^cluster"
        with urllib.request.urlopen(url, timeout=5) as answer:
            lines = (line.partition(": ") for line in answer.read().decode().splitlines())
            return {name: int(value) for name, _, value in lines if value.isdecimal()}

    def _config(self) -> dict[str, Any]:
        outlier = {
            "consecutive_5xx": CONSECUTIVE_5XX,
            "interval": "0.2s",
            "base_ejection_time": f"{EJECTED_S}s",
            "max_ejection_time": f"{EJECTED_S}s",
            "max_ejection_percent": 100,
            "enforcing_success_rate": 0,
            "enforcing_failure_percentage": 0,
        }
        limits = {"thresholds": [{"max_requests": MAX_REQUESTS, "max_pending_requests": 100, "max_retries": 3}]}
        app = _cluster(APP, self.backends, outlier_detection=outlier)
        narrow = _cluster(
            NARROW,
            [self.slow],
            circuit_breakers=limits,
            outlier_detection={**outlier, "enforcing_consecutive_5xx": 0},  # noted in the log, and not done
        )
        return {
            "admin": {"address": _address(self.admin_port)},
            "stats_flush_interval": "0.1s",  # histograms would be up to 5 s behind; counters never are
            "cluster_manager": {"outlier_detection": {"event_log_path": str(self.event_log)}},
            "static_resources": {"listeners": [self._listener()], "clusters": [app, narrow]},
        }

    def _listener(self) -> dict[str, Any]:
        retry = {"retry_on": "5xx", "num_retries": 1, "retry_back_off": {"base_interval": "0.005s"}}
        routes = [
            {"match": {"prefix": "/slow"}, "route": {"cluster": NARROW}},
            {"match": {"prefix": "/"}, "route": {"cluster": APP, "timeout": "2s", "retry_policy": retry}},
        ]
        host = {"name": "all", "domains": ["*"], "routes": routes, "include_attempt_count_in_response": True}
        manager = {
            "@type": MANAGER,
            "stat_prefix": "way_in",
            "access_log": [
                {"name": "file", "typed_config": {"@type": FILE_LOG, "path": str(self.access_log)}},
            ],
            "http_filters": [{"name": "router", "typed_config": {"@type": ROUTER}}],
            "route_config": {"virtual_hosts": [host]},
        }
        filters = [{"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}]
        return {"address": _address(self.port), "filter_chains": [{"filters": filters}]}


@dataclass
class Watcher:
    """Looks at the admin port all the time: the truth about which hosts were ejected, and when."""

    envoy: Envoy
    ejections: list[Ejection] = field(default_factory=list)
    _ended: threading.Event = field(default_factory=threading.Event)
    _seen: dict[str, tuple[bool, int]] = field(default_factory=dict)
    _thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        self._look()
        self._thread = threading.Thread(target=self._go_on, daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        assert self._thread is not None
        self._thread.join(10)
        assert not self._thread.is_alive()

    def is_seen(self, host: str, *, ejected: bool, timeout_s: float = 8.0) -> None:
        """Return when a host is ejected, or back in."""
        deadline = time.monotonic() + timeout_s
        while self._seen[host][0] != ejected:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{host} is {'not ' if ejected else ''}ejected")
            time.sleep(0.005)

    def _go_on(self) -> None:
        while not self._ended.wait(LOOK_EVERY_S):
            self._look()

    def _look(self) -> None:
        began_us = now_us()
        found = self.envoy.ejected()
        ended_us = now_us()
        for host, ejected in found.items():
            before, seen_us = self._seen.get(host, (ejected, began_us))
            if before != ejected:
                self.ejections.append(Ejection(host, ejected, seen_us, ended_us))
            self._seen[host] = ejected, began_us
