"""Indicators: numbers computed from events for a subject and a window; one .sql and one .py each, and a row here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from analysis.indicators.breaker_recovery_time import breaker_recovery_time

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from analysis.statistics import Spread


@dataclass(frozen=True, slots=True)
class Indicator:
    """A number with a name that people may rely on.

    Attributes:
        name: what configuration and reports call it; its .py and .sql bear the same name.
        unit: the unit of its value.
        measures: from what to what, in one line.
        compute: (rows, start, end, subject…) → figures by what they are broken down by.
    """

    name: str
    unit: str
    measures: str
    compute: Callable[..., Mapping[tuple[object, ...], Spread]]


INDICATORS: dict[str, Indicator] = {
    indicator.name: indicator
    for indicator in (
        Indicator(
            "breaker_recovery_time",
            "s",
            "from the first edge into open to the last edge into closed of an episode; its mean is the breaker's MTTR",
            breaker_recovery_time,
        ),
    )
}
"""Every indicator by name."""
