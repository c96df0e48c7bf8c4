"""Every shipped profile against its exposition, held to what it was once seen to say."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from breakwatch.model import STATES
from collectors import profiles
from collectors.claims import NAME, Claims
from collectors.openmetrics_text import TextReader
from collectors.targets import OF_TARGETS
from tests.collectors.goldens import GOLDEN, NAMES, exposition, read, rendered

SAID = ("recorded", "built from the library's documentation")


@pytest.mark.parametrize("name", NAMES)
def test_a_profile_says_what_its_golden_says(name: str) -> None:
    """Subjects, states, outcomes, units and values of every series are those of the golden file.

    After a wanted change: ``python -m tests.collectors.goldens``, and read the difference.
    """
    assert rendered(name) == (GOLDEN / f"{name}.claims").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", NAMES)
def test_every_line_is_claimed_or_counted(name: str) -> None:
    """No sample of an exposition is lost: each is read by the profile, or counted as not ours, or refused."""
    reader = TextReader(lambda _metric: True)
    series = [block.series for block, bad in reader.blocks(exposition(name)) if not bad]
    samples = np.bincount(np.concatenate(series), minlength=len(reader.labels))
    claims = Claims(profiles.load([name]))
    claimed = [labels[NAME] in OF_TARGETS or bool(claims.of(labels)) for labels in reader.labels]
    stamped = [line for line in exposition(name).read_text().splitlines() if line and not line.startswith("#")]
    assert samples.sum() == len(stamped)
    assert samples[claimed].sum() + read(exposition(name), name).skipped == len(stamped)


@pytest.mark.parametrize("name", NAMES)
def test_an_exposition_says_where_it_comes_from(name: str) -> None:
    """The first line tells a recording from one that was built from documentation."""
    first = exposition(name).read_text(encoding="utf-8").splitlines()[0]
    assert first.startswith(tuple(f"# {word}" for word in SAID)), first


def test_no_golden_is_left_over() -> None:
    """Expositions and goldens are those of the profiles there are."""
    assert {path.stem for path in GOLDEN.glob("*.claims")} == set(NAMES)


def test_together_the_profiles_leave_each_exposition_to_its_own() -> None:
    """With all profiles looked for at once, each exposition is still read by its own, where that is automatic."""
    everything = Claims(profiles.load([]))
    for name in NAMES:
        if not profiles.shipped()[name].automatic or name in {"generic", "istio"}:
            continue
        reader = TextReader(lambda _metric: True)
        for _block, _bad in reader.blocks(exposition(name)):
            pass
        alone = Claims([profiles.shipped()[name]])
        for labels in reader.labels:
            mine = [claim.profile for claim in alone.of(labels)]
            assert [claim.profile for claim in everything.of(labels)] == mine or not mine, labels


@pytest.mark.parametrize("name", NAMES)
def test_one_thing_has_one_state_at_a_time(name: str) -> None:
    """No scrape says two states of one subject: two series that do are two things, or one of them is read in vain."""
    tracks = [track for track in read(exposition(name), name).tracks if track.kind in STATES]
    subjects = Counter((track.kind, track.scrape_target, track.subject) for track in tracks)
    assert [one for one, count in subjects.items() if count > 1] == []
