"""Coverage: in which time, and in what share of it, the subject of a figure was seen by any source.

What follows a source's last sight stands in no row: at the present edge a source counts as seen while its next sight
is not overdue, 2.5 intervals after the last.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from analysis.asking import Ask, Ground, Scope
from analysis.facts.coverage import MISSED_INTERVALS
from analysis.spans import Span, Spans, common, length_us, united
from analysis.sqlfiles import read_steps
from breakwatch.clock import SECOND_US, Instant
from breakwatch.config import ActuatorSource, Config, LogsSource, PrometheusSource

_SQL = read_steps("analysis", "coverage.sql")

USUAL_INTERVAL_S = 15.0
LOOKED_AT_EVERY_S = 5.0

_Key = tuple[str | None, str, str]
"""Environment, service and instance, this empty for the whole service."""


@dataclass(frozen=True, slots=True)
class Sight:
    """When a subject was seen: from its first sight, in these spans."""

    first_us: Instant
    spans: Spans


IMPORTED = "import:"
"""How the names of imports begin. What they cover is complete for the incidents they list, and for nothing else."""


def covered_share(ground: Ground, asks: Sequence[Ask], *, imported: bool = True) -> list[float | None]:
    """Return for each ask the share of the subject's own life in its spans that was covered; None where it has none.

    A life begins with the first sight, and has not ended. An ask about all services weighs each by its life.
    ``imported`` says whether lists of incidents count as sights.
    """
    return [_share(sights(ground, ask.scope, imported=imported), ask.spans) for ask in asks]


def covered_spans(ground: Ground, scope: Scope) -> Spans:
    """Return the time in which any source saw any of the subject, from its first sight until the present."""
    return united(span for sight in sights(ground, scope) for span in sight.spans)


def first_sight_us(ground: Ground, scope: Scope, *, imported: bool = True) -> Instant | None:
    """Return when the subject was first seen by any source; None for never."""
    return min((sight.first_us for sight in sights(ground, scope, imported=imported)), default=None)


def sights(ground: Ground, scope: Scope, *, imported: bool = True) -> list[Sight]:
    """Return when each service of a scope was seen; where it names an instance, when that was."""
    step = "services" if scope.instance is None else "instances"
    known: Mapping[_Key, Sight] = ground.once(
        f"coverage/{step}/{imported}", lambda there: _look(there, step, imported=imported)
    )
    if scope.service is not None and scope.environment is not None:
        found = known.get((scope.environment, scope.service, scope.instance or ""))
        return [] if found is None else [found]
    return [
        sight
        for (environment, service, instance), sight in known.items()
        if scope.service in (None, service)
        and scope.environment in (None, environment)
        and scope.instance in (None, instance)
    ]


def subjects(ground: Ground) -> list[tuple[str | None, str]]:
    """Return every environment and service that was ever seen."""
    known: Mapping[_Key, Sight] = ground.once(
        "coverage/services/True", lambda there: _look(there, "services", imported=True)
    )
    return [(environment, service) for environment, service, _ in known]


def _look(ground: Ground, step: str, *, imported: bool) -> dict[_Key, Sight]:
    seen: dict[_Key, list[Span]] = defaultdict(list)
    late_us = lateness_us(ground.config)
    for row in ground.rows.rows(_SQL[step]):
        if not imported and row["source"].startswith(IMPORTED):
            continue
        last_us = row["last_us"]
        if last_us < ground.now_us <= last_us + late_us.get(row["source"], 0):
            last_us = ground.now_us
        seen[row["environment"], row["service"], row["instance"]].append((row["first_us"], last_us))
    return {key: Sight(min(spans)[0], united(spans)) for key, spans in seen.items()}


def lateness_us(config: Config) -> dict[str, int]:
    """Return by source how long after its last sight it is not yet missed, in microseconds."""
    every_s: dict[str, float] = {}
    for source in config.sources:
        if isinstance(source, PrometheusSource):
            every_s[source.name] = source.scrape_interval_s or USUAL_INTERVAL_S
        elif isinstance(source, ActuatorSource):
            every_s[source.name] = source.interval_s
        elif isinstance(source, LogsSource):
            every_s[source.name] = LOOKED_AT_EVERY_S
    return {name: round(MISSED_INTERVALS * each_s * SECOND_US) for name, each_s in every_s.items()}


def _share(seen: Iterable[Sight], spans: Spans) -> float | None:
    life_us = covered_us = 0
    for sight in seen:
        life = common(spans, ((sight.first_us, spans[-1][1]),)) if spans and sight.first_us < spans[-1][1] else ()
        life_us += length_us(life)
        covered_us += length_us(common(life, sight.spans))
    return covered_us / life_us if life_us else None
