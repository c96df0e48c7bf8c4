"""Experiments: when their faults were in, what belongs to them, and whether a call felt them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from analysis.facts.experiments import faults
from analysis.refresh import refresh
from breakwatch.clock import from_us, to_us
from breakwatch.config import Config, Policy
from breakwatch.model import Batch, Sighting, SightingKind, Subject, TrackKind, pairs
from breakwatch.records import Record, RecordKind
from store import Reader
from tests.analysis.facts.evidence import Evidence, at, requests, track
from tests.analysis.facts.test_outages import call, steady

if TYPE_CHECKING:
    from store import Store

QUIET = Config(policies={"default": Policy(settle_s=0.0)})


def experiment(start: float, end: float | None, **said: str) -> Record:
    """Return an experiment in seconds of the story; ``service`` and ``environment`` may be given."""
    where = {"environment": said.pop("environment", "prod"), "service": said.pop("service", "")}
    detail = pairs({"experiment_id": "drill"} | said)
    return Record("lab", RecordKind.EXPERIMENT, at(start), None if end is None else at(end), detail=detail, **where)  # type: ignore[arg-type]


def phase(name: str, start: float, end: float | None = None, **more: str) -> dict[str, Any]:
    """Return a phase as reports tell it."""
    ended = {} if end is None else {"end": from_us(at(end)).isoformat()}
    return {"name": name, "start": from_us(at(start)).isoformat(), **ended, **more}


def brought(store: Store, *sightings: Sighting, records: tuple[Record, ...] = ()) -> None:
    """Bring calls and experiments in."""
    store.append(Batch("log", sightings=sightings, records=records))
    refresh(store, QUIET)


def found(phases: list[dict[str, Any]], end: float | None = 100) -> list[tuple[str | None, float, float | None]]:
    """Return the faults that phases tell of: phase, injected and removed in seconds of the story."""
    told = {
        "environment": "prod", "experiment_id": "drill", "service": "shop", "target": "", "labels": {},
        "phases": json.dumps(phases), "started_at": from_us(at(0)),
        "ended_at": None if end is None else from_us(at(end)),
    }  # fmt: skip
    return [(row["phase"], _second(row["injected_at"]) or 0.0, _second(row["removed_at"])) for row in faults(told)]


def _second(moment: Any) -> float | None:
    return None if moment is None else (to_us(moment) - at(0)) / 1e6


@pytest.mark.parametrize(
    ("phases", "expected"),
    [
        ([], [("", 0, 100)]),
        (
            [phase("warm-up", 0, 10), phase("inject latency", 10, 40), phase("recovery", 40, 90)],
            [("inject latency", 10, 40)],
        ),
        ([phase("kill a", 5, 20), phase("kill b", 30, 60)], [("kill a", 5, 20), ("kill b", 30, 60)]),
        ([phase("before", 0, 10), phase("3G", 10, 50), phase("after", 50, 90)], [("3G", 10, 50)]),
        ([phase("redis gone", 10)], [("redis gone", 10, 100)]),
        ([{"name": "test", "duration_s": 3.0}], [("", 0, 100)]),
        ([phase("answers", 1, 2, kind="probe"), phase("stop", 10, 10.1, kind="action")], [("stop", 10, None)]),
        ([phase("stress", 10, 40, kind="action")], [("stress", 10, 40)]),
        (
            [phase("stop", 10, 10.1, kind="action"), phase("restore it", 50, 51, kind="action")],
            [("stop", 10, 51)],
        ),
    ],
    ids=[
        "whole",
        "named",
        "several",
        "what is between",
        "no end",
        "no times",
        "an action",
        "a lasting one",
        "rolled back",
    ],
)
def test_which_phases_are_faults(phases: list[dict[str, Any]], expected: list[tuple[str, float, float | None]]) -> None:
    """Those called so, else those that lie between what is around them, else the whole experiment."""
    assert found(phases) == expected


def test_a_fault_that_is_in_has_no_end() -> None:
    """The experiment still runs."""
    assert found([], end=None) == [("", 0, None)]


def test_what_happens_in_its_time_belongs_to_the_experiment(store: Store) -> None:
    """The outage that began while the fault was in; not the one an hour later, and not another environment's."""
    calls = [*steady(0, 10), *steady(10, 20, "failure"), *steady(20, 40), *steady(4000, 4010, "failure"), call(4020)]
    brought(store, *calls, records=(experiment(8, 30, service="shop"),))
    for relation in ("outages", "outage_spells"):
        rows = store.rows(f"select experiment_id from {relation} order by started_at")  # noqa: S608 - our own names
        assert [row["experiment_id"] for row in rows] == ["drill", None]
    spells = store.rows("select experiment_id from failure_spells order by failed_at")
    assert [row["experiment_id"] for row in spells] == ["drill", None]
    brought(store, records=(experiment(3990, 4030, service="shop", environment="lab", experiment_id="other"),))
    assert {row["experiment_id"] for row in store.rows("select experiment_id from outages")} == {"drill", None}


def test_health_levels_breakers_and_failovers_belong_to_it_too(store: Store) -> None:
    """Whatever moved in its service or target from its start until five minutes after its end."""
    shop = Subject("prod", "shop", breaker="pay", component="db")
    moves = [
        Sighting("log", SightingKind.BREAKER_TRANSITION, at(12), shop, "1", "closed", "open"),
        Sighting("log", SightingKind.BREAKER_TRANSITION, at(25), shop, "2", "open", "half_open"),
        Sighting("log", SightingKind.BREAKER_TRANSITION, at(26), shop, "3", "half_open", "closed"),
        Sighting("log", SightingKind.HEALTH_CHANGE, at(13), shop, "4", "up", "down"),
        Sighting("log", SightingKind.HEALTH_CHANGE, at(700), shop, "5", "down", "up"),
        Sighting("log", SightingKind.LEVEL_CHANGE, at(14), shop, "6", "full", "limited"),
    ]
    bad = [call(10 + n, "failure", target="a") for n in range(4)]
    calls = [*steady(0, 10, target="a"), *bad, *steady(14, 30, target="b")]
    brought(store, *moves, *calls, records=(experiment(8, 30, service="shop"),))
    for relation in ("breaker_incidents", "breaker_episodes", "failovers", "service_level_changes"):
        rows = store.rows(f"select experiment_id from {relation}")  # noqa: S608 - our own names
        assert {row["experiment_id"] for row in rows} == {"drill"}, relation
    health = store.rows("select to_state, experiment_id from health_changes order by occurred_at")
    assert [(row["to_state"], row["experiment_id"]) for row in health] == [("down", "drill"), ("up", None)]


def test_an_experiment_that_is_told_later_changes_what_is_known(store: Store) -> None:
    """The order in which outage and experiment come in does not matter."""
    calls = [*steady(0, 10), *steady(10, 20, "failure"), *steady(20, 40)]
    brought(store, *calls)
    assert store.rows("select experiment_id from outages") == [{"experiment_id": None}]
    brought(store, records=(experiment(8, 30, target="shop"),))
    assert store.rows("select experiment_id from outages") == [{"experiment_id": "drill"}]


def test_what_belongs_to_an_experiment_is_published_so(store: Store) -> None:
    """Rows that were published before and are named later are published anew."""
    brought(store, *steady(0, 10), *steady(10, 20, "failure"), *steady(20, 40))
    store.publish(1)
    brought(store, records=(experiment(8, 30, service="shop"),))
    store.publish(2)
    with Reader.open(store.path) as reader:
        for relation in ("outages", "outage_spells", "failure_spells"):
            rows = reader.rows(f"select experiment_id from {relation}")  # noqa: S608 - our own names
            assert [row["experiment_id"] for row in rows] == ["drill"], relation
        assert reader.rows("select fault_effective from experiments") == [{"fault_effective": True}]


def felt(store: Store) -> bool | None:
    """Return whether the fault of the experiment was felt."""
    (row,) = store.rows("select fault_effective from experiments")
    value: bool | None = row["fault_effective"]
    return value


def test_a_fault_was_felt_where_a_call_failed(store: Store) -> None:
    """One is enough, and it need not be an outage."""
    brought(store, *steady(0, 40), call(15.5, "failure"), records=(experiment(10, 20, service="shop"),))
    assert felt(store) is True


def test_a_fault_that_no_call_felt_had_no_effect(store: Store) -> None:
    """Calls were seen, none failed; those before and after say nothing."""
    bad = [call(5.5, "failure"), call(25.5, "failure")]
    brought(store, *steady(0, 40), *bad, records=(experiment(10, 20, service="shop"),))
    assert felt(store) is False


def test_without_a_call_nobody_can_tell(store: Store) -> None:
    """No call in the window is not the same as none that failed."""
    brought(store, *steady(0, 5), records=(experiment(100, 200, service="shop"),))
    assert felt(store) is None


def test_only_calls_to_the_target_tell_where_it_is_named(store: Store) -> None:
    """Failing calls to another target are another story; calls that nobody answered may have been meant for it."""
    calls = [*steady(0, 40, target="a"), *steady(0, 40, target="b")]
    brought(store, *calls, call(15.5, "failure", target="b"), records=(experiment(10, 20, service="shop", target="a"),))
    assert felt(store) is False
    brought(store, call(16.5, "failure"))
    assert felt(store) is True


def test_a_call_that_stalled_felt_it(store: Store) -> None:
    """No call failed, but one took far longer than any before."""
    brought(store, *steady(0, 40), call(15.5, lasted_s=3), records=(experiment(10, 20, service="shop"),))
    assert felt(store) is True


@pytest.mark.parametrize(("slow_from", "expected"), [(300, True), (1000, False)])
def test_a_histogram_shows_that_calls_stalled(store: Store, slow_from: int, expected: bool) -> None:  # noqa: FBT001
    """Calls came into a bucket far above any that had some before; slow ones after the fault was gone do not count."""
    evidence = Evidence(gap_us=40_000_000)
    stamps = range(0, 1201, 15)
    evidence.add(requests("success"), [(at(s), float(s)) for s in stamps])
    for bound, share in (("0.1", 0.9), ("1.0", 1.0), ("inf", 1.0)):
        quick = 1.0 if bound == "0.1" else share
        growing = [(at(s), round(min(s, slow_from) * quick + max(s - slow_from, 0) * share)) for s in stamps]
        evidence.add(track(TrackKind.LATENCY, upper_bound_s=bound), growing)
    store.append(evidence.batch())
    brought(store, records=(experiment(300, 420, service="shop"),))
    assert felt(store) is expected


def test_a_call_that_was_moved_felt_it(store: Store) -> None:
    """Another target answered: the one with the fault did not."""
    subject = Subject("prod", "shop", target="b")
    detail = pairs({"outcome": "success", "duration_s": "0.1", "moved": "true", "from_target": "a"})
    moved = Sighting("log", SightingKind.REQUEST, at(15), subject, "moved", detail=detail)
    calls = steady(0, 40, target="a")
    brought(store, *calls, moved, records=(experiment(10, 20, service="shop", target="a"),))
    assert felt(store) is True


def test_calls_that_come_in_later_change_the_answer(store: Store) -> None:
    """Told first, felt later."""
    brought(store, records=(experiment(10, 20, service="shop"),))
    assert felt(store) is None
    brought(store, *steady(0, 40))
    assert felt(store) is False
    brought(store, call(15.5, "rejected"))
    assert felt(store) is True
