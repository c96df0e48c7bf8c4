"""``coverage``: in which share of its own life in the window the subject was seen."""

from __future__ import annotations

from collections.abc import Sequence

from analysis.asking import Ask, Ground, Measured
from analysis.coverage import covered_share
from analysis.experiments import within_experiments
from analysis.indicator import Indicator

NEVER_SEEN = Measured(note="no source ever saw it", remedy="add a source that tells of it")


def compute(ground: Ground, asks: Sequence[Ask]) -> list[Measured]:
    """Return the covered share, 0 to 1; ``n`` is 1 where anything was seen."""
    shares = covered_share(ground, within_experiments(ground, asks), imported=False)
    return [NEVER_SEEN if share is None else Measured(share, share, share, n=1, coverage=share) for share in shares]


INDICATOR = Indicator(
    "coverage",
    unit="ratio",
    measures="share of the time since its first sight in which any source saw the service",
    formula="seen time / time since the first sight",
    better="higher",
    nothing="unknown",
    compute=compute,
    rows="coverage",
    covered=False,
)
