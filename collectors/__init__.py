"""The way in: collectors turn outside sources into Batches. They know the outside and never write.

A new kind of source is one module with a class of the ``Collector`` protocol and one line in ``SOURCES``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Protocol

from breakwatch.clock import Clock
from breakwatch.config import Config, Source
from breakwatch.errors import ConfigError
from breakwatch.model import Batch, Window


class Collector(Protocol):
    """One outside source, read in steps that can be stored and repeated."""

    def collect(self, window: Window, checkpoints: Mapping[str, str]) -> Iterator[Batch]:
        """Yield what the source has for a window, oldest first; SourceError when it cannot be read.

        ``checkpoints`` are the collector's own, as last stored. Collecting a window twice, or windows in any order,
        yields what unites to the same. A collector is used for many runs, one at a time: what it remembers between
        them may save work, never change what is yielded.
        """
        ...

    def close(self) -> None:
        """Give back what is held between runs: handles, connections. No run is under way, and none follows."""
        ...


def _prometheus(source: Any, config: Config, clock: Clock) -> Collector:  # noqa: ANN401 - each kind has its own model
    from collectors.prometheus import PrometheusCollector

    return PrometheusCollector(source, config, clock)


def _openmetrics(source: Any, config: Config, clock: Clock) -> Collector:  # noqa: ANN401
    from collectors.openmetrics import OpenMetricsCollector

    return OpenMetricsCollector(source, config, clock)


def _logs(source: Any, config: Config, clock: Clock) -> Collector:  # noqa: ANN401
    from collectors.logs.collector import LogCollector

    return LogCollector(source, config, clock)


def _actuator(source: Any, config: Config, clock: Clock) -> Collector:  # noqa: ANN401
    from collectors.actuator import ActuatorCollector

    return ActuatorCollector(source, config, clock)


# Imported when first needed: a log follower should not pay for the Prometheus client.
SOURCES: dict[str, Callable[..., Collector]] = {
    "prometheus": _prometheus,
    "openmetrics": _openmetrics,
    "logs": _logs,
    "actuator": _actuator,
}


def make(source: Source, config: Config, clock: Clock) -> Collector:
    """Return the collector of a configured source; nothing is opened or asked yet.

    ConfigError, naming the source, for a kind nobody reads and for settings its collector refuses.
    """
    factory = SOURCES.get(source.kind)
    if factory is None:
        raise ConfigError(
            f"source {source.name}: nobody reads the kind {source.kind!r}", f"known kinds: {', '.join(sorted(SOURCES))}"
        )
    try:
        return factory(source, config, clock)
    except ConfigError as error:
        raise ConfigError(f"source {source.name}: {error.problem}", error.remedy) from error
