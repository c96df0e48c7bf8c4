"""However a file's growth is cut into reads, every line is read exactly once, with the same name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.collectors.logs.following import Follower, event

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

LINES = st.lists(
    st.one_of(
        st.integers(0, 999_999).map(lambda number: event(number, breaker="zählt😀")),
        st.sampled_from([b"", b"GET /\r", b"\xff\xfe\xff", b'{"event":"breaker_transition"', b"\xef\xbb\xbf", b"\0"]),
    ),
    max_size=8,
)


@given(lines=LINES, cuts=st.lists(st.floats(0, 1), max_size=6), restarts=st.lists(st.booleans(), max_size=6))
@settings(max_examples=200, deadline=None)
def test_any_cutting_of_the_growth_gives_the_same_lines_once(
    tmp_path_factory: pytest.TempPathFactory, lines: list[bytes], cuts: list[float], restarts: list[bool]
) -> None:
    """Cuts inside lines and inside characters, with and without restarts: the same sightings, each once."""
    data = b"".join(line + b"\n" for line in lines)
    folder = tmp_path_factory.mktemp("growth")
    (folder / "whole.log").write_bytes(data)
    whole = _read(folder / "whole.log")
    log = folder / "app.log"
    log.touch()
    follower = Follower(log)
    try:
        before = 0
        for index, end in enumerate([*sorted(round(cut * len(data)) for cut in cuts), len(data)]):
            with log.open("ab") as file:
                file.write(data[before:end])
            before = end
            if index < len(restarts) and restarts[index]:
                follower.restart()
            follower.read()
    finally:
        follower.close()
    assert follower.ledger.sightings == whole.ledger.sightings
    assert set(follower.ledger.rejected) == set(whole.ledger.rejected)
    assert (follower.ledger.repeated, follower.ledger.lines) == (0, whole.ledger.lines)


def _read(path: Path) -> Follower:
    follower = Follower(path)
    try:
        follower.read()
    finally:
        follower.close()
    return follower
