"""What docs/proved.md claims of the profiles is so."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from collectors import profiles
from scripts.generate_proof_docs import PROOFS, TARGET, text

HERE = Path(__file__).parent
LEAST_RUN = 15


def told_by(test: Path) -> str:
    """Return the text of a test and of the modules beside it that it imports."""
    source = test.read_text(encoding="utf-8")
    beside = {
        HERE / f"{node.module.rpartition('.')[2]}.py"
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("tests.real.")
    }
    return source + "".join(module.read_text(encoding="utf-8") for module in sorted(beside))


def test_the_page_is_current() -> None:
    """It is what the profiles and the list of proofs say."""
    assert TARGET.read_text(encoding="utf-8") == text(), "python scripts/generate_proof_docs.py"


@pytest.mark.parametrize("name", PROOFS)
def test_a_proof_is_a_test_of_that_profile(name: str) -> None:
    """The test is there and speaks of the program, itself or in what it is made of; the profile says it was run."""
    assert profiles.shipped()[name].verified == "run"
    program = name.partition("-")[0]
    for proof in PROOFS[name]:
        assert program in told_by(HERE / proof.test)


def test_a_profile_says_run_where_a_test_runs_its_program() -> None:
    """What was only recorded does not claim to be proved; names of our own are proved by nobody."""
    shipped = profiles.shipped()
    assert {name for name, profile in shipped.items() if profile.verified == "run"} == set(PROOFS)
    assert {name for name, profile in shipped.items() if profile.verified == "own"} == {"breakwatch-service"}


def test_enough_is_proved() -> None:
    """At least so many programs are run by the tests."""
    assert len(PROOFS) >= LEAST_RUN
