"""``unproven_standby``: how many declared standbys have not served in the time in which they are to be proved."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from analysis.asking import Ask, Ground, Measured, asked
from analysis.indicator import Indicator
from analysis.sqlfiles import read_sql
from breakwatch.config_services import ServiceConfig

_SQL = read_sql("analysis.indicators", "unproven_standby.sql")


def compute(ground: Ground, asks: Sequence[Ask]) -> list[Measured]:
    """Return how many standbys were unproved at the end of each window.

    A standby is proved by a good answer within ``prove_every`` (90 days). One that served later than the window says
    nothing of the time before: where no count of that time is kept either, it adds to the upper bound alone.
    """
    params = asked(asks, _SQL) | declared(ground.config.services)
    surely: Counter[int] = Counter()
    perhaps: Counter[int] = Counter()
    standbys: Counter[int] = Counter()
    for row in ground.rows.rows(_SQL, params):
        standbys[row["ask"]] += 1
        if not row["proved"]:
            perhaps[row["ask"]] += 1
            surely[row["ask"]] += not row["served_later"]
    return [
        Measured(float(surely[place]), float(surely[place]), float(perhaps[place]), n=standbys[place])
        if standbys[place]
        else Measured(0.0, 0.0, 0.0, note="no standby is declared")
        for place in range(len(asks))
    ]


def declared(services: Sequence[ServiceConfig]) -> dict[str, list[object]]:
    """Return the declared standbys as parallel lists: whose, which, and how often they are to be proved, in seconds."""
    rows = [(one.name, fallback.to, fallback.prove_every_s) for one in services for fallback in one.fallbacks]
    return {
        "standby_service": [row[0] for row in rows],
        "standby": [row[1] for row in rows],
        "prove_every_s": [row[2] for row in rows],
    }


INDICATOR = Indicator(
    "unproven_standby",
    unit="standbys",
    measures="declared standbys without a good answer in the time in which they are to be proved (90 days)",
    formula="count of declared standbys with no good answer in the prove_every before the end of the window",
    better="lower",
    nothing="zero",
    compute=compute,
    rows="targets",
)
