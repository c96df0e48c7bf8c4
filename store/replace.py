"""Makes the rows of some scopes of a kept table what analysis says they are, changing only what differs."""

from __future__ import annotations

from collections.abc import Mapping
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import duckdb
import numpy as np
import pyarrow as pa

from store import arrow, catalog
from store.remembered import Remembered
from store.statements import fill, named_steps, steps

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


_ARROW = {
    "VARCHAR": pa.string(),
    "TIMESTAMP WITH TIME ZONE": pa.timestamp("us", tz="UTC"),
    "DOUBLE": pa.float64(),
    "BIGINT": pa.int64(),
    "INTEGER": pa.int32(),
    "BOOLEAN": pa.bool_(),
    "VARCHAR[]": pa.list_(pa.string()),
    "MAP(VARCHAR, VARCHAR)": pa.map_(pa.string(), pa.string()),
}

_MANY = 500
"""With so many rows it is worth asking whether there is anything at all to compare them with."""


class KeptTables:
    """The kept tables with their columns, each read once from the database itself, when it is first written to."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection
        self._columns: dict[str, dict[str, pa.DataType]] = {}
        self.remembered = Remembered()

    def _columns_of(self, table: str) -> dict[str, pa.DataType]:
        if table not in self._columns:
            try:
                described = self._connection.execute(fill(steps("replace")["columns"], table=table)).description
            except duckdb.CatalogException:
                raise ValueError(f"no kept table {table!r}") from None
            self._columns[table] = {name: _ARROW[str(kind)] for name, kind, *_ in described if name != "row_id"}
        return self._columns[table]

    def replace(
        self,
        connection: duckdb.DuckDBPyConnection,
        table: str,
        scope: Mapping[str, Any] | Sequence[Mapping[str, Any]],
        rows: Sequence[Mapping[str, Any]],
    ) -> int:
        """Make the rows of ``scope`` become ``rows``; return how many rows came or went.

        An empty scope is the whole table; several scopes name the same columns. Columns that a row does not name are
        NULL, those of a single scope have its value.

        Raises:
            ValueError: no such table or column, or a row outside the scope.
        """
        scopes = [scope] if isinstance(scope, Mapping) else list(scope)
        if not scopes:
            return 0
        table = table.removeprefix("kept.")
        columns = self._columns_of(table)
        _refuse_unknown(table, columns, scopes[0])
        script = named_steps("replace", **_named(table, columns, scopes))
        added = self.remembered.added(table, scopes, rows, lambda: connection.execute(script["scopes"]).fetchall())
        if added is None:
            changed = self._compared(connection, table, scopes, rows)
        else:
            changed = len(added)
            if added:
                connection.register("incoming_rows", _table(table, columns, scopes, added))
                connection.execute(script["fill"])
        self.remembered.keep(table, scopes, rows)
        return changed

    def _compared(
        self,
        connection: duckdb.DuckDBPyConnection,
        table: str,
        scopes: Sequence[Mapping[str, Any]],
        rows: Sequence[Mapping[str, Any]],
    ) -> int:
        columns = self._columns_of(table)
        connection.register("incoming_rows", _table(table, columns, scopes, rows))
        whole = not scopes[0]
        connection.register("incoming_scopes", _scope_table(columns, [{"whole": True}] if whole else scopes))
        script = named_steps("replace", **_named(table, columns, scopes))
        # To ask first whether anything is there pays where nothing comes, and where very much does.
        if (not rows or len(rows) >= _MANY) and not _counts(connection, script["stored"])[0]:
            return _filled(connection, script, len(rows), table) if rows else 0
        return _exchanged(connection, script, table)

    def renew(self, connection: duckdb.DuckDBPyConnection, relation: str) -> tuple[int, int] | None:
        """Make the rows of a dense relation in ``fresh_spans`` become ``fresh_rows``; return the span that differed.

        Both are temporary tables of the caller: the rows, and the columns environment, service, from_us and to_us.
        """
        columns = self._columns_of(relation)
        script = named_steps("renew", relation=relation, columns=", ".join(columns), when=catalog.DENSE[relation])
        shape = "buckets" if "bucket_s" in columns else "samples"
        from_us, to_us = connection.execute(script[shape]).fetchall()[0]
        if from_us is None:
            return None
        for name in (f"delete_{shape}", "insert"):
            connection.execute(script[name], {"from_us": from_us, "to_us": to_us})
        return from_us, to_us


def _named(table: str, columns: Mapping[str, Any], scopes: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Return the names that the statements about a table and some scopes of it have places for."""
    return {
        "table": table,
        "columns": ", ".join(columns),
        "scope": ", ".join(scopes[0]) or "true",
        "when": catalog.DENSE.get(table, "now"),
    }


def _counts(connection: duckdb.DuckDBPyConnection, sql: str) -> list[int]:
    return [int(count) for count in connection.execute(sql).fetchall()[0]]


def _filled(connection: duckdb.DuckDBPyConnection, script: Mapping[str, str], coming: int, table: str) -> int:
    """Fill a scope that is empty; return how many rows came."""
    connection.execute(script["fill"])
    if table in catalog.DENSE:
        connection.execute(script["filled_spans"], {"relation": f"kept.{table}"})
    return coming


def _exchanged(connection: duckdb.DuckDBPyConnection, script: Mapping[str, str], table: str) -> int:
    """Exchange the rows that differ; return how many went or came."""
    marks = {"relation": f"kept.{table}"}
    dense = table in catalog.DENSE
    connection.execute(script["difference"])
    gone, came, repeated = _counts(connection, script["sides"])
    if repeated:
        connection.execute(script["difference_of_copies"])
        gone, came, _ = _counts(connection, script["sides"])
    if dense and (gone or came):
        connection.execute(script["changed_spans"], marks)
    if gone:
        if not dense:
            connection.execute(script["tombstones"], marks)
        connection.execute(script["delete"])
    if came:
        connection.execute(script["insert"])
    return gone + came


def _scope_table(columns: Mapping[str, pa.DataType], scopes: Sequence[Mapping[str, Any]]) -> pa.Table:
    kinds = {**columns, "whole": pa.bool_()}
    return arrow.table({name: ([scope[name] for scope in scopes], kinds[name]) for name in scopes[0]})


def _table(
    table: str,
    columns: Mapping[str, pa.DataType],
    scopes: Sequence[Mapping[str, Any]],
    rows: Sequence[Mapping[str, Any]],
) -> pa.Table:
    named = tuple(scopes[0])
    common = scopes[0] if len(scopes) == 1 else {}
    given = {name: [value] * len(rows) for name, value in common.items()} | _by_column(rows, common)
    _refuse_unknown(table, columns, given)
    nothing = [None] * len(rows)
    inside = {tuple(scope[name] for name in named) for scope in scopes}
    for place in set(zip(*(given.get(name, nothing) for name in named), strict=True)) - inside:
        raise ValueError(f"a row for kept.{table} lies outside its scope: {', '.join(named)} are {place!r}")
    made: dict[str, pa.Array] = {}
    for name, kind in columns.items():
        values = given.get(name, nothing)
        made[name] = arrow.column(map(_in_order, values) if kind in _WITHOUT_ORDER else values, kind)
    made["place"] = arrow.column(np.arange(len(rows)), pa.int64())
    return pa.table(made)


def _refuse_unknown(table: str, columns: Mapping[str, Any], names: Iterable[str]) -> None:
    unknown = {name for name in names if name not in columns}
    if unknown:
        raise ValueError(f"kept.{table} has no column {', '.join(sorted(unknown))}")


def _by_column(rows: Sequence[Mapping[str, Any]], common: Mapping[str, Any]) -> dict[str, Sequence[Any]]:
    """Return the values of rows by column; what some rows do not name is ``common`` there."""
    if not rows:
        return {}
    names = tuple(rows[0])
    if len(names) > 1 and all(len(row) == len(names) for row in rows):
        try:
            return dict(zip(names, zip(*map(itemgetter(*names), rows), strict=True), strict=True))
        except KeyError:
            pass  # as many names, but other ones
    named = dict.fromkeys(name for row in rows for name in row)
    return {name: [row.get(name, common.get(name)) for row in rows] for name in named}


def _in_order(value: Any) -> Any:
    """Return what has no order of its own in one: equal values have to be equal in the store."""
    if isinstance(value, dict):
        return sorted(value.items())
    return sorted(value) if isinstance(value, (set, frozenset)) else value


_WITHOUT_ORDER = frozenset({arrow.PAIRS, arrow.TEXTS})
