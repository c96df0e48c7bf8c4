"""A real Redis with its exporter, and a real blackbox exporter."""

from __future__ import annotations

import json
import socket
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.real.processes import free_port, now_us
from tests.real.programs import Program

if TYPE_CHECKING:
    from pathlib import Path

QUEUE = "orders"
PROBE_TIMEOUT_S = 0.4


@dataclass
class Redis:
    """A server without persistence: what it held is gone when it is killed."""

    folder: Path
    port: int = field(default_factory=free_port)

    def __post_init__(self) -> None:
        options = {"port": str(self.port), "bind": "127.0.0.1", "dir": str(self.folder), "save": "", "appendonly": "no"}
        command = ["redis-server", *(part for name, value in options.items() for part in (f"--{name}", value))]
        self.program = Program(command, self.folder / "redis.out", self.folder / "redis.err")

    def start(self) -> tuple[int, int]:
        """Start it; return the instants before, and when it answered."""
        before_us = now_us()
        self.program.start()
        deadline = time.monotonic() + 10
        while not self._answers():
            if time.monotonic() > deadline:
                raise TimeoutError("Redis does not answer")
            time.sleep(0.005)
        return before_us, now_us()

    def ask(self, command: str) -> str:
        """Send an inline command; return the first line of the answer."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=5) as line:
            line.sendall(command.encode() + b"\r\n")
            return line.makefile().readline().strip()

    def _answers(self) -> bool:
        try:
            return self.ask("PING") == "+PONG"
        except OSError:
            return False


@dataclass
class RedisExporter:
    """The exporter of one Redis; gives up on it well within a scrape of a second."""

    folder: Path
    redis: Redis
    port: int = field(default_factory=free_port)

    def __post_init__(self) -> None:
        command = (
            "prometheus-redis-exporter",
            f"-redis.addr=127.0.0.1:{self.redis.port}",  # Debian's refuses redis://
            f"-web.listen-address=127.0.0.1:{self.port}",
            f"-check-single-keys=db0={QUEUE}",
            "-connection-timeout=300ms",
        )
        url = f"http://127.0.0.1:{self.port}/health"
        self.program = Program(command, self.folder / "exporter.out", self.folder / "exporter.err", url)

    @property
    def address(self) -> str:
        """Where it serves its metrics."""
        return f"127.0.0.1:{self.port}"


@dataclass
class Blackbox:
    """An exporter that probes by HTTP whatever it is asked to."""

    folder: Path
    port: int = field(default_factory=free_port)

    def __post_init__(self) -> None:
        modules = {"answers": {"prober": "http", "timeout": f"{PROBE_TIMEOUT_S}s"}}
        config = self.folder / "blackbox.json"
        config.write_text(json.dumps({"modules": modules}))  # JSON is YAML
        command = (
            "prometheus-blackbox-exporter",
            f"--config.file={config}",
            f"--web.listen-address=127.0.0.1:{self.port}",
        )
        url = f"http://127.0.0.1:{self.port}/-/healthy"
        self.program = Program(command, self.folder / "blackbox.out", self.folder / "blackbox.err", url)

    def scrape_config(self, target: str) -> dict[str, object]:
        """How a Prometheus asks it to probe a target: the usual relabelling."""
        return {
            "job_name": "probe",
            "metrics_path": "/probe",
            "params": {"module": ["answers"]},
            "static_configs": [{"targets": [target]}],
            "relabel_configs": [
                {"source_labels": ["__address__"], "target_label": "__param_target"},
                {"source_labels": ["__param_target"], "target_label": "instance"},
                {"target_label": "__address__", "replacement": f"127.0.0.1:{self.port}"},
            ],
        }
