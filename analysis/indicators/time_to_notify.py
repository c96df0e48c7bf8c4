"""``time_to_notify``: from the first failed request to the moment a channel accepted the notification."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from analysis.asking import Ask, Ground, Measured
from analysis.bounds import Bounds
from analysis.edges import seen_until_us, so_far, unknown, unordered
from analysis.faults import LAG_US
from analysis.harm import Harm
from analysis.indicator import Indicator
from analysis.lengths import of_lengths, stat_of
from analysis.outages import Outage
from analysis.sqlfiles import read_steps
from analysis.statistics import Length

_STEPS = read_steps("analysis.indicators", "time_to_notify.sql")

Row = Mapping[str, Any]


def compute(ground: Ground, asks: Sequence[Ask]) -> list[Measured]:
    """Return how long after the first failed request somebody was told, in seconds."""
    harm = Harm(ground, asks, _STEPS)
    sent = ground.rows.rows(_STEPS["alerts"])
    return [_measured(ground, ask, harm, sent) for ask in asks]


def _measured(ground: Ground, ask: Ask, harm: Harm, sent: Sequence[Row]) -> Measured:
    failed = list(harm.failures(ask).begun(ask))
    if failed and not sent:
        return unknown("no alert was ever sent", "configure alerts and notify, and run breakwatch run", len(failed))
    measured = of_lengths([_length(ground, one, sent) for one in failed], stat_of(ask))
    if measured.ongoing:
        ongoing = sum(one.end is None for one in failed)
        return replace(
            measured, ongoing=ongoing, note="nobody was told", remedy="look whether a rule and a channel fit"
        )
    return measured


def _length(ground: Ground, failed: Outage, sent: Sequence[Row]) -> Length:
    """Return how long it took until somebody was told of failures: by the first message about them."""
    where = failed.first.environment or None, failed.first.service or None
    until_us = seen_until_us(ground, *where)
    over_us = until_us if failed.end is None else failed.end.latest_us + LAG_US
    for row in sent:
        about = row["service"] in (None, where[1]) and row["environment"] in (None, where[0])
        began = row["opened_us"] if row["opened_us"] is not None else row["notified_us"]
        if about and failed.start.earliest_us - LAG_US <= began <= over_us:
            return unordered(failed.start, Bounds(row["notified_us"], row["notified_us"]))
    return so_far(failed.start, min(over_us, until_us))


INDICATOR = Indicator(
    "time_to_notify",
    unit="s",
    measures="from the first failed request to the moment a channel accepted the notification",
    formula="statistic of (notified - first failed request) over the failures that began in the window",
    better="lower",
    nothing="kept",
    compute=compute,
    rows="alerts",
    stats=True,
)
