"""Metric pages of a program as a scraper would keep them: each line with its target and the time of the scrape."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from prometheus_client import generate_latest

from tests.real.processes import now_us

if TYPE_CHECKING:
    from pathlib import Path

    from prometheus_client import CollectorRegistry

LEAST_US = 5_000
"""So far apart are scrapes at least: stamps are milliseconds."""
_SAMPLE = re.compile(r"([^\s{]+)(?:\{(.*)\})? (\S+)")


@dataclass
class Pages:
    """A file of text exposition that grows by one page with each scrape."""

    path: Path
    registry: CollectorRegistry
    job: str
    taken_us: list[int] = field(default_factory=list)

    def scrape(self) -> None:
        """Read the registry as it stands and write its samples down under one stamp, the start of the scrape."""
        while self.taken_us and now_us() < self.taken_us[-1] + LEAST_US:
            time.sleep(LEAST_US / 1e6)
        at_us = now_us()
        target = f'job="{self.job}",instance="127.0.0.1:8000"'
        stamp = f"{at_us // 1_000 / 1_000:.3f}"
        lines = [f"up{{{target}}} 1 {stamp}", f"scrape_duration_seconds{{{target}}} 0.005 {stamp}"]
        for line in generate_latest(self.registry).decode().splitlines():
            sample = _SAMPLE.fullmatch(line)
            if sample is not None and not line.startswith("#"):
                name, labels, value = sample.groups()
                lines.append(f"{name}{{{target}{',' + labels if labels else ''}}} {value} {stamp}")
        with self.path.open("a") as file:
            file.write("\n".join(lines) + "\n")
        self.taken_us.append(at_us)
