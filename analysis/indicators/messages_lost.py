"""``messages_lost``: how many messages are neither delivered, nor waiting, nor in a dead-letter queue.

A test program that knows says it itself, as the measurement ``messages_lost``. Else it is what was sent without what
was delivered (measurements ``messages_sent`` and ``messages_delivered``) and what the queues hold more than before.
"""

from __future__ import annotations

from collections.abc import Sequence

from analysis.asking import Ask, Ground, Measured
from analysis.experiments import within_experiments
from analysis.gauges import Reading, read_at
from analysis.indicator import Indicator
from analysis.measuring import measurements
from analysis.sqlfiles import read_sql

_SQL = read_sql("analysis.indicators", "messages_lost.sql")

NOT_KNOWN = Measured(
    note="it is not known how many messages were sent and delivered",
    remedy="import the measurements messages_sent and messages_delivered, or messages_lost",
)


def compute(ground: Ground, asks: Sequence[Ask]) -> list[Measured]:
    """Return messages that are not accounted for; ``n`` is how many were sent, where that is known."""
    told = measurements(ground, asks, "messages_lost")
    sent, delivered = (measurements(ground, asks, f"messages_{word}") for word in ("sent", "delivered"))
    timed = within_experiments(ground, asks)
    places = [place for place in range(len(asks)) if not told[place] and sent[place] and delivered[place]]
    places = [place for place in places if timed[place].spans]
    began = read_at(ground, [(asks[place].scope, timed[place].start_us) for place in places], _SQL)
    ended = read_at(ground, [(asks[place].scope, timed[place].end_us) for place in places], _SQL)
    waiting = dict(zip(places, zip(began, ended, strict=True), strict=True))
    found = []
    for place in range(len(asks)):
        if told[place]:
            lost = sum(told[place])
            found.append(Measured(lost, lost, lost, n=round(sum(sent[place])) or len(told[place])))
        elif place in waiting:
            found.append(_unaccounted(sum(sent[place]), sum(delivered[place]), *waiting[place]))
        else:
            found.append(NOT_KNOWN)
    return found


def _unaccounted(sent: float, delivered: float, began: Reading | None, ended: Reading | None) -> Measured:
    """Return sent without delivered and what waits now and did not before."""
    if ended is None:
        missing = sent - delivered
        return Measured(
            None, min(0.0, missing), max(0.0, missing), n=round(sent),
            note="it is not known how many messages wait", remedy="collect a gauge of the depth of the queues",
        )  # fmt: skip
    before = began or Reading(0.0, 0.0, 0.0, 0)
    value = sent - delivered - (ended.value - before.value)
    return Measured(
        value, sent - delivered - (ended.high - before.low), sent - delivered - (ended.low - before.high), n=round(sent)
    )


INDICATOR = Indicator(
    "messages_lost",
    unit="messages",
    measures="how many messages are neither delivered, nor waiting, nor in a dead-letter queue",
    formula="sent - delivered - (waiting and dead-lettered at the end - the same at the start)",
    better="lower",
    nothing="unknown",
    compute=compute,
    rows="measurements",
    covered=False,
)
