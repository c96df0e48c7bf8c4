"""What somebody at a terminal sees while sources are read."""

from __future__ import annotations

import io
import re
import sys
from typing import TYPE_CHECKING

import pytest

from breakwatch.clock import system_clock
from breakwatch.config import Config, LogsSource, StoreConfig
from breakwatch.model import Window
from collectors.logs import gathering, streams
from service import progress
from service.ingest import Ingest, Outcome
from store import Store
from tests.service.servers import until

if TYPE_CHECKING:
    from pathlib import Path

CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
ERASE_LINE = "\x1b[2K"
LINE = '{{"ts":"2026-11-20T09:00:{number:02}Z","event":"breaker_transition","breaker":"pay","to":"{to}"}}\n'


class Screen(io.StringIO):
    """A terminal that remembers all that was ever on it."""

    def isatty(self) -> bool:
        """Return that somebody looks on."""
        return True

    @property
    def words(self) -> str:
        """What was on it, without its control sequences, in single spaces."""
        return " ".join(CONTROL.sub("", self.getvalue()).split())


def looked_on(monkeypatch: pytest.MonkeyPatch) -> Screen:
    """Let somebody sit at a terminal; called by the test, for capturing replaces stderr after its fixtures."""
    terminal = Screen()
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.setattr(sys, "stderr", terminal)
    return terminal


def test_each_batch_shows_while_the_next_is_awaited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A log of several batches counts up batch by batch; in the end the terminal is as it was."""
    screen = looked_on(monkeypatch)
    monkeypatch.setattr(gathering, "BATCH_SIGHTINGS", 2)
    monkeypatch.setattr(streams, "BLOCK_BYTES", 256)
    log = tmp_path / "app.jsonl"
    log.write_text("".join(LINE.format(number=number, to=("open", "closed")[number % 2]) for number in range(12)))
    source = LogsSource(name="app", paths=(log,))
    watched = Config(store=StoreConfig(path=tmp_path / "b.duckdb"), sources=(source,))
    told: list[str] = []
    with Store.open(watched.store.path) as store, progress.shown(["app", "other"]) as report:
        assert report is not None
        until(lambda: "app reading" in screen.words and "other reading" in screen.words)

        def look(outcome: Outcome) -> None:
            report(outcome)
            told.append(f"app {outcome.lines} lines, {outcome.events} new")
            until(lambda: told[-1] in screen.words)

        done = Ingest(watched, store, system_clock).once([source], Window(None, system_clock()), look)
    (outcome,) = done.outcomes
    assert outcome.error is None
    assert len(set(told)) > 2
    assert told[-1] == f"app 12 lines, {outcome.events} new"
    assert ERASE_LINE in screen.getvalue()[screen.getvalue().rindex("12 lines") :]


def test_samples_are_told_as_samples(monkeypatch: pytest.MonkeyPatch) -> None:
    """Numbers are told with thousands set apart, each at its own source."""
    screen, window = looked_on(monkeypatch), Window(None, system_clock())
    with progress.shown(["prom", "app"]) as report:
        assert report is not None
        report(Outcome("prom", window, 0, 0, events=7, samples=12_345, lines=99_999))
        until(lambda: "prom 12,345 samples, 7 new" in screen.words)
        assert "app reading" in screen.words


def test_nothing_is_shown_where_nobody_looks_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """Into a file or a pipe no progress is written."""
    pipe = io.StringIO()
    monkeypatch.setattr(sys, "stderr", pipe)
    with progress.shown(["app"]) as report:
        assert report is None
    assert pipe.getvalue() == ""
