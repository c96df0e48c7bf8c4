"""``continuity_score``: how much of the service went on through an experiment."""

from __future__ import annotations

from collections.abc import Sequence

from analysis.asking import Ask, Ground, Measured
from analysis.counting import shares
from analysis.indicator import Indicator
from analysis.levels import mean_weights
from analysis.sqlfiles import read_sql

_SQL = read_sql("analysis.indicators", "continuity_score.sql")


def compute(ground: Ground, asks: Sequence[Ask]) -> list[Measured]:
    """Return the weighted share of good calls, 0 to 1; without calls the mean weight of the level over the time."""
    called = shares(ground, asks, _SQL, sampled=False)
    silent = [place for place, found in enumerate(called) if not found.n]
    levelled = dict(zip(silent, mean_weights(ground, [asks[place] for place in silent]), strict=True)) if silent else {}
    return [levelled.get(place) or found for place, found in enumerate(called)]


INDICATOR = Indicator(
    "continuity_score",
    unit="ratio",
    measures="how much of the service went on: good calls, weighed by the level of service, of all calls",
    formula="sum(weight of the level x good) / sum(good + bad); without calls the mean weight over the time",
    better="higher",
    nothing="unknown",
    compute=compute,
    rows="request_counts",
)
