"""Six hours without a Prometheus, in every way a server can be away: afterwards as if nothing had been."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import pytest

from breakwatch.clock import HOUR_US, MINUTE_US, SECOND_US, Instant
from breakwatch.config import Config, PrometheusSource, ServiceConfig, StoreConfig
from breakwatch.errors import SourceError
from breakwatch.model import Window
from service.backoff import Backoff
from service.ingest import Ingest, Outcome
from store import Store
from tests.real import generated
from tests.real.misbehaving import MODES, Misbehaving
from tests.real.processes import Prometheus
from tests.real.tables import differences, tables

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HOURS = 8
CYCLE_US = 30 * MINUTE_US
AWAY_US = (generated.START_US + HOUR_US, generated.START_US + 7 * HOUR_US)
ATTEMPTS_US = (AWAY_US[0] + 20 * SECOND_US, AWAY_US[0] + 3 * HOUR_US, AWAY_US[1] - 20 * SECOND_US)
NEEDS_PERSON = {"401"}
"""What passes only when somebody changes something."""

USUAL = ("503", "hang", "refused", "samples html")

Tables = dict[str, list[str]]


@dataclass
class Present:
    """A clock that is set by hand."""

    now_us: Instant

    def __call__(self) -> Instant:
        """Return the instant it was set to."""
        return self.now_us


@dataclass
class Watch:
    """One store that watches one address, cycle by cycle."""

    store: Store
    clock: Present
    flow: Ingest

    @classmethod
    def open(cls, folder: Path, url: str, timeout_s: float) -> Watch:
        """Begin to watch."""
        source = PrometheusSource(name="prom", url=url, labels={"environment": "test"}, timeout_s=timeout_s)
        shop = ServiceConfig(name="shop", match={"job": "shop"})
        folder.mkdir()
        config = Config(store=StoreConfig(path=folder / "b.duckdb"), sources=(source,), services=(shop,))
        clock = Present(generated.START_US)
        store = Store.open(config.store.path, clock=clock)
        return cls(store, clock, Ingest(config, store, clock))

    def cycle(self, at_us: Instant) -> Outcome:
        """Let one cycle happen at an instant, as the service does: collect, then settle."""
        self.clock.now_us = at_us
        (source,) = self.flow.config.sources
        outcome = self.flow.collect(source, Window(None, at_us))
        self.flow.settle()
        return outcome

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.flow.close()
        self.store.close()


def cycles(first_us: Instant, last_us: Instant) -> Iterator[Instant]:
    """Yield when cycles happen in a span, its end included."""
    yield from range(first_us + CYCLE_US, last_us + 1, CYCLE_US)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    """A real server that holds eight hours of two instances."""
    folder = tmp_path_factory.mktemp("generated")
    generated.write_blocks(folder, HOURS)
    started = Prometheus(folder)
    started.start()
    yield started
    started.stop()


@pytest.fixture(scope="module")
def undisturbed(server: Prometheus, tmp_path_factory: pytest.TempPathFactory) -> Tables:
    """What a store holds after the two cycles that follow the outage, had there been none."""
    with Watch.open(tmp_path_factory.mktemp("undisturbed") / "store", server.url, 10.0) as watch:
        for at_us in cycles(generated.START_US, AWAY_US[1] + 2 * CYCLE_US):
            assert watch.cycle(at_us).error is None
        found = tables(watch.store)
    assert len(found["breaker_transitions"]) > 100
    assert len(found["request_counts"]) > 1000
    return found


@pytest.mark.parametrize(
    "mode", [*USUAL, *(pytest.param(mode, marks=pytest.mark.nightly) for mode in sorted(MODES - {*USUAL}))]
)
def test_an_outage_of_six_hours_leaves_no_trace(
    server: Prometheus, undisturbed: Tables, tmp_path: Path, mode: str
) -> None:
    """Two cycles after the server is back every table is that of a run without the outage: no gap, nothing doubled.

    While it is away each attempt fails with a problem and a remedy, brings nothing, and is put off further and further.
    """
    backoff = Backoff()
    with Misbehaving(server.port) as line, Watch.open(tmp_path / "store", line.url, 5.0) as watch:
        watch.flow.plan = lambda source, outcome: backoff.after(source, outcome.error, 15.0, brought=outcome.got_on)
        for at_us in cycles(generated.START_US, AWAY_US[0]):
            assert watch.cycle(at_us).error is None
        line.behave(mode)
        hard = mode in {"hang", "drip"}
        if hard:  # the time limit is what ends these; a second of it is as good as ten
            watch.flow.close()
            watch.flow.config = _with_timeout(watch.flow.config, 0.3)
        for at_us in ATTEMPTS_US:
            outcome = watch.cycle(at_us)
            assert isinstance(outcome.error, SourceError), outcome.error
            assert outcome.error.remedy
            assert (outcome.events, outcome.status) == (0, "failed")
            assert outcome.again is not None
            assert outcome.again.needs_person == (mode in NEEDS_PERSON)
            assert outcome.error.retryable == (mode not in NEEDS_PERSON)
        line.behave()
        if hard:
            watch.flow.config = _with_timeout(watch.flow.config, 5.0)
        for at_us in (AWAY_US[1] + CYCLE_US, AWAY_US[1] + 2 * CYCLE_US):
            assert watch.cycle(at_us).error is None
        assert differences(tables(watch.store), undisturbed) == {}
        runs = watch.store.rows("SELECT status, failures, needs_person FROM collection_runs ORDER BY started_at")
    failed = [run["failures"] for run in runs if run["status"] == "failed"]
    assert failed == [1, 2, 3]
    assert [run["failures"] for run in runs[-2:]] == [0, 0]


def _with_timeout(config: Config, timeout_s: float) -> Config:
    (source,) = config.sources
    return config.model_copy(update={"sources": (source.model_copy(update={"timeout_s": timeout_s}),)})
