"""Claims of reports stand, fall or stay open before the evidence."""

from __future__ import annotations

from math import inf

import pytest

from analysis.asking import Measured
from analysis.claims import named, stands


@pytest.mark.parametrize(
    ("claimed", "proved", "unit", "standing"),
    [
        (0.0, Measured(1.506, 1.503, 1.509, n=1), "s", "contradicted"),
        (1.51, Measured(1.506, 1.506, 1.506, n=1), "s", "confirmed"),
        (0.7143, Measured(0.8519, 0.8519, 0.8519, n=601), "ratio", "contradicted"),
        (5.0, Measured(4.9, 3.9, 5.9, n=1), "s", "compatible"),
        (5.0, Measured(None, 12.0, inf, n=1, ongoing=1), "s", "contradicted"),
        (50.0, Measured(None, 12.0, inf, n=1, ongoing=1), "s", "compatible"),
        (5.0, Measured(note="nothing happened in a covered window"), "s", "cannot_tell"),
    ],
)
def test_only_the_bounds_decide_how_a_claim_stands(claimed: float, proved: Measured, unit: str, standing: str) -> None:
    """Outside the bounds it is contradicted, alone inside them confirmed, else only compatible."""
    assert stands(claimed, proved, unit)[0] == standing


@pytest.mark.parametrize(
    ("name", "unit", "found", "factor"),
    [
        ("breaker_recovery_time", "s", "breaker_recovery_time", 1.0),
        ("breaker_recovery_time_s", "s", "breaker_recovery_time", 1.0),
        ("breaker_recovery_time_ms", "", "breaker_recovery_time", 1e-3),
        ("breaker_recovery_time_ms", "ms", "breaker_recovery_time", 1e-3),
        ("breaker_recovery_time", "", "breaker_recovery_time", 1.0),
    ],
)
def test_a_measurement_is_a_claim_by_its_name(name: str, unit: str, found: str, factor: float) -> None:
    """The ending of a name is its unit, where the report names none."""
    read = named(name, unit)
    assert read is not None
    assert (read[0].name, read[1]) == (found, factor)


@pytest.mark.parametrize(("name", "unit"), [("rows_lost", ""), ("breaker_recovery_time", "bytes"), ("duration_s", "s")])
def test_other_measurements_claim_nothing(name: str, unit: str) -> None:
    """A name that is no indicator's, or a unit that is not its own, is no claim."""
    assert named(name, unit) is None
