"""Everything one series is tested for, each rule by itself: changes of level, pinned baselines, limits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from analysis.regressions.baselines import Baseline
from analysis.regressions.changepoints import FEWEST
from analysis.regressions.levels import Found, worsened
from analysis.regressions.limits import CONFIDENCE, hold
from analysis.regressions.rules import Rule
from analysis.regressions.series import Run, Series
from analysis.regressions.twosample import compare, too_few

MOST_OF_LEVEL = 20
"""So many of the newest runs on the present level stand for it where a run has too few repetitions of its own."""


@dataclass(frozen=True, slots=True)
class Examined:
    """What the tests say of a series.

    Attributes:
        lacking: why some of it cannot be said.
        begins: the first run on its present level.
    """

    series: Series
    found: Sequence[Found] = ()
    lacking: Sequence[str] = ()
    begins: int = 0


@dataclass(frozen=True, slots=True)
class Terms:
    """What all series are held to.

    Attributes:
        rate: the share of reports that may be due to chance.
        tested: how many series are compared with each pinned baseline.
    """

    rate: float
    baselines: Sequence[Baseline] = ()
    tested: Mapping[int, int] = field(default_factory=dict)


def examine(series: Series, rule: Rule, terms: Terms) -> Examined:
    """Return what a series is found to be, and what cannot be said of it."""
    if rule.ignore or not series.runs:
        return Examined(series)
    about = [one for one in terms.baselines if one.about(series.key)]
    found, begins = worsened(series, rule.min_effect, lambda one: _acceptance(series, one, about, rule) > 0)
    pinned = [_against(series, base, rule, terms) for base in about if base.kind == "pinned"]
    lacking = []
    if len(series.runs) < FEWEST and not pinned:  # with a baseline it takes two versions, no history
        lacking.append(f"not enough data: {len(series.runs)} of the {FEWEST} runs that it takes to see a change")
    bound = [_held(series, begins, rule)]
    for one in (*pinned, *bound):
        if isinstance(one, str):
            lacking.append(one)
        elif one is not None:
            found.append(one)
    marked = [replace(one, accepted_by=_acceptance(series, one, about, rule)) for one in found]
    return Examined(series, marked, lacking, begins)


def _acceptance(series: Series, found: Found, about: Sequence[Baseline], rule: Rule) -> int:
    """Return the number of the baseline that accepts a level; 0 for none: limits hold whatever anybody accepts."""
    if found.rule == "bound":
        return 0
    return next((base.baseline_id for base in about if base.accepts(series, found, rule.min_effect)), 0)


def _against(series: Series, base: Baseline, rule: Rule, terms: Terms) -> Found | str | None:
    """Compare the newest version with a pinned one; a text where that cannot be done."""
    reference = [run for run in series.runs if run.revision == base.revision]
    if not reference:
        return f"not enough data: no run of {base.revision}, the baseline {base.name}"
    newest = _newest(series)
    if newest[0].run_at_us <= reference[-1].run_at_us:
        return f"not enough data: no run after the baseline {base.name}"
    before, after = ([value for run in runs for value in run.values] for runs in (reference, newest))
    if lack := too_few(len(before), len(after), terms.tested.get(base.baseline_id, 1), terms.rate):
        return lack
    compared = compare(before, after)
    effect = series.worse_by(compared.before, compared.after)
    if effect < rule.min_effect or effect <= 0:
        return None
    at = series.runs.index(newest[0])
    return Found(
        "baseline", at, series.runs.index(reference[-1]) + 1, at, compared.before, compared.after, effect, compared.p,
        "confirmed", len(reference), len(newest), baseline=base.name,
    )  # fmt: skip


def _newest(series: Series) -> Sequence[Run]:
    """Return the runs of the newest version, from the first of those that follow each other at the end."""
    start = len(series.runs) - 1
    revision = series.runs[start].revision
    while revision and start and series.runs[start - 1].revision == revision:
        start -= 1
    return series.runs[start:]


def _held(series: Series, begins: int, rule: Rule) -> Found | str | None:
    """Hold the newest run, or the present level, against the limit."""
    limit, above = (rule.at_most, True) if rule.at_most is not None else (rule.at_least, False)
    if limit is None:
        return rule.lacking or None
    newest = series.runs[-1]
    level = series.runs[begins:][-MOST_OF_LEVEL:]
    values = newest.values if len(newest.values) >= len(level) else [run.value for run in level]
    held = hold(values, limit, above=above)
    if held.low is None or held.high is None:
        return f"not enough data: n={len(values)} gives no {CONFIDENCE:.0%} bound of a median for the limit {limit:g}"
    last = len(series.runs) - 1
    if (held.low > limit) if above else (held.high < limit):
        first = last if values is newest.values else begins
        effect = abs(held.value - limit) / abs(limit) if limit else float("inf")
        return Found("bound", first, first, last, limit, held.value, effect, held.p, "confirmed", 0, last - first + 1)
    if (held.high > limit) if above else (held.low < limit):
        return (
            f"not enough data: the median lies in {held.low:g} to {held.high:g}, on both sides of the limit {limit:g}"
        )
    return None
