"""What crosses the store's door besides the model's own values."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from numpy.typing import NDArray

from breakwatch.clock import Instant
from breakwatch.model import Pairs

Params = Mapping[str, Any]
"""Named parameters of a statement: ``$name`` in SQL, ``name`` here."""


class Rows(Protocol):
    """Something that answers SQL: the owner's store or the published file. Both show the same views."""

    def rows(self, sql: str, params: Params = ...) -> list[dict[str, Any]]:
        """Return the answer row by row; TIMESTAMPTZ come back as aware UTC datetimes, NULL as None."""

    def columns(self, sql: str, params: Params = ...) -> dict[str, NDArray[Any]]:
        """Return the answer column by column, for bulk reads.

        TIMESTAMPTZ come back as ``datetime64[us]`` in UTC. NULL is nan in floats, NaT in times, None in texts; integer
        and boolean columns that hold NULLs come back as masked arrays.
        """


@dataclass(frozen=True, slots=True)
class Appended:
    """What a batch changed: runs written anew; sightings, rejected input and records that were new; what was known."""

    runs: int
    sightings: int
    rejected: int
    duplicates: int
    records: int = 0


@dataclass(frozen=True, slots=True)
class Expired:
    """How many texts were emptied as their time was over: of sightings, and of rejected input."""

    texts: int
    contents: int


@dataclass(frozen=True, slots=True)
class CollectionRun:
    """One attempt to collect from a source, and how it ended.

    ``status`` is ok (all of the window is in), partial (it failed midway, or input was rejected), failed (none is in).
    After a failure ``failures`` counts those in a row, ``next_attempt_us`` is when it is tried again (None: as usual,
    or not planned), and ``needs_person`` is true where trying again will not mend it. ``notes`` tell of no problem.
    """

    source: str
    started_us: Instant
    finished_us: Instant
    window_start_us: Instant | None = None
    window_end_us: Instant | None = None
    events: int = 0
    rejected: int = 0
    status: str = "ok"
    error: str = ""
    environment: str = ""
    labels: Pairs = ()
    failures: int = 0
    next_attempt_us: Instant | None = None
    needs_person: bool = False
    notes: str = ""


@dataclass(frozen=True, slots=True)
class Publication:
    """What one publication did: its number, how long it took, the size of the file, and the parts it wrote."""

    generation: int
    seconds: float
    bytes: int
    parts: int
    whole: bool
