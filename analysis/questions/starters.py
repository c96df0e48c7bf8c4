"""What was seen of each service that a first objective could be about: for a configuration to start from."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from analysis.asking import Ask, Ground, Scope
from analysis.indicators import indicator
from analysis.sqlfiles import read_steps
from analysis.statistics import UNENDED, Figure, Length, share_figure
from breakwatch.config import Config

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from store import Rows

_STEPS = read_steps("analysis.questions", "starters.sql")
_EVER = ((0, 250_000_000_000_000_000),)


@dataclass(frozen=True, slots=True)
class Seen:
    """What was seen of one indicator of one service: the p90 of times, the share of ratios.

    Attributes:
        n: how many episodes, recoveries, failovers or requests; ongoing: those that have not ended.
    """

    indicator: str
    service: str
    figure: Figure
    n: int
    ongoing: int = 0


@dataclass(frozen=True, slots=True)
class OpenTime:
    """The shortest that a breaker stayed open before it tried again, in seconds, of ``n`` times; ``low`` its bound."""

    service: str
    breaker: str
    least_s: float
    least_low_s: float
    n: int


@dataclass(frozen=True, slots=True)
class Starters:
    """What was seen, and for how long.

    Attributes:
        covered_s: by service, for how many seconds it was seen, per instance.
    """

    covered_s: Mapping[str, float]
    seen: tuple[Seen, ...]
    open_times: tuple[OpenTime, ...]

    def of(self, service: str) -> tuple[Seen, ...]:
        """Return what was seen of a service."""
        return tuple(one for one in self.seen if one.service == service)


def starters(rows: Rows) -> Starters:
    """Return what there is to be seen in all that is kept."""
    covered_s = {row["service"]: float(row["covered_s"]) for row in rows.rows(_STEPS["covered"])}
    return Starters(
        covered_s=covered_s,
        seen=(*_breakers(rows, list(covered_s)), *_times(rows, "health_recovery_time", "health"),
              *_times(rows, "failover_time", "failovers"), *_ratios(rows)),
        open_times=tuple(OpenTime(**row) for row in rows.rows(_STEPS["open_times"])),
    )  # fmt: skip


def _breakers(rows: Rows, services: Sequence[str]) -> Iterable[Seen]:
    name = "breaker_recovery_time"
    asks = [Ask(Scope(service=service), _EVER) for service in services]
    for service, found in zip(services, indicator(name).compute(Ground(rows, Config(), 0), asks), strict=True):
        if found.n:
            yield Seen(name, service, Figure(found.value, found.low, found.high), found.n, found.ongoing)


def _times(rows: Rows, indicator: str, step: str) -> Iterable[Seen]:
    lengths: dict[str, list[Length]] = defaultdict(list)
    for row in rows.rows(_STEPS[step]):
        lengths[row["service"]].append(_length(row))
    for service, found in lengths.items():
        ongoing = sum(length.value is None for length in found)
        yield Seen(indicator, service, share_figure(found, 0.9), len(found), ongoing)


def _length(row: Mapping[str, Any]) -> Length:
    high_s = row["duration_high_s"]
    return Length(row["duration_s"], row["duration_low_s"] or 0.0, UNENDED if high_s is None else high_s)


def _ratios(rows: Rows) -> Iterable[Seen]:
    """Yield the share of good calls; counters are exact, so the share has no other bounds than itself."""
    for row in rows.rows(_STEPS["requests"]):
        if row["total"]:
            share = float(row["good"] or 0) / float(row["total"])
            yield Seen("availability_requests", row["service"], Figure(share, share, share), int(row["total"]))
