"""Every page in its states: nothing published, nothing in it, one row, a busy day, and an error."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from html import unescape
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from tests.dashboard.fixture import AS_OF, Scene, publish, quiet

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

VIEWS = ("overview", "breakers", "incidents", "data")
PAYLOAD = "<img src=x onerror=alert(1)>"


def _overview() -> None:
    from dashboard.views import overview

    overview.render()


def _breakers() -> None:
    from dashboard.views import breakers

    breakers.render()


def _incidents() -> None:
    from dashboard.views import incidents

    incidents.render()


def _data() -> None:
    from dashboard.views import data

    data.render()


PAGES: dict[str, Callable[[], None]] = {
    "overview": _overview,
    "breakers": _breakers,
    "incidents": _incidents,
    "data": _data,
}


@pytest.fixture
def show(monkeypatch: pytest.MonkeyPatch) -> Callable[..., AppTest]:
    """Return a function that runs a page on a published file with parameters in its address."""

    def run(view: str, published: Path, **parameters: str) -> AppTest:
        st.cache_data.clear()
        monkeypatch.setenv("BREAKWATCH_PUBLISHED", str(published))
        app = AppTest.from_function(PAGES[view], default_timeout=30)
        for key, value in parameters.items():
            app.query_params[key] = value
        return app.run()

    return run


def texts(app: AppTest) -> str:
    """Return all HTML of a page but its style."""
    found = [element.proto.body for element in app.get("html")]
    assert not app.exception
    return "\n".join(text for text in found if not text.startswith("<style>"))


@pytest.mark.parametrize("view", VIEWS)
def test_nothing_published_yet(view: str, show: Callable[..., AppTest], tmp_path: Path) -> None:
    """Before the first collection a page says so in two lines, with the next step."""
    found = texts(show(view, tmp_path / "none.duckdb"))
    assert "nothing has been collected yet" in found
    assert "try: run `breakwatch collect --once`" in found


@pytest.mark.parametrize("view", VIEWS)
def test_unreadable_file(view: str, show: Callable[..., AppTest], tmp_path: Path) -> None:
    """A file that is no store is named as a problem with a remedy; no traceback reaches the page."""
    broken = tmp_path / "broken.duckdb"
    broken.write_text("this is not a database, it only has its name")
    found = texts(show(view, broken))
    assert "bw-problem" in found
    assert "try: " in found
    assert "Traceback" not in found


@pytest.mark.parametrize("view", VIEWS)
def test_empty_file(view: str, show: Callable[..., AppTest], empty_file: Path) -> None:
    """A published file without a row says what would be here and how to fill it."""
    found = texts(show(view, empty_file))
    assert "Nothing here yet." in found
    assert "breakwatch collect --once" in found


@pytest.mark.parametrize(
    ("view", "said"),
    [
        ("overview", "Nothing is open or degraded."),
        ("breakers", "solo → db"),
        ("incidents", "No breaker opened in this range."),
        ("data", "any DuckDB client can read them"),
    ],
)
def test_one_row(view: str, said: str, show: Callable[..., AppTest], one_row_file: Path) -> None:
    """The least that is not nothing is shown as what it is; what was not seen is said, never 0."""
    found = texts(show(view, one_row_file))
    assert said in found
    assert "ecorded: 1 min in all" in found.replace("\u00a0", " ")
    assert "NaN" not in found
    assert "None" not in found


@pytest.mark.parametrize(
    ("view", "said"),
    [
        ("overview", "payments has been limited"),
        ("overview", "notify unseen"),
        ("overview", "coverage prom-eu-b"),
        ("overview", "<b>payments 2.14.0</b> deployed 09:31"),
        ("overview", "state lost on restart"),
        ("breakers", "14 of 20 open"),
        ("breakers", "reopened 70 times, last 09:40:18"),
        ("incidents", "n = 6 of 6, 1 ongoing"),
    ],
)
def test_busy_day(view: str, said: str, show: Callable[..., AppTest], busy_file: Path) -> None:
    """The busy morning is told as it is."""
    assert said in texts(show(view, busy_file, environment="prod"))


def test_counts_lead_to_what_they_count(show: Callable[..., AppTest], busy_file: Path) -> None:
    """One finding leads to the finding: the link fills the editor with a statement that answers with that row."""
    found = texts(show("overview", busy_file, environment="prod"))
    link = re.search(r'href="data\?([^"]+)"[^>]*>1 finding<', found)
    assert link is not None
    (sql,) = parse_qs(unescape(link[1]))["sql"]
    app = show("data", busy_file, environment="prod", sql=sql)
    assert app.text_area(key="sql").value == sql
    app.button(key="run-sql").click().run()
    assert app.dataframe[0].value["kind"].tolist() == ["state_lost_on_restart"]


def test_range_of_the_address_is_taken(show: Callable[..., AppTest], busy_file: Path) -> None:
    """A link with a range shows that range, and the address keeps saying it."""
    app = show("incidents", busy_file, environment="prod", range="30d")
    assert "n = 15 of 15" in texts(app)
    assert app.query_params["range"] in ("30d", ["30d"])


def test_nonsense_in_the_address_is_harmless(show: Callable[..., AppTest], busy_file: Path) -> None:
    """Unknown values in the address fall back to our own."""
    app = show("overview", busy_file, environment="../etc", range="forever", zone="Mars/Base", days="x,y")
    assert "recorded sample" in texts(app)
    assert app.query_params["range"] in ("24h", ["24h"])


def test_stale_data_are_never_called_well(show: Callable[..., AppTest], tmp_path: Path) -> None:
    """Live data that stopped are marked, say why, and neither headline nor tile calls the present quiet."""
    long_ago = datetime(2020, 1, 1, tzinfo=UTC)
    found = texts(show("overview", publish(tmp_path / "stale.duckdb", quiet(), as_of=long_ago, recorded=False)))
    assert "bw-asof stale" in found
    assert "nothing is collecting" in found
    assert "What is open now is not known." in found
    assert "all closed" not in found


def test_incident_page(show: Callable[..., AppTest], busy_file: Path) -> None:
    """An incident shows its headline, its figures with bounds, its rows and the SQL behind them."""
    app = show("incidents", busy_file, environment="prod", episode="1000")
    found = texts(app)
    assert "has not been calling payments for" in found
    assert "How openings are counted" not in found
    assert "closed → <b>open</b>" in found
    assert any("from breaker_episodes" in code.value for code in app.code)


def test_sources_are_compared_where_there_are_several(show: Callable[..., AppTest], busy_file: Path) -> None:
    """The recorded run, which a log and a gauge saw, explains how its openings are counted, and skips coarse calls."""
    found = texts(show("incidents", busy_file, environment="capture", episode="1000"))
    assert "How openings are counted" in found
    assert "no scrape saw it, the counters and the log did" in found


def test_unknown_incident(show: Callable[..., AppTest], busy_file: Path) -> None:
    """An id that no longer exists is said, not an error."""
    assert "No such incident." in texts(show("incidents", busy_file, environment="prod", episode="77' or 1=1"))


def test_filters_narrow_the_list(show: Callable[..., AppTest], busy_file: Path) -> None:
    """Filters narrow the list and its count says of how many."""
    app = show("incidents", busy_file, environment="prod")
    app.selectbox(key="service").set_value("cart").run()
    assert "n = 1 of 6" in texts(app)


def test_own_sql_runs_apart(show: Callable[..., AppTest], busy_file: Path) -> None:
    """A statement of the reader's own is answered with its rows and its time."""
    app = show("data", busy_file, environment="prod")
    app.text_area(key="sql").set_value("select count(*) as n from breaker_episodes").run()
    app.button(key="run-sql").click().run()
    assert "1 row in" in texts(app)
    assert app.dataframe[0].value.iloc[0, 0] == 16


def test_wrong_sql_is_two_lines(show: Callable[..., AppTest], busy_file: Path) -> None:
    """A wrong statement shows the problem and a remedy, and the rest of the page stands."""
    app = show("data", busy_file, environment="prod")
    app.text_area(key="sql").set_value("select * from read_text('/etc/hostname')").run()
    app.button(key="run-sql").click().run()
    found = texts(app)
    assert "bw-problem" in found
    assert "any DuckDB client can read them" in found


@pytest.mark.parametrize("view", VIEWS)
def test_hostile_names_stay_text(view: str, show: Callable[..., AppTest], tmp_path: Path) -> None:
    """A service, breaker or instance named like a tag never becomes one."""
    scene = Scene()
    scene.seen(PAYLOAD, PAYLOAD, AS_OF.replace(hour=1), AS_OF)
    episode = scene.episode(PAYLOAD, PAYLOAD, AS_OF.replace(hour=9), None, instances=(PAYLOAD,), reopenings=1)
    scene.state(PAYLOAD, PAYLOAD, "open", AS_OF.replace(hour=9), (PAYLOAD,))
    scene.add("changes", service=PAYLOAD, kind="deploy", occurred_at=AS_OF.replace(hour=8), revision=PAYLOAD)
    published = publish(tmp_path / "hostile.duckdb", scene)
    found = texts(show(view, published))
    if view == "incidents":
        found += texts(show(view, published, episode=str(episode)))
    assert "<img" not in found
