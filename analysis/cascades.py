"""How failures spread: from the first component that was hurt along declared dependencies, and where they stopped.

A follower is a component whose own callers were hurt (an outage) within the lag after one of its dependencies was. The
lag is five minutes, or twice the open time of the breaker between them where that is longer. Depth is the longest chain
of hurt components below the origin. Without declared dependencies there is only what happened one after the other.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from analysis.bounds import CLOCK_TOLERANCE_US, Bounds
from analysis.incidents import same_system
from breakwatch.clock import MINUTE_US, Instant
from breakwatch.model import Pairs, stable_id

LAG_US = 5 * MINUTE_US
"""So long after its dependency a component that is hurt may be hurt by it."""

TOGETHER_US = MINUTE_US
"""Signs of one component with no more than this between them are of one hurt."""

NOTICED_US = MINUTE_US
"""A breaker or a health signal notices what it guards up to this much later than the first call that was hurt."""

Needs = Mapping[str, frozenset[str]]
"""Service → what it is declared to depend on."""

Lag = Callable[[str, str], int]
"""(service, what it depends on) → how long after it the service may be hurt by it, in microseconds."""


@dataclass(frozen=True, slots=True)
class Hurt:
    """A time in which a component was hurt; ``end`` is None while it lasts.

    Attributes:
        spreads: false where a lower level of service kept its callers from being hurt.
        outage: true where its own callers were hurt; false where only a breaker, a health signal or a fault says so.
    """

    environment: str
    component: str
    start: Bounds
    end: Bounds | None
    outage: bool = True
    spreads: bool = True
    experiment_id: str = ""
    labels: Pairs = ()


@dataclass(frozen=True, slots=True)
class Follower:
    """A component that was hurt after the origin; ``depth`` is None where only the order in time speaks for it."""

    hurt: Hurt
    depth: int | None
    sure: bool


@dataclass(frozen=True, slots=True)
class Cascade:
    """What one hurt component began: whom it hurt in turn, and which dependants it might have hurt and did not.

    Attributes:
        spared: (dependant, what it depends on, depth of that) of those that were not hurt.
    """

    origin: Hurt
    followers: tuple[Follower, ...]
    spared: tuple[tuple[str, Hurt, int], ...]
    fan_out: int
    basis: str = "dependencies"

    @property
    def cascade_id(self) -> int:
        """A number that stays the same while the evidence for the start does."""
        origin = self.origin
        where = (origin.environment, origin.component, repr(origin.labels))
        return stable_id("cascade", *where, str(origin.start.earliest_us))


def dependants(needs: Needs) -> dict[str, frozenset[str]]:
    """Return by component the services that are declared to depend on it directly."""
    found: dict[str, set[str]] = defaultdict(set)
    for service, needed in needs.items():
        for component in needed:
            found[component].add(service)
    return {component: frozenset(services) for component, services in found.items()}


def united_hurts(signs: Iterable[Hurt]) -> list[Hurt]:
    """Return the signs of each component as the times in which it was hurt, in order of their start."""
    found: dict[tuple[str, str], list[Hurt]] = defaultdict(list)
    for sign in sorted(signs, key=lambda one: (one.start.earliest_us, one.start.latest_us, not one.outage)):
        own = found[sign.environment, sign.component]
        place = next((i for i in range(len(own) - 1, -1, -1) if _touch(own[i], sign)), None)
        if place is None:
            own.append(sign)
        else:
            own[place] = _joined(own[place], sign)
    return sorted(
        (hurt for own in found.values() for hurt in own),
        key=lambda one: (one.start.earliest_us, one.start.latest_us, one.environment, one.component, one.labels),
    )


def _touch(hurt: Hurt, sign: Hurt) -> bool:
    reaches = hurt.end is None or sign.start.earliest_us <= hurt.end.latest_us + TOGETHER_US
    return reaches and same_system(hurt.labels, sign.labels)


def _joined(hurt: Hurt, sign: Hurt) -> Hurt:
    # What a breaker or a health signal saw says when the component was hurt, an outage when its callers were.
    start = Bounds(min(hurt.start.earliest_us, sign.start.earliest_us), min(hurt.start.latest_us, sign.start.latest_us))
    end = None
    if hurt.end is not None and sign.end is not None:
        end = Bounds(max(hurt.end.earliest_us, sign.end.earliest_us), max(hurt.end.latest_us, sign.end.latest_us))
    outages = [one for one in (hurt, sign) if one.outage]
    return replace(
        hurt,
        start=start,
        end=end,
        outage=bool(outages),
        spreads=any(one.spreads for one in outages) if outages else True,
        experiment_id=hurt.experiment_id or sign.experiment_id,
        labels=tuple(sorted({*hurt.labels, *sign.labels})),
    )


def _overlap(one: Hurt, other: Hurt) -> bool:
    begins_before = other.end is None or one.start.earliest_us <= other.end.latest_us
    begun_before = one.end is None or other.start.earliest_us <= one.end.latest_us
    return begins_before and begun_before and same_system(one.labels, other.labels)


def follows(before: Hurt, after: Hurt, lag_us: int) -> bool | None:
    """Say whether one hurt came after another within the lag: True surely, None perhaps, False surely not."""
    if before.environment != after.environment or not same_system(before.labels, after.labels):
        return False
    late = after.start.earliest_us - before.start.latest_us > lag_us
    earlier_us = CLOCK_TOLERANCE_US if before.outage else NOTICED_US
    early = after.start.latest_us < before.start.earliest_us - earlier_us
    if late or early:
        return False
    in_order = after.start.earliest_us >= before.start.latest_us
    in_time = after.start.latest_us - before.start.earliest_us <= lag_us
    return True if in_order and in_time else None


@dataclass(slots=True)
class _Spread:
    """The hurts, by component, and which followed which."""

    hurts: Sequence[Hurt]
    needs: Needs
    lag: Lag
    own: dict[tuple[str, str], list[int]] = field(default_factory=lambda: defaultdict(list))
    after: dict[int, list[tuple[int, bool]]] = field(default_factory=lambda: defaultdict(list))
    followed: set[int] = field(default_factory=set)

    def link(self) -> None:
        """Note which hurt may have followed which."""
        callers = dependants(self.needs)
        for place, hurt in enumerate(self.hurts):
            self.own[hurt.environment, hurt.component].append(place)
        for place, hurt in enumerate(self.hurts):
            for service in sorted(callers.get(hurt.component, ())):
                for other in self.own.get((hurt.environment, service), ()):
                    known = self._follows(hurt, self.hurts[other], self.lag(service, hurt.component))
                    if known is not False:
                        self.after[place].append((other, known is True))
                        self.followed.add(other)

    def hurt_meanwhile(self, hurt: Hurt, service: str) -> bool:
        """Say whether a service's callers may have been hurt, by whatever it was, while a component was."""
        others = (self.hurts[place] for place in self.own.get((hurt.environment, service), ()))
        return any(_overlap(hurt, other) for other in others if other.outage and other.spreads)

    @staticmethod
    def _follows(hurt: Hurt, other: Hurt, lag_us: int) -> bool | None:
        return follows(hurt, other, lag_us) if other.outage and other.spreads else False

    def below(self, origin: int) -> dict[int, tuple[int, bool]]:
        """Return the hurts below one: how long the longest chain to each is, and whether one of sure links leads there.

        Declared dependencies may go round in a circle: a chain never meets a hurt twice.
        """
        found: dict[int, tuple[int, bool]] = {origin: (0, True)}

        def walk(place: int, depth: int, sure: bool, path: frozenset[int]) -> None:  # noqa: FBT001 (internal)
            for other, sure_link in self.after.get(place, ()):
                if other in path:
                    continue
                known_depth, known_sure = found.get(other, (0, False))
                reached = sure and sure_link
                if depth + 1 > known_depth or (reached and not known_sure):
                    found[other] = max(depth + 1, known_depth), reached or known_sure
                    walk(other, depth + 1, reached, path | {other})

        walk(origin, 0, True, frozenset({origin}))
        return found


def cascades(hurts: Sequence[Hurt], needs: Needs, lag: Lag) -> list[Cascade]:
    """Return what each first hurt component began along declared dependencies, in order of time.

    Args:
        hurts: as ``united_hurts`` returns them.
        needs: what is declared; components that neither need anything nor are needed are not looked at.
        lag: how long after a dependency a service may be hurt by it.
    """
    callers = dependants(needs)
    spread = _Spread(hurts, needs, lag)
    spread.link()
    found = []
    for place, hurt in enumerate(hurts):
        if place in spread.followed or not (hurt.component in callers or needs.get(hurt.component)):
            continue
        below = spread.below(place)
        reached = {hurts[other].component for other in below}
        followers = tuple(Follower(hurts[other], *below[other]) for other in sorted(below) if other != place)
        spared = tuple(
            (service, hurts[other], depth)
            for other, (depth, _) in sorted(below.items())
            for service in sorted(callers.get(hurts[other].component, frozenset()) - reached)
            if not spread.hurt_meanwhile(hurts[other], service)
        )
        found.append(Cascade(hurt, followers, spared, len(callers.get(hurt.component, ()))))
    return found


def correlations(hurts: Sequence[Hurt], needs: Needs) -> list[Cascade]:
    """Return outages of services without declared dependencies that began within the lag after another one's."""
    declared = set(needs) | set(dependants(needs))
    free = [hurt for hurt in hurts if hurt.outage and hurt.spreads and hurt.component not in declared]
    found: list[Cascade] = []
    begun: Instant | None = None
    group: list[Hurt] = []
    for hurt in free:
        if begun is not None and hurt.start.earliest_us - begun > LAG_US:
            found += _correlated(group)
            begun = None
        if begun is None:
            begun, group = hurt.start.latest_us, []
        group.append(hurt)
    return found + _correlated(group)


def _correlated(group: Sequence[Hurt]) -> list[Cascade]:
    found = []
    left = list(group)
    while left:
        origin, *others = left
        after = [o for o in others if o.component != origin.component and follows(origin, o, LAG_US) is not False]
        if after:
            followers = tuple(Follower(other, None, sure=False) for other in after)
            found.append(Cascade(origin, followers, (), 0, "correlation"))
        left = [other for other in others if other not in after]
    return found
