"""``measured``: a value that was measured outside and imported, by its name."""

from __future__ import annotations

from collections.abc import Sequence

from analysis.asking import Ask, Ground, Measured
from analysis.histograms import SHARES
from analysis.indicator import Indicator
from analysis.lengths import stat_of
from analysis.measuring import measurements
from analysis.statistics import bootstrap_interval, quantile


def compute(ground: Ground, asks: Sequence[Ask]) -> list[Measured]:
    """Return a statistic of the values with a name, exactly as they were imported."""
    return [_measured(ask, found) for ask, found in zip(asks, measurements(ground, asks), strict=True)]


def _measured(ask: Ask, values: Sequence[float]) -> Measured:
    if not values:
        return Measured(
            note=f"no measurement {ask.scope.name or '?'} was imported",
            remedy="import it: breakwatch import measurements FILE",
        )
    stat = stat_of(ask)
    if stat == "mean":
        value = sum(values) / len(values)
        ci_low, ci_high = bootstrap_interval(values)
    else:
        value, ci_low, ci_high = quantile(values, SHARES[stat]), None, None
    return Measured(value, value, value, n=len(values), ci_low=ci_low, ci_high=ci_high)


INDICATOR = Indicator(
    "measured",
    unit="",
    measures="a value that was measured outside and imported, by its name",
    formula="statistic of the imported values with that name",
    better="neither",
    nothing="unknown",
    compute=compute,
    rows="measurements",
    stats=True,
    covered=False,
)
