"""The rules of the room: thin pages, one place that remembers, one place that knows SQL."""

from __future__ import annotations

import ast
from importlib.resources import files
from pathlib import Path

import pytest

from dashboard.settings import streamlit_options

ROOM = Path(str(files("dashboard")))
VIEWS = sorted(path for path in (ROOM / "views").glob("*.py") if path.name != "__init__.py")
MODULES = sorted(path for path in ROOM.rglob("*.py"))
PURE = (
    "words.py",
    "sentences.py",
    "charts.py",
    "drawing.py",
    "incident_chart.py",
    "openings_chart.py",
    "theme.py",
    "markup.py",
)
_SQL_WORDS = ("select ", "insert ", "update ", "delete ")


def tree(path: Path) -> ast.Module:
    """Return a module's syntax tree."""
    return ast.parse(path.read_text(encoding="utf-8"))


def imported(path: Path) -> set[str]:
    """Return the top-level names that a module imports."""
    found: set[str] = set()
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.split(".")[0])
    return found


@pytest.mark.parametrize("path", VIEWS, ids=lambda path: path.stem)
def test_views_are_thin(path: Path) -> None:
    """A view has at most 100 lines, no SQL of its own, no grouping and no cache."""
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 100
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            assert not node.value.lower().lstrip().startswith(_SQL_WORDS), node.value
        if isinstance(node, ast.Attribute):
            assert node.attr not in {"groupby", "cache_data", "cache_resource"}
    assert "duckdb" not in imported(path)


def test_only_data_remembers() -> None:
    """Only data.py uses Streamlit's cache."""
    users = {path.name for path in MODULES if path.parent != ROOM / "views" and "st.cache_" in path.read_text("utf-8")}
    assert users == {"data.py"}


@pytest.mark.parametrize("name", PURE)
def test_pure_modules_do_not_know_streamlit(name: str) -> None:
    """Wording, charts and snippets can be tested and reused without a page."""
    assert "streamlit" not in imported(ROOM / name)


def test_no_markup_around_the_escape() -> None:
    """HTML reaches a page only through st.html with snippets of markup.py."""
    for path in MODULES:
        assert "unsafe_allow_html" not in path.read_text("utf-8"), path
        assert "unsafe_allow_javascript" not in path.read_text("utf-8"), path


def test_no_module_hides_another() -> None:
    """Streamlit puts this folder first on the path: no module here may be called like one of Python's or ours."""
    import sys

    taken = set(sys.stdlib_module_names) | {"store", "service", "analysis", "collectors", "breakwatch", "streamlit"}
    assert {path.stem for path in ROOM.iterdir() if path.suffix == ".py" or path.is_dir()} & taken == set()


def test_shipped_options_are_private_and_safe() -> None:
    """No usage statistics, no error details, no raw table downloads, and a look for light and for dark."""
    options = streamlit_options()
    assert options["browser.gatherUsageStats"] == "false"
    assert options["client.showErrorDetails"] == "none"
    assert options["client.disableDataExport"] == "true"
    assert options["theme.light.primaryColor"] == "#1C69C8"
    assert options["theme.dark.backgroundColor"] == "#10151A"


def test_theme_of_widgets_is_the_theme_of_charts() -> None:
    """The options that Streamlit draws with hold the same colours as our palettes."""
    from dashboard.theme import PALETTES

    options = streamlit_options()
    pairs = {"greenColor": "ok", "orangeColor": "hurt", "redColor": "down", "textColor": "ink", "borderColor": "border"}
    for mode, palette in PALETTES.items():
        for option, name in pairs.items():
            assert options[f"theme.{mode}.{option}"] == getattr(palette, name)
