"""Incidents as people count them: outages of a service and episodes of its breakers, those that overlap being one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from analysis.asking import Ask, Ground
from analysis.bounds import Bounds
from analysis.faults import certainly_within, faults, perhaps_within, within
from analysis.harm import Harm, reach
from analysis.outages import Outage

Row = Mapping[str, Any]
Overlap = Literal["surely", "likely", "perhaps"]


@dataclass(frozen=True, slots=True)
class Trouble:
    """One incident: an outage, a breaker's episode, or several of them that overlap in one service.

    Attributes:
        end: None while any of them goes on.
        healed_by: what ended its breakers' episodes, in the words of the views.
    """

    environment: str | None
    service: str | None
    start: Bounds
    end: Bounds | None
    outages: tuple[Outage, ...] = ()
    healed_by: frozenset[str] = frozenset()
    experiments: frozenset[str] = frozenset()

    def overlaps(self, other: Trouble, how: Overlap) -> bool:
        """Say whether one that begins no earlier began before this ended: surely, perhaps, or by the midpoints."""
        if self.end is None:
            return True
        match how:
            case "surely":
                return other.start.latest_us <= self.end.earliest_us
            case "perhaps":
                return other.start.earliest_us <= self.end.latest_us
            case "likely":
                return other.start.middle_us <= self.end.middle_us

    def with_other(self, other: Trouble) -> Trouble:
        """Return the two as one."""
        end = None
        if self.end is not None and other.end is not None:
            end = Bounds(max(self.end.earliest_us, other.end.earliest_us), max(self.end.latest_us, other.end.latest_us))
        start = Bounds(
            min(self.start.earliest_us, other.start.earliest_us), min(self.start.latest_us, other.start.latest_us)
        )
        return Trouble(
            self.environment, self.service, start, end, (*self.outages, *other.outages),
            self.healed_by | other.healed_by, self.experiments | other.experiments,
        )  # fmt: skip


class Troubles:
    """The incidents of all services, for many asks; looked up once.

    Args:
        steps: the statements of the indicator, by step: ``outages``, ``failures``, ``episodes``.
    """

    def __init__(self, ground: Ground, asks: Sequence[Ask], steps: Mapping[str, str]) -> None:
        self._ground = ground
        self._harm = Harm(ground, asks, steps)
        self._episodes: dict[str | None, list[tuple[Row, Trouble]]] = defaultdict(list)
        for row in ground.rows.rows(steps["episodes"], reach(asks)):
            self._episodes[row["service"]].append(_of_episode(row))
        self._known: dict[tuple[Any, ...], list[Trouble]] = {}

    def of(self, ask: Ask, how: Overlap = "likely") -> list[Trouble]:
        """Return the incidents that an ask is about, at any time; those that overlap are one.

        Of a breaker, those are its episodes; of an operation or a target, the failures of its calls; else outages and
        episodes of the services.
        """
        key = ask.scope, ask.policy.settle_s, ask.policy.experiments, how
        if key not in self._known:  # windows of one objective share it
            scope = ask.scope
            found = []
            if scope.breaker is None:
                found += self.failures(ask)
            if scope.operation is None and scope.target is None:
                found += self.openings(ask)
            self._known[key] = [one for one in united(found, how) if _counts(self._ground, ask, one)]
        return self._known[key]

    def failures(self, ask: Ask) -> list[Trouble]:
        """Return the outages of the services alone, whatever they count for."""
        return [
            Trouble(
                one.first.environment or None, one.first.service or None, one.start, one.end, (one,),
                experiments=frozenset({one.first.experiment_id} - {""}),
            )
            for one in self._harm.outages(ask).of(ask)
        ]  # fmt: skip

    def outages(self, ask: Ask, how: Overlap = "likely") -> list[Trouble]:
        """Return the outages that an ask is about, without the breakers, at any time."""
        return [one for one in united(self.failures(ask), how) if _counts(self._ground, ask, one)]

    def openings(self, ask: Ask) -> Iterator[Trouble]:
        """Yield the episodes of breakers alone."""
        services = list(self._episodes) if ask.scope.service is None else [ask.scope.service]
        for row, one in (each for service in services for each in self._episodes.get(service, ())):
            if ask.scope.environment in (None, one.environment) and ask.scope.breaker in (None, row["breaker"]):
                yield one


def number(ask: Ask, told: Callable[[Overlap], Sequence[Trouble]]) -> tuple[int, int, int]:
    """Return how many incidents began in the spans of an ask, with the least and the most that it can be.

    The least counts what surely began inside, and takes for one what may overlap; the most the other way round. Of an
    experiment all count, whenever they began.
    """
    if ask.scope.experiment is not None:
        return len(told("likely")), len(told("perhaps")), len(told("surely"))
    return (
        sum(within(ask.spans, one.start) for one in told("likely")),
        sum(certainly_within(ask.spans, one.start) for one in told("perhaps")),
        sum(perhaps_within(ask.spans, one.start) for one in told("surely")),
    )


def united(found: Iterable[Trouble], how: Overlap) -> list[Trouble]:
    """Return the incidents of each service, those that overlap as one, in order of their start."""
    by_service: dict[tuple[str | None, str | None], list[Trouble]] = defaultdict(list)
    for one in sorted(found, key=lambda one: (one.start.earliest_us, one.start.latest_us)):
        own = by_service[one.environment, one.service]
        if own and own[-1].overlaps(one, how):
            own[-1] = own[-1].with_other(one)
        else:
            own.append(one)
    return sorted((one for own in by_service.values() for one in own), key=lambda one: one.start.middle_us)


def _of_episode(row: Row) -> tuple[Row, Trouble]:
    closed = row["closed_latest_us"]
    return row, Trouble(
        row["environment"],
        row["service"],
        Bounds(row["opened_earliest_us"], row["opened_latest_us"]),
        None if closed is None else Bounds(row["closed_earliest_us"], closed),
        healed_by=frozenset({row["healed_by"] or "unknown"}),
        experiments=frozenset({row["experiment_id"]} - {None}),
    )


def _counts(ground: Ground, ask: Ask, one: Trouble) -> bool:
    experiment = ask.scope.experiment
    if experiment is None:
        return not one.experiments or ask.policy.experiments == "include"
    known = faults(ground)
    return experiment in one.experiments or any(
        fault.experiment_id == experiment
        and known.shows(fault, one.start, ground.now_us, (one.environment, one.service))
        for fault in known.all
    )
