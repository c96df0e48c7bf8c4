"""Every log pattern of every shipped profile against lines of its library."""

from __future__ import annotations

from pathlib import Path

import pytest

from breakwatch.clock import SECOND_US
from collectors import profiles
from collectors.identity import Resolver
from collectors.logs.patterns import IGNORE, LogPattern
from collectors.logs.reading import LineReader, Understood

GOLDEN = Path(__file__).parents[2] / "golden"
FOLDERS = ("profiles", "lines")
"""Logs that a library really wrote, and single lines, each file of which says where they are from."""

NOW_US = 1_795_300_000 * SECOND_US
NAMES = tuple(name for name, profile in profiles.shipped().items() if profile.logs)


def lines(name: str) -> list[bytes]:
    """Return the lines of a profile's library, recorded or built, those of what it extends included."""
    files = [GOLDEN / folder / f"{name}.{suffix}" for folder in FOLDERS for suffix in ("log", "jsonl")]
    own = [file for file in files if file.exists()]
    found = [line for path in own for line in path.read_bytes().splitlines() if not line.startswith(b"# ")]
    base = profiles.shipped()[name].extends
    return [*found, *(lines(base) if base else [])]


def understood(name: str, *patterns: LogPattern) -> Understood:
    """Return what the lines come to: those that are objects as JSON, the others as texts."""
    whole = Understood()
    for form, mine in (
        ("json", [line for line in lines(name) if line.startswith(b"{")]),
        ("regex", [line for line in lines(name) if not line.startswith(b"{")]),
    ):
        usable = [pattern for pattern in patterns if form == "json" or pattern.format == "regex"]
        if mine and usable:
            reader = LineReader("s", form, usable, fields={}, timezone="UTC", resolver=Resolver((), {}), profile=name)
            literals = reader.literals
            read = reader.read([line for line in mine if not literals or any(one in line for one in literals)], NOW_US)
            whole.told.extend(read.told)
            whole.problems.update(read.problems)
    return whole


@pytest.mark.parametrize("name", NAMES)
def test_a_profile_understands_its_lines(name: str) -> None:
    """No line that its patterns claim is refused, and something is told where anything is to be told."""
    patterns = profiles.shipped()[name].logs
    read = understood(name, *patterns)
    assert read.problems == {}
    assert bool(read.told) == any(pattern.event != IGNORE for pattern in patterns)


@pytest.mark.parametrize("name", NAMES)
def test_every_pattern_has_its_line(name: str) -> None:
    """Each pattern tells something of some line by itself, but for those that say what tells nothing new."""
    silent = [
        pattern.pattern or pattern.match or pattern.events
        for pattern in profiles.shipped()[name].logs
        if pattern.event != IGNORE and not understood(name, pattern).told
    ]
    assert silent == []
