"""Keeping regressions up to date: what has new runs is judged again, and what people said since."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from analysis.regressions.baselines import Baseline, baselines_of
from analysis.regressions.examining import Examined, Terms, examine
from analysis.regressions.judge import OPEN, Regression, as_row, from_row, judged
from analysis.regressions.rules import rule_of
from analysis.regressions.series import Key, key_of, series_of
from analysis.sqlfiles import read_steps
from breakwatch.model import Batch

if TYPE_CHECKING:
    from breakwatch.clock import Instant
    from breakwatch.config import Config
    from store import Store

_SQL = read_steps("analysis.regressions", "regressions.sql")

_OWN = "regressions"
"""Under this name it is remembered among the checkpoints of sources by which rules and baselines was judged."""

AUDITED = ("baseline set", "regression accepted", "baseline dropped")
"""What the log of what people did says of baselines."""

VERSION = "1"
"""Raise it when the same runs would be judged otherwise."""


def refresh_regressions(store: Store, config: Config, now_us: Instant, *, imported: bool) -> None:
    """Judge the series that have new runs; all of them where rules or baselines are other ones, or have expired.

    Must run inside a transaction.
    """
    (last,) = store.rows(_SQL["last"], {"own": _OWN})
    if not (imported or last["any_series"]):
        return
    baselines = [one for one in baselines_of(store.rows(_SQL["baselines"])) if one.holds(now_us)]
    terms = json.dumps([VERSION, config.regressions.model_dump(mode="json"), [repr(one) for one in baselines]])
    everything = last["terms"] != terms
    if not (imported or everything):
        return
    rows = store.rows(_SQL["changed"], {"everything": everything})
    if rows:
        _judge(store, config, baselines, rows)
    if everything:
        store.replace("audit_log", [{"action": action} for action in AUDITED], store.rows(_SQL["audited"]))
        store.append(Batch(_OWN, checkpoints={"terms": terms}))


def _judge(store: Store, config: Config, baselines: Sequence[Baseline], rows: Sequence[Mapping[str, Any]]) -> None:
    settings = config.regressions
    families = {(row["environment"], row["release"]): int(row["tested"]) for row in store.rows(_SQL["tested"])}
    pinned = {one.baseline_id: _compared(one, families) for one in baselines if one.kind == "pinned"}
    terms = Terms(settings.false_discovery_rate, baselines, pinned)
    tested = [examine(series, rule_of(series.key, settings), terms) for series in series_of(rows)]
    families |= {(f"baseline {one.name}", ""): pinned.get(one.baseline_id, 1) for one in baselines}
    known = [from_row(row, key_of(row)) for row in store.rows(_SQL["known"])]
    found = judged(tested, known, families, baselines, settings.false_discovery_rate)
    store.replace("regressions", {}, [as_row(one) for one in found])
    renewed = {one.series.key for one in tested}
    kept = [row for row in store.rows(_SQL["known_series"]) if key_of(row) not in renewed]
    store.replace("benchmark_series", {}, [*kept, *_series_rows(tested, found)])


def _compared(base: Baseline, families: Mapping[tuple[str, str], int]) -> int:
    """Return how many series a pinned baseline is compared with at most: those that have a run of it."""
    fitting = [n for (where, what), n in families.items() if what == base.revision and base.environment in {"", where}]
    return max(sum(fitting), 1)


def _series_rows(tested: Sequence[Examined], found: Sequence[Regression]) -> list[dict[str, Any]]:
    standing: dict[Key, set[str]] = {}
    for one in found:
        standing.setdefault(one.key, set()).add(one.status)
    return [_series_row(one, standing.get(one.series.key, set())) for one in tested if one.series.runs]


def _series_row(tested: Examined, statuses: set[str]) -> dict[str, Any]:
    series, newest = tested.series, tested.series.runs[-1]
    words = {"confirmed": "regressed", "suspected": "suspected"}
    state = next((words[status] for status in reversed(OPEN) if status in statuses), "")
    return series.key.columns() | {
        "better": series.better,
        "runs": len(series.runs),
        "repetitions": len(newest.values),
        "first_run_at": series.runs[0].run_at_us,
        "last_run_at": newest.run_at_us,
        "revision": newest.revision,
        "level": _median(series.values[tested.begins :].tolist()),
        "judged": state or ("not_enough_data" if tested.lacking else "steady"),
        "reason": "; ".join(tested.lacking),
        "content": series.content,
    }


def _median(values: Sequence[float]) -> float:
    from statistics import median

    return float(median(values))
