"""From runs that are imported to regressions that are reported."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import analysis
from analysis.asking import Ask, Ground, Measured, Scope
from analysis.indicators import indicators
from analysis.questions.baselines import numbered
from analysis.regressions import examining
from analysis.regressions.examining import Examined, Terms
from analysis.regressions.rules import Rule
from analysis.regressions.series import Series
from analysis.verdicts.judge import evaluate
from breakwatch.clock import DAY_US, HOUR_US, fixed_clock
from breakwatch.config import Config, Objective, RollingWindow
from breakwatch.config_regressions import BenchmarkRule, Regressions
from breakwatch.config_units import Target
from breakwatch.model import Batch, pairs
from breakwatch.records import Record, RecordKind
from store import Store

START_US = 1_767_225_600_000_000
NOW_US = START_US + 200 * DAY_US
WINDOW = RollingWindow(length_s=200 * 86400.0)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """An empty store on the day ``NOW_US``."""
    with Store.open(tmp_path / "b.duckdb", clock=fixed_clock(NOW_US)) as opened:
        yield opened


def bring(store: Store, values: dict[str, Any], *, first: int = 0, config: Config | None = None, **words: str) -> None:
    """Import runs, six hours apart; each value is a run, or the list of its repetitions."""
    records = []
    said = {"suite": "api", "metric": "time", "unit": "ms", "better": "lower", "run_environment": "ci"} | words
    for benchmark, runs in values.items():
        for at, run in enumerate(runs, first):
            detail = pairs(said | {"benchmark": benchmark, "revision": f"v{at}"})
            for twin, value in enumerate(np.atleast_1d(run)):
                records.append(
                    Record(
                        "test",
                        RecordKind.BENCHMARK,
                        START_US + at * 6 * HOUR_US,
                        value=float(value),
                        detail=detail,
                        twin=twin,
                    )
                )
    store.append(Batch("test", records=records))
    analysis.refresh(store, config or Config())


def said(
    store: Store,
    kind: str,
    name: str,
    *,
    config: Config | None = None,
    until_us: int | None = None,
    at: int = 0,
    **words: str,
) -> None:
    """Say something about baselines, as the command does."""
    detail = pairs({"name": name, "kind": kind, "reason": "because", "actor": "ann"} | words)
    level = float(words["level"]) if "level" in words else None
    record = Record("baseline", RecordKind.BASELINE, NOW_US - DAY_US + at, until_us, value=level, detail=detail)
    store.append(Batch("baseline", records=[record]))
    analysis.refresh(store, config or Config())


def noise(seed: int, n: int, level: float = 100.0, share: float = 0.03) -> np.ndarray:
    """Return runs on one level."""
    return level * (1 + share * np.random.default_rng(seed).standard_normal(n))


def stepped(seed: int, n: int, at: int, factor: float, share: float = 0.03) -> np.ndarray:
    """Return runs whose level changes by a factor."""
    values = noise(seed, n, share=share)
    values[at:] *= factor
    return values


def found(store: Store) -> list[dict[str, Any]]:
    """Return every regression that is kept."""
    return store.rows("from regressions order by benchmark, changed_at, rule")


def states(store: Store) -> dict[str, tuple[str, str | None]]:
    """Return how each series stands, and what it lacks."""
    return {row["benchmark"]: (row["judged"], row["reason"]) for row in store.rows("from benchmark_series")}


def test_a_regression_is_reported_with_its_release(store: Store) -> None:
    """A level that rose by a fifth is confirmed at its version, with both levels; steady series are steady."""
    bring(store, {"slow": stepped(1, 60, 40, 1.2), "same": noise(2, 60)})
    (row,) = found(store)
    assert (row["benchmark"], row["revision"], row["status"], row["rule"]) == ("slow", "v40", "confirmed", "change")
    assert row["effect"] == pytest.approx(0.2, abs=0.03)
    assert row["p_adjusted"] < 1e-6
    assert (row["runs_before"], row["runs_after"]) == (40, 20)
    assert states(store) == {"slow": ("regressed", None), "same": ("steady", None)}


def test_only_the_bad_direction_regresses(store: Store) -> None:
    """Faster is no regression, and neither is more throughput; less is."""
    bring(store, {"faster": stepped(1, 60, 40, 0.8)})
    bring(store, {"more": stepped(1, 60, 40, 1.2), "less": stepped(1, 60, 40, 0.8)}, better="higher", unit="req/s")
    assert [(row["benchmark"], round(row["effect"], 1)) for row in found(store)] == [("less", 0.2)]


def test_what_is_too_small_to_matter_is_not_reported(store: Store) -> None:
    """A credible change under the floor is none; a rule may set the floor for one series."""
    strict = Config(regressions=Regressions(benchmarks=(BenchmarkRule(benchmark="b*", min_effect=0.02),)))
    values = {"a": stepped(1, 120, 60, 1.03, 0.01), "b": stepped(2, 120, 60, 1.03, 0.01)}
    bring(store, values, config=strict)
    assert [row["benchmark"] for row in found(store)] == ["b"]
    analysis.refresh(store, Config())
    assert [(row["benchmark"], row["status"]) for row in found(store)] == [("b", "withdrawn")]


def test_small_steps_that_add_up_are_a_regression(store: Store) -> None:
    """Each step under the floor, all together above it: the normal does not creep along."""
    values = np.concatenate([noise(9 + i, 60, 100 * 1.04**i, 0.01) for i in range(4)])
    bring(store, {"creeping": values})
    (row,) = found(store)
    assert row["before"] == pytest.approx(100, rel=0.01)
    assert 0.05 <= row["effect"] <= 0.1


def test_a_regression_that_is_mended_is_withdrawn(store: Store) -> None:
    """Back on the old level, the regression stands no more and says with which version that was."""
    values = stepped(3, 90, 30, 1.2)
    values[60:] /= 1.2
    bring(store, {"b": values[:60]})
    (before,) = found(store)
    bring(store, {"b": values[60:]}, first=60)
    (after,) = found(store)
    assert (before["status"], after["status"]) == ("confirmed", "withdrawn")
    assert after["regression_id"] == before["regression_id"]
    assert after["reason"] == "back on the level before with v60"


def test_three_runs_suspect_and_more_confirm_or_withdraw(store: Store) -> None:
    """One regression goes from suspected to confirmed under one number; another suspicion is taken back."""
    stays, goes = stepped(4, 80, 50, 1.3), noise(5, 80)
    goes[50:53] *= 1.3
    bring(store, {"stays": stays[:53], "goes": goes[:53]})
    first = {row["benchmark"]: row for row in found(store)}
    assert {name: row["status"] for name, row in first.items()} == {"stays": "suspected", "goes": "suspected"}
    bring(store, {"stays": stays[53:], "goes": goes[53:]}, first=53)
    later = {row["benchmark"]: row for row in found(store)}
    assert {name: row["status"] for name, row in later.items()} == {"stays": "confirmed", "goes": "withdrawn"}
    assert later["stays"]["regression_id"] == first["stays"]["regression_id"]


def test_changes_of_one_release_are_one_event(store: Store) -> None:
    """Three series that got worse with one version share an event; another version is another event."""
    values = {f"b{i}": stepped(i, 60, 40, 1.25) for i in range(3)} | {"later": stepped(7, 60, 50, 1.25)}
    bring(store, values)
    events: dict[int, set[str]] = {}
    for row in found(store):
        events.setdefault(row["event_id"], set()).add(row["benchmark"])
    assert sorted(events.values(), key=len) == [{"later"}, {"b0", "b1", "b2"}]


def test_machines_are_never_mixed(store: Store) -> None:
    """Runs on a slower machine are another series, not a regression."""
    bring(store, {"b": noise(1, 30)}, run_environment="fast")
    bring(store, {"b": noise(2, 30, 150.0)}, first=30, run_environment="slow")
    assert found(store) == []
    assert store.rows("select count(*) as n from benchmark_series")[0]["n"] == 2


def test_few_runs_are_not_green(store: Store) -> None:
    """A new benchmark has not enough data, and says what it takes; it is not called steady."""
    bring(store, {"new": noise(1, 3)})
    assert states(store)["new"] == ("not_enough_data", "not enough data: 3 of the 8 runs that it takes to see a change")


def test_an_accepted_level_is_the_new_normal_until_it_expires(tmp_path: Path) -> None:
    """Accepted, it is no regression; a further rise is one; when the acceptance is over it is one again."""
    values = stepped(6, 120, 40, 1.2)
    values[80:] *= 1.15
    with Store.open(tmp_path / "b.duckdb", clock=fixed_clock(NOW_US)) as store:
        bring(store, {"b": values[:80]})
        (row,) = found(store)
        changed = str(START_US + 40 * 6 * HOUR_US)
        said(
            store, "accepted", str(row["regression_id"]), until_us=NOW_US + DAY_US, suite="api", benchmark="b",
            changed_us=changed, level="120",
        )  # fmt: skip
        assert [(row["status"], row["reason"]) for row in found(store)] == [("accepted", "because")]
        bring(store, {"b": values[80:]}, first=80)
        assert [row["status"] for row in found(store)] == ["accepted", "confirmed"]
        assert found(store)[1]["before"] == pytest.approx(120, rel=0.02)
    with Store.open(tmp_path / "b.duckdb", clock=fixed_clock(NOW_US + 2 * DAY_US)) as store:
        analysis.refresh(store, Config())
        assert [row["status"] for row in found(store)] == ["confirmed", "confirmed"]


def test_a_pinned_baseline_is_compared_by_repetitions(store: Store) -> None:
    """Twenty repetitions against twenty show a tenth; five against five, among many series, are not enough data."""
    rng = np.random.default_rng(1)
    enough = [100 * (1 + 0.05 * rng.standard_normal(20)), 110 * (1 + 0.05 * rng.standard_normal(20))]
    few = {f"few{i}": [noise(i, 5), noise(50 + i, 5)] for i in range(40)}
    bring(store, {"enough": enough, **few})
    said(store, "pinned", "release", revision="v0")
    (row,) = found(store)
    assert (row["benchmark"], row["rule"], row["baseline"], row["status"]) == (
        "enough",
        "baseline",
        "release",
        "confirmed",
    )
    assert row["effect"] == pytest.approx(0.1, abs=0.04)
    assert states(store)["few0"] == ("not_enough_data", "not enough data: n=5 cannot reach q=.05 over 41 series")


def test_the_baseline_is_never_compared_with_itself(store: Store) -> None:
    """While the pinned version is the newest there is nothing to say, and that is said."""
    bring(store, {"b": [noise(1, 20)]})
    said(store, "pinned", "release", revision="v0")
    assert states(store)["b"] == ("not_enough_data", "not enough data: no run after the baseline release")


def test_what_people_did_is_in_the_audit_log(store: Store) -> None:
    """Who set, accepted or dropped a baseline, and why; what is dropped holds no more."""
    bring(store, {"b": [noise(1, 20), noise(2, 20, 130)]})
    said(store, "pinned", "release", revision="v0")
    assert [row["status"] for row in found(store)] == ["confirmed"]
    said(store, "dropped", "release", at=1)
    assert [row["status"] for row in found(store)] == ["withdrawn"]
    log = store.rows("select actor, action, reason from audit_log order by occurred_at")
    assert log == [
        {"actor": "ann", "action": "baseline set", "reason": "because"},
        {"actor": "ann", "action": "baseline dropped", "reason": "because"},
    ]


def test_a_limit_holds_without_any_history(store: Store) -> None:
    """A median proved to be above its limit is reported; one around it cannot be told; one below it is fine."""
    limit = BenchmarkRule(metric="time", at_most=Target(0.1, "s"))
    config = Config(regressions=Regressions(benchmarks=(limit,)))
    bring(
        store,
        {"over": [noise(1, 10, 120.0)], "under": [noise(2, 10, 80.0)], "at": [noise(3, 10, 100.0)]},
        config=config,
    )
    (row,) = found(store)
    assert (row["benchmark"], row["rule"], row["before"], row["status"]) == ("over", "bound", 100.0, "confirmed")
    assert "on both sides of the limit 100" in str(states(store)["at"][1])
    assert "limit" not in str(states(store)["under"][1])


def test_counts_are_compared_as_counts(store: Store) -> None:
    """Rare retries that trebled are found, where a detector for durations sees nothing but zeros."""
    rng = np.random.default_rng(11)
    values = np.concatenate([rng.poisson(0.3, 120), rng.poisson(1.2, 60)])
    bring(store, {"retries": values}, unit="count", metric="retries")
    (row,) = found(store)
    assert (row["rule"], row["status"]) == ("count", "confirmed")
    assert abs(int(str(row["revision"])[1:]) - 120) <= 8


def test_many_series_of_noise_raise_no_alarm(store: Store) -> None:
    """Hundred series that never changed: the correction for their number leaves none of them reported."""
    bring(store, {f"b{i}": noise(1000 + i, 60, share=0.05) for i in range(100)})
    assert found(store) == []


def test_only_what_has_new_runs_is_judged_again(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of many series only the one with a new run is tested; without new runs none is."""
    tested: list[str] = []

    def spy(series: Series, rule: Rule, terms: Terms) -> Examined:
        tested.append(series.key.benchmark)
        return examining.examine(series, rule, terms)

    monkeypatch.setattr("analysis.regressions.keeping.examine", spy)
    bring(store, {f"b{i}": noise(i, 20) for i in range(5)})
    bring(store, {"b3": noise(9, 1)}, first=20)
    analysis.refresh(store, Config())
    assert tested == ["b0", "b1", "b2", "b3", "b4", "b3"]


def test_imported_twice_or_in_another_order_is_the_same(tmp_path: Path) -> None:
    """The same runs, whole or backwards or twice, end in the same regressions."""
    values = stepped(1, 60, 40, 1.2)
    shown = []
    for name, parts in {"whole": [(0, 60)], "backwards": [(30, 60), (0, 30)], "twice": [(0, 60), (0, 60)]}.items():
        with Store.open(tmp_path / name, clock=fixed_clock(NOW_US)) as store:
            for start, end in parts:
                bring(store, {"b": values[start:end]}, first=start)
            shown.append([row for row in found(store) if row["status"] != "withdrawn"])
    assert shown[0] == shown[1] == shown[2]


def measured(store: Store, **scope: str) -> Measured:
    """Return what the indicator says of the last 200 days."""
    asks = [Ask(Scope(**scope), ((START_US, NOW_US),))]  # type: ignore[arg-type]
    return indicators()["regressions"].compute(Ground(store, Config(), NOW_US), asks)[0]


def test_the_indicator_counts_what_stands_and_bounds_what_may(store: Store) -> None:
    """Confirmed ones are the value; suspected ones and series with too little data are in its upper bound."""
    assert measured(store).value is None
    bring(store, {"slow": stepped(1, 60, 40, 1.2), "same": noise(2, 60), "new": noise(3, 2)})
    bring(store, {"maybe": stepped(4, 53, 50, 1.3)}, suite="other")
    every = measured(store)
    assert (every.value, every.low, every.high, every.n) == (1, 1, 3, 4)
    assert measured(store, service="other").high == 1
    assert measured(store, service="api", operation="same").high == 0


def verdict(store: Store) -> tuple[str, str, str]:
    """Return how an objective that wants no regressions is judged, why, and what would settle it."""
    wanted = Objective(name="none", indicator="regressions", at_most=Target(0.0), window=WINDOW)
    (found,) = evaluate(store, Config(objectives=(wanted,)), NOW_US)
    return found.judged.verdict, found.judged.reason, found.judged.remedy


def test_an_objective_about_regressions_is_met_missed_or_cannot_be_told(store: Store) -> None:
    """No regression among enough runs is met, a confirmed one missed, a suspected one cannot be told."""
    bring(store, {"same": noise(2, 60)})
    assert verdict(store)[0] == "met"
    bring(store, {"maybe": stepped(4, 53, 50, 1.3)})
    told, reason, remedy = verdict(store)
    assert told == "cannot_tell"
    assert "1 suspected, such as api maybe time" in reason
    assert remedy.startswith("run the benchmarks again")
    bring(store, {"slow": stepped(1, 60, 40, 1.2)})
    assert verdict(store)[0] == "missed"


def test_an_objective_about_a_new_benchmark_cannot_be_told(store: Store) -> None:
    """Three runs are no green."""
    bring(store, {"new": noise(1, 3)})
    told, reason, _ = verdict(store)
    assert (told, "not enough data" in reason) == ("cannot_tell", True)


def test_a_whole_release_is_accepted_by_the_number_of_its_event(store: Store) -> None:
    """All that stands under an event is found by its number, as a single one by its own."""
    bring(store, {f"b{i}": stepped(i, 60, 40, 1.25) for i in range(3)})
    rows = found(store)
    assert [row["benchmark"] for row in numbered(store, rows[0]["event_id"])] == ["b0", "b1", "b2"]
    assert [row["benchmark"] for row in numbered(store, rows[1]["regression_id"])] == ["b1"]


def test_what_appears_out_of_nothing_has_no_relative_size(store: Store) -> None:
    """Where the level before was 0 the effect is NULL, and stays so when it is judged again."""
    bring(store, {"errors": np.concatenate([np.zeros(40), np.full(20, 7.0)])}, unit="errors", metric="errors")
    bring(store, {"other": noise(1, 60)})
    (row,) = found(store)
    assert (row["before"], row["after"], row["effect"], row["status"]) == (0.0, 7.0, None, "confirmed")
