"""Profiles against logs that their libraries really wrote, held to what they were once seen to say."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from collectors import profiles
from tests.collectors.log_goldens import LOGS, read, rendered

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("log", LOGS, ids=lambda log: log.name)
def test_a_log_says_what_its_golden_says(log: Path) -> None:
    """Times, subjects, states, waits, errors and outcomes are those of the golden; no line of it is refused.

    After a wanted change: ``python -m tests.collectors.log_goldens``, and read the difference.
    """
    told = rendered(log)
    assert told == log.with_name(f"{log.name}.told").read_text(encoding="utf-8")
    assert "refused: " not in told


@pytest.mark.parametrize("log", LOGS, ids=lambda log: log.name)
def test_each_pattern_meets_a_line(log: Path) -> None:
    """Every pattern that was seen from the running library finds its text in what that library wrote."""
    lines = log.read_text(encoding="utf-8").splitlines()
    for pattern in profiles.shipped()[log.stem].logs:
        if pattern.verified == "run" and pattern.format == "regex" and log.suffix == ".log":
            assert any(pattern.compiled().search(line) for line in lines), pattern.pattern


@pytest.mark.parametrize("log", LOGS, ids=lambda log: log.name)
def test_every_line_counts_once(log: Path) -> None:
    """Each line is told, refused, or counted as nobody's."""
    (*_, last) = batches = read(log)
    assert sum(batch.lines for batch in batches) == len(log.read_text(encoding="utf-8").splitlines())
    assert last.skipped == last.lines - len(last.sightings) - len(last.rejected)
