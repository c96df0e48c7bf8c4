"""Odd, broken and hostile pages: nothing crashes, and no line is lost."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path

import pytest

from breakwatch.model import Batch, TrackKind
from collectors import openmetrics
from tests.collectors.goldens import read
from tests.collectors.odd import SIZE_BYTES, Fate, odd_page

CAPTURES = Path(__file__).parents[1] / "golden" / "captures"


def written(folder: Path, text: str | bytes) -> Path:
    """Return a file that holds a text."""
    path = folder / "page.om"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def samples_of(text: bytes) -> int:
    """Return how many lines of a page are neither blank nor a comment."""
    return sum(1 for line in text.split(b"\n") if line.strip() and not line.strip().startswith(b"#"))


def refused(batch: Batch) -> int:
    """Return how many lines were refused, those included that are only counted or told of together."""
    count = 0
    for one in batch.rejected:
        if one.position.endswith(": the rest"):
            count += int(one.content)
        elif one.reason == "more than 5 min in the future":
            count += int(one.content.split()[0])
        else:
            assert one.position.rpartition(":")[2].isdigit(), f"a value, not a line: {one}"
            count += 1
    return count


def test_every_line_of_the_odd_page_meets_its_fate(tmp_path: Path) -> None:
    """Of 190 kB of oddities each line is read, skipped, passed over or refused as it should, with its reason."""
    page = odd_page()
    assert len(page.text.encode()) >= SIZE_BYTES
    batch = read(written(tmp_path, page.text))
    assert batch.lines == len(page.lines)
    assert refused(batch) == page.fates[Fate.REFUSED]
    assert batch.skipped == page.fates[Fate.SKIPPED]
    assert batch.samples == page.fates[Fate.READ]
    assert any(track.kind is TrackKind.TRANSITIONS for track in batch.tracks)


def test_every_refused_line_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Kept in full, the refusals are the page's own bad lines, each with its reason, its number and its text."""
    monkeypatch.setattr(openmetrics, "MOST_BAD_LINES", 10**6)
    page = odd_page(20_000)
    path = written(tmp_path, page.text)
    batch = read(path)
    assert Counter(one.reason for one in batch.rejected) == page.reasons
    for one in batch.rejected:
        number = int(one.position.removeprefix(f"{path}:"))
        assert one.content == page.lines[number - 1].strip()


def test_oddities_do_not_depend_on_their_order(tmp_path: Path) -> None:
    """The same lines shuffled come to the same tracks and counts."""
    page = odd_page(20_000)
    lines = list(page.lines)
    random.Random(3).shuffle(lines)
    one, other = read(written(tmp_path, page.text)), read(written(tmp_path, "\n".join(lines) + "\n"))
    assert {track.track_id for track in one.tracks} == {track.track_id for track in other.tracks}
    assert (one.samples, one.skipped, refused(one)) == (other.samples, other.skipped, refused(other))


@pytest.mark.parametrize("path", sorted(CAPTURES.glob("*.prom")), ids=lambda path: path.name)
def test_captures_account_for_every_line(path: Path, tmp_path: Path) -> None:
    """Real pages, given a time: each line that is no comment is read or skipped, none is both, none is neither."""
    lines = [
        line if not line.strip() or line.startswith("#") else f"{line} 1795174430.779"
        for line in path.read_text().splitlines()
    ]
    text = "\n".join(lines)
    batch = read(written(tmp_path, text))
    assert (batch.rejected, batch.lines) == ([], len(lines))
    assert batch.samples + batch.skipped == samples_of(text.encode())
    assert batch.samples > 0
    assert batch.tracks


@pytest.mark.parametrize("seed", range(20))
def test_damaged_pages_do_not_crash(seed: int, tmp_path: Path) -> None:
    """Bytes flipped, cut out and doubled anywhere: every line still is one of read, skipped and refused."""
    chance = random.Random(seed)
    text = bytearray(odd_page(10_000).text.encode())
    for _ in range(60):
        at = chance.randrange(len(text))
        match chance.randrange(3):
            case 0:
                text[at] = chance.randrange(256)
            case 1:
                del text[at : at + chance.randrange(40)]
            case _:
                text[at:at] = text[at : at + chance.randrange(40)]
    batch = read(written(tmp_path, bytes(text)))
    assert batch.samples + batch.skipped + refused(batch) == samples_of(bytes(text))


@pytest.mark.parametrize(
    "text", ["", "\n\n", "# EOF\n", "\ufeffup 1 1795174430\n", "\x00\x00\x00\n", "up 1 1795174430"]
)
def test_pages_of_nearly_nothing(text: str, tmp_path: Path) -> None:
    """An empty page, a mark of byte order, zero bytes and a last line without an end are no trouble."""
    batch = read(written(tmp_path, text))
    assert len(batch.runs) == 0


@pytest.mark.parametrize("length", [5 << 20, 9 << 20, 13 << 20])
def test_a_line_without_an_end_costs_itself_only(length: int, tmp_path: Path) -> None:
    """A label value of megabytes is refused and kept by its beginning; the lines before and after it are read."""
    good = 'circuit{{name="{}",event="open",job="j"}} 1 1795174430\n'
    endless = f'circuit{{name="{"x" * length}",event="open",job="j"}} 1 1795174430\n'
    batch = read(written(tmp_path, good.format("a") + endless + good.format("b")))
    assert (batch.samples, batch.lines) == (2, 3)
    (one,) = batch.rejected
    assert one.reason.startswith("the line is longer than")
    assert one.position.endswith(":2")
    assert len(one.content) == 1000


def test_an_endless_last_line_is_refused(tmp_path: Path) -> None:
    """So is one that the file ends in."""
    batch = read(written(tmp_path, "up 1 1795174430\n" + "x" * (9 << 20)))
    assert (batch.lines, len(batch.rejected)) == (2, 1)
