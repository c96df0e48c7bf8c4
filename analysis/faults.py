"""The faults that experiments put in, and whom they concern."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from analysis.asking import Ask, Ground
from analysis.bounds import Bounds
from analysis.spans import Spans
from analysis.sqlfiles import read_steps
from breakwatch.clock import MINUTE_US, Instant

_STEPS = read_steps("analysis", "faults.sql")

LAG_US = 5 * MINUTE_US
"""What happens so long after a fault was removed can still be of it: the lag that cascades are allowed."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault of one experiment: what was put in where, from when to when.

    Attributes:
        service, target: whom it was put into; None where the experiment does not say.
        removed_us: None while it is still in, or where nobody wrote down when it was taken out.
    """

    environment: str | None
    experiment_id: str
    service: str | None
    target: str | None
    injected_us: Instant
    removed_us: Instant | None = None
    phase: str | None = None

    @property
    def injected(self) -> Bounds:
        """When it was put in, exactly."""
        return Bounds(self.injected_us, self.injected_us)

    @property
    def removed(self) -> Bounds | None:
        """When it was taken out, exactly."""
        return None if self.removed_us is None else Bounds(self.removed_us, self.removed_us)

    def until_us(self, now_us: Instant) -> Instant:
        """Return until when something can still be of it."""
        return now_us if self.removed_us is None else min(now_us, self.removed_us + LAG_US)

    def follows(self, edge: Bounds, now_us: Instant) -> bool:
        """Say whether an edge can have come after the fault was put in, and while something can still be of it."""
        return self.injected_us <= edge.latest_us and edge.earliest_us <= self.until_us(now_us)


@dataclass(frozen=True, slots=True)
class Faults:
    """All faults, with what is known of who needs whom.

    Attributes:
        needs: by service, the services it is declared to depend on.
        known: by service, the targets, components and breakers it is known by.
    """

    all: Sequence[Fault]
    needs: Mapping[str, frozenset[str]]
    known: Mapping[str, frozenset[str]]

    def concerns(self, fault: Fault, environment: str | None, service: str | None, name: str | None = None) -> bool:
        """Say whether a fault can show in a service, or in something it has or calls.

        A fault that names nobody concerns all of its environment. One that names a service or a target concerns that
        service, those that are declared to depend on it, and those that have or call a target of that name; of their
        components, where its target is among them, only that one. ``name`` is such a component of the service, or a
        target it calls; None stands for the service as a whole.
        """
        if fault.environment is not None and environment != fault.environment:
            return False
        if fault.service is None and fault.target is None:
            return True
        if service is None:
            return name is not None and name == fault.target
        known = self.known.get(service, frozenset())
        if name is not None and fault.target in known and name != fault.target:
            return False
        if fault.service is not None and service == fault.service:
            return True
        named = {fault.service, fault.target} - {None}
        if service in named or named & self.needs.get(service, frozenset()):
            return True
        return fault.service is None and fault.target in known

    def shows(
        self, fault: Fault, edge: Bounds, now_us: Instant, where: tuple[str | None, str | None], name: str | None = None
    ) -> bool:
        """Say whether something that began in ``where``, an environment and a service, can be of a fault.

        It came after the fault was put in, and no later than the lag after it was removed; but not once another
        experiment had put one in there since.
        """
        if not fault.follows(edge, now_us) or not self.concerns(fault, *where, name):
            return False
        removed_us = fault.removed_us
        if removed_us is None or edge.earliest_us <= removed_us:
            return True
        return not any(
            removed_us <= other.injected_us <= edge.latest_us and self.concerns(other, *where, name)
            for other in self.all
            if other.experiment_id != fault.experiment_id
        )

    def asked(self, ask: Ask, *, by_removal: bool = False) -> Iterator[Fault]:
        """Yield the faults that an ask is about.

        Those of its experiment, or else those put in (taken out, ``by_removal``) in its spans. What only experiments
        can tell is of experiments whatever the policy separates; only ``exclude`` leaves them out.
        """
        scope = ask.scope
        if scope.experiment is None and ask.policy.experiments == "exclude":
            return
        for fault in self.all:
            if scope.experiment is not None:
                if fault.experiment_id != scope.experiment:
                    continue
            else:
                at_us = fault.removed_us if by_removal else fault.injected_us
                if at_us is None or not within(ask.spans, Bounds(at_us, at_us)):
                    continue
            if scope.environment is not None and fault.environment not in (None, scope.environment):
                continue
            if scope.phase is not None and fault.phase not in (None, scope.phase):
                continue
            if scope.target is not None and fault.target not in (None, scope.target):
                continue
            if scope.service is None or self.concerns(fault, fault.environment or scope.environment, scope.service):
                yield fault

    def behind(self, environment: str | None, service: str | None, edge: Bounds, now_us: Instant) -> Fault | None:
        """Return the last fault that concerns a service and was put in before something began there; None for none."""
        found = [
            fault for fault in self.all if fault.follows(edge, now_us) and self.concerns(fault, environment, service)
        ]
        return max(found, key=lambda fault: (fault.injected_us, fault.experiment_id), default=None)


def within(spans: Spans, edge: Bounds) -> bool:
    """Say whether an edge, by its midpoint, lies in a set of time."""
    return any(start <= edge.middle_us < end for start, end in spans)


def certainly_within(spans: Spans, edge: Bounds) -> bool:
    """Say whether an edge lies in one span of a set, whatever its bounds allow."""
    return any(start <= edge.earliest_us and edge.latest_us < end for start, end in spans)


def perhaps_within(spans: Spans, edge: Bounds) -> bool:
    """Say whether the bounds of an edge allow it to lie in a set."""
    return any(start <= edge.latest_us and edge.earliest_us < end for start, end in spans)


def faults(ground: Ground) -> Faults:
    """Return all faults, looked up once."""
    found: Faults = ground.once("faults", _look)
    return found


def _look(ground: Ground) -> Faults:
    rows = ground.rows
    needs: dict[str, set[str]] = defaultdict(set)
    for row in rows.rows(_STEPS["dependencies"]):
        needs[row["service"]].add(row["needed"])
    known: dict[str, set[str]] = defaultdict(set)
    for row in rows.rows(_STEPS["names"]):
        known[row["service"]].add(row["name"])
    return Faults(
        tuple(Fault(**row) for row in rows.rows(_STEPS["faults"])),
        {service: frozenset(names) for service, names in needs.items()},
        {service: frozenset(names) for service, names in known.items()},
    )
