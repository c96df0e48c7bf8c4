"""The assembled flow: what one round does, and that a source's failure is its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

import collectors
from breakwatch.clock import SECOND_US, Clock, fixed_clock
from breakwatch.config import Config, LogsSource
from breakwatch.errors import RejectedInput, SourceError, StoreError
from breakwatch.model import Batch, Rejected, Sighting, SightingKind, Subject, Window
from service.ingest import TOOK_LONG, Ingest
from store import Reader, Store

NOW_US = 1_795_000_000 * SECOND_US
CLOCK = fixed_clock(NOW_US)
SPAN = Window(None, NOW_US)


def batch(source: str, number: int) -> Batch:
    """Return a batch with one transition, a checkpoint and one rejected line."""
    sighting = Sighting(
        source=source,
        kind=SightingKind.BREAKER_TRANSITION,
        occurred_us=NOW_US - (100 - number) * SECOND_US,
        subject=Subject(environment="test", service="shop", breaker="pay"),
        position=str(number),
        from_state="open" if number % 2 else "closed",
        to_state="closed" if number % 2 else "open",
    )
    rejected = Rejected(source, f"bad:{number}", "no time", "x")
    return Batch(source, sightings=[sighting], rejected=[rejected], checkpoints={"at": str(number)}, lines=2)


class Scripted:
    """A collector that yields what it is given and raises what stands among it."""

    def __init__(self, script: list[Batch | Exception]) -> None:
        self.script = script
        self.checkpoints: Mapping[str, str] = {}
        self.closed = 0

    def collect(self, window: Window, checkpoints: Mapping[str, str]) -> Iterator[Batch]:
        assert window == SPAN
        self.checkpoints = checkpoints
        for step in self.script:
            if isinstance(step, Exception):
                raise step
            yield step

    def close(self) -> None:
        self.closed += 1


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """A store of its own."""
    with Store.open(tmp_path / "b.duckdb", clock=CLOCK) as opened:
        yield opened


def ingest(store: Store, monkeypatch: pytest.MonkeyPatch, **scripts: list[Batch | Exception]) -> tuple[Ingest, Any]:
    """Return an Ingest whose sources are scripted, and their collectors by name."""
    made = {name: Scripted(script) for name, script in scripts.items()}
    monkeypatch.setattr(collectors, "make", lambda source, _config, _clock: made[source.name])
    sources = tuple(LogsSource(name=name, paths=(Path("x"),)) for name in scripts)
    return Ingest(Config(sources=sources), store, CLOCK), made


def test_a_round_goes_from_source_to_published_file(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """After one round the incident is in the published file, as of the clock."""
    flow, _ = ingest(store, monkeypatch, app=[batch("app", 0), batch("app", 1)])
    done = flow.once(flow.config.sources, SPAN)
    (outcome,) = done.outcomes
    assert (outcome.status, outcome.events, outcome.lines, outcome.rejected) == ("partial", 2, 4, 2)
    with Reader.open(store.path) as reader:
        (episode,) = reader.rows("SELECT service, breaker, duration_s, status FROM breaker_episodes")
        assert episode == {"service": "shop", "breaker": "pay", "duration_s": 1.0, "status": "resolved"}
        (run,) = reader.rows("SELECT source, events, rejected FROM collection_runs")
        assert run == {"source": "app", "events": 2, "rejected": 2}


def test_a_run_says_whose_it_is_and_whether_all_is_in(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs and rejected input carry what the source declares; a run is ok only where nothing was rejected."""
    flow, _ = ingest(store, monkeypatch, app=[batch("app", 0)])
    (source,) = flow.config.sources
    labelled = source.model_copy(update={"labels": {"environment": "prod", "cluster": "eu"}})
    assert [flow.collect(labelled, SPAN).status for _ in range(2)] == ["partial", "ok"]
    runs = store.rows("SELECT environment, labels, status, error FROM collection_runs ORDER BY rejected DESC")
    assert [(run["environment"], run["labels"]) for run in runs] == [("prod", {"cluster": "eu"})] * 2
    assert [(run["status"], run["error"]) for run in runs] == [("partial", "1 piece of input rejected"), ("ok", None)]
    (rejected,) = store.rows("SELECT environment, labels FROM rejected_inputs")
    assert rejected == {"environment": "prod", "labels": {"cluster": "eu"}}


def test_a_failing_source_leaves_the_others_alone(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """One source fails at once, one midway, one not at all: what came is in, and each run says how it ended."""
    down = SourceError("http://x cannot be reached", "check url")
    flow, _ = ingest(store, monkeypatch, dead=[down], half=[batch("half", 0), down], well=[batch("well", 1)])
    done = flow.once(flow.config.sources, SPAN)
    assert [outcome.status for outcome in done.outcomes] == ["failed", "partial", "partial"]
    rows = store.rows("SELECT source, status, error FROM collection_runs ORDER BY source")
    assert [(row["source"], row["status"]) for row in rows] == [
        ("dead", "failed"),
        ("half", "partial"),
        ("well", "partial"),
    ]
    assert rows[0]["error"] == "http://x cannot be reached"


def test_failures_are_told_before_rejected_input(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first problem decides the exit code: a source that failed outweighs lines that were rejected."""
    flow, _ = ingest(store, monkeypatch, app=[batch("app", 0)], dead=[SourceError("down", "wait")])
    problems = flow.once(flow.config.sources, SPAN).problems()
    assert [type(problem) for problem in problems] == [SourceError, RejectedInput]


def test_a_bug_in_a_collector_is_recorded_and_told(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """An exception nobody foresaw does not vanish: it is in collection_runs by its name and among the problems."""
    flow, _ = ingest(store, monkeypatch, app=[ZeroDivisionError("oops")])
    done = flow.once(flow.config.sources, SPAN)
    assert [type(problem) for problem in done.problems()] == [ZeroDivisionError]
    (row,) = store.rows("SELECT error FROM collection_runs")
    assert row["error"] == "ZeroDivisionError: oops"


def test_a_failing_store_ends_the_round(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """A store that cannot keep what comes is nobody's own failure: the round ends with its error."""
    flow, _ = ingest(store, monkeypatch, app=[batch("app", 0)])

    def full(_batch: Batch) -> None:
        raise StoreError("the disk is full", "make room")

    monkeypatch.setattr(store, "append", full)
    with pytest.raises(StoreError):
        flow.once(flow.config.sources, SPAN)


def test_collecting_goes_on_where_it_stopped(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Asked to stop, a collection ends after the batch in hand; the next gets the checkpoint of that batch."""
    flow, made = ingest(store, monkeypatch, app=[batch("app", 0), batch("app", 1)])
    flow.stopping.set()
    (source,) = flow.config.sources
    assert flow.collect(source, SPAN).events == 1
    flow.stopping.clear()
    assert flow.collect(source, SPAN).events == 1
    assert made["app"].checkpoints == {"at": "0"}


def test_a_long_catch_up_is_done_in_pieces(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """When its time is over, a run ends after the batch in hand and says so; the next goes on from there."""
    flow, made = ingest(store, monkeypatch, app=[batch("app", 0), batch("app", 1)])
    (source,) = flow.config.sources
    first = flow.collect(source, SPAN, most_s=0.0)
    assert (first.events, first.error) == (1, None)
    assert flow.collect(source, SPAN).events == 1
    assert made["app"].checkpoints == {"at": "0"}
    rows = store.rows("SELECT notes FROM collection_runs ORDER BY notes NULLS LAST")
    assert [row["notes"] for row in rows] == [TOOK_LONG, None]


def test_a_collector_is_kept_until_its_configuration_changes(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs of one source share a collector, also after a failure of its own; a bug or other settings end that."""
    down = SourceError("down", "wait")
    flow, made = ingest(store, monkeypatch, app=[batch("app", 0), down])
    (source,) = flow.config.sources
    calls: list[str] = []

    def make(one: LogsSource, _config: Config, _clock: Clock) -> Scripted:
        calls.append(one.name)
        return made["app"]  # type: ignore[no-any-return]

    monkeypatch.setattr(collectors, "make", make)
    for _ in range(3):
        flow.collect(source, SPAN)
    assert (len(calls), made["app"].closed) == (1, 0)
    other = source.model_copy(update={"labels": {"cluster": "eu"}})
    flow.collect(other, SPAN)
    assert (len(calls), made["app"].closed) == (2, 1)
    made["app"].script[:] = [ZeroDivisionError("oops")]
    flow.collect(other, SPAN)
    assert made["app"].closed == 2
    flow.collect(other, SPAN)
    assert len(calls) == 3
    flow.close()
    assert made["app"].closed == 3


def test_a_second_round_finds_nothing_new(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Collecting the same again adds nothing, rejects nothing and reports no problem."""
    flow, _ = ingest(store, monkeypatch, app=[batch("app", 0), batch("app", 1)])
    flow.once(flow.config.sources, SPAN)
    again = flow.once(flow.config.sources, SPAN)
    assert again.outcomes[0].events == 0
    assert again.problems() == ()


def test_raw_text_is_let_go_once_a_day(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """A round acts on the retention when a day has passed since it last did, and not in every cycle."""
    flow, _ = ingest(store, monkeypatch, app=[batch("app", 0)])
    flow.once(flow.config.sources, SPAN)
    assert flow.retain() is None
    rejected = "SELECT content FROM rejected_inputs"
    assert store.rows(rejected) == [{"content": "x"}]
    kept_us = round(flow.config.store.retention.raw_log_text_s) * SECOND_US
    flow.clock = fixed_clock(NOW_US + kept_us + SECOND_US)
    flow.once((), SPAN)
    assert store.rows(rejected) == [{"content": ""}]
