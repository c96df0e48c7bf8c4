"""The real server in a real browser: data, no error, nothing asked of the outside, no sideways scroll."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from tests.dashboard.browser import CHROMIUM, CHROMIUM_OPTIONS, server

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser

_PATIENCE_MS = 30_000


@pytest.fixture(scope="module")
def address(busy_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Return the address of a server on the busy morning."""
    with server(busy_file, tmp_path_factory.mktemp("server") / "log") as found:
        yield found


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Return a browser."""
    with sync_playwright() as play:
        found = play.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_OPTIONS)
        yield found
        found.close()


class Visit:
    """A page with everything it asked for and complained about."""

    def __init__(self, browser: Browser, width: int = 1440, mode: str = "light") -> None:
        self.page: Page = browser.new_page(
            viewport={"width": width, "height": 900}, color_scheme="dark" if mode == "dark" else "light"
        )
        self.hosts: set[str] = set()
        self.errors: list[str] = []
        self.page.on("request", lambda request: self.hosts.add(urlsplit(request.url).hostname or ""))
        self.page.on("websocket", lambda socket: self.hosts.add(urlsplit(socket.url).hostname or ""))
        self.page.on("console", lambda said: self.errors.append(said.text) if said.type == "error" else None)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))

    def open(self, url: str) -> Page:
        """Go to an address and wait until the page is drawn."""
        self.page.goto(url)
        expect(self.page.locator(".bw").first).to_be_visible(timeout=_PATIENCE_MS)
        return self.page


def test_first_page_has_data_and_asks_nobody_else(address: str, browser: Browser) -> None:
    """The overview shows its headline and its lanes, logs no error, and every request stays on this machine."""
    visit = Visit(browser)
    page = visit.open(address)
    expect(page.locator("h1")).to_contain_text("payments has been limited", timeout=_PATIENCE_MS)
    expect(page.locator(".js-plotly-plot .xtick").first).to_be_visible(timeout=_PATIENCE_MS)
    expect(page.locator(".bw-now")).to_have_count(5)
    assert visit.errors == []
    assert visit.hosts <= {"127.0.0.1", ""}
    page.close()


def test_navigation_keeps_the_selection(address: str, browser: Browser) -> None:
    """From page to page the range goes along, and Open leads to the incident."""
    visit = Visit(browser)
    page = visit.open(address)
    page.get_by_text("7 d", exact=True).click()
    page.wait_for_url("**range=7d**", timeout=_PATIENCE_MS)
    page.get_by_role("link", name="Breakers").click()
    expect(page.get_by_text("14 of 20 open")).to_be_visible(timeout=_PATIENCE_MS)
    page.wait_for_url("**/breakers?**range=7d**", timeout=_PATIENCE_MS)
    page.get_by_role("link", name="Overview").click()
    page.locator(".st-key-bw-now button").nth(1).click()
    page.wait_for_url("**/incidents?**episode=**", timeout=_PATIENCE_MS)
    expect(page.locator("h1")).to_contain_text("has not been calling payments", timeout=_PATIENCE_MS)
    assert "range=7d" in page.url
    page.close()


@pytest.mark.parametrize("path", ["/", "/breakers", "/incidents", "/data", "/incidents?environment=prod&episode=1000"])
def test_no_sideways_scroll_on_a_phone(path: str, address: str, browser: Browser) -> None:
    """At 400 pixels no page scrolls sideways; wide tables scroll in their own box."""
    visit = Visit(browser, width=400)
    page = visit.open(address + path)
    expect(page.locator(".bw-asof")).to_be_visible(timeout=_PATIENCE_MS)
    page.wait_for_timeout(1500)
    over = page.evaluate(
        "[document.documentElement, document.querySelector('[data-testid=stMain]')]"
        ".map((box) => box.scrollWidth - box.clientWidth)"
    )
    assert max(over) <= 0
    page.close()


def test_dark_follows_the_browser(address: str, browser: Browser) -> None:
    """In a browser set to dark the page and its own colours are dark."""
    visit = Visit(browser, mode="dark")
    page = visit.open(address)
    expect(page.locator("h1")).to_be_visible(timeout=_PATIENCE_MS)
    found = page.evaluate(
        "[getComputedStyle(document.querySelector('.stApp')).backgroundColor,"
        " getComputedStyle(document.querySelector('.bw h1')).color]"
    )
    assert found == ["rgb(16, 21, 26)", "rgb(233, 237, 240)"]
    page.close()


def test_primary_button_can_be_read_in_dark(address: str, browser: Browser) -> None:
    """The text on the primary button is the dark one, which holds the contrast on this blue."""
    visit = Visit(browser, mode="dark")
    page = visit.open(address)
    button = page.locator("[data-testid=stBaseButton-primary]").first
    expect(button).to_be_visible(timeout=_PATIENCE_MS)
    assert button.locator("p").evaluate("(text) => getComputedStyle(text).color") == "rgb(16, 21, 26)"
    page.close()
