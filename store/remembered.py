"""What was last kept, scope by scope: where rows are only added to it, there is nothing to compare in the database."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from store import catalog

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

FEW_SCOPES, FEW_ROWS = 400, 2_000
"""What is written in bulk is not remembered: it will hardly be written again as it is."""

MOST_ROWS = 20_000

Row: TypeAlias = "Mapping[str, Any]"
Key: TypeAlias = tuple[Any, ...]


@dataclass(slots=True)
class _Known:
    """What is known of a table: the rows of some scopes, and which other scopes have any."""

    columns: tuple[str, ...]
    rows: dict[Key, Sequence[Row]]
    others: set[Key]


class Remembered:
    """The rows of some scopes of the kept tables, as they were given when they were last replaced.

    It is right only as long as nothing else writes to the tables: whoever does says so with ``forget``. A table that is
    replaced by scopes of different columns, which may overlap, is not remembered at all.
    """

    def __init__(self) -> None:
        self._tables: dict[str, _Known] = {}
        self._mixed: set[str] = set()
        self._rows = 0

    def forget(self, table: str | None = None) -> None:
        """Remember nothing more of a table, or of all."""
        if table is None:
            self._tables.clear()
            self._rows = 0
        elif table in self._tables:
            self._rows -= sum(map(len, self._tables.pop(table).rows.values()))

    def added(
        self,
        table: str,
        scopes: Sequence[Row],
        rows: Sequence[Row],
        stored: Callable[[], Iterable[Key]],
    ) -> list[Row] | None:
        """Return which rows come to those of some scopes; None where that is not known, or others go or change.

        ``stored`` says which scopes have rows; it is asked where nothing is known of the table.
        """
        columns = tuple(scopes[0])
        if not columns or table in self._mixed or table in catalog.DENSE or _many(scopes, rows):
            return None
        if table not in self._tables:
            self._tables[table] = _Known(columns, {}, set(stored()))
        known = self._tables[table]
        if known.columns != columns:
            self.forget(table)
            self._mixed.add(table)
            return None
        found: list[Row] = []
        for key, own in _by_scope(scopes, rows).items():
            before = known.rows.get(key, ())
            if key in known.others or list(own[: len(before)]) != list(before):
                return None
            found += own[len(before) :]
        return found

    def keep(self, table: str, scopes: Sequence[Row], rows: Sequence[Row]) -> None:
        """Remember that these rows are now all of some scopes."""
        known = self._tables.get(table)
        if known is None:
            return
        if known.columns != tuple(scopes[0]) or _many(scopes, rows):
            self.forget(table)
            return
        for key, own in _by_scope(scopes, rows).items():
            self._rows += len(own) - len(known.rows.get(key, ()))
            known.rows[key] = [dict(row) for row in own]
            known.others.discard(key)
        if self._rows > MOST_ROWS:
            self.forget()


def _many(scopes: Sequence[Row], rows: Sequence[Row]) -> bool:
    return len(scopes) > FEW_SCOPES or len(rows) > FEW_ROWS


def _by_scope(scopes: Sequence[Row], rows: Sequence[Row]) -> dict[Key, list[Row]]:
    names = tuple(scopes[0])
    common = scopes[0] if len(scopes) == 1 else {}
    found: dict[Key, list[Row]] = {tuple(scope.values()): [] for scope in scopes}
    for row in rows:
        found.setdefault(tuple(row.get(name, common.get(name)) for name in names), []).append(row)
    return found
