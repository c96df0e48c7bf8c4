"""``dead_letters_left``: how many messages lie in dead-letter queues at the end of the window."""

from __future__ import annotations

from collections.abc import Sequence

from analysis.asking import Ask, Ground, Measured
from analysis.experiments import within_experiments
from analysis.gauges import read_at
from analysis.indicator import Indicator
from analysis.sqlfiles import read_sql

_SQL = read_sql("analysis.indicators", "dead_letters_left.sql")

NO_QUEUE = Measured(
    note="no dead-letter queue was sampled", remedy="collect a gauge of the depth of the dead-letter queues"
)


def compute(ground: Ground, asks: Sequence[Ask]) -> list[Measured]:
    """Return the depth of all dead-letter queues at the end of the window; ``n`` is how many queues there are."""
    asks = within_experiments(ground, asks)
    places = [place for place, ask in enumerate(asks) if ask.spans]
    found = dict(
        zip(places, read_at(ground, [(asks[place].scope, asks[place].end_us) for place in places], _SQL), strict=True)
    )
    return [
        NO_QUEUE if (one := found.get(place)) is None else Measured(one.value, one.low, one.high, n=one.series)
        for place in range(len(asks))
    ]


INDICATOR = Indicator(
    "dead_letters_left",
    unit="messages",
    measures="how many messages lie in dead-letter queues at the end of the window",
    formula="sum of the last sampled depths of the dead-letter queues",
    better="lower",
    nothing="unknown",
    compute=compute,
    rows="queue_depths",
)
