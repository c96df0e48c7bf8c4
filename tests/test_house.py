"""The rules of the house, as tests: what a reviewer would otherwise have to remember."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
import typer.main

from service.cli import app

ROOT = Path(__file__).parents[1]
PACKAGES = ("breakwatch", "collectors", "store", "analysis", "dashboard", "service", "sample_data")
MOST_LINES = 400
MOST_LINES_OF_A_FUNCTION = 70


@cache
def tracked() -> tuple[Path, ...]:
    """Return every file under version control, relative to the root."""
    command = ["git", "-c", "safe.directory=*", "ls-files", "-z"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return tuple(Path(name) for name in listed.split("\0") if name and (ROOT / name).is_file())


def python_files(*folders: str) -> list[Path]:
    """Return the Python files under version control in some folders, or all of them."""
    return [file for file in tracked() if file.suffix == ".py" and (not folders or file.parts[0] in folders)]


def tree(file: Path) -> ast.Module:
    """Return a file's syntax tree."""
    return ast.parse((ROOT / file).read_text(encoding="utf-8"))


def functions(file: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Yield every function and method of a file."""
    return (node for node in ast.walk(tree(file)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def test_every_package_is_typed_and_shipped() -> None:
    """Each folder with an __init__.py is in the wheel's list and carries py.typed, and the list holds no other."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    shipped = settings["tool"]["hatch"]["build"]["targets"]["wheel"]["only-include"]
    folders = {file.parts[0] for file in tracked() if file.name == "__init__.py" and len(file.parts) == 2}
    assert folders == set(shipped) == set(PACKAGES)
    assert [name for name in shipped if not (ROOT / name / "py.typed").exists()] == []
    assert set(shipped) <= set(settings["tool"]["mypy"]["packages"])


def test_files_hold_one_idea() -> None:
    """No Python file is longer than a person reads in one sitting."""
    sizes = {str(file): len((ROOT / file).read_text(encoding="utf-8").splitlines()) for file in python_files()}
    assert {file: size for file, size in sizes.items() if size > MOST_LINES} == {}


def test_functions_fit_a_screen() -> None:
    """No function is longer than a screen."""
    sizes = {
        f"{file}:{function.name}": (function.end_lineno or 0) - function.lineno + 1
        for file in python_files()
        for function in functions(file)
    }
    assert {name: size for name, size in sizes.items() if size > MOST_LINES_OF_A_FUNCTION} == {}


def test_every_test_states_its_behaviour() -> None:
    """Each test has a docstring, and none is skipped or expected to fail."""
    silent = [
        f"{file}:{function.name}"
        for file in python_files("tests")
        for function in functions(file)
        if function.name.startswith("test_") and not ast.get_docstring(function)
    ]
    evading = re.compile(r"pytest\.(mark\.)?(skip|skipif|xfail|importorskip)\b")
    evaders = [
        str(file)
        for file in python_files("tests")
        if evading.search((ROOT / file).read_text(encoding="utf-8")) and file.name != "test_house.py"
    ]
    assert silent == []
    assert evaders == []


def test_only_the_configuration_reads_the_environment() -> None:
    """What a run depends on can be seen in one file. Another sets what libraries read, and keeps what is there."""
    reading = re.compile(r"\bos\.(environ(?!\.setdefault)|getenv)\b|from os import .*environ")
    readers = [str(file) for file in python_files(*PACKAGES) if reading.search((ROOT / file).read_text("utf-8"))]
    assert readers == ["breakwatch/config.py"]


def test_no_sql_is_put_together_from_text() -> None:
    """No f-string of the product holds a statement that reads or changes rows.

    One file may: a view over a list of Parquet files takes no parameters, and every name in it is of our own catalogue.
    """
    statement = re.compile(r"\b(SELECT\s.+\sFROM|INSERT\s+INTO|DELETE\s+FROM|UPDATE\s+\w+\s+SET)\b", re.DOTALL)
    found = [
        f"{file}:{node.lineno}"
        for file in python_files(*PACKAGES)
        if str(file) != "store/publish.py"
        for node in ast.walk(tree(file))
        if isinstance(node, ast.JoinedStr) and statement.search("".join(_text(part) for part in node.values))
    ]
    assert found == []


def _text(part: ast.expr) -> str:
    return part.value if isinstance(part, ast.Constant) and isinstance(part.value, str) else ""


def test_nothing_in_the_dashboard_hides_a_package() -> None:
    """Streamlit puts dashboard/ first on the path, so a name in it that equals a package would hide that package."""
    names = {file.parts[1].removesuffix(".py") for file in tracked() if file.parts[0] == "dashboard"}
    hidden = names & {*PACKAGES, "tests", "streamlit", "plotly", "duckdb"}
    assert hidden == set()


def test_the_command_reference_is_current() -> None:
    """docs/cli.md is what the commands say about themselves today."""
    done = subprocess.run(
        [sys.executable, "scripts/generate_cli_docs.py", "--check"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_every_command_has_help_with_examples() -> None:
    """Each command says what it does and shows how it is called."""
    page = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    names = list(typer.main.get_command(app).commands)  # type: ignore[attr-defined]
    assert names
    for name in names:
        assert f"breakwatch {name}" in page
    sections = page.split("\n## ")[1:]
    assert [section.split("\n")[0] for section in sections if "Examples:" not in section] == []


@pytest.mark.parametrize("page", ["CONTRIBUTING.md", "README.md", "docs/architecture.md"])
def test_paths_named_in_the_guides_exist(page: str) -> None:
    """A guide that names a file which is not there sends people the wrong way."""
    text = (ROOT / page).read_text(encoding="utf-8")
    named = set(re.findall(r"`((?:[a-z_.]+/)+[A-Za-z0-9_.-]*)`", text))
    targets = set(re.findall(r"\]\((?!http)([^)#]+)\)", text))
    assert [path for path in sorted(named | targets) if not (ROOT / path).exists()] == []


def test_contributing_is_short() -> None:
    """A guide of more than 80 lines is not read."""
    assert len((ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").splitlines()) < 80


def test_the_changelog_tells_of_this_version() -> None:
    """The version that is shipped is a heading of the changelog, or the work on it stands under Unreleased."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.search(rf"^## \[({re.escape(settings['project']['version'])}|Unreleased)\]", text, re.MULTILINE)


def test_the_project_speaks_of_itself_alone() -> None:
    """No file names a folder of somebody's machine or the host packages came from."""
    machine = re.compile(
        "|".join(("/" + "work/", "/" + "root/", "/opt/" + "pypi", "extra-" + "index-url", "pypi" + r"\.org/simple"))
    )
    texts = [file for file in tracked() if file.suffix not in {".gz", ".png", ".parquet", ".woff2"}]
    found = [str(file) for file in texts if machine.search((ROOT / file).read_text("utf-8", errors="replace"))]
    assert found == []


def test_locks_pin_every_package_by_hash() -> None:
    """A locked package without a hash could be anything tomorrow."""
    locks = sorted(ROOT.glob("requirements*.lock"))
    assert len(locks) >= 2
    for lock in locks:
        text = lock.read_text(encoding="utf-8")
        entries = re.split(r"\n(?=[a-z0-9])", text.strip())
        assert [entry.split()[0] for entry in entries if "--hash=sha256:" not in entry] == []
        assert "://" not in text
