"""The promise to readers: any number, any client, any directory, any time; they never stop and are never stopped."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from bench.readers import measure
from tests.store.strangers import report_of, start_reader
from tests.store.working_owner import cycles, opened


@pytest.mark.parametrize("seconds", [10.0])
def test_readers_and_writer_never_stop_each_other(tmp_path: Path, old_client: Path, seconds: float) -> None:
    """Two clients, 1.1.3 and 2.0.0, one reopening, one holding on, while the owner publishes every second: no error."""
    path = tmp_path / "b.duckdb"
    with opened(path) as store:
        readers = [
            start_reader(path, seconds, manner, client)
            for manner, client in (("reopen", None), ("hold", old_client), ("hold", None), ("reopen", old_client))
        ]
        published = len(cycles(store, seconds - 1, 1))
        reports = [report_of(reader) for reader in readers]
    assert published >= seconds / 3
    assert {report["version"] for report in reports} == {"2.0.0", "1.1.3"}
    for report, manner in zip(reports, ("reopen", "hold", "hold", "reopen"), strict=True):
        assert report["errors"] == []
        assert report["queries"] >= 20
        if manner == "hold":
            assert report["answers"] == 1, "a held connection answers as of its opening"
        else:
            assert report["newest"] >= published - 1


PROOF_S = 120.0
OLDEST, NEWEST = "1.1.3", "2.0.0"


def holds(path: Path, hold_s: float, client: Path | None) -> Iterator[dict[str, Any]]:
    """Yield what strangers saw that hold their connection so long, one after the other for two minutes."""
    for _ in range(int(PROOF_S // hold_s)):
        yield report_of(start_reader(path, hold_s, "hold", client))


@pytest.mark.nightly
@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    ("holder", "grace_s", "hold_s"),
    [(OLDEST, 30.0, 28.0), (NEWEST, 30.0, 28.0), (OLDEST, PROOF_S + 30, PROOF_S), (NEWEST, PROOF_S + 30, PROOF_S)],
)
def test_two_minutes_without_a_pause(
    tmp_path: Path, old_client: Path, holder: str, grace_s: float, hold_s: float
) -> None:
    """For two minutes one stranger reopens for each query, one holds on nearly as long as promised; no error.

    Collection commits and publishes every second, with late changes that supersede parts the held connection reads.
    """
    path = tmp_path / "b.duckdb"
    client, other = (old_client, None) if holder == OLDEST else (None, old_client)
    with opened(path, grace_s) as store, ThreadPoolExecutor(max_workers=1) as pool:
        reopening = start_reader(path, PROOF_S, "reopen", other)
        held = pool.submit(lambda: list(holds(path, hold_s, client)))
        published = len(cycles(store, PROOF_S - 1, 1))
        reopened, holding = report_of(reopening), held.result()
    assert published >= PROOF_S / 2
    assert [report["errors"] for report in (reopened, *holding)] == [[]] * (1 + len(holding))
    assert {reopened["version"], *(report["version"] for report in holding)} == {OLDEST, NEWEST}
    assert {report["version"] for report in holding} == {holder}
    assert reopened["newest"] >= published - 1
    assert [report["answers"] for report in holding] == [1] * len(holding), "answers as of its opening"
    assert min(report["held_s"] for report in holding) > hold_s - 3


@pytest.mark.nightly
@pytest.mark.timeout(600)
def test_readers_cost_the_owner_little(capsys: pytest.CaptureFixture[str]) -> None:
    """Two strangers that ask without a pause make the median cycle hardly longer; the figures are printed.

    The bar here is wide, for machines that do other things; ``bench/readers.py`` holds the figure to its own.
    """
    measured = measure(PROOF_S)
    with capsys.disabled():
        print(f"\n{measured}")
    assert measured.errors == []
    assert measured.ratio <= 1.5
