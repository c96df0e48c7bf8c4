"""What every simulated application has: traffic, faults that hit it, actions upon it, a service level."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from breakwatch.clock import MINUTE_US, SECOND_US, Instant, from_us
from sample_data.generator.happenings import (
    Backlog,
    Deploy,
    Failback,
    Fault,
    Forced,
    Gap,
    Maintenance,
    Restart,
    Setting,
)
from sample_data.generator.recorder import Recorder, key

if TYPE_CHECKING:
    import random
    from collections.abc import Sequence

    from sample_data.generator.happenings import Action, Happening
    from sample_data.generator.logbook import Logbook, Truth
    from sample_data.generator.machines import SimulatedClock

_HOURS = (4, 3, 2, 1, 1, 1, 1, 2, 4, 6, 8, 9, 10, 10, 10, 10, 9, 9, 10, 10, 10, 9, 8, 6)
"""Traffic by UTC hour, in tenths of the busiest; the quietest hours are those from 03:00 to 07:00."""
_LOOK_AHEAD_US = 30 * SECOND_US
_RUSH_ON_US = 12 * SECOND_US
"""How long a rush of calls goes on after the fault."""


@dataclass(slots=True)
class World:
    """What the applications share."""

    story: Sequence[Happening]
    clock: SimulatedClock
    truth: Truth
    answers: dict[str, list[tuple[Instant, bool]]] = field(default_factory=dict)
    """By instance of payments: when it answered, and whether badly; only around faults."""


class App(ABC):
    """One instance of one service.

    Attributes:
        per_min: its calls per minute at the busiest hour.
        since_us: when it first starts.
    """

    service = ""
    revision = "1.0.0"
    per_min = 60.0

    def __init__(self, world: World, instance: str, logbook: Logbook, rng: random.Random, since_us: Instant) -> None:
        self.world = world
        self.instance = instance
        self.logbook = logbook
        self.rng = rng
        self.since_us = since_us
        self.level = "full"
        self.recorder = Recorder(self.service, instance)
        self.faults = [one for one in world.story if isinstance(one, Fault) and self._hit(one)]
        self.backlogs = [one for one in world.story if isinstance(one, Backlog) and one.service == self.service]
        self.actions = sorted(
            (one for one in world.story if self._mine(one) and not isinstance(one, Fault | Backlog | Gap)),
            key=lambda one: one.start_us,
        )

    # What a service fills in.

    @abstractmethod
    def start(self, now_us: Instant) -> None:
        """Begin a process: new breakers, counters registered."""

    @abstractmethod
    def request(self, now_us: Instant) -> Instant:
        """Serve one request; return when the next may begin."""

    @abstractmethod
    def calm(self, now_us: Instant, calls: int) -> None:
        """Serve requests while all is well."""

    @abstractmethod
    def settled(self) -> bool:
        """Return whether its breakers are closed, so that calm calls change no state."""

    @abstractmethod
    def states(self) -> dict[str, str]:
        """Return the present state of each breaker."""

    def tick(self, now_us: Instant) -> None:  # noqa: B027 (most services have nothing to do)
        """Set what changes with time alone (queues, sessions)."""

    def set(self, now_us: Instant, name: str, value: float) -> None:  # noqa: B027 (most services have nothing to do)
        """Take a setting."""

    def force(self, now_us: Instant, to_state: str) -> None:
        """Move the breaker by hand; ValueError where nobody can."""
        raise ValueError(f"{self.service} has no breaker that can be moved by hand to {to_state} at {now_us}")

    def fail_back(self, now_us: Instant) -> None:  # noqa: B027 (most services have nothing to do)
        """Use the primary again."""

    # What all share.

    def boot(self, now_us: Instant) -> None:
        """Begin a process."""
        self.recorder.boot(now_us)
        self.recorder.show(now_us, key("process_start_time_seconds"), round(now_us / SECOND_US, 2))
        self.level = "full"
        self.start(now_us)

    def fault(self, path: str, now_us: Instant) -> Fault | None:
        """Return the fault that makes this call fail, if any; may draw from the dice."""
        for one in self.faults:
            if one.path == path and one.start_us <= now_us < one.end_us:
                hit = one.share >= 1 or self.rng.random() < one.share
                return one if hit else None
        return None

    def busy(self, start_us: Instant, end_us: Instant) -> bool:
        """Return whether single calls matter in a span: something fails in it, or a breaker is not closed."""
        near = any(one.start_us - _LOOK_AHEAD_US < end_us and start_us < one.end_us for one in self.faults)
        return near or not self.settled()

    def rush(self, start_us: Instant, end_us: Instant) -> list[Instant]:
        """Return the starts of calls that come on top of the usual ones."""
        calls: list[Instant] = []
        for one in self.faults:
            if one.rush_per_s:
                apart_us = round(SECOND_US / one.rush_per_s)
                last_us = one.end_us + _RUSH_ON_US
                calls += [now for now in range(one.start_us, last_us, apart_us) if start_us <= now < end_us]
        return calls

    def calls(self, start_us: Instant, length_us: int) -> int:
        """Return how many calls come in a span: more by day, fewer at the weekend."""
        moment = from_us(start_us)
        weekend = 0.6 if moment.weekday() >= 5 else 1.0
        mean = self.per_min * _HOURS[moment.hour] / 10 * weekend * length_us / MINUTE_US
        return int(mean + self.rng.random())

    def set_level(self, now_us: Instant, level: str) -> None:
        """Change the service level; log it, and keep it as the truth."""
        if level == self.level:
            return
        before, self.level = self.level, level
        fields = {"instance": self.instance, "from_": before, "to": level}
        self.logbook.write(now_us, "level_change", **fields)
        self.world.truth.note(now_us, "level_change", service=self.service, **fields)

    def _hit(self, fault: Fault) -> bool:
        mine = fault.service == self.service and (not fault.instances or self.instance in fault.instances)
        return mine or (self.service == "checkout" and fault.service == "payments")

    def _mine(self, one: Happening) -> bool:
        if isinstance(one, Restart | Forced):
            return one.instance == self.instance
        if isinstance(one, Deploy) and one.instances and self.instance not in one.instances:
            return False
        return one.service == self.service


def log_action(app: App, action: Action) -> None:
    """Log an action and keep it as the truth; once for a service, not once for each instance."""
    fields: dict[str, str] = {"service": app.service}
    match action:
        case Deploy():
            event = "deploy"
            fields |= {"revision": action.revision, "actor": action.actor, "text": action.text or "release"}
        case Setting():
            event = "config"
            fields |= {"actor": action.actor, "text": action.text}
        case Maintenance():
            event = "maintenance"
            fields |= {"actor": action.actor, "text": action.text, "until": from_us(action.end_us).isoformat()}
        case Restart():
            event = "restart"
            fields |= {"instance": app.instance, "text": action.text}
        case Forced():
            event = "config"
            fields |= {"actor": action.actor, "text": f"breaker moved by hand to {action.to_state}"}
        case Failback():
            event = "config"
            fields |= {"actor": action.actor, "text": "traffic moved back to pg-primary"}
    app.world.truth.note(action.start_us, event, **fields)
    app.logbook.write(action.start_us, event, **{name: text for name, text in fields.items() if name != "service"})
