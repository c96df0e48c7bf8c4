"""``availability_time``: the share of the time in which a service was up.

Time not covered is neither up nor down: the bounds are those of unknown-as-down and unknown-as-up, whatever the policy
takes for the value. Time that outages surely took is known even where no source saw the service.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from analysis.asking import Ask, Ground, Measured, Scope
from analysis.counting import weights
from analysis.coverage import covered_spans, first_sight_us
from analysis.experiments import within_experiments
from analysis.indicator import Indicator
from analysis.lost_time import Hurt, hurt_time
from analysis.outages import Outage, spell_of, united_outages
from analysis.spans import common, length_us, united, without
from analysis.sqlfiles import read_sql
from breakwatch.clock import DAY_US

_SQL = read_sql("analysis.indicators", "availability_time.sql")

NEVER_SEEN = "no source ever saw it"


def compute(ground: Ground, asks: Sequence[Ask]) -> list[Measured]:
    """Return up by up and down, 0 to 1; a degraded time counts by the weight of its level."""
    asks = within_experiments(ground, asks)
    outages = _Outages(ground, asks)
    return [_measured(ground, ask, outages.of(ask)) for ask in asks]


class _Outages:
    """The outages of services, united once for each settle time."""

    def __init__(self, ground: Ground, asks: Sequence[Ask]) -> None:
        seen = [ask for ask in asks if ask.spans]
        # What ended shortly before the time asked for may be one with what began in it.
        from_us = min((ask.start_us for ask in seen), default=0) - DAY_US
        to_us = max((ask.end_us for ask in seen), default=0)
        rows = ground.rows.rows(_SQL, {"from_us": from_us, "to_us": to_us}) if seen else []
        self._spells = [spell_of(row) for row in rows]
        self._united: dict[float | None, list[Outage]] = {}

    def of(self, ask: Ask) -> Iterator[Outage]:
        """Yield the outages of the services that an ask is about."""
        settle_s = ask.policy.settle_s
        if settle_s not in self._united:
            self._united[settle_s] = united_outages(self._spells, settle_s)
        for outage in self._united[settle_s]:
            if _is_of(outage, ask.scope):
                yield outage


def _is_of(outage: Outage, scope: Scope) -> bool:
    first = outage.first
    return scope.service in (None, first.service) and scope.environment in (None, first.environment)


def _measured(ground: Ground, ask: Ask, outages: Iterator[Outage]) -> Measured:
    about = Scope(environment=ask.scope.environment, service=ask.scope.service)
    born_us = first_sight_us(ground, about)
    hurt = Hurt.of(outages, weights(ask.policy), ground.now_us)
    begun_us = min((us for us in (born_us, hurt.first_us) if us is not None), default=None)
    life = () if begun_us is None else common(ask.spans, ((begun_us, max(begun_us, ground.now_us)),))
    if not life:
        return Measured(note=NEVER_SEEN, remedy="add a source that tells of it, or import its incidents")
    whole = length_us(life)
    known = common(life, united((*covered_spans(ground, about), *hurt.surely)))
    unknown = length_us(without(life, known))
    down = hurt_time(hurt.likely, known)
    lost = {"excluded": 0, "up": 0, "down": unknown}[ask.policy.unknown]
    of_all = whole - unknown if ask.policy.unknown == "excluded" else whole
    low = 1 - (hurt_time(hurt.perhaps, known) + unknown) / whole
    high = 1 - hurt_time(hurt.certain, life) / whole
    value = 1 - (down + lost) / of_all if of_all else None
    return Measured(
        None if value is None else min(max(value, low), high),
        low,
        high,
        n=hurt.count_in(life),
        note="" if value is not None else "none of this time was seen",
    )


INDICATOR = Indicator(
    "availability_time",
    unit="ratio",
    measures="share of the time in which the service was up; degraded time counts by the weight of its level",
    formula="1 - sum(time hurt x (1 - weight of the level)) / covered time; overlapping outages are united",
    better="higher",
    nothing="unknown",
    compute=compute,
    rows="outages",
)
