"""The nouns of the house, as frozen values: what collectors yield and the store keeps.

Two shapes carry everything that comes in:

* a **track** with its **runs**: one quantity of one thing as one source sampled it (a breaker's state, a counter, a
  queue's depth), run-length encoded. A run says "at every sample from first to last the value was this". Uniting runs
  is associative, commutative and idempotent, so the order and number of collections cannot matter.
* a **sighting**: one thing that happened at a known instant, from a log line or an import.

Instants are integer microseconds (see clock.py). "Not known" is ``None``, for numbers in arrays ``nan``; never 0.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from breakwatch.clock import Instant
    from breakwatch.records import Record

Pairs = tuple[tuple[str, str], ...]
"""A small map as a sorted tuple of pairs, so that values that hold one stay hashable."""


class BreakerState(StrEnum):
    """The states of a circuit breaker, in the field's words."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"
    FORCED_OPEN = "forced_open"
    DISABLED = "disabled"
    METRICS_ONLY = "metrics_only"


class HealthState(StrEnum):
    """The states of a health signal."""

    UP = "up"
    DOWN = "down"
    MAINTENANCE = "maintenance"
    DRAINING = "draining"
    UP_NO_LB = "up_no_lb"
    UNKNOWN = "unknown"


class ServiceLevel(StrEnum):
    """How much of its service a system gives, best first; ``unknown`` when the system itself says so."""

    FULL = "full"
    DEGRADED = "degraded"
    LIMITED = "limited"
    CACHE_ONLY = "cache_only"
    UNAVAILABLE = "unavailable"
    UNKNOWN = "unknown"


class Outcome(StrEnum):
    """How a call ended: a closed list."""

    SUCCESS = "success"
    FAILURE = "failure"
    TIMEOUT = "timeout"
    NOT_PERMITTED = "not_permitted"
    REJECTED = "rejected"
    RATE_LIMITED = "rate_limited"
    CLIENT_ERROR = "client_error"
    FALLBACK = "fallback"
    CACHE_HIT = "cache_hit"
    CACHE_STALE = "cache_stale"


STATE_WORDS: tuple[str, ...] = (
    *BreakerState,
    *(state for state in HealthState if state != HealthState.UNKNOWN),
    *ServiceLevel,
)
"""Every state word; a state track's run holds the index into this tuple. Append only: stored data depends on it."""

STATE_CODE: dict[str, int] = {str(word): code for code, word in enumerate(STATE_WORDS)}


class TrackKind(StrEnum):
    """What the values of a track mean, and which ``detail`` keys come with it."""

    BREAKER_STATE = "breaker_state"  # STATE_CODE. detail: binary=true where half_open cannot be seen
    HEALTH_STATE = "health_state"  # STATE_CODE
    LEVEL_STATE = "level_state"  # STATE_CODE
    TRANSITIONS = "transitions"  # counter. detail: to_state, maybe from_state; domain=breaker|health; each=proof where
    #   a count only shows that the state held; binary=true where half_open does not exist
    REQUESTS = "requests"  # counter. detail: outcome; vantage=edge|server|client where they are seen from; role=fire
    #   where it is the total of all calls; whole=name where counters with part_of=name count some of the same calls, so
    #   that only the rest is its own
    RETRIES = "retries"  # counter. detail: unit=calls|attempts, outcome; first_attempts=included where they are counted
    LATENCY = "latency"  # cumulative bucket counter. detail: upper_bound_s
    QUEUE = "queue"  # gauge. detail: queue, queue_kind=main|retry|dead_letter, priority
    SESSIONS = "sessions"  # gauge. detail: session_kind=session|websocket
    PROCESS_START = "process_start"  # gauge: seconds since the epoch
    SCRAPE = "scrape"  # 1 the scrape target was seen, 0 it was tried and failed
    EXPERIMENT = (
        "experiment"  # gauge. detail: signal=running|verdict|started_at|ended_at|injected_at, experiment, fault
    )
    INJECTIONS = "injections"  # counter of injected faults. detail: signal=injected, experiment, fault


COUNTERS = frozenset(
    {TrackKind.TRANSITIONS, TrackKind.REQUESTS, TrackKind.RETRIES, TrackKind.LATENCY, TrackKind.INJECTIONS}
)
STATES = frozenset({TrackKind.BREAKER_STATE, TrackKind.HEALTH_STATE, TrackKind.LEVEL_STATE})


class SightingKind(StrEnum):
    """What a sighting says happened, and which fields and ``detail`` keys come with it."""

    BREAKER_TRANSITION = "breaker_transition"  # breaker, to_state, maybe from_state
    HEALTH_CHANGE = "health_change"  # component, to_state, maybe from_state
    LEVEL_CHANGE = "level_change"  # to_state, maybe from_state
    FAILOVER = "failover"  # operation. detail: from_target, to_target, maybe failed_at (ISO), trigger
    RETRY_ATTEMPT = "retry_attempt"  # operation, target. detail: call_id, attempt, wait_s, error, outcome
    REQUEST = "request"  # operation, target; occurred when the call ended. detail: outcome, maybe duration_s, vantage;
    #   moved=true where another target (maybe from_target) failed the call first
    CHANGE = "change"  # detail: change=deploy|config|flag|scale|restart|maintenance|exclusion, revision, actor, text


@dataclass(frozen=True, slots=True)
class Subject:
    """Who an observation is about. Empty means "not said", which is different from any name.

    ``labels`` are the declared labels of the source (cluster, region ...) without ``environment``; they keep apart
    two servers whose answers are otherwise identical.
    """

    environment: str = ""
    service: str = ""
    operation: str = ""
    breaker: str = ""
    component: str = ""
    target: str = ""
    instance: str = ""
    labels: Pairs = ()


@dataclass(frozen=True, slots=True)
class Track:
    """One quantity of one subject as one source samples it.

    ``scrape_target`` names the scrape that carried it (job and instance): births, restarts and coverage are judged
    per scrape target. ``group`` is the replica group of the source, empty for none.
    """

    source: str
    kind: TrackKind
    subject: Subject
    scrape_target: str = ""
    profile: str = ""
    group: str = ""
    detail: Pairs = ()

    @property
    def track_id(self) -> int:
        """A number that depends on the content alone, never on the order of arrival (63 bits)."""
        return stable_id(
            self.source,
            self.kind,
            self.scrape_target,
            self.profile,
            *subject_fields(self.subject),
            # From where it is seen is said of the profile: it came later, and makes no other track of it.
            json.dumps(tuple(pair for pair in self.detail if pair[0] != "vantage")),
        )


@dataclass(frozen=True, slots=True)
class Runs:
    """Run-length encoded samples of many tracks, as parallel columns of equal length.

    Attributes:
        track: index into the batch's ``tracks``.
        first_us, last_us: stamps of the first and the last sample of the run, inclusive.
        value: the value at every sample of the run.
        read_s: upper bound of how long after ``first_us`` the value was really read (that scrape's duration).
        assumed: true where ``read_s`` was not measured but assumed (scrape timeout, or a tenth of the interval).
    """

    track: NDArray[np.int32]
    first_us: NDArray[np.int64]
    last_us: NDArray[np.int64]
    value: NDArray[np.float64]
    read_s: NDArray[np.float64]
    assumed: NDArray[np.bool_]

    @classmethod
    def empty(cls) -> Runs:
        """Return no runs."""
        return cls(
            np.empty(0, np.int32),
            np.empty(0, np.int64),
            np.empty(0, np.int64),
            np.empty(0, np.float64),
            np.empty(0, np.float64),
            np.empty(0, np.bool_),
        )

    def __len__(self) -> int:
        return len(self.track)


@dataclass(frozen=True, slots=True)
class Sighting:
    """One thing that happened at a known instant.

    ``position`` says where it stands in its source and makes it the same sighting however often it is read: for a log
    line file identity and byte offset, for an import its content. ``raw`` is the text it was read from.
    """

    source: str
    kind: SightingKind
    occurred_us: Instant
    subject: Subject
    position: str
    from_state: str = ""
    to_state: str = ""
    detail: Pairs = ()
    profile: str = ""
    group: str = ""
    raw: str = ""

    @property
    def sighting_id(self) -> int:
        """A number that depends on source, position and kind alone (63 bits)."""
        return stable_id(self.source, self.position, self.kind)


@dataclass(frozen=True, slots=True)
class Rejected:
    """One piece of input that could not be understood, kept and counted."""

    source: str
    position: str
    reason: str
    content: str


@dataclass(frozen=True, slots=True)
class Batch:
    """What one step of a collector yields; stored in one transaction together with its checkpoints.

    ``checkpoints`` maps a collector's own keys to its own text (a watermark, a file offset); the store keeps them and
    hands them back. A key with an empty text is forgotten.
    """

    source: str
    tracks: Sequence[Track] = ()
    runs: Runs = field(default_factory=Runs.empty)
    sightings: Sequence[Sighting] = ()
    records: Sequence[Record] = ()
    rejected: Sequence[Rejected] = ()
    checkpoints: Mapping[str, str] = field(default_factory=dict)
    samples: int = 0
    lines: int = 0
    skipped: int = 0
    seen_until_us: Instant | None = None
    notes: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Window:
    """A span of time ``[start_us, end_us)``; a ``None`` start means "from the checkpoint, or all there is"."""

    start_us: Instant | None
    end_us: Instant


def pairs(mapping: Mapping[str, str]) -> Pairs:
    """Return a map as sorted pairs."""
    return tuple(sorted(mapping.items()))


def subject_fields(subject: Subject) -> tuple[str, ...]:
    """Return the fields of a subject as texts, in order."""
    return (
        subject.environment,
        subject.service,
        subject.operation,
        subject.breaker,
        subject.component,
        subject.target,
        subject.instance,
        json.dumps(subject.labels),
    )


def stable_id(*parts: str) -> int:
    """Return a 63-bit number that depends on the parts alone."""
    digest = hashlib.blake2b("\x1f".join(parts).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> 1
