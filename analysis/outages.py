"""Outages: what hurt a service, united over the quiet that does not count as an end.

Definition and limits: docs/decisions/0019-outages.md. The facts unite with the default policy for the view ``outages``;
an indicator unites the same spells (view ``outage_spells``) with the settle time of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from analysis.bounds import Bounds, Duration, duration
from analysis.incidents import same_system
from breakwatch.clock import SECOND_US, to_us
from breakwatch.model import Pairs, pairs, stable_id

if TYPE_CHECKING:
    from breakwatch.clock import Instant

SETTLE_S = 60.0
SETTLE_SCRAPES = 4
"""An outage is over after this much quiet, or after this many scrapes where that is longer."""

Kind = Literal["down", "degraded"]


@dataclass(frozen=True, slots=True)
class HurtSpell:
    """One reason for which users were hurt, from its start to its end.

    Attributes:
        cause: level, failures, instances, imported or declared.
        level: the service level meanwhile, where the cause is one.
        detail: the cause in words.
        start, end: both within bounds; ``end`` is None while it lasts.
        failed_requests, requests: None where its cause counts none.
        settle_s: the quiet that ends it, where the policy names none.
    """

    environment: str
    service: str
    kind: Kind
    cause: str
    start: Bounds
    end: Bounds | None
    origin: str = "detected"
    component: str = ""
    level: str = ""
    detail: str = ""
    failed_requests: int | None = None
    requests: int | None = None
    settle_s: float = SETTLE_S
    experiment_id: str = ""
    labels: Pairs = ()


@dataclass(frozen=True, slots=True)
class Outage:
    """Spells of one kind with too little quiet between them to be apart; ``end`` is None while it goes on."""

    spells: tuple[HurtSpell, ...]
    start: Bounds
    end: Bounds | None
    labels: Pairs = ()

    @property
    def first(self) -> HurtSpell:
        """The spell that it began with."""
        return self.spells[0]

    @property
    def kind(self) -> Kind:
        """Down or degraded."""
        return self.first.kind

    @property
    def outage_id(self) -> int:
        """A number that stays the same while the evidence for the start does."""
        first = self.first
        where = (first.environment, first.service, first.component, first.origin, first.kind, repr(first.labels))
        return stable_id("outage", *where, first.cause, str(first.start.earliest_us))

    @property
    def lasted(self) -> Duration | None:
        """How long it lasted; None while it goes on."""
        return duration(self.start, self.end) if self.end else None

    @property
    def failed_requests(self) -> int | None:
        """How many requests failed in the spells that count them; None where none does."""
        counted = [spell.failed_requests for spell in self.spells if spell.failed_requests is not None]
        return sum(counted) if counted else None


def spell_of(row: Mapping[str, Any]) -> HurtSpell:
    """Return a row of the view ``outage_spells`` as a spell."""
    return HurtSpell(
        row["environment"] or "",
        row["service"] or "",
        row["kind"],
        row["cause"],
        Bounds(to_us(row["started_earliest"]), to_us(row["started_latest"])),
        None if row["ended_at"] is None else Bounds(to_us(row["ended_earliest"]), to_us(row["ended_latest"])),
        row["origin"],
        row["component"] or "",
        row["level"] or "",
        row["detail"] or "",
        row["failed_requests"],
        row["requests"],
        row["settle_s"] if row["settle_s"] is not None else SETTLE_S,
        row["experiment_id"] or "",
        pairs(row["labels"]),
    )


def united_outages(
    spells: Iterable[HurtSpell], settle_s: float | None = None, seen_us: Instant | None = None
) -> list[Outage]:
    """Return the outages that spells of any services are, in order of their start.

    Spells of one service, origin and kind belong to one outage where the quiet between them is shorter than the settle
    time; a degraded one that lies within a time in which the service was down says nothing more and is left out.

    Args:
        spells: in any order.
        settle_s: the quiet that ends an outage, in seconds; None takes that of the spells themselves.
        seen_us: until when the service was seen: an outage with less quiet than that behind it goes on. None: whatever
            has an end has ended.
    """
    by_service: dict[tuple[str, ...], list[HurtSpell]] = {}
    for spell in sorted(spells, key=_order):
        by_service.setdefault((spell.environment, spell.service, spell.origin), []).append(spell)
    found: list[Outage] = []
    for own in by_service.values():
        down = _united([spell for spell in own if spell.kind == "down"], settle_s, seen_us)
        degraded = _united([spell for spell in own if spell.kind != "down"], settle_s, seen_us)
        found += down + [outage for outage in degraded if not any(_within(outage, other) for other in down)]
    return sorted(found, key=lambda outage: (outage.start.middle_us, _order(outage.first)))


def _order(spell: HurtSpell) -> tuple[Any, ...]:
    end = (1, 0, 0) if spell.end is None else (0, spell.end.earliest_us, spell.end.latest_us)
    named = (spell.environment, spell.service, spell.origin, spell.kind, spell.component, spell.cause, spell.level)
    return (spell.start.middle_us, spell.start.latest_us, *end, *named, spell.detail, spell.labels)


@dataclass(slots=True)
class _Growing:
    """An outage that further spells may still belong to."""

    spells: list[HurtSpell]
    last: dict[str, HurtSpell] = field(default_factory=dict)
    labels: set[tuple[str, str]] = field(default_factory=set)

    def takes(self, spell: HurtSpell, settle_s: float | None) -> bool:
        """Say whether the quiet before a spell is too short to have ended this."""
        return same_system(tuple(self.labels), spell.labels) and any(
            _quiet_us(other, spell) < _settle_us(other, settle_s) or _quiet_us(other, spell) <= 0
            for other in self.last.values()
        )

    def add(self, spell: HurtSpell) -> None:
        """Let a spell belong to this."""
        self.spells.append(spell)
        self.labels |= set(spell.labels)
        before = self.last.get(spell.cause)
        if before is None or (before.end is not None and _ends_later(spell, before.end)):
            self.last[spell.cause] = spell


def _ends_later(spell: HurtSpell, than: Bounds) -> bool:
    return spell.end is None or spell.end.middle_us >= than.middle_us


def _settle_us(spell: HurtSpell, settle_s: float | None) -> int:
    # What somebody wrote down ended when it says: no quiet has to prove it.
    own = settle_s is None or spell.origin != "detected"
    return round((spell.settle_s if own or settle_s is None else settle_s) * SECOND_US)


def _quiet_us(before: HurtSpell, after: HurtSpell) -> int:
    """Return how long it was quiet between two spells.

    Of one cause, its own evidence showed the quiet. Of two causes it did not: where they may touch, they do.
    """
    if before.end is None:
        return 0
    if before.cause == after.cause:
        return after.start.latest_us - before.end.middle_us
    return after.start.earliest_us - before.end.latest_us


def _united(spells: Sequence[HurtSpell], settle_s: float | None, seen_us: Instant | None) -> list[Outage]:
    growing: list[_Growing] = []
    done: list[_Growing] = []
    for spell in spells:
        taken = [one for one in growing if one.takes(spell, settle_s)]
        if not taken:
            # One that took nothing for a day takes nothing any more; what lasts is never put away.
            done += [one for one in growing if _long_over(one, spell)]
            growing = [one for one in growing if not _long_over(one, spell)]
            growing.append(_Growing([]))
            taken = growing[-1:]
        taken[0].add(spell)
    return [_outage(one, settle_s, seen_us) for one in done + growing]


_DAY_US = 86_400 * SECOND_US


def _long_over(one: _Growing, spell: HurtSpell) -> bool:
    ends = [other.end for other in one.last.values()]
    return all(end is not None and spell.start.earliest_us - end.latest_us > _DAY_US for end in ends)


def _outage(one: _Growing, settle_s: float | None, seen_us: Instant | None) -> Outage:
    starts = [spell.start for spell in one.spells]
    start = Bounds(min(bounds.earliest_us for bounds in starts), min(bounds.latest_us for bounds in starts))
    ends = [spell.end for spell in one.spells if spell.end is not None]
    end = None
    if len(ends) == len(one.spells):
        end = Bounds(max(bounds.earliest_us for bounds in ends), max(bounds.latest_us for bounds in ends))
        settle_us = max(_settle_us(spell, settle_s) for spell in one.last.values())
        if seen_us is not None and seen_us - end.middle_us < settle_us:
            end = None
    shared = set(one.spells[0].labels).intersection(*(spell.labels for spell in one.spells))
    return Outage(tuple(one.spells), start, end, tuple(sorted(shared)))


def _within(outage: Outage, other: Outage) -> bool:
    """Say whether an outage surely adds nothing to the time of another."""
    if not same_system(outage.labels, other.labels):
        return False
    if outage.start.latest_us < other.start.latest_us:
        return False
    return other.end is None or (outage.end is not None and outage.end.earliest_us <= other.end.latest_us)
