"""Gauges at an instant: what the samples before and after it say."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from analysis.asking import Ground, Scope, parameters
from breakwatch.clock import Instant


@dataclass(frozen=True, slots=True)
class Reading:
    """The sum of some gauges at an instant, within bounds; ``lost`` of them had no sample any more."""

    value: float
    low: float
    high: float
    series: int
    lost: int = 0


def read_at(
    ground: Ground, places: Sequence[tuple[Scope, Instant]], sql: str, *, after: bool = False
) -> list[Reading | None]:
    """Return the sum of gauges at each instant; None where none was sampled by then.

    The value is that of the last sample before the instant, or with ``after`` of the first one after it; between two
    samples a gauge may have had either value. One that ended by then may have had anything up to its last.
    """
    if not places:
        return []
    given: dict[str, list[Any]] = {"ask": list(range(len(places))), "at_us": [at_us for _, at_us in places]}
    for name in ("environment", "service", "instance", "kind", "priority"):
        given[name] = [getattr(scope, name) for scope, _ in places]
    found: dict[int, list[tuple[float | None, float | None]]] = defaultdict(list)
    for row in ground.rows.rows(sql, {name: given[name] for name in parameters(sql)}):
        found[row["ask"]].append((row["amount_before"], row["amount_after"]))
    return [_reading(found[place], after=after) for place in range(len(places))]


def _reading(samples: Sequence[tuple[float | None, float | None]], *, after: bool) -> Reading | None:
    known = [pair for pair in samples if pair[0] is not None or (after and pair[1] is not None)]
    if not known or (after and all(later is None for _, later in known)):
        return None
    value = low = high = 0.0
    lost = 0
    for before, later in known:
        chosen = later if after else before
        lost += after and later is None
        sides = [0.0 if side is None and after else side for side in (before, later)]
        ends = [side for side in sides if side is not None]
        value, low, high = value + (chosen or 0.0), low + min(ends), high + max(ends)
    return Reading(value, low, high, len(known), lost)
