"""Each fault of log files, once: nothing lost, nothing doubled, never half a line."""

from __future__ import annotations

import gzip
import os
import shutil
from typing import TYPE_CHECKING

import pytest

from breakwatch.clock import SECOND_US
from breakwatch.errors import SourceError
from collectors.logs.streams import BLOCK_BYTES, MAX_LINE_BYTES
from tests.collectors.logs.following import add, event, lines

if TYPE_CHECKING:
    from pathlib import Path

    from tests.collectors.logs.conftest import Follow


def test_growth_is_read_once(tmp_path: Path, follow: Follow) -> None:
    """What was read is not read again, what is added is."""
    log = tmp_path / "app.log"
    log.write_bytes(lines(range(3)))
    follower = follow(log)
    follower.read()
    add(log, lines([3]))
    ledger = follower.read()
    assert (ledger.numbers, ledger.lines) == ([0, 1, 2, 3], 4)


def test_a_restart_goes_on_at_the_checkpoint(tmp_path: Path, follow: Follow) -> None:
    """The offsets live in the checkpoints alone."""
    log = tmp_path / "app.log"
    log.write_bytes(lines(range(3)))
    follower = follow(log)
    follower.read()
    follower.restart()
    add(log, lines([3]))
    ledger = follower.read()
    assert (ledger.numbers, ledger.lines, ledger.repeated) == ([0, 1, 2, 3], 4, 0)


def test_a_partial_line_waits_for_its_end_over_a_restart(tmp_path: Path, follow: Follow) -> None:
    """A last line without its end is not there yet; once it ends it is read whole, and once."""
    log = tmp_path / "app.log"
    log.write_bytes(lines([0]) + event(1)[:40])
    follower = follow(log)
    assert follower.read().numbers == [0]
    follower.restart()
    add(log, event(1)[40:] + b"\n")
    ledger = follower.read()
    assert (ledger.numbers, ledger.rejected) == ([0, 1], {})


def test_a_file_of_one_partial_line_has_one_name_for_good(tmp_path: Path, follow: Follow) -> None:
    """A file that was met before its first line was complete is the same file afterwards."""
    log = tmp_path / "app.log"
    log.write_bytes(event(0)[:5])
    follower = follow(log)
    follower.read()
    add(log, event(0)[5:] + b"\n")
    follower.read()
    follower.ledger.checkpoints.clear()  # as a store restored from before would have it
    ledger = follower.read()
    assert (ledger.numbers, ledger.repeated) == ([0], 1)


@pytest.mark.parametrize("restarted", [False, True])
def test_rotation_by_rename_inside_the_pattern(tmp_path: Path, follow: Follow, *, restarted: bool) -> None:
    """The renamed file is read to its end under its new name, the fresh one from its start."""
    log = tmp_path / "app.log"
    log.write_bytes(lines(range(2)))
    follower = follow(tmp_path / "app.log*")
    follower.read()
    add(log, lines([2]))
    log.rename(tmp_path / "app.log.1")
    log.write_bytes(lines([3]))
    if restarted:
        follower.restart()
    ledger = follower.read()
    assert (ledger.numbers, ledger.lines) == ([0, 1, 2, 3], 4)


def test_rotation_by_rename_out_of_the_pattern(tmp_path: Path, follow: Follow) -> None:
    """A file renamed to where no pattern finds it is still read to its end, also what a slow writer adds later."""
    log, away = tmp_path / "app.log", tmp_path / "old"
    log.write_bytes(lines([0]))
    follower = follow(log)
    follower.read()
    add(log, lines([1]))
    log.rename(away)
    log.write_bytes(lines([3]))
    follower.read()
    add(away, lines([2]))
    ledger = follower.read()
    assert (ledger.numbers, ledger.lines) == ([0, 1, 2, 3], 4)


def test_a_file_that_is_gone_and_silent_is_let_go(tmp_path: Path, follow: Follow) -> None:
    """A deleted file does not keep its disk space for ever."""
    log = tmp_path / "app.log"
    log.write_bytes(lines([0]))
    follower = follow(log)
    follower.read()
    opened = len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - of this process, where Path.iterdir opens one itself
    log.unlink()
    follower.read()
    follower.now_us += 61 * SECOND_US
    follower.read()
    assert len(os.listdir("/proc/self/fd")) == opened - 1  # noqa: PTH208
    with pytest.raises(SourceError, match=r"no file is found"):
        follower.read()


@pytest.mark.parametrize("restarted", [False, True])
def test_copytruncate(tmp_path: Path, follow: Follow, *, restarted: bool) -> None:
    """The copy is continued where the file was left, the truncated file starts anew; nothing is read twice."""
    log = tmp_path / "app.log"
    log.write_bytes(lines(range(3)))
    follower = follow(tmp_path / "app.log*")
    follower.read()
    add(log, lines([3]))
    shutil.copy(log, tmp_path / "app.log.1")
    log.write_bytes(lines([4]))
    if restarted:
        follower.restart()
    ledger = follower.read()
    assert (ledger.numbers, ledger.lines) == ([0, 1, 2, 3, 4], 5)


def test_between_copy_and_truncation(tmp_path: Path, follow: Follow) -> None:
    """While copy and original both hold the same lines, each is one event."""
    log = tmp_path / "app.log"
    log.write_bytes(lines(range(3)))
    follower = follow(tmp_path / "app.log*")
    follower.read()
    add(log, lines([3]))
    shutil.copy(log, tmp_path / "app.log.1")
    follower.read()
    log.write_bytes(lines([4]))
    assert follower.read().numbers == [0, 1, 2, 3, 4]


def test_truncated_while_stopped(tmp_path: Path, follow: Follow) -> None:
    """A file shorter than it was read starts at 0, once, however often we start."""
    log = tmp_path / "app.log"
    log.write_bytes(lines(range(5)))
    follower = follow(log)
    follower.read()
    log.write_bytes(lines([7]))
    for _ in range(3):
        follower.restart()
        follower.read()
    assert (follower.ledger.numbers, follower.ledger.lines) == ([0, 1, 2, 3, 4, 7], 6)


def test_rewritten_beyond_the_offset_from_the_same_beginning(tmp_path: Path, follow: Follow) -> None:
    """A file written anew, longer than before and beginning with the same banner, is read from its start."""
    banner = b"started\n" * 200
    log = tmp_path / "app.log"
    log.write_bytes(banner + lines([0]))
    follower = follow(log)
    follower.read()
    log.write_bytes(banner + lines([1, 2, 3]))
    assert follower.read().numbers == [0, 1, 2, 3]


def test_an_inode_used_again_is_another_file(tmp_path: Path, follow: Follow) -> None:
    """A file deleted and made again, often on the same inode, is read from its start every time."""
    log = tmp_path / "app.log"
    follower = follow(log)
    for number in range(50):
        log.unlink(missing_ok=True)
        log.write_bytes(lines([number]))
        follower.restart()
        follower.read()
    assert follower.ledger.numbers == list(range(50))


def test_equal_first_lines_do_not_make_equal_events(tmp_path: Path, follow: Follow) -> None:
    """Two files that begin alike and differ at the same place are two histories."""
    for number in (1, 2):
        (tmp_path / f"{number}.log").write_bytes(b"started\n" + lines([number]))
    assert follow(tmp_path / "*.log").read().numbers == [1, 2]


def test_equal_lines_at_equal_places_of_two_files_are_two_events(tmp_path: Path, follow: Follow) -> None:
    """Two instances may log the same thing in the same microsecond; their files begin differently."""
    for instance in (1, 2):
        (tmp_path / f"{instance}.log").write_bytes(b"started %d\n" % instance + lines([7]))
    assert follow(tmp_path / "*.log").read().numbers == [7, 7]


def test_one_file_under_two_names_is_one_file(tmp_path: Path, follow: Follow) -> None:
    """A link to the current file does not double it."""
    log = tmp_path / "2026.log"
    log.write_bytes(lines([0]))
    (tmp_path / "current.log").symlink_to(log)
    assert follow(tmp_path / "*.log").read().lines == 1


def test_long_lines_are_cut_and_the_next_line_is_intact(tmp_path: Path, follow: Follow) -> None:
    """A line over the limit, even over a block, costs neither its neighbours nor memory, and is told."""
    log = tmp_path / "app.log"
    endless = b'{"event":"' + b"x" * (BLOCK_BYTES + 10) + b'"}\n'
    long = event(9)[:-1] + b',"more":"' + b"y" * MAX_LINE_BYTES + b'"}\n'
    log.write_bytes(lines([0]) + endless + lines([1]) + long + lines([2]))
    ledger = follow(log).read()
    assert (ledger.numbers, ledger.lines) == ([0, 1, 2], 5)
    assert [one.reason.split(":")[0] for one in ledger.rejected.values()] == ["longer than 102400 bytes and cut"] * 2
    assert all(len(one.content) <= 2_000 for one in ledger.rejected.values())
    assert any("(2 times)" in note for batch in ledger.batches for note in batch.notes)


def test_bad_bytes_become_replacement_characters(tmp_path: Path, follow: Follow) -> None:
    """Bytes that are no UTF-8 spoil their character, not their line."""
    log = tmp_path / "app.log"
    log.write_bytes(event(0).replace(b"payments", b"pay\xff\xfements") + b"\n")
    (sighting,) = follow(log).read().sightings.values()
    assert sighting.subject.breaker == "pay\ufffd\ufffdments"


def test_byte_order_mark_and_windows_line_ends(tmp_path: Path, follow: Follow) -> None:
    """A UTF-8 mark and CR LF leave no trace in what is read."""
    log = tmp_path / "app.log"
    log.write_bytes(b"\xef\xbb\xbf" + lines([0, 1]).replace(b"\n", b"\r\n"))
    ledger = follow(log).read()
    assert (ledger.numbers, [one.raw for one in ledger.sightings.values()]) == (
        [0, 1],
        [event(n).decode() for n in (0, 1)],
    )


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be"])
def test_utf16_by_its_mark(tmp_path: Path, follow: Follow, codec: str) -> None:
    """UTF-16 is read by its byte order mark, grows, and keeps offsets; U+0A0A is no line end."""
    log = tmp_path / "app.log"
    odd = event(1, breaker="\u0a0a\U0001f600").decode()
    log.write_bytes(f"\ufeff{event(0).decode()}\r\n{odd}\n".encode(codec))
    follower = follow(log)
    follower.read()
    add(log, f"{event(2).decode()}\n".encode(codec))
    ledger = follower.read()
    assert (ledger.numbers, ledger.lines, ledger.rejected) == ([0, 1, 2], 3, {})


def test_gzip_is_read_once_and_not_again_beside_its_source(tmp_path: Path, follow: Follow) -> None:
    """A packed copy of what was read adds nothing and is unpacked once; what it has beyond that is read."""
    log, packed = tmp_path / "app.log.1", tmp_path / "app.log.2.gz"
    log.write_bytes(lines(range(3)))
    follower = follow(tmp_path / "app.log*")
    follower.read()
    packed.write_bytes(gzip.compress(lines(range(2))) + gzip.compress(lines([2, 3])))
    assert (follower.read().numbers, follower.ledger.lines) == ([0, 1, 2, 3], 4)
    log.unlink()
    follower.restart()
    follower.read()
    assert (follower.ledger.lines, follower.ledger.rejected) == (4, {})


def test_gzip_without_a_last_line_end_ends_there(tmp_path: Path, follow: Follow) -> None:
    """Nothing is ever added to a packed file, so its last line is whole."""
    packed = tmp_path / "app.log.gz"
    packed.write_bytes(gzip.compress(lines([0]) + event(1)))
    assert follow(packed).read().numbers == [0, 1]


def test_a_damaged_gzip_gives_what_it_holds_and_says_so(tmp_path: Path, follow: Follow) -> None:
    """A packed file that ends early is kept as far as it goes, and read on once it is complete."""
    packed = tmp_path / "app.log.gz"
    whole = gzip.compress(lines(range(400)), compresslevel=0)
    packed.write_bytes(whole[: len(whole) // 2])
    follower = follow(packed)
    early = follower.read()
    assert 0 < len(early.numbers) < 400
    assert [one.reason.split(":")[0] for one in early.rejected.values()] == [
        "the gzip file is damaged or not complete yet"
    ]
    assert follower.read().lines == early.batches[0].lines  # as long as it stays as it is, it is not unpacked again
    packed.write_bytes(whole)
    assert follower.read().numbers == list(range(400))


def test_a_hole_of_zeros_before_a_line_is_no_part_of_it(tmp_path: Path, follow: Follow) -> None:
    """After copytruncate a writer that does not append leaves zeros; its next line is read."""
    log = tmp_path / "app.log"
    log.write_bytes(b"\0" * 5_000 + lines([0]))
    assert follow(log).read().numbers == [0]


def test_unparsable_lines_are_kept_and_counted(tmp_path: Path, follow: Follow) -> None:
    """A line that claims to be ours and cannot be read is kept with the reason; a foreign line is only counted."""
    log = tmp_path / "app.log"
    broken = event(1)[:-1] + b"\n"
    timeless = b'{"event":"breaker_transition","breaker":"b","to":"open"}\n'
    log.write_bytes(lines([0]) + broken + b"GET / 200\n" + timeless + b'{"event":"user_login"}\n')
    follower = follow(log)
    ledger = follower.read()
    assert [batch.skipped for batch in ledger.batches] == [2]
    assert [one.reason.split(" (/")[0].split(":")[0] for one in ledger.rejected.values()] == [
        "does not parse",
        "no time",
    ]
    assert [one.content for one in ledger.rejected.values()] == [broken.decode().strip(), timeless.decode().strip()]
    log.rename(tmp_path / "app.log.1")
    follower.source = follower.source.model_copy(update={"paths": (tmp_path / "app.log.1",)})
    follower.restart()
    follower.ledger.checkpoints.clear()
    assert len(follower.read().rejected) == 2
