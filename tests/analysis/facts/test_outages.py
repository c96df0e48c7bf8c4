"""Outages through ingestion: what hurts a service, from when to when, how badly, and what healed it."""

from __future__ import annotations

import tempfile
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analysis.refresh import refresh
from breakwatch.clock import to_us
from breakwatch.config import Config, Objective, Policy, ServiceConfig, Target, Where
from breakwatch.config_services import InstancesRule
from breakwatch.config_units import ShareRule
from breakwatch.model import STATE_CODE, Batch, Outcome, Sighting, SightingKind, Subject, TrackKind, pairs
from breakwatch.records import Record, RecordKind
from store import Store
from tests.analysis.facts.evidence import Evidence, at, sighting, table, track

if TYPE_CHECKING:
    from collections.abc import Iterable

SHOP = Subject("prod", "shop")
RELATIONS = ("outages", "outage_spells", "failure_spells")
QUIET = Config(policies={"default": Policy(settle_s=0.0)})
"""With no settle time an outage is over with the first good answer."""


def call(second: float, outcome: str = "success", *, lasted_s: float = 0.1, **more: str) -> Sighting:
    """Return a call that began at ``second``; ``operation``, ``target``, ``breaker`` and ``vantage`` may be."""
    operation, breaker, target = (more.get(name, "") for name in ("operation", "breaker", "target"))
    subject = Subject("prod", more.get("service", "shop"), operation, breaker, target=target)
    vantage = {"vantage": more["vantage"]} if "vantage" in more else {}
    detail = pairs({"outcome": outcome, "duration_s": repr(lasted_s + 0.000_001), **vantage})
    position = f"{second}{outcome}{sorted(more.items())}"
    return Sighting("log", SightingKind.REQUEST, at(second + lasted_s), subject, position, detail=detail)


def steady(start: int, end: int, outcome: str = "success", **more: Any) -> list[Sighting]:
    """Return a call each second."""
    return [call(second, outcome, **more) for second in range(start, end)]


def told(store: Store, config: Config, *sightings: Iterable[Sighting]) -> list[dict[str, Any]]:
    """Return the outages after these came in."""
    store.append(Batch("log", sightings=tuple(one for group in sightings for one in group)))
    refresh(store, config)
    return store.rows("from outages order by started_at, kind")


def seconds(row: dict[str, Any], *names: str) -> tuple[float | None, ...]:
    """Return instants of a row in seconds of the story, to a hundredth."""
    return tuple(None if row[name] is None else round((to_us(row[name]) - at(0)) / 1e6, 2) for name in names)


def span(row: dict[str, Any]) -> tuple[float | None, ...]:
    """Return start and end of an outage in seconds of the story."""
    return seconds(row, "started_at", "ended_at")


def test_calls_that_fail_are_an_outage_exact_to_their_log_lines(store: Store) -> None:
    """From the start of the first failed call to the end of the first good answer after the last one."""
    (row,) = told(store, QUIET, steady(0, 10), steady(10, 20, "failure", lasted_s=0.5), steady(20, 40))
    assert span(row) == (10.0, 20.1)
    assert (row["duration_low_s"], row["duration_high_s"]) == (row["duration_s"], row["duration_s"])
    assert (row["kind"], row["origin"], row["status"], row["healed_by"]) == ("down", "detected", "resolved", "self")
    assert (row["failed_requests"], row["cause"]) == (10, "10 of 10 requests failed")


def test_four_failed_calls_in_a_minute_are_none(store: Store) -> None:
    """Nor is one in a hundred of a service that promises 99 %."""
    assert told(store, QUIET, steady(0, 10), steady(10, 14, "failure"), steady(14, 40)) == []


def test_a_service_is_held_to_its_own_objective(store: Store) -> None:
    """6 of 60 failed: an outage by the usual 99 %, and none any more once 85 % are promised."""
    calls = [call(second, "timeout" if second % 10 == 5 else "success") for second in range(60)]
    (row,) = told(store, QUIET, calls)
    assert (row["kind"], row["severity"]) == ("degraded", "S3")
    promise = Objective(name="p", indicator="success_ratio", service="shop", at_least=Target(0.85, "ratio"))
    refresh(store, QUIET.model_copy(update={"objectives": (promise,)}))
    assert store.rows("from outages") == []


def test_a_promise_about_some_of_the_calls_says_nothing_of_all(store: Store) -> None:
    """85 % are promised for one operation: the service is held to the usual share, and to the strictest of its own."""
    calls = [call(second, "timeout" if second % 10 == 5 else "success") for second in range(60)]
    told(store, QUIET, calls)
    limit = Target(0.85, "ratio")
    some = Objective(name="a", indicator="success_ratio", service="shop", at_least=limit, where=Where(operation="pay"))
    refresh(store, QUIET.model_copy(update={"objectives": (some,)}))
    assert len(store.rows("from outages")) == 1
    loose, strict = (
        Objective(name=str(share), indicator="success_ratio", service="shop", at_least=Target(share, "ratio"))
        for share in (0.85, 0.95)
    )
    refresh(store, QUIET.model_copy(update={"objectives": (strict, loose)}))
    assert len(store.rows("from outages")) == 1


def test_the_policy_says_what_is_bad(store: Store) -> None:
    """A client's mistakes hurt nobody; a policy may count what was rejected as fine."""
    assert told(store, QUIET, steady(0, 20), steady(20, 30, "client_error"), steady(30, 40)) == []
    (row,) = told(store, QUIET, steady(100, 110, "rejected"), steady(110, 120))
    assert row["failed_requests"] == 10
    fine = Policy(settle_s=0.0, outcomes={Outcome.REJECTED: "good"})
    refresh(store, Config(policies={"default": fine}))
    assert store.rows("from outages") == []


def test_the_settle_time_of_the_policy_joins_what_it_takes_for_one(store: Store) -> None:
    """Failing twice with 30 s between: one outage by default, two with no settle time."""
    calls = (steady(0, 10), steady(10, 20, "failure"), steady(20, 50), steady(50, 60, "failure"), steady(60, 200))
    assert [span(row) for row in told(store, Config(), *calls)] == [(10.0, 60.1)]
    assert [span(row) for row in told(store, QUIET)] == [(10.0, 20.1), (50.0, 60.1)]


def test_an_outage_goes_on_while_no_good_answer_came(store: Store) -> None:
    """No end, no length; the answer ends it however much later it comes."""
    (row,) = told(store, QUIET, steady(0, 10), steady(10, 20, "failure"))
    assert (row["status"], row["ended_at"], row["duration_s"], row["duration_high_s"]) == ("ongoing", None, None, None)
    assert row["healed_by"] is None
    (row,) = told(store, QUIET, [call(20_000)])
    assert (row["status"], span(row)) == ("resolved", (10.0, 20_000.1))


def test_a_critical_service_that_is_down_is_s1(store: Store) -> None:
    """Another one is S2; declared critical later, it becomes S1 without new evidence."""
    (row,) = told(store, QUIET, steady(0, 10), steady(10, 20, "failure"), steady(20, 30))
    assert row["severity"] == "S2"
    refresh(store, QUIET.model_copy(update={"services": (ServiceConfig(name="shop", critical=True),)}))
    assert [row["severity"] for row in store.rows("from outages")] == ["S1"]


def test_what_changed_inside_an_outage_healed_it(store: Store) -> None:
    """A deploy before a restart before a hand on the configuration; outside of it none of them."""
    calls = (steady(0, 10), steady(10, 20, "failure"), steady(20, 30))
    for second, change, healed in ((40, "deploy", "self"), (12, "config", "manual"), (13, "restart", "restart"),
                                   (14, "deploy", "deploy")):  # fmt: skip
        seen = sighting(SightingKind.CHANGE, at(second), subject=SHOP, change=change)
        (row,) = told(store, QUIET, *calls, [seen])
        assert row["healed_by"] == healed


def test_calls_through_a_breaker_hurt_nobody_where_others_are_the_users(store: Store) -> None:
    """The service answered its users; that its calls to something else failed is what the breaker is for."""
    guarded = steady(10, 30, "failure", breaker="payments")
    assert told(store, QUIET, steady(0, 40), guarded) == []
    spells = store.rows("from failure_spells")
    assert [(row["target"], row["operation"], row["failed_requests"]) for row in spells] == [("payments", None, 20)]


def test_the_outermost_that_sees_the_calls_decides(store: Store) -> None:
    """The proxy answered well though its server failed twice as often; a declared source decides before it."""
    at_the_edge = [call(second, vantage="edge") for second in range(60)]
    inside = steady(0, 20) + steady(20, 40, "failure") + steady(40, 60)
    assert told(store, QUIET, at_the_edge, inside) == []
    server = ServiceConfig(name="shop", sli_source="server")
    refresh(store, QUIET.model_copy(update={"services": (server,)}))
    assert [span(row) for row in store.rows("from outages")] == [(20.0, 40.1)]


def test_operations_and_targets_have_failure_spells_of_their_own(store: Store) -> None:
    """One of two operations fails: the service is degraded, that operation's calls all fail."""
    told(store, QUIET, steady(0, 60, operation="pay", target="a"),
        [call(second + 0.2, operation="pay", target="a") for second in range(60)],
        steady(0, 20, operation="find"),
         [call(second + 0.5, "failure", operation="find", target="b") for second in range(20, 40)],
         steady(40, 60, operation="find"))  # fmt: skip
    spells = {
        (row["operation"], row["target"]): row for row in store.rows("from failure_spells where failed_requests > 1")
    }
    assert set(spells) == {("find", None), (None, "b")}
    assert seconds(spells["find", None], "failed_at", "served_at") == (20.5, 40.1)
    assert [row["kind"] for row in store.rows("from outages")] == ["degraded"]


def levels(changes: Iterable[tuple[float, str]], until: int = 600, instance: str = "a") -> Evidence:
    """Return samples of a service's level every 15 s."""
    evidence = Evidence(gap_us=40_000_000)
    moves = list(changes)
    samples = [
        (at(s), float(STATE_CODE[[level for when, level in moves if when <= s][-1]])) for s in range(0, until + 1, 15)
    ]
    evidence.add(track(TrackKind.LEVEL_STATE, instance=instance), samples)
    return evidence


def test_a_level_below_full_is_an_outage_as_bad_as_the_level(store: Store) -> None:
    """Degraded is S3 and limited S2; unavailable is down. Edges are known to one scrape."""
    moves = [(0, "full"), (100, "degraded"), (160, "full"), (300, "limited"), (360, "full"), (450, "unavailable"), (500, "full")]  # fmt: skip  # noqa: E501
    store.append(levels(moves).batch())
    refresh(store, QUIET)
    rows = store.rows("from outages order by started_at")
    assert [(row["kind"], row["severity"], row["cause"]) for row in rows] == [
        ("degraded", "S3", "level degraded"),
        ("degraded", "S2", "level limited"),
        ("down", "S2", "level unavailable"),
    ]
    assert seconds(rows[0], "started_earliest", "started_latest") == (90.0, 105.01)
    assert [row["level"] for row in store.rows("from outage_spells order by started_at")] == [
        "degraded", "limited", "unavailable",
    ]  # fmt: skip


def test_a_system_that_does_not_know_its_level_is_not_said_to_hurt(store: Store) -> None:
    """``unknown`` is its own word and no level below full."""
    store.append(levels([(0, "full"), (100, "unknown"), (160, "full")]).batch())
    refresh(store, QUIET)
    assert store.rows("from outages") == []


def test_requests_that_failed_meanwhile_are_counted_though_they_were_too_few_to_hurt(store: Store) -> None:
    """Three failed in the minutes of a lower level; where nobody counts calls, nobody knows."""
    store.append(levels([(0, "full"), (100, "limited"), (160, "full")]).batch())
    refresh(store, QUIET)
    assert store.rows("select failed_requests from outages") == [{"failed_requests": None}]
    few = [call(110 + n, "failure" if n % 10 == 0 else "success") for n in range(30)]
    told(store, QUIET, few, [call(5000, "failure")])
    store.append(levels([(0, "full"), (100, "limited"), (160, "full")], 900).batch())
    refresh(store, QUIET)
    store.append(Batch("log", sightings=[sighting(SightingKind.CHANGE, at(120), subject=SHOP, change="deploy")]))
    refresh(store, QUIET)
    assert store.rows("select failed_requests from outages") == [{"failed_requests": 3}]


def instances(*downs: tuple[str, float, float], names: str = "abcd", component: str = "") -> Evidence:
    """Return health samples of instances every 15 s; ``downs`` says which is down from when to when."""
    evidence = Evidence(gap_us=40_000_000)
    for name in names:
        own = [(start, end) for who, start, end in downs if who == name]
        words = ["down" if any(start <= s < end for start, end in own) else "up" for s in range(0, 601, 15)]
        seen = track(TrackKind.HEALTH_STATE, instance=name)
        if component:
            subject = Subject("prod", "shop", component=name)
            seen = type(seen)("prom", TrackKind.HEALTH_STATE, subject, f"shop/{name}", "test", "", ())
        evidence.add(seen, [(at(15 * n), float(STATE_CODE[word])) for n, word in enumerate(words)])
    return evidence


def test_instances_that_are_down_degrade_a_service_and_all_of_them_take_it_down(store: Store) -> None:
    """By default any is degraded and all is down."""
    downs = [("a", 100, 400), ("b", 200, 300), ("c", 200, 300), ("d", 200, 300)]
    store.append(instances(*downs).batch())
    refresh(store, QUIET)
    rows = store.rows("from outages order by started_at")
    assert [(row["kind"], row["cause"]) for row in rows] == [
        ("degraded", "1 of 4 instances down"),
        ("down", "4 of 4 instances down"),
        ("degraded", "1 of 4 instances down"),
    ]


def test_instances_count_as_their_service_declares(store: Store) -> None:
    """Half of them is down, a quarter is nothing yet; told so later, the outages are other ones."""
    store.append(instances(("a", 100, 400), ("b", 200, 300)).batch())
    half = InstancesRule(down_when=ShareRule(">=", 0.5), degraded_when=ShareRule(">", 0.25))
    config = QUIET.model_copy(update={"services": (ServiceConfig(name="shop", instances=half),)})
    refresh(store, config)
    (row,) = store.rows("from outages")
    assert (row["kind"], row["cause"]) == ("down", "2 of 4 instances down")
    refresh(store, QUIET)
    assert {row["kind"] for row in store.rows("from outages")} == {"degraded"}


def test_components_are_no_instances_unless_their_service_says_so(store: Store) -> None:
    """A server behind a proxy went down: nobody is hurt while the other answers."""
    store.append(instances(("a", 100, 400), names="ab", component="yes").batch())
    refresh(store, QUIET)
    assert store.rows("from outages") == []
    refresh(store, QUIET.model_copy(update={"services": (ServiceConfig(name="shop", instances=InstancesRule()),)}))
    assert [row["cause"] for row in store.rows("from outages")] == ["1 of 2 instances down"]


def test_an_instance_that_is_gone_is_no_longer_down(store: Store) -> None:
    """Scaled away while it was down: five minutes after the others are still seen, it does not count."""
    evidence = instances(("a", 60, 1000))
    for own, samples in evidence.samples.items():
        if own.subject.instance == "a":
            evidence.samples[own] = [one for one in samples if one[0] <= at(120)]
    store.append(evidence.batch())
    refresh(store, QUIET)
    (row,) = store.rows("from outages")
    assert row["status"] == "resolved"


def test_reasons_together_are_one_outage_in_words(store: Store) -> None:
    """Calls failed and the level fell: one outage that names both."""
    store.append(levels([(0, "full"), (15, "unavailable"), (45, "full")], 90).batch())
    (row,) = told(store, QUIET, steady(0, 10), steady(10, 50, "failure"), steady(50, 90))
    assert row["cause"] == "level unavailable, 40 of 40 requests failed"
    assert seconds(row, "started_latest", "ended_at") == (10.0, 50.1)


def test_what_others_wrote_down_stands_beside(store: Store) -> None:
    """The same incident by its ticket and by its calls: two rows of two origins, and spells of both."""
    detail = pairs({"kind": "down", "component": "till", "cause": "a cable"})
    ticket = Record("import", RecordKind.INCIDENT, at(5), at(30), environment="prod", service="shop", detail=detail)
    store.append(Batch("import", records=[ticket]))
    written, seen = told(store, QUIET, steady(0, 10), steady(10, 20, "failure"), steady(20, 30))
    assert [(row["origin"], span(row)) for row in (written, seen)] == [
        ("imported", (5.0, 30.0)),
        ("detected", (10.0, 20.1)),
    ]
    (spell,) = store.rows("from outage_spells where origin = 'imported'")
    assert seconds(spell, "started_earliest", "started_latest", "ended_latest") == (5.0, 5.0, 30.0)
    assert (spell["cause"], spell["detail"], spell["component"], spell["settle_s"]) == (
        "imported",
        "a cable",
        "till",
        0,
    )


outcomes = st.lists(
    st.tuples(st.integers(0, 5), st.sampled_from(["success", "success", "failure"]), st.sampled_from(["", "pay"])),
    min_size=20,
    max_size=80,
)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(drawn=outcomes, data=st.data())
def test_any_cutting_order_and_repetition_gives_the_same_outages(
    drawn: list[tuple[int, str, str]], data: st.DataObject
) -> None:
    """Calls that come in at once, or in pieces in any order and twice: the same outages and spells."""
    second, calls = 0.0, []
    for number, (gap, outcome, operation) in enumerate(drawn):
        second += gap * (400 if number % 17 == 16 else 1)
        calls.append(call(second + number / 1000, outcome, operation=operation))
    cuts = sorted({0, len(calls), *data.draw(st.sets(st.integers(0, len(calls)), max_size=4), "cuts")})
    pieces = [Batch("log", sightings=calls[start:end]) for start, end in pairwise(cuts)]
    order = data.draw(st.permutations([*pieces, pieces[0]]), "order")
    with tempfile.TemporaryDirectory() as folder:
        with Store.open(Path(folder) / "whole.duckdb") as store:
            store.append(Batch("log", sightings=calls))
            refresh(store, QUIET)
            expected = {name: table(store, name) for name in RELATIONS}
        with Store.open(Path(folder) / "pieces.duckdb") as store:
            for piece in order:
                store.append(piece)
                refresh(store, QUIET)
            assert {name: table(store, name) for name in RELATIONS} == expected
