"""The kinds of things that can happen in the story."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from breakwatch.clock import SECOND_US

if TYPE_CHECKING:
    from breakwatch.clock import Instant


@dataclass(frozen=True, slots=True)
class Fault:
    """Something on a path fails for a while.

    ``path`` is ``service/dependency``, or a service for a fault of its own. ``share`` of the calls fail, with
    ``error``. ``rush_per_s`` are calls on top of the usual ones. ``fallback_too`` takes the caller's fallback away.
    """

    path: str
    start_us: Instant
    lasts_s: float
    text: str
    error: str = "ConnectionError"
    share: float = 1.0
    instances: tuple[str, ...] = ()
    rush_per_s: float = 0.0
    fallback_too: bool = False

    @property
    def end_us(self) -> Instant:
        """When it is over."""
        return self.start_us + round(self.lasts_s * SECOND_US)

    @property
    def service(self) -> str:
        """Whose calls fail."""
        return self.path.partition("/")[0]


@dataclass(frozen=True, slots=True)
class Deploy:
    """A new revision: its instances restart one after the other, ``apart_s`` between them."""

    service: str
    start_us: Instant
    revision: str
    actor: str
    text: str = ""
    instances: tuple[str, ...] = ()
    apart_s: float = 40.0


@dataclass(frozen=True, slots=True)
class Setting:
    """A configuration change, without a restart: ``name`` becomes ``value``."""

    service: str
    start_us: Instant
    name: str
    value: float
    actor: str
    text: str


@dataclass(frozen=True, slots=True)
class Restart:
    """A process dies and comes back after ``down_s``."""

    service: str
    instance: str
    start_us: Instant
    text: str
    down_s: float = 7.0


@dataclass(frozen=True, slots=True)
class Forced:
    """Somebody moves a breaker by hand."""

    service: str
    instance: str
    start_us: Instant
    to_state: str
    actor: str


@dataclass(frozen=True, slots=True)
class Maintenance:
    """A declared window."""

    service: str
    start_us: Instant
    end_us: Instant
    actor: str
    text: str


@dataclass(frozen=True, slots=True)
class Failback:
    """Somebody moves traffic back to the primary."""

    service: str
    start_us: Instant
    actor: str


@dataclass(frozen=True, slots=True)
class Backlog:
    """The consumers of a queue stand still until ``resumed_us``; then they drain it."""

    service: str
    start_us: Instant
    resumed_us: Instant
    grows_per_min: float
    drains_per_min: float
    dead_letters: int


@dataclass(frozen=True, slots=True)
class Gap:
    """Nobody scrapes a service."""

    service: str
    start_us: Instant
    end_us: Instant
    text: str


Action: TypeAlias = Deploy | Setting | Restart | Forced | Maintenance | Failback
Happening: TypeAlias = Action | Fault | Backlog | Gap
