"""What a pattern may say, and what a source may say over it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from pydantic import ValidationError

from breakwatch.errors import ConfigError
from breakwatch.model import SightingKind
from collectors.logs.patterns import LogPattern, of_source

if TYPE_CHECKING:
    from pathlib import Path

    from tests.collectors.logs.conftest import Follow

JSON = {"format": "json", "event": "breaker_transition"}


@pytest.mark.parametrize(
    ("pattern", "remedy"),
    [
        (r"(?=x)", "no lookahead"),
        (r"(a)\1", "no backreferences"),
        (r"a{100000}", "at most 1000 times"),
        (r"(?P<to>a)(?P<to>b)", "name each group once"),
        (r"[a", "check brackets"),
        ("a" * 1_001, "split it"),
    ],
)
def test_what_re2_refuses_is_explained(pattern: str, remedy: str, capfd: pytest.CaptureFixture[str]) -> None:
    """The remedy says what to write instead; the engine itself says nothing on stderr."""
    with pytest.raises(ConfigError) as refused:
        of_source(pattern)
    assert remedy in refused.value.remedy
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(
    "wrong",
    [
        {"unknown_key": 1},
        {"event": "explosion"},
        {"fields": {"braker": "name"}},
        {"states": {"OPEN": "opened"}},
        {"constants": {"colour": "red"}},
        {"pattern": "x"},
        {"format": "regex"},
        {"literal": ""},
        {"verified": "yes"},
    ],
)
def test_a_pattern_that_cannot_mean_anything_is_refused(wrong: dict[str, Any]) -> None:
    """Unknown keys, events, fields and words, and a pattern where none belongs."""
    with pytest.raises(ValidationError):
        LogPattern.model_validate(JSON | wrong)


def test_one_stands_for_a_list_of_one() -> None:
    """As people write YAML."""
    pattern = LogPattern.model_validate(JSON | {"literal": "x", "match": {"enforced": True}, "fields": {"to": "state"}})
    assert (pattern.literal, pattern.match, pattern.fields) == (("x",), {"enforced": (True,)}, {"to": ("state",)})


@pytest.mark.parametrize(
    ("groups", "kind"),
    [
        ("(?P<breaker>b) (?P<to>c)", SightingKind.BREAKER_TRANSITION),
        ("(?P<component>b) (?P<to>c)", SightingKind.HEALTH_CHANGE),
        ("(?P<operation>b) (?P<attempt>c)", SightingKind.RETRY_ATTEMPT),
        ("(?P<to>c)", SightingKind.LEVEL_CHANGE),
    ],
)
def test_the_groups_of_a_sources_own_pattern_say_what_happened(groups: str, kind: SightingKind) -> None:
    """A person writes groups, not our kinds."""
    assert of_source(groups).event == kind


def test_a_pattern_without_our_groups_is_refused() -> None:
    """It could never tell anything."""
    with pytest.raises(ConfigError, match=r"none of our fields"):
        of_source(r"(?P<colour>\w+)")


def test_an_unknown_field_of_a_source_names_the_nearest(tmp_path: Path, follow: Follow) -> None:
    """A typing error in ``fields`` must not silently map nothing."""
    with pytest.raises(ConfigError, match=r"'braker'") as refused:
        follow(tmp_path / "a.log", fields={"braker": "cb"})
    assert refused.value.remedy == "did you mean breaker?"


def test_a_profile_that_cannot_read_the_format_is_refused(tmp_path: Path, follow: Follow) -> None:
    """A profile of JSON events says nothing about plain lines."""
    with pytest.raises(ConfigError, match=r"no log pattern for format regex"):
        follow(tmp_path / "a.log", profile="opossum", format="regex")
