"""``self_healed_ratio``: the share of ended incidents that nobody had to heal."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from analysis.asking import Ask, Ground, Measured
from analysis.facts.outages import healed_by
from analysis.faults import within
from analysis.harm import reach
from analysis.indicator import Indicator
from analysis.sqlfiles import read_steps
from analysis.troubles import Trouble, Troubles

_STEPS = read_steps("analysis.indicators", "self_healed_ratio.sql")

Changes = Mapping[tuple[str | None, str | None], Sequence[dict[str, Any]]]


def compute(ground: Ground, asks: Sequence[Ask]) -> list[Measured]:
    """Return the share of the incidents that began in each window and healed by themselves.

    Bounds: one that nobody knows the healer of, and one that goes on, may still turn out either way.
    """
    troubles = Troubles(ground, asks, _STEPS)
    changes: dict[tuple[str | None, str | None], list[dict[str, Any]]] = defaultdict(list)
    for row in ground.rows.rows(_STEPS["changes"], reach(asks)):
        changes[row["environment"], row["service"]].append(row)
    return [_measured(ask, troubles, changes) for ask in asks]


def _measured(ask: Ask, troubles: Troubles, changes: Changes) -> Measured:
    found = [one for one in troubles.of(ask) if ask.scope.experiment is not None or within(ask.spans, one.start)]
    if not found:
        return Measured()
    fates = [_by_itself(one, _healers(one, changes), over=ask.scope.experiment is not None) for one in found]
    n, by_itself, either_way = len(fates), fates.count(True), fates.count(None)
    return Measured(
        by_itself / (n - either_way) if n > either_way else None,
        by_itself / n,
        (by_itself + either_way) / n,
        n=n,
        ongoing=sum(one.end is None for one in found),
    )


def _by_itself(one: Trouble, healers: frozenset[str], *, over: bool) -> bool | None:
    """Say whether an incident healed by itself; None where that is not known, or may still come.

    ``over`` says that it had its time, as in an experiment: what goes on after it has not healed.
    """
    if healers - {"self", "unknown"}:
        return False
    if one.end is None:
        return False if over else None
    return None if "unknown" in healers else True


def _healers(one: Trouble, changes: Changes) -> frozenset[str]:
    """Return what ended an incident: its breakers' episodes and its outages, of which imported ones do not say."""
    found = set(one.healed_by)
    for outage in one.outages:
        healer = healed_by(outage, changes.get((one.environment, one.service), ()))
        written = outage.first.origin != "detected"
        found.add("unknown" if healer is None or (written and healer == "self") else healer)
    return frozenset(found)


INDICATOR = Indicator(
    "self_healed_ratio",
    unit="ratio",
    measures="the share of incidents that healed by themselves, without a restart, a deploy or a hand",
    formula="incidents healed by themselves / incidents that began in the window and whose healer is known",
    better="higher",
    nothing="unknown",
    compute=compute,
    rows="outages",
)
