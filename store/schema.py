"""Brings a database to the present shape: migrations for tables, and the views of the contract over them."""

import duckdb

from breakwatch.clock import Instant
from breakwatch.errors import StoreError
from store import catalog
from store.statements import quoted, statement


def migrate(connection: duckdb.DuckDBPyConnection, now_us: Instant, path: object) -> None:
    """Apply every migration that is missing, in one transaction together with their records: one write to disk.

    Raises:
        StoreError: the store was written by a newer version, or its migrations are not ours.
    """
    connection.execute(statement("migrations_table"))
    applied = dict(connection.execute("SELECT version, name FROM meta.migrations").fetchall())
    known = {version: name for version, name, _ in catalog.migrations()}
    if applied and max(applied) > max(known):
        raise StoreError(
            f"the store {path} was written by a newer version (schema {max(applied)}, this one knows {max(known)})",
            "upgrade breakwatch, or restore a backup made by this version",
        )
    missing = [migration for migration in catalog.migrations() if migration[0] not in applied]
    if not missing:
        return
    connection.execute("BEGIN")
    try:
        for version, name, statements in missing:
            connection.execute(statements)
            connection.execute(statement("migrations_record"), {"version": version, "name": name, "applied_us": now_us})
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise


def create_views(connection: duckdb.DuckDBPyConnection, database: str, *, comments: bool) -> None:
    """Create every contract view in ``database``, with its comments where asked."""
    connection.execute(f"USE {database}")  # a name of ours: 'published' or the owner's own
    for view in catalog.views():
        connection.execute(f"CREATE OR REPLACE VIEW main.{view.name} AS {view.query}")
        if comments:
            connection.execute(_comments(view))


def _comments(view: catalog.View) -> str:
    lines = [f"COMMENT ON VIEW main.{view.name} IS {quoted(view.comment)};"]
    lines += [f"COMMENT ON COLUMN main.{view.name}.{name} IS {quoted(said)};" for name, said in view.columns.items()]
    return "\n".join(lines)
