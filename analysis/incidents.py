"""Breaker incidents and episodes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from analysis.bounds import Bounds, Duration, duration
from analysis.machine import CLOSED, OPEN
from breakwatch.model import stable_id

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analysis.evidence import Change
    from breakwatch.clock import Instant
    from breakwatch.model import Pairs


@dataclass(frozen=True, slots=True)
class InstanceKey:
    """One instance of a breaker; ``labels`` keep apart equal names in different clusters."""

    environment: str
    service: str
    breaker: str
    instance: str
    labels: Pairs


@dataclass(frozen=True, slots=True)
class Incident:
    """From the edge into ``open`` to the next one into ``closed`` on one instance; ``closed`` is None while ongoing."""

    key: InstanceKey
    operation: str
    opened: Change
    closed: Change | None
    reopenings: int
    sources: frozenset[str]

    @property
    def incident_id(self) -> int:
        """A number that stays the same while the evidence for the opening does."""
        key = self.key
        where = (key.environment, key.service, key.breaker, key.instance, repr(key.labels))
        return stable_id("incident", *where, str(self.opened.bounds.earliest_us), str(self.opened.rank))

    @property
    def lasted(self) -> Duration | None:
        """How long it lasted; None while ongoing."""
        return duration(self.opened.bounds, self.closed.bounds) if self.closed else None


@dataclass(frozen=True, slots=True)
class Episode:
    """Incidents of one breaker that overlap across instances: what people count."""

    incidents: tuple[Incident, ...]
    opened: Bounds
    closed: Bounds | None

    @property
    def episode_id(self) -> int:
        """A number that stays the same while the evidence for the first opening does."""
        return stable_id("episode", str(self.incidents[0].incident_id))

    @property
    def openings(self) -> int:
        """How often a breaker went to open, reopenings included."""
        return sum(1 + incident.reopenings for incident in self.incidents)

    @property
    def instances_hit(self) -> int:
        """On how many instances."""
        return len({(incident.key.instance, incident.key.labels) for incident in self.incidents})

    @property
    def lasted(self) -> Duration | None:
        """From the first opening to the last closing; None while ongoing."""
        return duration(self.opened, self.closed) if self.closed else None


def incidents(key: InstanceKey, operation: str, changes: Sequence[Change]) -> list[Incident]:
    """Return the incidents in one instance's ordered changes; a return to ``open`` is a reopening, not an end."""
    found: list[Incident] = []
    opened: Change | None = None
    reopenings = 0
    sources: frozenset[str] = frozenset()
    for change in changes:
        if change.to_state == OPEN:
            if opened is None:
                opened, reopenings, sources = change, 0, frozenset()
            else:
                reopenings += 1
        if opened is not None:
            sources |= change.sources
            if change.to_state == CLOSED:
                found.append(Incident(key, operation, opened, change, reopenings, sources))
                opened = None
    if opened is not None:
        found.append(Incident(key, operation, opened, None, reopenings, sources))
    return found


def same_system(one: Pairs, other: Pairs) -> bool:
    """Return whether two sets of labels can be of one system: none says of a label what the other denies."""
    told = dict(one)
    return all(told.get(label, value) == value for label, value in other)


def episodes(found: Sequence[Incident]) -> list[Episode]:
    """Group the incidents of one (environment, service, breaker) whose bounds overlap across instances of one system.

    Two incidents of the same instance follow each other by nature, so they are joined only through another instance.
    Those of different clusters are never joined: what is broken in one is not mended in the other.
    """
    ordered = sorted(found, key=lambda i: (_start_us(i), _end_us(i), i.key.instance, i.key.labels))
    leader = list(range(len(ordered)))

    def root(index: int) -> int:
        while leader[index] != index:
            leader[index] = leader[leader[index]]
            index = leader[index]
        return index

    open_now: list[int] = []
    for index, incident in enumerate(ordered):
        open_now = [other for other in open_now if _end_us(ordered[other]) >= _start_us(incident)]
        for other in open_now:
            if _across_instances(ordered[other].key, incident.key):
                leader[root(index)] = root(other)
        open_now.append(index)
    groups: dict[int, list[Incident]] = {}
    for index, incident in enumerate(ordered):
        groups.setdefault(root(index), []).append(incident)
    return [_episode(group) for group in groups.values()]


def _across_instances(one: InstanceKey, other: InstanceKey) -> bool:
    same_instance = (one.instance, one.labels) == (other.instance, other.labels)
    return not same_instance and same_system(one.labels, other.labels)


_FOREVER_US = 2**62


def _start_us(incident: Incident) -> Instant:
    return incident.opened.bounds.earliest_us


def _end_us(incident: Incident) -> Instant:
    return incident.closed.bounds.latest_us if incident.closed else _FOREVER_US


def _episode(group: Sequence[Incident]) -> Episode:
    opened = Bounds(
        min(incident.opened.bounds.earliest_us for incident in group),
        min(incident.opened.bounds.latest_us for incident in group),
    )
    ends = [incident.closed.bounds for incident in group if incident.closed]
    closed = None
    if len(ends) == len(group):
        closed = Bounds(max(end.earliest_us for end in ends), max(end.latest_us for end in ends))
    return Episode(tuple(group), opened, closed)
