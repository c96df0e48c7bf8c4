"""Verdicts kept: what was said of each window, what restates it, and why.

Of a window that moves on with the present the last verdict of each day is kept, and each at which the word changed. A
window that is over and is judged again gives the same verdict; where it does not, both are kept, and the later one says
what changed: the policy, the objective, what was declared not to count, or the data.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from analysis.sqlfiles import read_steps
from analysis.verdicts.exclusions import Exclusion, of_configuration
from analysis.verdicts.restating import changed
from analysis.verdicts.verdict import Verdict
from breakwatch.clock import DAY_US, Instant
from breakwatch.config import Config
from store import Rows, Store

_SQL = read_steps("analysis.verdicts", "history.sql")

Row = Mapping[str, Any]

_LATE = " after the fact"


def keep(store: Store, config: Config, verdicts: Sequence[Verdict]) -> list[Verdict]:
    """Keep verdicts and return them; those that differ from what was said of the same window say what changed.

    Must run inside a transaction, or makes one of its own.
    """
    if not verdicts:
        return []
    with store.transaction():
        rows = _kept(store, verdicts)
        by_question = {row["question_id"]: row for row in rows}
        last = _last_of_subjects(rows)
        said: list[Verdict] = []
        gone: set[int] = set()
        fresh: dict[int, Verdict] = {}
        for verdict in verdicts:
            before = by_question.get(verdict.question_id)
            if before is not None and _same(before, verdict):
                said.append(replace(verdict, restates=None))
                continue
            if before is not None and _is_final(before):
                told = _restated(store, config, verdict, before)
            else:
                told = verdict
                stands = before if before is not None else last.get(_subject(verdict))
                if stands is not None and _goes_on(stands, verdict):
                    gone.add(stands["verdict_id"])
            said.append(told)
            fresh[told.verdict_id] = told
        scopes = [{"verdict_id": number} for number in sorted(gone | set(fresh))]
        store.replace("verdicts", scopes, [one.row() for one in fresh.values()])
        _audit(store, config, verdicts[0].evaluated_us)
    return [replace(one, kept=True) for one in said]


def _kept(store: Store, verdicts: Iterable[Verdict]) -> list[Row]:
    asked = list(verdicts)
    found: list[Row] = []
    found += store.rows(
        _SQL["answered"],
        {
            "questions": sorted({one.question_id for one in asked}),
            "objectives": sorted({one.objective.name for one in asked}),
            "since_us": min(one.until_us for one in asked) - 2 * DAY_US,
        },
    )
    return found


def _subject(one: Verdict) -> tuple[object, ...]:
    return one.objective.name, one.environment, one.service, one.breaker, one.operation, one.policy_name, one.window


def _last_of_subjects(rows: Iterable[Row]) -> dict[tuple[object, ...], Row]:
    """Return the last row of each subject; rows come in the order in which they were judged."""
    names = ("objective", "environment", "service", "breaker", "operation", "policy", "window_name")
    found: dict[tuple[object, ...], Row] = {}
    for row in rows:
        key = tuple(row[name] for name in names)
        if key not in found or row["window_end_us"] >= found[key]["window_end_us"]:
            found[key] = row
    return found


def _same(row: Row, verdict: Verdict) -> bool:
    """Say whether a verdict was kept already: of as much of the same window, and with the same answer."""
    if row["known_until_us"] != verdict.until_us and not _is_final(row):
        return False
    return bool(row["verdict_id"] == verdict.verdict_id) or (answer_of(row), row["terms"]) == (
        verdict.answer,
        verdict.terms,
    )


def verdict_row(rows: Rows, verdict_id: int) -> Row | None:
    """Return a kept verdict by its number."""
    found = rows.rows(_SQL["verdict"], {"verdict_id": verdict_id})
    return found[0] if found else None


def answer_of(row: Row) -> tuple[object, ...]:
    """Return what a kept row answered, to be held against ``Verdict.answer``."""
    return (
        row["value"], row["low"], row["high"], row["n"], row["ongoing"], row["coverage"], row["target"],
        row["verdict"], row["leaning"] or "",
    )  # fmt: skip


def _is_final(row: Row) -> bool:
    return bool(row["known_until_us"] >= row["window_end_us"])


def _goes_on(row: Row, verdict: Verdict) -> bool:
    """Say whether a row is the same story a moment earlier: of the same day, with the same word, still moving."""
    if verdict.experiment is not None or verdict.window == "as asked":
        return False
    earlier = row["known_until_us"] < verdict.until_us
    same_day = row["known_until_us"] // DAY_US == verdict.until_us // DAY_US
    told = (row["verdict"], row["leaning"] or "", row["terms"])
    return bool(earlier and same_day and told == (verdict.verdict, verdict.judged.leaning, verdict.terms))


def _restated(store: Store, config: Config, verdict: Verdict, row: Row) -> Verdict:
    why = "; ".join(changed(store, config, verdict, row, answer_of(row)))
    reason = f"restated: {why}" + (f"; {verdict.judged.reason}" if verdict.judged.reason else "")
    return replace(verdict, restates=row["verdict_id"], judged=replace(verdict.judged, reason=reason))


def _audit(store: Store, config: Config, now_us: Instant) -> None:
    """Remember when maintenance first stood in the configuration, and whether that was after it began."""
    if not config.maintenance:
        return
    known = {(row["action"].split(_LATE)[0], row["subject"], row["reason"]) for row in store.rows(_SQL["audited"])}
    for one in of_configuration(config):
        row = declared(now_us, one)
        if (row["action"].split(_LATE)[0], row["subject"], row["reason"]) not in known:
            store.replace("audit_log", {name: row[name] for name in ("action", "subject", "reason")}, [row])


def declared(now_us: Instant, one: Exclusion) -> dict[str, Any]:
    """Return the row of the audit log for time that is declared not to count."""
    return {
        "environment": one.environment or "",
        "occurred_at": now_us,
        "actor": one.actor,
        "action": f"declared {one.kind}{_LATE if one.start_us < now_us else ''}",
        "subject": one.service or "every service",
        "reason": f"{one.span_words}{f': {one.why}' if one.why else ''}",
        "labels": {},
    }
