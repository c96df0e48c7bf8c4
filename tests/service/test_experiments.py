"""Experiments told while they run: start, phases and end become one experiment, in any order, through any hand."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from breakwatch import config as configuration
from breakwatch.clock import SECOND_US, Clock, fixed_clock
from breakwatch.config import Config
from breakwatch.errors import UsageError
from breakwatch.model import Batch
from collectors.imports.shape import instant
from service import experiments, inbox
from service.collecting import open_store
from service.experiments import Told
from service.ingest import Ingest
from store import Reader
from tests.service.command import breakwatch, write

NOW_US = instant("2026-11-20T12:00:00Z")


@pytest.fixture
def config(tmp_path: Path) -> Config:
    """A configuration of a store in a folder of its own."""
    return configuration.load(write(tmp_path, "store: {path: b.duckdb}\n"))


def after(seconds: float) -> Clock:
    """Return the clock so many seconds later."""
    return fixed_clock(NOW_US + round(seconds * SECOND_US))


def shown(config: Config) -> list[dict[str, Any]]:
    """Return the experiments as they are published."""
    with Reader.open(config.store.path) as reader:
        return reader.rows("SELECT * FROM experiments ORDER BY experiment_id, environment")


def test_commands_become_one_experiment_with_its_phases(tmp_path: Path) -> None:
    """A phase lasts until the next one begins, the last one until the end; what the end says is its outcome."""
    write(tmp_path, "store: {path: b.duckdb}\n")
    at = "2026-11-20T11:0{}:00Z"
    start = ("start", "drill", "--service", "checkout", "--target", "redis", "--scenario", "s1", "--at", at.format(0))
    for words in (
        start,
        ("phase", "drill", "fault", "--intensity", "100%", "--at", at.format(1)),
        ("phase", "drill", "recovery", "--at", at.format(3)),
        ("end", "drill", "--outcome", "as expected", "--at", at.format(5)),
    ):
        done = breakwatch("experiment", *words, folder=tmp_path)
        assert (done.code, done.out) == (0, "")
        assert done.err.endswith("recorded\n")
    listed = breakwatch("experiment", "list", "--format", "json", folder=tmp_path)
    (one,) = json.loads(listed.out)
    assert (one["service"], one["target"], one["scenario"]) == ("checkout", "redis", "s1")
    assert (one["outcome"], one["fault_effective"]) == ("as expected", None)
    phases = [(phase["name"], phase["start"][11:19], phase["end"][11:19]) for phase in json.loads(one["phases"])]
    assert phases == [("fault", "11:01:00", "11:03:00"), ("recovery", "11:03:00", "11:05:00")]
    assert json.loads(one["phases"])[0]["intensity"] == "100%"


def test_a_name_is_used_once(config: Config) -> None:
    """A second start under a known name is refused: the times of two runs would become one experiment."""
    experiments.start(config, Told("drill", target="redis"), after(0))
    with pytest.raises(UsageError, match="'drill' began at 2026-11-20 12:00:00 UTC already"):
        experiments.start(config, Told("drill", target="redis"), after(60))
    assert experiments.start(config, Told("drill", "staging"), after(60)) == "recorded"


def test_statements_in_any_order_are_the_same_experiment(config: Config, tmp_path: Path) -> None:
    """An end told before its start, or phases out of order, come to the same row; so does telling one twice."""
    said: tuple[Callable[[Config], str], ...] = (
        lambda place: experiments.start(place, Told("drill", target="redis", begun="2026-11-20T11:00:00Z"), after(0)),
        lambda place: experiments.phase(place, Told("drill", name="fault", begun="2026-11-20T11:01:00Z"), after(0)),
        lambda place: experiments.phase(place, Told("drill", name="calm", begun="2026-11-20T11:02:00Z"), after(0)),
        lambda place: experiments.end(place, Told("drill", begun="2026-11-20T11:03:00Z", outcome="ok"), after(0)),
    )
    found = []
    for number, order in enumerate(itertools.islice(itertools.permutations(said), 0, 24, 5)):
        place = config.store.model_copy(update={"path": tmp_path / f"{number}.duckdb"})
        fresh = config.model_copy(update={"store": place})
        for say in order:
            say(fresh)
        assert said[1](fresh) == "known already"
        found.append(shown(fresh))
    assert all(one == found[0] for one in found)
    assert json.loads(found[0][0]["phases"])[1]["end"].startswith("2026-11-20T11:03:00")


def test_a_phase_ends_after_it_begins(config: Config) -> None:
    """Swapped times are refused with both of them named."""
    told = Told("drill", name="fault", begun="2026-11-20T11:05:00Z", ended="2026-11-20T11:01:00Z")
    with pytest.raises(UsageError, match="2026-11-20T11:01:00Z is not after 2026-11-20T11:05:00Z"):
        experiments.phase(config, told, after(0))


def test_what_is_said_while_the_store_is_in_use_waits_for_its_owner(config: Config, tmp_path: Path) -> None:
    """The command succeeds, the owner takes the statement in once, and the inbox is empty again."""
    with open_store(config, after(0)) as owner:
        done = breakwatch("experiment", "start", "drill", "--target", "redis", folder=tmp_path)
        assert done.code == 0
        assert "the running service takes it in within seconds" in done.err
        assert inbox.take_in(config, owner) == 1
        assert inbox.take_in(config, owner) == 0
        Ingest(config, owner, after(0)).settle()
        assert [one["experiment_id"] for one in shown(config)] == ["drill"]
    assert list(inbox.folder(config).iterdir()) == []


def test_a_statement_taken_in_twice_changes_nothing(config: Config) -> None:
    """An owner that dies between storing and deleting finds the file again; the records are known by then."""
    with open_store(config, after(0)) as owner:
        experiments.end(config, Told("drill", outcome="ok"), after(1))
        (waiting,) = inbox.folder(config).iterdir()
        content = waiting.read_bytes()
        assert inbox.take_in(config, owner) == 1
        waiting.write_bytes(content)
        assert inbox.take_in(config, owner) == 0
        assert not waiting.exists()


def test_a_file_in_the_inbox_that_is_none_of_ours_is_kept_and_counted(config: Config) -> None:
    """It is shown with the reason among the rejected inputs, set aside, and keeps no other from being taken in."""
    with open_store(config, after(0)) as owner:
        experiments.start(config, Told("drill"), after(1))
        strange = inbox.folder(config) / "aaa.json"
        strange.write_text('[{"source": "x", "kind": "weather", "started_us": 1}]')
        assert inbox.take_in(config, owner) == 1
        (row,) = owner.rows("SELECT source, position, reason, content FROM rejected_inputs")
        assert (row["source"], row["position"]) == ("inbox", "aaa.json")
        assert "kind" in row["reason"]
        assert "weather" in row["content"]
        assert [path.name for path in inbox.folder(config).iterdir()] == ["aaa.refused"]


def test_an_end_without_a_start_shows_no_experiment(config: Config) -> None:
    """It is kept, and becomes part of the experiment once somebody says that it began."""
    experiments.end(config, Told("drill", begun="2026-11-20T11:03:00Z"), after(0))
    assert shown(config) == []
    experiments.start(config, Told("drill", begun="2026-11-20T11:00:00Z"), after(1))
    (one,) = shown(config)
    assert (one["ended_at"] - one["started_at"]).total_seconds() == 180


def test_the_inbox_of_an_empty_store_is_no_problem(config: Config) -> None:
    """Without a folder there is nothing to take in."""
    with open_store(config, after(0)) as owner:
        assert inbox.take_in(config, owner) == 0
        owner.append(Batch("x"))
