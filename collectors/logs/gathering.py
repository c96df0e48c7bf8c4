"""What one step of a collector has gathered: sightings, what was rejected, and the counts of both and of the rest."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from breakwatch.model import Rejected
from breakwatch.sightings import SightingRows
from collectors.logs.identity import digest
from collectors.logs.reading import text_of
from collectors.logs.redaction import harmless
from collectors.logs.streams import MAX_LINE_BYTES

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from breakwatch.clock import Instant
    from collectors.logs.reading import Told, Understood
    from collectors.logs.redaction import Redactor
    from collectors.logs.unframing import Lines

BATCH_SIGHTINGS: Final = 20_000
BATCH_BYTES: Final = 64 << 20
BATCH_KEPT_CHARS: Final = 8 << 20
MAX_RAW_CHARS: Final = 4_000
MAX_REJECTED_CHARS: Final = 2_000


@dataclass(frozen=True, slots=True)
class Place:
    """Where some lines stand.

    Attributes:
        first_line: the name of their file's content.
        path: of the file.
        lines: the lines, and where each begins.
        cut: which of them were too long.
    """

    first_line: str
    path: str
    lines: Lines
    cut: frozenset[int] = frozenset()

    def positions(self, indices: Sequence[int]) -> list[str]:
        """Return what names lines for good: files may begin alike, so a line's own hash is part of it."""
        own, offsets, frames, first = self.lines.own, self.lines.offsets, self.lines.frames, self.first_line
        if not frames:
            return [f"{first}:{offsets[index]}:{digest(own[index])}" for index in indices]
        found = []
        for index in indices:
            frame = frames[index]
            named = frame is not None and frame.cursor
            found.append(f"cursor:{named}" if named else f"{first}:{offsets[index]}:{digest(own[index])}")
        return found

    def texts(self, indices: Sequence[int]) -> list[str]:
        """Return what is shown of lines."""
        kept = self.lines.kept
        if self.lines.frames:  # what stands in a frame may hold line ends
            return [text_of(kept[index]) for index in indices]
        joined = b"\n".join([kept[index] for index in indices]).decode("utf-8", "replace")
        return joined.replace("\n\ufeff", "\n").removeprefix("\ufeff").split("\n")


@dataclass
class Step:
    """What the next batch will hold."""

    source: str
    redactor: Redactor
    sightings: SightingRows = field(default_factory=SightingRows)
    rejected: list[Rejected] = field(default_factory=list)
    lines: int = 0
    told: int = 0
    bytes_read: int = 0
    kept_chars: int = 0

    @property
    def full(self) -> bool:
        """Whether it is time to hand over."""
        kept = len(self.sightings) + len(self.rejected)
        return kept >= BATCH_SIGHTINGS or self.bytes_read >= BATCH_BYTES or self.kept_chars >= BATCH_KEPT_CHARS

    def take(self, understood: Understood, place: Place, wants: Callable[[Instant], bool] | None) -> Instant | None:
        """Take in what lines said, where ``wants`` has the time (None wants all); return the earliest time of all."""
        told, problems = understood.told, understood.problems
        if not told and not problems:
            return None
        speaking = {*problems, *(index for index, _, _, _ in told)}
        self.told += len(speaking)
        secret = self.redactor.finds(place.lines.kept[index] for index in speaking)
        for index, problem in problems.items():
            self._problem(place, index, problem)
        wanted = told if wants is None else [one for one in told if wants(one[3])]
        if wanted:
            self._add(wanted, place, secret=secret)
        return min((occurred_us for _, _, _, occurred_us in told), default=None)

    def _add(self, told: Sequence[Told], place: Place, *, secret: bool) -> None:
        rows, indices = self.sightings, [index for index, _, _, _ in told]
        rows.said += [said for _, said, _, _ in told]
        rows.occurred_us += [occurred_us for _, _, _, occurred_us in told]
        positions, texts = place.positions(indices), place.texts(indices)
        details = [detail for _, _, detail, _ in told]
        if len(set(indices)) < len(indices):
            _number(positions)
        if secret:
            texts = [self.redactor.clean(text) for text in texts]
            details = [self.redactor.clean_pairs(detail) for detail in details]
        rows.positions += positions
        rows.details += details
        raws = [text[:MAX_RAW_CHARS] for text in texts]
        rows.raws += raws if "".join(raws).isprintable() else map(harmless, raws)
        self.kept_chars += sum(map(len, texts))

    def reject(self, position: str, reason: str, where: str, text: str) -> None:
        """Keep a piece of input that could not be understood."""
        content = harmless(self.redactor.clean(text)[:MAX_REJECTED_CHARS])
        why = harmless(f"{self.redactor.clean(reason)} ({where})")
        self.rejected.append(Rejected(self.source, position, why, content))
        self.kept_chars += len(content)

    def _problem(self, place: Place, index: int, problem: str) -> None:
        why = f"longer than {MAX_LINE_BYTES} bytes and cut: {problem}" if index in place.cut else problem
        where = f"{place.path}, byte {place.lines.offsets[index]}"
        self.reject(place.positions([index])[0], why, where, text_of(place.lines.kept[index]))


def _number(positions: list[str]) -> None:
    """Number what one line told, from its second on, so that each has a place of its own."""
    seen: Counter[str] = Counter()
    for index, position in enumerate(positions):
        if seen[position]:
            positions[index] = f"{position}#{seen[position]}"
        seen[position] += 1
