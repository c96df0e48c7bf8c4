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


def test_a_click_on_a_spell_zooms_to_its_episode(address: str, browser: Browser) -> None:
    """A click on a spell of the chart names its episode in the address, zooms to it, and leads back again."""
    page = Visit(browser).open(f"{address}/breakers?environment=prod")
    expect(page.locator(".js-plotly-plot .xtick").first).to_be_visible(timeout=_PATIENCE_MS)
    page.wait_for_timeout(1000)
    spell = page.locator(".js-plotly-plot .barlayer .point path").first
    spell.hover(force=True)
    box = spell.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.wait_for_url("**episode=**", timeout=_PATIENCE_MS)
    expect(page.get_by_text("Zoomed to")).to_be_visible(timeout=_PATIENCE_MS)
    page.get_by_role("link", name="Show the whole range").click()
    expect(page.locator(".js-plotly-plot .xtick").first).to_be_visible(timeout=_PATIENCE_MS)
    assert "episode=" not in page.url
    page.close()


_SMALL = """() => [...document.querySelectorAll(
    '.stMain button, .stMain summary, .stMain .react-aria-ComboBox > [role=group], .stMain .stCheckbox label,'
    + '.stMain [data-testid=stTextInputRootElement], .stMain a[data-testid^=stBaseLinkButton]')]
    .filter((part) => part.offsetParent && !part.matches('.react-aria-ComboBox button'))
    .map((part) => [part.outerHTML.slice(0, 80), part.getBoundingClientRect().height])
    .filter(([, height]) => height > 0 && height < 39.5)"""


@pytest.mark.parametrize("path", ["/", "/breakers", "/incidents", "/data", "/incidents?environment=prod&episode=1000"])
def test_touch_targets_on_a_phone(path: str, address: str, browser: Browser) -> None:
    """On a phone nothing that is pressed is lower than 40 pixels, and even at 360 nothing scrolls sideways."""
    page = Visit(browser, width=360).open(address + path)
    expect(page.locator(".bw-asof")).to_be_visible(timeout=_PATIENCE_MS)
    page.wait_for_timeout(1500)
    assert page.evaluate(_SMALL) == []
    main = page.locator("[data-testid=stMain]")
    assert main.evaluate("(box) => box.scrollWidth - box.clientWidth") <= 0
    page.close()


def test_wide_screens_keep_lines_short(address: str, browser: Browser) -> None:
    """At 2560 pixels the content is at most 1760 wide, and the name above starts where it starts."""
    page = Visit(browser, width=2560).open(address)
    expect(page.locator("h1")).to_be_visible(timeout=_PATIENCE_MS)
    block = page.locator(".stMainBlockContainer").bounding_box()
    name = page.locator("[data-testid=stHeaderLogo]").first.bounding_box()
    text = page.locator("h1").bounding_box()
    assert block is not None
    assert name is not None
    assert text is not None
    assert block["width"] <= 1760
    assert abs(name["x"] - text["x"]) <= 8
    page.close()


def test_keyboard_focus_can_be_seen(address: str, browser: Browser) -> None:
    """Whatever the tabulator reaches shows that it has the focus, links of ours included."""
    page = Visit(browser).open(f"{address}/breakers?environment=prod")
    link = page.locator(".bw-table a").first
    expect(link).to_be_visible(timeout=_PATIENCE_MS)
    for _ in range(40):
        page.keyboard.press("Tab")
        if link.evaluate("(one) => one === document.activeElement"):
            break
    assert link.evaluate("(one) => getComputedStyle(one).outlineStyle") == "solid"
    page.close()


@pytest.mark.parametrize("path", ["/", "/breakers", "/incidents?environment=capture&episode=1000"])
def test_every_chart_says_what_it_shows(path: str, address: str, browser: Browser) -> None:
    """Every chart has a text for those who cannot see it."""
    page = Visit(browser).open(address + path)
    expect(page.locator(".js-plotly-plot .main-svg").first).to_be_visible(timeout=_PATIENCE_MS)
    page.wait_for_timeout(1000)
    charts = page.locator("[data-testid=stPlotlyChart]").count()
    figures = page.get_by_role("figure").all()
    assert len(figures) == charts > 0
    assert all(len(figure.get_attribute("aria-label") or "") > 10 for figure in figures)
    page.close()
