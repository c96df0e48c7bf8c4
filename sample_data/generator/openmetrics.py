"""Writes scraped series as OpenMetrics text, one gzip file for each UTC day; the same input gives the same bytes."""

from __future__ import annotations

import gzip
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from breakwatch.clock import DAY_US, MILLISECOND_US, SECOND_US, Instant, from_us

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sample_data.generator.recorder import Labels, Scraped

SIMULATED = "simulated, see sample_data/README.md"


@dataclass(frozen=True, slots=True)
class Family:
    """A metric family: its type, the suffix of its samples, and its help text."""

    name: str
    kind: str
    suffix: str
    text: str

    @property
    def sample(self) -> str:
        """The name of its samples."""
        return self.name + self.suffix


FAMILIES = (
    Family("breakwatch_breaker_calls", "counter", "_total", "Calls through a breaker by outcome"),
    Family("breakwatch_breaker_state", "gauge", "", "1 for the present state of a breaker"),
    Family("breakwatch_breaker_transitions", "counter", "_total", "Transitions of a breaker"),
    Family("http_request_duration_seconds_bucket", "unknown", "", "Requests that took at most le seconds"),
    Family("http_requests", "counter", "_total", "Requests by outcome, and by the target that served them"),
    Family("process_start_time_seconds", "gauge", "", "Start of the process, seconds since the epoch"),
    Family("queue_depth", "gauge", "", "Messages waiting in a queue"),
    Family("resilience4j_circuitbreaker_calls_seconds", "summary", "_count", "Calls through a breaker by kind"),
    Family("resilience4j_circuitbreaker_not_permitted_calls", "counter", "_total", "Calls that a breaker rejected"),
    Family("resilience4j_circuitbreaker_state", "gauge", "", "1 for the present state of a breaker"),
    Family("resilience4j_retry_calls", "counter", "_total", "Calls by how their retries ended"),
    Family("retry_attempts", "counter", "_total", "Attempts by target and outcome"),
    Family("retry_calls", "counter", "_total", "Calls by target and outcome"),
    Family("scrape_duration_seconds", "gauge", "", "Duration of the scrape"),
    Family("service_level", "gauge", "", "1 for the present service level"),
    Family("sessions_alive", "gauge", "", "Sessions alive"),
    Family("up", "gauge", "", "1 if the scrape was answered"),
)


@dataclass(frozen=True, slots=True)
class Line:
    """One series ready to be written: all its labels, and its samples."""

    labels: Labels
    series: Scraped


def days(start_us: Instant, end_us: Instant) -> Iterator[tuple[str, Instant, Instant]]:
    """Yield the UTC days of a span: name, start, end."""
    for day_us in range(start_us - start_us % DAY_US, end_us, DAY_US):
        yield from_us(day_us).strftime("%Y-%m-%d"), day_us, day_us + DAY_US


def exposition(lines: Sequence[Line], start_us: Instant, end_us: Instant) -> str:
    """Return the OpenMetrics text of the samples in ``[start_us, end_us)``.

    A series' samples stand together, in time order. The format wants the buckets of a histogram to stand together by
    their instant instead; here each bucket is a series of its own, of unknown type, as a database gives it back.
    """
    by_name: dict[str, list[Line]] = {}
    for line in lines:
        by_name.setdefault(line.series.key[0], []).append(line)
    parts: list[str] = []
    for family in FAMILIES:
        chosen = [cut for line in by_name.get(family.sample, ()) if (cut := _cut(line, start_us, end_us))]
        if not chosen:
            continue
        parts += [f"# HELP {family.name} {family.text} ({SIMULATED})\n", f"# TYPE {family.name} {family.kind}\n"]
        parts += (text for cut in chosen for text in cut)
    return "".join([*parts, "# EOF\n"])


def packed(text: str) -> bytes:
    """Return text gzipped so that the same text gives the same bytes."""
    buffer = io.BytesIO()
    with gzip.GzipFile(filename="", mode="wb", compresslevel=9, fileobj=buffer, mtime=0) as file:
        file.write(text.encode())
    return buffer.getvalue()


def _cut(line: Line, start_us: Instant, end_us: Instant) -> list[str]:
    first, last = np.searchsorted(line.series.stamps_us, [start_us, end_us])
    labels = ",".join(f'{name}="{value}"' for name, value in line.labels)
    prefix = f"{line.series.key[0]}{{{labels}}} "
    stamps = line.series.stamps_us[first:last].tolist()
    values = _numbers(line.series.values[first:last].tolist())
    return [f"{prefix}{value} {_seconds(stamp)}\n" for value, stamp in zip(values, stamps, strict=True)]


def _numbers(values: list[float]) -> list[str]:
    return [str(int(value)) if value.is_integer() else repr(round(value, 6)) for value in values]


def _seconds(stamp_us: Instant) -> str:
    return f"{stamp_us // SECOND_US}.{stamp_us % SECOND_US // MILLISECOND_US:03d}"
