"""Pages that stay open while collection goes on: what refreshes itself, what stays put, and when the bar warns."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
import streamlit as st
from playwright.sync_api import expect, sync_playwright

from dashboard import data
from dashboard.filters import REFRESH_S
from store import Reader
from tests.dashboard.browser import CHROMIUM, CHROMIUM_OPTIONS, server
from tests.dashboard.fixture import Scene, publish

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Page

_PATIENCE_MS = 30_000
_TWO_REFRESHES_MS = 2_000 * REFRESH_S


def shop(now: datetime, *, is_open: bool) -> Scene:
    """Return a shop that is seen up to now, its one breaker closed, or open for a minute."""
    scene = Scene()
    opened = now - timedelta(minutes=1)
    scene.seen("prom", "shop", now - timedelta(hours=30), now)
    scene.state("shop", "db", "open" if is_open else "closed", opened if is_open else now - timedelta(hours=2))
    if is_open:
        scene.episode("shop", "db", opened, None, half_width_s=0.5, seen=1)
    return scene


def publish_live(path: Path, *, is_open: bool, behind_s: float = 0.0) -> None:
    """Publish the shop as of now, or as of a while ago."""
    now = datetime.now(UTC) - timedelta(seconds=behind_s)
    publish(path, shop(now, is_open=is_open), as_of=now, recorded=False)


@pytest.fixture
def published(tmp_path: Path) -> Path:
    """Return a published file of the quiet shop."""
    path = tmp_path / "breakwatch.duckdb"
    publish_live(path, is_open=False)
    return path


@pytest.fixture
def page(published: Path, tmp_path: Path) -> Iterator[Page]:
    """Return a browser on a server that shows the published file, the page not opened yet."""
    with server(published, tmp_path / "log") as address, sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_OPTIONS)
        yield browser.new_page(viewport={"width": 1440, "height": 900}, base_url=address)
        browser.close()


def test_a_new_publication_changes_the_top_and_nothing_else(page: Page, published: Path) -> None:
    """Headline and Now follow a publication within two refreshes; tiles and lanes are not drawn anew."""
    publish_live(published, is_open=False)
    page.goto("/")
    expect(page.locator("h1")).to_contain_text("Nothing is open or degraded.", timeout=_PATIENCE_MS)
    expect(page.locator(".js-plotly-plot .xtick").first).to_be_visible(timeout=_PATIENCE_MS)
    page.evaluate(
        "document.querySelectorAll('.bw-tile, .js-plotly-plot').forEach((part) => { part.dataset.before = 'true' })"
    )
    parts = page.locator("[data-before]")
    before = parts.count()
    tiles = page.locator(".bw-tile").all_inner_texts()
    publish_live(published, is_open=True)
    expect(page.locator("h1")).to_contain_text("shop → db has been open for 1 min", timeout=_TWO_REFRESHES_MS)
    expect(page.locator(".bw-now")).to_have_count(1)
    assert before == 5
    assert parts.count() == before
    assert page.locator(".bw-tile").all_inner_texts() == tiles


def test_the_bar_warns_when_publications_stop(page: Page, published: Path) -> None:
    """While nothing new is published the bar turns to caution by itself, with the sign and the reason."""
    publish_live(published, is_open=False, behind_s=48.0)
    page.goto("/")
    bar = page.locator(".bw-asof")
    expect(bar).to_contain_text("behind", timeout=_PATIENCE_MS)
    assert "stale" not in (bar.get_attribute("class") or "")
    expect(page.locator(".bw-asof.stale .g-warning")).to_be_visible(timeout=_PATIENCE_MS)
    expect(bar).to_contain_text("nothing is collecting")
    expect(page.locator("h1")).to_contain_text("What is open now is not known.", timeout=_TWO_REFRESHES_MS)


def test_a_refresh_without_news_reads_nothing(published: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Looking for a new publication opens the file only after it was swapped."""
    opened: list[object] = []
    real = Reader.open

    def counted(path: str | Path) -> Reader:
        opened.append(path)
        return real(path)

    monkeypatch.setenv("BREAKWATCH_PUBLISHED", str(published))
    monkeypatch.setattr("dashboard.data.Reader.open", counted)
    st.cache_data.clear()
    first = data.publication()
    data.environments()
    once = len(opened)
    assert data.publication() == first
    data.environments()
    assert len(opened) == once
    publish_live(published, is_open=True)
    second = data.publication()
    assert first is not None
    assert second is not None
    assert second.generation > first.generation
