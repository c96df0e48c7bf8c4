"""The import contracts catch what they are there to catch: each is broken on purpose in a copy of the tree."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("breakwatch", "collectors", "store", "analysis", "dashboard", "service")

PLANTED = [
    ("layers", "breakwatch/planted.py", "import store"),
    ("layers", "store/planted.py", "import collectors"),
    ("layers", "collectors/planted.py", "import store"),
    ("layers", "collectors/planted.py", "import analysis"),
    ("layers", "analysis/planted.py", "import dashboard"),
    ("layers", "dashboard/planted.py", "from service import ingest"),
    ("streamlit only in dashboard", "analysis/planted.py", "import streamlit"),
    ("streamlit only in dashboard", "service/planted.py", "import streamlit"),
    ("duckdb only in store", "analysis/planted.py", "import duckdb"),
    ("duckdb only in store", "dashboard/planted.py", "from duckdb import connect"),
    ("figures never ask the world", "analysis/planted.py", "import collectors.identity"),
    ("figures never ask the world", "dashboard/planted.py", "import collectors.identity"),
]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of the packages and their contracts."""
    for name in PACKAGES:
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__", "*.gz"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def lint(tree: Path) -> tuple[int, str]:
    """Run import-linter over a tree, not over the installed packages."""
    call = "import sys; sys.path.insert(0, '.'); from importlinter.cli import lint_imports_command as run; run()"
    done = subprocess.run(
        [sys.executable, "-c", call, "--no-cache"], cwd=tree, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout + done.stderr


def test_the_tree_as_it_is_keeps_every_contract(tree: Path) -> None:
    """With nothing planted all contracts are kept, so a broken one below is due to the planted line."""
    code, said = lint(tree)
    assert code == 0, said
    assert "0 broken" in said


@pytest.mark.parametrize(("contract", "file", "line"), PLANTED)
def test_a_planted_import_breaks_its_contract(tree: Path, contract: str, file: str, line: str) -> None:
    """A wrong import makes lint-imports fail and names the contract it breaks."""
    (tree / file).write_text(f'"""Planted."""\n\n{line}\n')
    code, said = lint(tree)
    assert code == 1, said
    assert f"{contract} BROKEN" in said


def test_every_contract_is_broken_by_some_planted_import() -> None:
    """No contract of pyproject.toml goes untried."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    written = {contract["name"] for contract in settings["tool"]["importlinter"]["contracts"]}
    assert {contract for contract, _, _ in PLANTED} == written
