"""The page about profiles is in step with the profiles."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import yaml

from collectors import profiles

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "profiles.md").read_text(encoding="utf-8")


def test_the_table_of_profiles_is_current() -> None:
    """The table says what the files say: which profiles there are, how they were proved, what they read."""
    command = [sys.executable, "scripts/generate_profile_docs.py", "--check"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_example_of_a_profile_is_one() -> None:
    """The profile on the page can be copied as it stands."""
    (text,) = [block.partition("```")[0] for block in PAGE.split("```yaml\n") if block.startswith("name: ")]
    assert profiles.parse(text, "docs/profiles.md").readings


def test_the_examples_of_readings_are_readings() -> None:
    """So can each reading that stands by itself."""
    blocks = [block.partition("```")[0] for block in PAGE.split("```yaml\n") if block.startswith("  - reads:")]
    head = {"name": "own", "title": "Own", "origin": "docs", "verified": "no"}
    for block in blocks:
        assert profiles.parse(yaml.safe_dump({**head, "readings": yaml.safe_load(block)}), "docs/profiles.md").readings
    assert len(blocks) == 2


def test_at_least_fifteen_profiles_are_proved_by_a_run() -> None:
    """What was only read in a source is marked so, and most of what people run was run here too."""
    assert sum(profile.verified == "run" for profile in profiles.shipped().values()) >= 15
