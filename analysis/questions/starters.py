"""What was seen of each service that a first objective could be about: for a configuration to start from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from analysis.asking import Ask, Ground, Scope
from analysis.indicators import indicator
from analysis.sqlfiles import read_steps
from analysis.statistics import Figure
from breakwatch.config import Config
from breakwatch.config_objectives import Policy

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from store import Rows

_STEPS = read_steps("analysis.questions", "starters.sql")
_EVER = ((0, 250_000_000_000_000_000),)
_POLICY = Policy(experiments="include")

INDICATORS = ("breaker_recovery_time", "health_recovery_time", "failover_time", "success_ratio")
"""What a first objective could be about."""


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
        seen=tuple(_seen(rows, list(covered_s))),
        open_times=tuple(OpenTime(**row) for row in rows.rows(_STEPS["open_times"])),
    )


def _seen(rows: Rows, services: Sequence[str]) -> Iterator[Seen]:
    ground = Ground(rows, Config(), _EVER[0][1])
    asks = [Ask(Scope(service=service), _EVER, policy=_POLICY) for service in services]
    for name in INDICATORS:
        for service, found in zip(services, indicator(name).compute(ground, asks), strict=True):
            if found.n:
                yield Seen(name, service, Figure(found.value, found.low, found.high), found.n, found.ongoing)
