"""Levels of service over a time: the lowest of them, and the mean of their weights."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from analysis.asking import Ask, Ground, Measured, asked
from analysis.counting import weights
from analysis.coverage import covered_spans
from analysis.experiments import within_experiments
from analysis.outages import spell_of, united_outages
from analysis.spans import Span, Spans, common, length_us, without
from analysis.sqlfiles import read_sql
from breakwatch.clock import Instant
from breakwatch.config_units import LEVEL_RANK
from breakwatch.model import ServiceLevel

_SQL = read_sql("analysis.indicators", "level_floor.sql")
_OUTAGES = read_sql("analysis.indicators", "availability_time.sql")

_RANKS = {word: float(rank) for word, rank in LEVEL_RANK.items()}
_BEST, _WORST = _RANKS[ServiceLevel.FULL], _RANKS[ServiceLevel.UNAVAILABLE]

NO_LEVEL = Measured(
    note="no service level is reported", remedy="let the service report its level, as a gauge or in its log"
)
BY_OUTAGES = "it reports no level: by its outages"


@dataclass(frozen=True, slots=True)
class LevelSpell:
    """A time on one level: surely, most likely, and at the most."""

    level: str
    certain: Span
    likely: Span
    perhaps: Span


def lowest_levels(ground: Ground, asks: Sequence[Ask]) -> list[Measured]:
    """Return for each ask the rank of the lowest level in its time."""
    asks = within_experiments(ground, asks)
    spells = level_spells(ground, asks)
    silent = [place for place in range(len(asks)) if not spells.get(place)]
    hurt = dict(zip(silent, _by_outages(ground, [asks[place] for place in silent]), strict=True)) if silent else {}
    return [hurt[place] if place in hurt else _lowest(ask, spells[place]) for place, ask in enumerate(asks)]


def mean_weights(ground: Ground, asks: Sequence[Ask]) -> list[Measured]:
    """Return for each ask the mean weight of the level over the time in which one is known."""
    asks = within_experiments(ground, asks)
    spells = level_spells(ground, asks)
    return [_mean_weight(ask, spells.get(place, ()), ground.now_us) for place, ask in enumerate(asks)]


def level_spells(ground: Ground, asks: Sequence[Ask]) -> Mapping[int, Sequence[LevelSpell]]:
    """Return by place of the ask the spells that touch its time."""
    found: dict[int, list[LevelSpell]] = defaultdict(list)
    params = asked(asks, _SQL)
    for row in ground.rows.rows(_SQL, params) if params["ask"] else ():
        found[row["ask"]].append(_spell(row))
    return found


def _spell(row: Mapping[str, Any]) -> LevelSpell:
    return LevelSpell(
        row["level"],
        (row["started_latest_us"], max(row["started_latest_us"], row["ended_earliest_us"])),
        (row["started_us"], row["ended_us"]),
        (row["started_earliest_us"], row["ended_latest_us"]),
    )


def _touches(spans: Spans, span: Span) -> bool:
    return any(start < span[1] and span[0] < end for start, end in spans) and span[1] > span[0]


def _lowest(ask: Ask, spells: Sequence[LevelSpell]) -> Measured:
    """Return the lowest of some spells; one on ``unknown`` may have been on any level."""
    ranked = [(_RANKS.get(spell.level), spell) for spell in spells]
    value = min((rank for rank, one in ranked if rank is not None and _touches(ask.spans, one.likely)), default=None)
    high = min((rank for rank, one in ranked if rank is not None and _touches(ask.spans, one.certain)), default=_BEST)
    low = min(_WORST if rank is None else rank for rank, _ in ranked)
    doubtful = any(rank is None for rank, _ in ranked)
    return Measured(
        value, low, high, n=len(spells), note="it said itself that it does not know its level" if doubtful else ""
    )


def _by_outages(ground: Ground, asks: Sequence[Ask]) -> list[Measured]:
    """Return the same of services that report no level: down is unavailable, degraded is degraded, else full."""
    timed = [ask for ask in asks if ask.spans]
    window = {
        "from_us": min((ask.start_us for ask in timed), default=0),
        "to_us": max((ask.end_us for ask in timed), default=0),
    }
    rows = ground.rows.rows(_OUTAGES, window)
    found = []
    for ask in asks:
        scope = ask.scope
        about = replace(scope, instance=None)
        if not ask.spans or not common(covered_spans(ground, about), ask.spans):
            found.append(NO_LEVEL)
            continue
        own = [
            row
            for row in rows
            if scope.service in (None, row["service"]) and scope.environment in (None, row["environment"])
        ]
        found.append(_of_outages(ask, own, ground.now_us))
    return found


def _of_outages(ask: Ask, rows: Sequence[Mapping[str, Any]], now_us: Instant) -> Measured:
    spells = []
    for outage in united_outages((spell_of(row) for row in rows), ask.policy.settle_s):
        end = outage.end
        level = ServiceLevel.UNAVAILABLE if outage.kind == "down" else ServiceLevel.DEGRADED
        certain_end, likely_end, last = (end.earliest_us, end.middle_us, end.latest_us) if end else (now_us,) * 3
        start = outage.start
        spells.append(
            LevelSpell(
                level,
                (start.latest_us, max(start.latest_us, certain_end)),
                (start.middle_us, likely_end),
                (start.earliest_us, last),
            )
        )
    inside = [spell for spell in spells if _touches(ask.spans, spell.perhaps)]
    if not inside:
        return Measured(_BEST, _BEST, _BEST, note=BY_OUTAGES)
    found = _lowest(ask, inside)
    return replace(found, value=_BEST if found.value is None else found.value, note=BY_OUTAGES)


def _mean_weight(ask: Ask, spells: Sequence[LevelSpell], now_us: Instant) -> Measured:
    """Return the mean weight: what lies between the bounds of an edge may be as the better or the worse of its sides.

    Where levels overlap, of several instances or clusters, the worst counts.
    """
    weigh = weights(ask.policy)
    time = common(ask.spans, ((0, now_us),))
    known = sorted((spell for spell in spells if spell.level in weigh), key=lambda spell: weigh[spell.level])
    likely, seen = _weighed([(weigh[spell.level], spell.likely) for spell in known], time)
    if not seen:
        return NO_LEVEL
    certain, sure = _weighed([(weigh[spell.level], spell.certain) for spell in known], time)
    whole = length_us(time)
    low, high = certain / whole, (certain + whole - sure) / whole
    return Measured(min(max(likely / seen, low), high), low, high, n=len(known))


def _weighed(spells: Sequence[tuple[float, Span]], time: Spans) -> tuple[float, int]:
    """Return the weighted length of spells within a time, the first of overlapping ones counting, and the length."""
    total = 0.0
    left = time
    for weight, span in spells:
        total += weight * length_us(common(left, (span,)))
        left = without(left, (span,)) if span[1] > span[0] else left
    return total, length_us(time) - length_us(left)
