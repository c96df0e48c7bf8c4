"""Real processes for tests: a Prometheus server and the program with breakers; each is stopped by its own pid."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.real import breaker_app

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

PROJECT = Path(__file__).parents[2]
NEVER = "0001-01-01T00:00:00Z"


def free_port() -> int:
    """Return a port that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def now_us() -> int:
    """Return the present in microseconds."""
    return time.time_ns() // 1000


def wait_for(url: str, process: subprocess.Popen[bytes], timeout_s: float = 20.0) -> None:
    """Wait until a URL answers 200; fails when the process ends or the time is over."""
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"the process for {url} ended with {process.returncode}")
        try:
            with urllib.request.urlopen(url, timeout=2) as answer:  # noqa: S310 loopback only
                if answer.status == 200:
                    return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.05)
    raise TimeoutError(f"{url} did not answer within {timeout_s} s")


@dataclass
class Prometheus:
    """A real server with a folder of its own.

    ``jobs`` maps a job's name to the address it scrapes; ``scrape_configs`` are jobs in Prometheus' own words, for what
    an address cannot say. Servers with different ``external_labels`` scrape the same target at different moments.
    """

    folder: Path
    jobs: Mapping[str, str] = field(default_factory=dict)
    interval_s: int = 1
    port: int = field(default_factory=free_port)
    scrape_configs: Sequence[Mapping[str, Any]] = ()
    external_labels: Mapping[str, str] = field(default_factory=dict)
    _process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """The address of the server."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it and wait until it is ready; after ``stop`` it goes on with the same data."""
        config: dict[str, Any] = {
            "global": {
                "scrape_interval": f"{self.interval_s}s",
                "scrape_timeout": f"{self.interval_s}s",
                "external_labels": dict(self.external_labels),
            },
            "scrape_configs": [
                *({"job_name": job, "static_configs": [{"targets": [target]}]} for job, target in self.jobs.items()),
                *self.scrape_configs,
            ],
        }
        config_file = self.folder / "prometheus.yml"
        config_file.write_text(json.dumps(config))  # JSON is YAML
        with (self.folder / "prometheus.log").open("ab") as log:
            self._process = subprocess.Popen(
                [
                    "prometheus",
                    f"--config.file={config_file}",
                    f"--storage.tsdb.path={self.folder / 'tsdb'}",
                    "--storage.tsdb.retention.time=100y",
                    f"--web.listen-address=127.0.0.1:{self.port}",
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        wait_for(f"{self.url}/-/ready", self._process)

    def stop(self) -> None:
        """Stop it in order."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(20)
            self._process = None

    def get(self, path: str) -> Any:
        """Return the data of an API call."""
        with urllib.request.urlopen(f"{self.url}{path}", timeout=10) as answer:  # noqa: S310 loopback only
            return json.load(answer)["data"]

    def samples(
        self, selector: str, length: str = "1h"
    ) -> dict[tuple[tuple[str, str], ...], list[tuple[float, float]]]:
        """Return the raw samples ``(stamp_s, value)`` of the last while by label set."""
        query = urllib.parse.quote(f"{selector}[{length}]")
        return {
            tuple(sorted(series["metric"].items())): [(stamp, float(value)) for stamp, value in series["values"]]
            for series in self.get(f"/api/v1/query?query={query}")["result"]
        }

    def wait_for_scrape(self, job: str) -> None:
        """Return right after the next scrape of a job has begun to be stored."""
        before = self._last_scrape(job)
        deadline = time.monotonic() + 15
        while self._last_scrape(job) == before:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{job} is not scraped")
            time.sleep(0.01)

    def _last_scrape(self, job: str) -> str:
        targets = self.get("/api/v1/targets?state=active")["activeTargets"]
        return next((str(target["lastScrape"]) for target in targets if target["labels"]["job"] == job), NEVER)


@dataclass
class BreakerProcess:
    """The program with breakers: started, told to fail, killed and restarted; its truth file tells what happened."""

    folder: Path
    service: str
    late_s: float = 0.0
    port: int = field(default_factory=free_port)
    kills: list[tuple[int, int]] = field(default_factory=list)
    _process: subprocess.Popen[bytes] | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def address(self) -> str:
        """Where it serves its metrics; the instance's name."""
        return f"127.0.0.1:{self.port}"

    @property
    def log_file(self) -> Path:
        """The listener's JSON lines."""
        return self.folder / f"{self.service}.jsonl"

    @property
    def truth_file(self) -> Path:
        """What truly happened."""
        return self.folder / f"{self.service}.truth"

    def start(self) -> None:
        """Start it and wait until it serves."""
        self._process = subprocess.Popen(
            [
                sys.executable,
                breaker_app.__file__,
                f"--port={self.port}",
                f"--truth={self.truth_file}",
                f"--log={self.log_file}",
                f"--service={self.service}",
                f"--late-s={self.late_s}",
            ],
            stdin=subprocess.PIPE,
            cwd=PROJECT,
            env={"PYTHONPATH": str(PROJECT), "PATH": ""},
        )
        wait_for(f"http://{self.address}/metrics", self._process)

    def fail(self, breaker: str, seconds: float) -> None:
        """Make what a breaker guards fail for so long."""
        self._say({"breaker": breaker, "failing": True})
        time.sleep(seconds)
        self._say({"breaker": breaker, "failing": False})

    def kill(self) -> None:
        """Kill it on the spot (SIGKILL)."""
        assert self._process is not None
        before_us = now_us()
        self._process.kill()
        self._process.wait(10)
        self.kills.append((before_us, now_us()))
        self._close()

    def stop(self) -> None:
        """End it."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(10)
            self._close()

    def _close(self) -> None:
        assert self._process is not None
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process = None

    def _say(self, command: dict[str, object]) -> None:
        assert self._process is not None
        assert self._process.stdin is not None
        with self._lock:
            self._process.stdin.write(json.dumps(command).encode() + b"\n")
            self._process.stdin.flush()
