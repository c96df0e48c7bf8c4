"""The one owner of a store: everything that is written goes through here."""

from __future__ import annotations

import os
import re
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import duckdb

from breakwatch.clock import DAY_US, HOUR_US, Clock, Instant, system_clock
from store import answers, append, catalog, faults, schema
from store.append_few import Standings
from store.lock import OwnerLock
from store.parts import Parts
from store.precedence import precedence
from store.publish import Publisher
from store.replace import KeptTables
from store.statements import statement, steps
from store.trace import Trace, silent
from store.values import Expired

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from breakwatch.model import Batch
    from store.values import Appended, CollectionRun, Params, Publication

_NOTHING: Params = {}
_WRITES_TO = re.compile(r"\b(insert\s+into|delete\s+from|update|merge\s+into|truncate)\s+kept\.(\w+)", re.IGNORECASE)
_WRITES_RUNS = re.compile(
    r"\b(insert\s+into|delete\s+from|update|truncate)\s+raw\.(tracks|latest_runs|settled_runs)\b", re.IGNORECASE
)
_MEMORY_LIMIT = "2GB"
_RUNS_KEPT_US = 7 * DAY_US
"""A source that is collected every few seconds would otherwise leave millions of rows a year that say nothing."""
_BULK_RUNS = 50_000
"""A batch with more runs is a backfill: it and the refresh after it use every core, until the next publication."""


class Store:
    """The owner's database and its published file; open it with ``Store.open``.

    May be used by several threads: calls take turns, and a transaction keeps the turn until it ends.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection, lock: OwnerLock, publisher: Publisher) -> None:
        self.path = publisher.path
        self._connection = connection
        self._lock = lock
        self._publisher = publisher
        self._clock = publisher.clock
        self._trace = publisher.trace
        self._turn = threading.RLock()
        self._depth = 0
        self._threads = 1
        self._tidied_us = 0
        self._kept = KeptTables(connection)
        self._marked: set[tuple[str, bool]] = set()
        self._standings = Standings()
        self._has_views = False

    @classmethod
    def open(
        cls,
        path: str | Path,
        *,
        clock: Clock = system_clock,
        public_base: str | None = None,
        grace_s: float = 86_400.0,
        inside_rows: int = 100_000,
        trace: Trace | None = None,
    ) -> Self:
        """Open or create the store whose published file is ``path``; there is one owner at a time.

        Args:
            path: the published file, which readers open. The owner's own files lie beside it, out of sight.
            clock: where the present comes from.
            public_base: folder under which readers find the parts, where they see them elsewhere than the owner does.
            grace_s: seconds for which connections that readers hold open keep answering.
            inside_rows: a dense relation with more rows than this keeps older days in Parquet parts.
            trace: told the name of each point of the store's work as it is reached (tests).

        Raises:
            StoreError: the store is locked, damaged, full, of a newer version, or not a store.
        """
        published = Path(path).absolute()
        private = published.parent / f".{published.name}.d"
        with faults.translated(published):
            faults.refuse_foreign(published)
            (private / "parts").mkdir(parents=True, exist_ok=True)
            lock = OwnerLock(private / "lock", published)
        try:
            connection = _connect(private / "owner.duckdb", clock)
            cursor = connection.cursor()
            publisher = Publisher(
                cursor,
                published,
                private,
                Parts(private / "parts", cursor, trace or silent, inside_rows),
                (public_base or str(private / "parts")).rstrip("/"),
                clock,
                grace_s,
                trace or silent,
            )
            store = cls(connection, lock, publisher)
            store._publish_if_stale()
        except BaseException:
            lock.release()
            raise
        return store

    def append(self, batch: Batch) -> Appended:
        """Write a batch in one transaction: rows, checkpoints, and which figures are now stale. Idempotent."""
        self._trace("append.begin")
        if len(batch.runs) > _BULK_RUNS:
            self._use_threads(os.cpu_count() or 1)
        with self.transaction():
            appended = append.write(self._connection, batch, self._clock(), self._standings)
            if appended.rejected:
                self._mark("raw.rejected", whole=False)
            self._trace("append.before_commit")
        self._trace("append.after_commit")
        return appended

    @property
    def now_us(self) -> Instant:
        """The present, by the clock that the store was opened with."""
        return self._clock()

    def checkpoints(self, source: str) -> dict[str, str]:
        """Return where the collector of ``source`` stands."""
        found = self.rows("SELECT key, value FROM raw.checkpoints WHERE source = $source", {"source": source})
        return {row["key"]: row["value"] for row in found}

    def record_run(self, run: CollectionRun) -> None:
        """Record one attempt to collect; those that went well are forgotten after a week, the others stay."""
        values = {name: getattr(run, name) for name in run.__slots__} | {"labels": dict(run.labels)}
        script = steps("record_run")
        with self.transaction():
            self._connection.execute(script["insert"], values)
            if self._clock() - self._tidied_us > HOUR_US:
                self._tidied_us = self._clock()
                self._connection.execute(script["forgotten"], {"before_us": self._tidied_us - _RUNS_KEPT_US})
                self._forget_runs()
            self._mark("raw.collection_runs", whole=False)

    def _forget_runs(self) -> None:
        script = steps("record_run")
        self._connection.execute(script["tombstones"])
        if self._count(script["delete"]):
            self._mark("raw.collection_runs", whole=False)

    def expire(self, texts_before_us: Instant, samples_before_us: Instant) -> Expired:
        """Empty the raw text of what happened, and of what was rejected, before then; the rows themselves stay.

        ``samples_before_us`` is from when on samples are kept: attempts to collect that failed earlier are forgotten.
        """
        script = steps("expire")
        before = {"before_us": texts_before_us}
        with self.transaction():
            texts = self._count(script["texts"], before)
            self._connection.execute(script["expired"], before)
            self._connection.execute(script["tombstones"])
            contents = self._count(script["contents"])
            self._connection.execute(script["failures"], {"samples_before_us": samples_before_us})
            self._forget_runs()
            if contents:
                self._mark("raw.rejected", whole=False)
                self._connection.execute(script["rewrite"])
        return Expired(texts, contents)

    def _count(self, sql: str, params: Params = _NOTHING) -> int:
        """Carry out a statement and return how many rows it changed."""
        (row,) = self._connection.execute(sql, dict(params)).fetchall()
        return int(row[0])

    @contextmanager
    def cycle(self) -> Iterator[None]:
        """Run a cycle (append, refresh, publish) with the precedence that each of its calls would ask for alone.

        Between the calls the owner would queue up again behind whatever long queries the readers run.
        """
        with precedence():
            yield

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Keep other threads out from between transactions: these belong together."""
        with self._turn:
            yield

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Group writes: all or nothing. Inner transactions belong to the outermost one."""
        with self._turn, precedence(), faults.translated(self.path):
            if self._depth:
                yield
                return
            self._connection.execute("BEGIN")
            self._depth = 1
            try:
                yield
                self._connection.execute("COMMIT")
            except BaseException:
                self._roll_back()
                raise
            finally:
                self._depth = 0

    def _roll_back(self) -> None:
        self._marked.clear()
        self._kept.remembered.forget()
        self._standings.forget()
        try:
            self._has_views = False
            self._connection.execute("ROLLBACK")
        except duckdb.Error as error:
            # a database that failed inside a commit has rolled back already; the first error says why
            if "no transaction is active" not in str(error):
                raise

    def rows(self, sql: str, params: Params = _NOTHING) -> list[dict[str, Any]]:
        """Return an answer row by row; see ``Rows.rows``."""
        with self._turn, faults.translated(self.path):
            self._make_views_for(sql)
            return answers.fetch_rows(self._connection, sql, params)

    def columns(self, sql: str, params: Params = _NOTHING) -> dict[str, NDArray[Any]]:
        """Return an answer column by column; see ``Rows.columns``."""
        with self._turn, faults.translated(self.path):
            self._make_views_for(sql)
            return answers.fetch_columns(self._connection, sql, params)

    def execute(self, sql: str, params: Params = _NOTHING) -> None:
        """Carry out one statement inside a transaction; what it does to kept tables is published whole.

        Dense relations are published by span: say which with ``mark_changed``.

        Raises:
            RuntimeError: outside a transaction.
        """
        with self._turn, faults.translated(self.path):
            if not self._depth:
                raise RuntimeError("execute needs a transaction: with store.transaction(): ...")
            self._make_views_for(sql)
            if params:
                self._connection.execute(sql, dict(params))
            else:
                self._connection.execute(sql)
            if _WRITES_RUNS.search(sql):
                self._standings.forget()
            for _, table in _WRITES_TO.findall(sql):
                self._kept.remembered.forget(table)
                if table not in catalog.DENSE:
                    self._mark(f"kept.{table}", whole=True)

    def _make_views_for(self, sql: str) -> None:
        """Make the views of the contract before the first statement that reads one: to collect, none is needed."""
        if not self._has_views and catalog.may_read_views(sql):
            with self.transaction():
                schema.create_views(self._connection, "owner", comments=False)
                self._has_views = True

    def replace(
        self, table: str, scope: Mapping[str, Any] | Sequence[Mapping[str, Any]], rows: Sequence[Mapping[str, Any]]
    ) -> int:
        """Make the rows of ``kept.<table>`` in ``scope`` (column → value) become ``rows``; return how many changed.

        An empty scope is the whole table; several scopes of the same columns are replaced together. Instants in time
        columns may be aware datetimes or microseconds.

        Raises:
            ValueError: no such table or column, or a row outside the scope.
        """
        with self.transaction():
            changed = self._kept.replace(self._connection, table, scope, rows)
            if changed and (name := table.removeprefix("kept.")) not in catalog.DENSE:
                self._mark(f"kept.{name}", whole=False)
            return changed

    def renew(self, relation: str) -> None:
        """Make the rows of a dense relation in the spans of ``fresh_spans`` become the rows of ``fresh_rows``.

        Both are temporary tables that the caller made inside the transaction: the rows, with the columns of the kept
        table, and one span (environment, service, from_us, to_us) for each service. Rows that are equal stay untouched.

        Raises:
            ValueError: the relation is not dense.
            RuntimeError: outside a transaction.
        """
        name = self._dense(relation)
        if not self._depth:
            raise RuntimeError("renew needs a transaction: with store.transaction(): ...")
        with self.transaction():
            span = self._kept.renew(self._connection, name)
            if span is not None:
                self.mark_changed(name, *span)

    def _dense(self, relation: str) -> str:
        name = relation.removeprefix("kept.")
        if name not in catalog.DENSE:
            raise ValueError(f"{relation} is not a dense relation; there are {', '.join(catalog.DENSE)}")
        return name

    def mark_changed(self, relation: str, start_us: Instant, end_us: Instant) -> None:
        """Say that rows of a dense relation from ``start_us`` to ``end_us``, both inclusive, must be published anew.

        Raises:
            ValueError: the relation is not dense.
        """
        span = {"relation": f"kept.{self._dense(relation)}", "start_us": start_us, "end_us": end_us}
        with self.transaction():
            self._connection.execute(statement("mark_changed"), span)

    def publish(self, as_of_us: Instant | None, *, recorded: bool = False) -> Publication:
        """Write what changed into the published file and swap it in; readers are never stopped and never see half.

        Args:
            as_of_us: the instant up to which the figures are known; None is unknown.
            recorded: the data are a recording, shown as of its end.

        Raises:
            RuntimeError: inside a transaction.
            StoreError: the disk is full, or the file cannot be written.
        """
        with self._turn, precedence(), faults.translated(self.path):
            if self._depth:
                raise RuntimeError("publish outside of transactions: it shows what is committed")
            self._marked.clear()
            publication = self._publisher.publish(as_of_us, recorded=recorded)
            self._use_threads(1)
            return publication

    def _publish_if_stale(self) -> None:
        """Publish anew what was published before, where the file is missing, another one, or was moved."""
        self._publisher.parts.adopt_orphans(self._clock())
        last = self._publisher.last()
        if last is not None and not self._publisher.is_current():
            self.publish(last.as_of_us, recorded=last.recorded)

    def _use_threads(self, number: int) -> None:
        """One thread for short cycles, which would only wait for the others; all cores for bulk."""
        with self._turn:
            if self._threads != number:
                self._connection.execute(f"SET threads = {number}")
                self._threads = number

    def _mark(self, relation: str, *, whole: bool) -> None:
        """Note that a relation has to be published; once is enough until it is."""
        if (relation, whole) not in self._marked:
            self._connection.execute(statement("mark_relation"), {"relation": relation, "whole": whole})
            self._marked.add((relation, whole))

    def close(self) -> None:
        """Close the store and let another owner in."""
        with self._turn:
            self._publisher.connection.close()
            self._connection.close()
            self._lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _connect(database: Path, clock: Clock) -> duckdb.DuckDBPyConnection:
    with faults.translated(database):
        connection = duckdb.connect(str(database), config={"memory_limit": _MEMORY_LIMIT, "threads": 1})
        try:
            connection.execute("SET TimeZone = 'UTC'")
            connection.execute("SET preserve_insertion_order = true")
            # Metadata that is used again holds pointers to freed blocks; 1.1.3 follows them and cannot open the file.
            connection.execute("SET experimental_metadata_reuse = false")
            schema.migrate(connection, clock(), database)
        except BaseException:
            connection.close()
            raise
    return connection
