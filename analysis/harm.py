"""What hurt users, as an indicator is asked for it: outages, and calls that failed until one was answered well again.

Both are spells united over the quiet that the asked policy does not take for an end.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from analysis.asking import Ask, Ground, Scope
from analysis.bounds import Bounds
from analysis.edges import exactly, seen_until_us, so_far
from analysis.faults import Fault, faults, within
from analysis.outages import HurtSpell, Outage, spell_of, united_outages
from analysis.statistics import Length
from breakwatch.clock import DAY_US, Instant, to_us
from breakwatch.model import pairs

Rows = Sequence[Mapping[str, Any]]

LOOKBACK_US = DAY_US
"""How far before a window spells are looked at that may be the beginning of what goes on in it."""


def reach(asks: Sequence[Ask]) -> dict[str, Instant]:
    """Return the span whose rows can matter to any of the asks, as parameters of a statement."""
    spans = [span for ask in asks for span in ask.spans] or [(0, 0)]
    return {
        "from_us": min(start for start, _ in spans) - LOOKBACK_US,
        "to_us": max(end for _, end in spans) + LOOKBACK_US,
    }


class Harm:
    """What hurt users, for many asks: outages, and failing calls, each looked up once and only where it is asked for.

    Args:
        steps: the statements of the indicator, by step: ``outages``, ``failures``.
    """

    def __init__(self, ground: Ground, asks: Sequence[Ask], steps: Mapping[str, str]) -> None:
        self._ground = ground
        self._reach = reach(asks)
        self._steps = steps
        self._made: dict[tuple[Any, ...], Hurts] = {}
        self._unanswered: dict[tuple[Any, ...], list[Outage]] = {}

    def outages(self, ask: Ask) -> Hurts:
        """Return the outages of services; where operations or a target are asked for, of their calls alone."""
        scope = ask.scope
        if _of_calls(self._ground, scope):
            return self.failures(ask)
        key = None, None, scope.critical
        if key not in self._made:
            rows = self._ground.rows.rows(self._steps["outages"], self._reach)
            spells = [spell_of(row) for row in rows if None in operations(self._ground, scope, row["service"])]
            self._made[key] = Hurts(self._ground, spells)
        return self._made[key]

    def failures(self, ask: Ask) -> Hurts:
        """Return the times in which calls failed and none was answered well."""
        scope = ask.scope
        key = "calls", (scope.operation, scope.target), scope.critical
        if key not in self._made:
            rows = self._ground.rows.rows(self._steps["failures"], self._reach)
            self._made[key] = Hurts(self._ground, of_failures(self._ground, rows, scope))
        return self._made[key]

    def without_answer(self, ask: Ask) -> list[Outage]:
        """Return the times in which calls failed, and outages of services whose calls nobody counted then."""
        key = ask.scope, ask.policy.settle_s
        if key not in self._unanswered:  # windows of one objective share it
            self._unanswered[key] = self._without_answer(ask)
        return self._unanswered[key]

    def _without_answer(self, ask: Ask) -> list[Outage]:
        failed = list(self.failures(ask).of(ask))
        if _of_calls(self._ground, ask.scope):
            return failed
        others = [one for one in self.outages(ask).of(ask) if one.kind == "down" and not _counted(one)]
        return failed + [one for one in others if not any(_touch(one, other) for other in failed)]


def _counted(outage: Outage) -> bool:
    return any(spell.cause == "failures" for spell in outage.spells)


def _touch(one: Outage, other: Outage) -> bool:
    if (one.first.environment, one.first.service) != (other.first.environment, other.first.service):
        return False
    before, after = sorted((one, other), key=lambda outage: outage.start.earliest_us)
    return before.end is None or after.start.earliest_us <= before.end.latest_us


class Hurts:
    """Spells of services, united by the settle times that are asked for."""

    def __init__(self, ground: Ground, spells: Iterable[HurtSpell]) -> None:
        self._ground = ground
        self._spells: dict[tuple[str, str], list[HurtSpell]] = defaultdict(list)
        for spell in spells:
            self._spells[spell.environment, spell.service].append(spell)
        self._united: dict[tuple[tuple[str, str], float | None], list[Outage]] = {}

    def of(self, ask: Ask) -> Iterator[Outage]:
        """Yield all outages of the services that an ask is about, in order of service and start, at any time."""
        scope = ask.scope
        if scope.environment is not None and scope.service is not None:
            yield from self._of_service((scope.environment, scope.service), ask.policy.settle_s)
            return
        for key in list(self._spells):
            if scope.environment in (None, key[0]) and scope.service in (None, key[1]):
                yield from self._of_service(key, ask.policy.settle_s)

    def begun(self, ask: Ask) -> Iterator[Outage]:
        """Yield those that an ask is about; see ``begun``."""
        return (outage for outage in self.of(ask) if begun(self._ground, ask, outage))

    def _of_service(self, key: tuple[str, str], settle_s: float | None) -> list[Outage]:
        if (key, settle_s) not in self._united:
            until_us = seen_until_us(self._ground, key[0] or None, key[1] or None)
            self._united[key, settle_s] = united_outages(self._spells.get(key, ()), settle_s, until_us)
        return self._united[key, settle_s]


def begun(ground: Ground, ask: Ask, outage: Outage) -> bool:
    """Say whether an outage began in the spans of an ask, and counts by its policy for experiments.

    Of an experiment, those are asked for that one of its faults can be behind, whenever they began.
    """
    return counts(ground, ask, outage) and (ask.scope.experiment is not None or within(ask.spans, outage.start))


def counts(ground: Ground, ask: Ask, outage: Outage) -> bool:
    """Say whether an ask is about an outage: of its experiment, or as its policy counts what experiments did."""
    experiment = outage.first.experiment_id
    if ask.scope.experiment is not None:
        return experiment == ask.scope.experiment or bool(faults_behind(ground, ask, outage))
    return not experiment or ask.policy.experiments == "include"


def faults_behind(ground: Ground, ask: Ask, outage: Outage) -> list[Fault]:
    """Return the faults of the asked experiment that can be behind an outage."""
    known = faults(ground)
    where = outage.first.environment or None, outage.first.service or None
    return [
        fault
        for fault in known.all
        if fault.experiment_id == ask.scope.experiment and known.shows(fault, outage.start, ground.now_us, where)
    ]


def lasted(ground: Ground, outage: Outage, since: Bounds | None = None) -> Length:
    """Return how long an outage lasted, from its start or from another edge.

    While it goes on, it lasted at least until it was last seen hurting: quiet that may yet prove an end adds nothing.
    """
    start = since or outage.start
    if outage.end is not None:
        return exactly(start, outage.end)
    first = outage.first
    ends = [spell.end for spell in outage.spells]
    known = [end.earliest_us for end in ends if end is not None]
    if len(known) == len(ends):
        return so_far(start, max(known))
    return so_far(start, seen_until_us(ground, first.environment or None, first.service or None))


def operations(ground: Ground, scope: Scope, service: str | None) -> frozenset[str | None]:
    """Return the operations of a service that a scope is about; None among them stands for all of its calls.

    Critical are the operations that are declared so; of a service that declares none, all if the service is.
    """
    if scope.critical is None:
        return frozenset({scope.operation})
    for declared in ground.config.services:
        if declared.name == service and declared.operations:
            return frozenset(one.name for one in declared.operations if one.critical == scope.critical)
        if declared.name == service and declared.critical == scope.critical:
            return frozenset({scope.operation})
    return frozenset()


def _of_calls(ground: Ground, scope: Scope) -> bool:
    """Say whether a scope is about some of the calls, not about services as a whole."""
    if scope.operation is not None or scope.target is not None:
        return True
    declared = [one for one in ground.config.services if scope.service in (None, one.name)]
    return scope.critical is not None and any(one.operations for one in declared)


def of_failures(ground: Ground, rows: Rows, scope: Scope) -> list[HurtSpell]:
    """Return the spells of ``failures_between.sql`` of the calls of a scope's operation and target, else of all."""
    return [
        HurtSpell(
            row["environment"] or "",
            row["service"] or "",
            "down",
            "failures",
            Bounds(to_us(row["failed_earliest"]), to_us(row["failed_latest"])),
            None if row["served_at"] is None else Bounds(to_us(row["served_earliest"]), to_us(row["served_latest"])),
            failed_requests=row["failed_requests"],
            requests=row["requests"],
            experiment_id=row["experiment_id"] or "",
            labels=pairs(row["labels"]),
        )
        for row in rows
        if row["target"] == scope.target and row["operation"] in operations(ground, scope, row["service"])
    ]
