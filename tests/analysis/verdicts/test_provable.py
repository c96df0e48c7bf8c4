"""What can be proved depends on how finely it was seen: one failover, by scrapes of 15 s and by the log."""

from __future__ import annotations

from pathlib import Path

import pytest

from analysis.verdicts.judge import evaluate
from analysis.verdicts.verdict import Verdict
from store import Store
from tests.analysis.verdicts.failing_over import END_US, LOG, METRICS, collected


def judged(folder: Path, failover_s: float, *sources: str) -> Verdict:
    """Return the verdict on a failover of so long, held to less than 5 s, as these sources show it."""
    config, path = collected(folder, failover_s, *sources)
    with Store.open(path) as store:
        (found,) = evaluate(store, config, END_US)
    return found


def test_scrapes_cannot_prove_that_a_short_failover_was_short_enough(tmp_path: Path) -> None:
    """3 s against 5 s by scrapes of 15 s: it cannot be told, and what would settle it is said."""
    found = judged(tmp_path, 3.0, METRICS)
    assert (found.verdict, found.measured.n) == ("cannot_tell", 1)
    assert found.measured.low is not None
    assert found.measured.low <= 3.0
    assert found.judged.leaning in {"open", "likely_met", "likely_missed"}
    assert "log" in found.judged.remedy


def test_scrapes_prove_that_a_long_one_was_too_long(tmp_path: Path) -> None:
    """60 s is more than 5 s however wide the bounds are."""
    found = judged(tmp_path, 60.0, METRICS)
    assert found.verdict == "missed"
    assert found.measured.low is not None
    assert 5.0 < found.measured.low <= 60.0


@pytest.mark.parametrize(("failover_s", "verdict"), [(3.0, "met"), (60.0, "missed")])
@pytest.mark.parametrize("sources", [(LOG,), (METRICS, LOG)], ids=["log", "both"])
def test_the_log_proves_both(tmp_path: Path, failover_s: float, verdict: str, sources: tuple[str, ...]) -> None:
    """Its lines carry exact times, alone and beside the metrics."""
    found = judged(tmp_path, failover_s, *sources)
    assert found.verdict == verdict, found
    assert found.measured.value == pytest.approx(failover_s + 0.001, abs=0.002)
