"""What PromQL's ``increase()`` would say of a counter: shown beside our count, so that the difference can be seen.

It extrapolates to the ends of its window and does not see a series being born, so the openings of a breaker come out as
3.08 where there were 4. The rules are those of ``extrapolatedRate`` in Prometheus (promql/functions.go, 2.42).
"""

from __future__ import annotations

from itertools import pairwise
from math import isnan
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analysis.evidence import Run
    from breakwatch.clock import Instant

_PATIENCE = 1.1
"""How many average distances an end of the window may be away for a series to count as reaching it."""


def scrape_distance_us(runs: Sequence[Run]) -> int | None:
    """Return the usual distance of two samples: between neighbouring runs lies exactly one scrape. None for one run."""
    steps = [after.first_us - before.last_us for before, after in pairwise(runs) if after.first_us > before.last_us]
    return min(steps) if steps else None


def increase(runs: Sequence[Run], distance_us: int, start_us: Instant, end_us: Instant) -> float | None:
    """Return ``increase()`` over ``[start_us, end_us]`` of a counter sampled every ``distance_us``.

    Returns:
        The extrapolated growth; None where fewer than two samples lie in the window, as PromQL returns nothing.
    """
    inside = [part for run in runs if not isnan(run.value) and (part := _clipped(run, distance_us, start_us, end_us))]
    if not inside or inside[0].first_us == inside[-1].last_us:
        return None
    first, last = inside[0], inside[-1]
    grown = last.value - first.value
    grown += sum(before.value for before, after in pairwise(inside) if after.value < before.value)
    sampled_us = last.last_us - first.first_us
    average_us = sampled_us / round(sampled_us / distance_us)
    to_start_us: float = first.first_us - start_us
    if grown > 0:
        to_start_us = min(to_start_us, sampled_us * first.value / grown)  # a counter is not taken below zero
    reach_us = sampled_us + sum(
        distance if distance < _PATIENCE * average_us else average_us / 2
        for distance in (to_start_us, end_us - last.last_us)
    )
    return grown * reach_us / sampled_us


def _clipped(run: Run, distance_us: int, start_us: Instant, end_us: Instant) -> Run | None:
    """Return the part of a run whose samples lie in the window."""
    skipped = max(0, -(-(start_us - run.first_us) // distance_us))
    first_us = run.first_us + skipped * distance_us
    last_us = run.last_us - max(0, -(-(run.last_us - end_us) // distance_us)) * distance_us
    return run._replace(first_us=first_us, last_us=last_us) if first_us <= last_us else None
