"""JSON lines and logfmt."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.logs.fields import find, parse_json, parse_logfmt

NAMES = st.text(st.characters(exclude_characters='="\\', exclude_categories=("Z", "C")), min_size=1, max_size=6)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("a=1 b=two", {"a": "1", "b": "two"}),
        ('msg="two words" ok', {"msg": "two words", "ok": "true"}),
        (r'msg="a \"b\" \\ \n \t \u00e9 \x41 \U0001F600"', {"msg": 'a "b" \\ \n \t é A \U0001f600'}),
        ("  a=1\t b=  ", {"a": "1", "b": ""}),
        ("url=/a?x=1&y=2", {"url": "/a?x=1&y=2"}),
        ("a=1 a=2", {"a": "2"}),
        ('a="" b=""', {"a": "", "b": ""}),
    ],
)
def test_logfmt(line: str, expected: dict[str, str]) -> None:
    """Pairs, bare names, quotes and escapes."""
    assert parse_logfmt(line) == expected


@pytest.mark.parametrize("line", ['a="open', 'a="b"c', 'a=b"c', "=1", r'a="\q"', "just words", "", 'a="b\\'])
def test_what_is_no_logfmt_is_refused(line: str) -> None:
    """A quote that does not end, text behind one, unknown escapes, prose: errors, not guesses."""
    with pytest.raises(ValueError, match=r"logfmt|name=value"):
        parse_logfmt(line)


@given(st.dictionaries(NAMES, st.text(st.characters(exclude_categories=["Cs"])), min_size=1))
def test_logfmt_returns_what_was_quoted(fields: dict[str, str]) -> None:
    """Any value survives quoting."""
    line = " ".join(
        '{}="{}"'.format(name, value.replace("\\", r"\\").replace('"', r"\"")) for name, value in fields.items()
    )
    assert parse_logfmt(line) == fields


@pytest.mark.parametrize("line", ["[1]", '"text"', "1", "null", "{", '{"a":1}x', '{"a":NaN}'])
def test_a_json_line_is_one_object(line: str) -> None:
    """Other JSON, and what is no JSON, is refused."""
    with pytest.raises(ValueError, match=r"."):
        parse_json(line)


def test_fields_are_found_by_the_first_name_that_is_there() -> None:
    """A dotted name is taken as it stands first, then as a path; null and empty count as absent."""
    line = {"a.b": 1, "c": {"d": {"e": 2}}, "n": None, "t": ""}
    assert find(line, ("n", "t", "a.b")) == 1
    assert find(line, ("c.x", "c.d.e")) == 2
    assert find(line, ("c.d.e.f", "a.b.c", "n")) is None
