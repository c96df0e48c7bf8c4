"""Sightings by the thousand, as columns: what repeats is kept once, and a row is made where somebody asks for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, overload

if TYPE_CHECKING:
    from collections.abc import Iterator

    from breakwatch.clock import Instant
    from breakwatch.model import Pairs, Sighting


class SightingRows(Sequence["Sighting"]):
    """A sequence of sightings, kept as parallel columns.

    Attributes:
        said: what happened, without its time and place; the same object for all rows that say the same.
        occurred_us, positions, details, raws: of each row.
    """

    __slots__ = ("details", "occurred_us", "positions", "raws", "said")

    def __init__(self) -> None:
        self.said: list[Sighting] = []
        self.occurred_us: list[Instant] = []
        self.positions: list[str] = []
        self.details: list[Pairs] = []
        self.raws: list[str] = []

    def add(self, said: Sighting, occurred_us: Instant, position: str, detail: Pairs, raw: str) -> None:
        """Add a row."""
        self.said.append(said)
        self.occurred_us.append(occurred_us)
        self.positions.append(position)
        self.details.append(detail)
        self.raws.append(raw)

    def __len__(self) -> int:
        return len(self.said)

    @overload
    def __getitem__(self, index: int) -> Sighting: ...
    @overload
    def __getitem__(self, index: slice) -> list[Sighting]: ...
    def __getitem__(self, index: int | slice) -> Sighting | list[Sighting]:
        if isinstance(index, slice):
            return [self[one] for one in range(*index.indices(len(self)))]
        return replace(
            self.said[index],
            occurred_us=self.occurred_us[index],
            position=self.positions[index],
            detail=self.details[index],
            raw=self.raws[index],
        )

    def __iter__(self) -> Iterator[Sighting]:
        return (self[index] for index in range(len(self)))
