"""From what series are found to be to what is reported: false discoveries taken out, one event for each release.

Statuses: *suspected* by the newest runs, *confirmed*, *accepted* by a person with a reason, *withdrawn* because the
series is back on its level or because later runs do not bear it out.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import inf, isfinite
from typing import Any

from analysis.regressions.baselines import NEARBY, Baseline
from analysis.regressions.examining import Examined
from analysis.regressions.fdr import adjusted
from analysis.regressions.levels import Found
from analysis.regressions.series import Key, Series
from breakwatch.clock import DAY_US, Instant, from_us
from breakwatch.model import stable_id

NOT_BORNE_OUT = "the runs since do not bear it out"
OPEN = ("suspected", "confirmed")


@dataclass(frozen=True, slots=True)
class Regression:
    """A regression as it is kept; the attributes are those of the view ``regressions``, with times in microseconds.

    ``near_us`` is not kept: within this span a change of the series is the same one.
    """

    key: Key
    better: str
    rule: str
    baseline: str
    changed_us: Instant
    earliest_us: Instant
    latest_us: Instant
    revision: str
    before: float
    after: float
    effect: float
    runs_before: int
    runs_after: int
    p: float
    p_adjusted: float = 1.0
    status: str = "confirmed"
    regression_id: int = 0
    event_id: int = 0
    recovered_us: Instant | None = None
    reason: str = ""
    accepted_until_us: Instant | None = None
    near_us: tuple[Instant, Instant] | None = None

    @property
    def family(self) -> tuple[str, str]:
        """What it is tested together with: the series of its release, or of its baseline; a limit stands alone."""
        if self.rule == "baseline":
            return f"baseline {self.baseline}", ""
        return self.key.environment, self.revision or _day(self.changed_us)


def _day(at_us: Instant) -> str:
    return from_us(at_us // DAY_US * DAY_US).date().isoformat()


def judged(
    tested: Sequence[Examined],
    known: Iterable[Regression],
    families: Mapping[tuple[str, str], int],
    baselines: Sequence[Baseline],
    rate: float,
) -> list[Regression]:
    """Return every regression as of now: those of the tested series anew, those of all others as they are known.

    Args:
        tested: the series that were tested now, with what was found.
        known: what was kept before.
        baselines: those that hold.
        families: how many series are tested at once, by release and by pinned baseline.
        rate: the share of false ones among those reported, at most.
    """
    renewed = {one.series.key for one in tested}
    before: dict[Key, list[Regression]] = defaultdict(list)
    others: list[Regression] = []
    for regression in known:
        (before[regression.key] if regression.key in renewed else others).append(regression)
    candidates = [_regression(one.series, found, baselines) for one in tested for found in one.found]
    corrected = _corrected([*candidates, *(one for one in others if one.status != "withdrawn")], families)
    credible = [one for one in corrected[: len(candidates)] if one.rule == "bound" or one.p_adjusted <= rate]
    followed = _followed(credible, before)
    standing = corrected[len(candidates) :]
    return _events([*followed, *standing]) + [one for one in others if one.status == "withdrawn"]


def _regression(series: Series, found: Found, baselines: Sequence[Baseline]) -> Regression:
    runs = series.runs
    acceptance = next((one for one in baselines if one.baseline_id == found.accepted_by), None)
    status: str = found.tier
    reason = ""
    recovered = None if found.recovered is None else runs[found.recovered]
    if recovered is not None:
        back = f" with {recovered.revision}" if recovered.revision else ""
        status, reason = "withdrawn", f"back on the level before{back}"
    elif acceptance is not None:
        status, reason = "accepted", acceptance.reason
    near = runs[max(found.earliest - NEARBY, 0)], runs[min(found.latest + NEARBY, len(runs) - 1)]
    return Regression(
        series.key, series.better, found.rule, found.baseline, runs[found.index].run_at_us,
        runs[found.earliest].run_at_us, runs[found.latest].run_at_us, runs[found.index].revision,
        found.before, found.after, found.effect, found.runs_before, found.runs_after, found.p, status=status,
        recovered_us=recovered.run_at_us if recovered else None, reason=reason,
        accepted_until_us=acceptance.expires_us if acceptance and status == "accepted" else None,
        near_us=(near[0].run_at_us, near[1].run_at_us),
    )  # fmt: skip


def _corrected(found: Sequence[Regression], families: Mapping[tuple[str, str], int]) -> list[Regression]:
    """Return them with probabilities corrected for the number of series that were tested with each."""
    together: dict[tuple[str, str], list[int]] = defaultdict(list)
    for place, one in enumerate(found):
        if one.rule != "bound":
            together[one.family].append(place)
    corrected = list(found)
    for place, one in enumerate(found):
        if one.rule == "bound":
            corrected[place] = replace(one, p_adjusted=one.p)
    for family, places in together.items():
        chances = adjusted([found[place].p for place in places], families.get(family, 1))
        for place, chance in zip(places, chances, strict=True):
            corrected[place] = replace(found[place], p_adjusted=chance)
    return corrected


def _followed(found: Sequence[Regression], before: Mapping[Key, Sequence[Regression]]) -> list[Regression]:
    """Return regressions with the numbers they had, and those that are found no more as withdrawn."""
    left = {key: list(regressions) for key, regressions in before.items()}
    followed = []
    for one in found:
        same = [old for old in left.get(one.key, ()) if _same(old, one)]
        old = min(same, key=lambda old: abs(old.changed_us - one.changed_us), default=None)
        if old is not None:
            left[one.key].remove(old)
            followed.append(replace(one, regression_id=old.regression_id))
        else:
            number = one.key.number(one.rule, one.baseline, str(one.changed_us))
            followed.append(replace(one, regression_id=number))
    for regressions in left.values():
        followed += [_withdrawn(old) for old in regressions]
    return followed


def _same(old: Regression, new: Regression) -> bool:
    """Return whether two findings are one regression: by the same rule, and a few runs apart at most."""
    if (old.rule, old.baseline) != (new.rule, new.baseline):
        return False
    if old.rule in {"baseline", "bound"}:
        return old.status != "withdrawn"
    first_us, last_us = new.near_us or (new.earliest_us, new.latest_us)
    return first_us <= old.changed_us <= last_us


def _withdrawn(old: Regression) -> Regression:
    if old.status == "withdrawn":
        return old
    return replace(old, status="withdrawn", reason=NOT_BORNE_OUT, accepted_until_us=None)


def _events(regressions: Sequence[Regression]) -> list[Regression]:
    """Give the regressions of one release one number: those whose change may lie where the surest one's does."""
    leads: list[Regression] = []
    found = []
    for one in sorted(regressions, key=lambda one: (one.p, one.changed_us, one.regression_id)):
        lead = next((lead for lead in leads if _together(lead, one)), None)
        if lead is None:
            number = stable_id("event", one.key.environment, one.revision or str(one.changed_us))
            lead = replace(one, event_id=number)
            leads.append(lead)
        found.append(replace(one, event_id=lead.event_id))
    return sorted(found, key=lambda one: (one.changed_us, one.key, one.regression_id))


def _together(lead: Regression, one: Regression) -> bool:
    if lead.key.environment != one.key.environment:
        return False
    if lead.revision and lead.revision == one.revision:
        return True
    return one.earliest_us <= lead.changed_us <= one.latest_us


def as_row(one: Regression) -> dict[str, Any]:
    """Return a regression as a row of the kept table."""
    names = (
        "better", "rule", "baseline", "revision", "before", "after", "effect", "runs_before", "runs_after", "p",
        "p_adjusted", "status", "regression_id", "event_id", "reason",
    )  # fmt: skip
    times = {
        "changed_at": one.changed_us,
        "changed_earliest": one.earliest_us,
        "changed_latest": one.latest_us,
        "recovered_at": one.recovered_us,
        "accepted_until": one.accepted_until_us,
    }
    row = one.key.columns() | {name: getattr(one, name) for name in names} | times
    return row | {"effect": one.effect if isfinite(one.effect) else None}


def from_row(row: Mapping[str, Any], key: Key) -> Regression:
    """Return a regression from a row of the kept table, with its times in microseconds."""
    named = {name: value for name, value in row.items() if name in Regression.__slots__}
    effect = inf if row["effect"] is None else row["effect"]
    return Regression(**{**named, "key": key, "effect": effect})
