"""``regressions``: how many regressions of benchmarks stand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from analysis.asking import Ask, Ground, Measured, asked
from analysis.indicator import Indicator
from analysis.sqlfiles import read_sql

_SQL = read_sql("analysis.indicators", "regressions.sql")


def compute(ground: Ground, asks: Sequence[Ask]) -> list[Measured]:
    """Return how many confirmed regressions stood at the end of each window; a service is a suite of that name.

    At most, those suspected and the series that could not be judged are regressions too; ``n`` counts series.
    """
    counted: list[Counter[tuple[str, str]]] = [Counter() for _ in asks]
    examples: list[dict[tuple[str, str], str]] = [{} for _ in asks]
    for row in ground.rows.rows(_SQL, asked(asks, _SQL) | {"now_us": ground.now_us}):
        counted[row["ask"]][row["what"], row["state"]] += row["number"]
        examples[row["ask"]][row["what"], row["state"]] = row["example"] or ""
    return [_measured(found, said) for found, said in zip(counted, examples, strict=True)]


def _measured(found: Counter[tuple[str, str]], said: dict[tuple[str, str], str]) -> Measured:
    series = sum(number for (what, _), number in found.items() if what == "series")
    confirmed = found["regression", "confirmed"]
    if not series and not confirmed:
        return Measured(note="no benchmark ran in the window", remedy="breakwatch import benchmarks FILE")
    suspected, unknown = found["regression", "suspected"], found["series", "not_enough_data"]
    notes, remedy = [], ""
    if confirmed:
        notes.append(f"such as {said['regression', 'confirmed']}")
    if suspected:
        notes.append(f"{suspected} suspected, such as {said['regression', 'suspected']}")
        remedy = "run the benchmarks again: more runs confirm a suspicion, or take it back"
    if unknown:
        notes.append(f"{unknown} of {series} series cannot be judged: {said['series', 'not_enough_data']}")
        remedy = "run the benchmarks more often, with more repetitions"
    return Measured(
        float(confirmed), float(confirmed), float(confirmed + suspected + unknown), series,
        note="; ".join(notes), remedy=remedy,
    )  # fmt: skip


INDICATOR = Indicator(
    "regressions",
    unit="regressions",
    measures="changes of benchmarks for the worse that stand at the end of the window and nobody has accepted",
    formula="number of confirmed regressions; at most those suspected and the series with too little data as well",
    better="lower",
    nothing="unknown",
    compute=compute,
    rows="regressions",
    covered=False,
)
