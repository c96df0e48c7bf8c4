"""What can be proved at all: limits against the width of the bounds, and against what a breaker itself needs.

A source that looks every ``i`` seconds knows an edge to within one interval, so the length between two edges to within
two. What one look alone saw lasted anything up to ``2 i``: under a limit below that, nothing that was seen can be
shown to have kept it, however short it was; it can only be shown to have missed it, once it outlasts the limit.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from breakwatch.config_burning import good_share, left_out, threshold, window_s

if TYPE_CHECKING:
    from breakwatch.config import Config, Objective
    from breakwatch.config_services import ServiceConfig

TIMES_BETWEEN_EDGES = frozenset({
    "detection_time", "reaction_time", "failover_time", "takeover_time", "failback_time", "breaker_recovery_time",
    "health_recovery_time", "outage_time", "service_recovery_time", "restore_time",
})  # fmt: skip
"""Indicators whose bounds are as wide as the looks at both ends."""

UPPER = frozenset({"below", "at_most"})


@dataclass(frozen=True, slots=True)
class Doubt:
    """An objective that cannot be kept, or not be shown to be: what is wrong, and what would mend it."""

    objective: str
    problem: str
    remedy: str


@dataclass(frozen=True, slots=True)
class OpenTime:
    """How long a breaker stays open at least before it tries again: as ``declared``, else as it was seen."""

    service: str
    breaker: str
    least_s: float
    declared: bool


def least_provable_s(interval_s: float) -> float:
    """Return the shortest limit on a time between two edges that can be shown to be kept, at a scrape interval."""
    return 2 * interval_s


def doubts(
    config: Config, intervals_s: Mapping[str, float], exact: Sequence[str], open_times: Sequence[OpenTime] = ()
) -> Iterator[Doubt]:
    """Yield what stands against the objectives of a configuration.

    Args:
        config: with the objectives, and the open times that services declare.
        intervals_s: service → the longest scrape interval of what tells about it.
        exact: names of sources whose events carry their own time.
        open_times: as they were seen; declared ones are taken from the configuration.
    """
    declared = [one for service in config.services for one in _declared(service)]
    for objective in config.objectives:
        yield from _never_fires(objective)
        limit = objective.limit
        if limit is None or objective.indicator not in TIMES_BETWEEN_EDGES or limit[0] not in UPPER:
            continue
        word, target = limit
        if target.unit == "s":
            yield from _too_fine(objective, word, target.value, intervals_s, exact)
            yield from _too_short(objective, word, target.value, [*declared, *open_times])


def _never_fires(objective: Objective) -> Iterator[Doubt]:
    """Yield the burn-rate rules of ours that are left out, because not even a total outage burns so fast."""
    for rule in left_out(objective):
        target = good_share(objective) or 0.0
        needed, most = threshold(rule, window_s(objective)), 1 / (1 - target)
        yield Doubt(
            objective.name,
            f"{rule.budget * 100:.3g}% of the budget in {written_s(rule.long_s)} is a burn rate of {needed:.4g}, and at"
            f" {target * 100:.6g}% nothing burns faster than {most:.4g}: this rule can never fire and is left out",
            "set burn_rates with a smaller budget, or leave it to the slower rules",
        )


def _declared(service: ServiceConfig) -> Iterator[OpenTime]:
    for breaker, expected in service.expected.breakers.items():
        if expected.open_time_s is not None:
            yield OpenTime(service.name, breaker, expected.open_time_s, declared=True)


def _too_fine(
    objective: Objective, word: str, limit_s: float, intervals_s: Mapping[str, float], exact: Sequence[str]
) -> Iterator[Doubt]:
    about = {name: every for name, every in intervals_s.items() if objective.service in (None, name)}
    if not about:
        return
    service, interval_s = max(about.items(), key=lambda item: item[1])
    if limit_s >= least_provable_s(interval_s):
        return
    mend = f"scrape {service} every {written_s(limit_s / 2)}, or raise the limit to {written_s(2 * interval_s)}"
    if exact:
        problem = f"{word} {written_s(limit_s)} can only be shown where log lines tell both edges ({', '.join(exact)})"
        yield Doubt(objective.name, f"{problem}: scrapes every {written_s(interval_s)} cannot", mend)
        return
    yield Doubt(
        objective.name,
        f"{word} {written_s(limit_s)} can be missed and never be met: {service} is scraped every"
        f" {written_s(interval_s)}, so a time between two edges is known to ± {written_s(interval_s)}",
        f"{mend}, or add its log as a source: log lines carry exact times",
    )


def _too_short(objective: Objective, word: str, limit_s: float, open_times: Sequence[OpenTime]) -> Iterator[Doubt]:
    if objective.indicator != "breaker_recovery_time":
        return
    for one in open_times:
        impossible = one.least_s > limit_s or (one.least_s == limit_s and word == "below")
        if objective.service in (None, one.service) and impossible:
            how = "is declared to stay" if one.declared else "was never seen to stay"
            least = f"{one.service}/{one.breaker} {how} open for {'' if one.declared else 'less than '}"
            yield Doubt(
                objective.name,
                f"{word} {written_s(limit_s)} is out of reach: {least}{written_s(one.least_s)}",
                "raise the limit, or shorten the breaker's open time",
            )


def written_s(value_s: float) -> str:
    """Return a length the way a configuration would write it, to three digits."""
    if value_s < 1:
        return f"{value_s * 1000:.3g}ms"
    for size, unit in ((3600, "h"), (60, "m")):
        if value_s >= size and value_s % size == 0:
            return f"{value_s / size:g}{unit}"
    return f"{value_s:.4g}s"
