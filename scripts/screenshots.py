"""Take pictures of every page, light, dark, narrow and wide: ``python scripts/screenshots.py PUBLISHED FOLDER``.

Needs the development dependencies and a Chromium; only loopback is used.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from playwright.sync_api import sync_playwright

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from store import Reader
from tests.dashboard.browser import CHROMIUM, CHROMIUM_OPTIONS, server

if TYPE_CHECKING:
    from playwright.sync_api import Browser

MODES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
SIZES: dict[str, tuple[tuple[int, int], tuple[Literal["light", "dark"], ...]]] = {
    "": ((1440, 900), MODES),
    "-narrow": ((400, 900), MODES),
    "-1920": ((1920, 1080), ("light",)),
    "-2560": ((2560, 1440), ("light",)),
}
_SETTLE_MS = 900
_DRAWN = """() => [...document.querySelectorAll('[data-testid=stPlotlyChart]')].every(
    (chart) => chart.querySelector('.main-svg .xtick'))"""
_EPISODE = """
    select environment, episode_id from breaker_episodes
    order by environment = 'capture', status = 'ongoing' desc, opened_at desc
    limit 1
"""


def pages(published: Path) -> dict[str, str]:
    """Return the pages worth a picture by name, with their addresses."""
    with Reader.open(published) as rows:
        found = rows.rows(_EPISODE)
        captured = rows.rows("select episode_id from breaker_episodes where environment = 'capture' limit 1")
    addresses = {
        "overview": "/",
        "overview-30d": "/?range=30d",
        "breakers": "/breakers",
        "incidents": "/incidents",
        "data": "/data",
    }
    if found:
        addresses["incident"] = f"/incidents?environment={found[0]['environment']}&episode={found[0]['episode_id']}"
    if captured:
        addresses["capture"] = f"/incidents?environment=capture&episode={captured[0]['episode_id']}"
    return addresses


def take(browser: Browser, address: str, picture: Path, size: tuple[int, int], mode: Literal["light", "dark"]) -> None:
    """Take one picture of a whole page."""
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]}, color_scheme=mode, timezone_id="UTC", locale="en-GB"
    )
    page = context.new_page()
    page.goto(address)
    page.wait_for_selector(".bw", timeout=30_000)
    page.wait_for_function("!document.querySelector('[data-testid=stStatusWidget], [data-stale=true]')")
    page.wait_for_function(_DRAWN, timeout=30_000)
    page.wait_for_timeout(_SETTLE_MS)
    tall = page.evaluate("document.querySelector('[data-testid=stMain]')?.scrollHeight ?? 0")
    page.set_viewport_size({"width": size[0], "height": max(size[1], int(tall) + 60)})
    page.wait_for_function(_DRAWN, timeout=30_000)
    page.wait_for_timeout(_SETTLE_MS)
    page.screenshot(path=picture)
    context.close()


def main() -> None:
    """Take all pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("published", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--only", nargs="*", default=None, help="names of pages")
    parser.add_argument("--sizes", nargs="*", default=None, help="narrow, 1920, 2560, or '' for the usual width")
    parser.add_argument("--quick", action="store_true", help="light and wide only")
    wanted = parser.parse_args()
    wanted.folder.mkdir(parents=True, exist_ok=True)
    with server(wanted.published, wanted.folder / "server.log") as base, sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_OPTIONS)
        for name, address in pages(wanted.published).items():
            if wanted.only and name not in wanted.only:
                continue
            for suffix, (size, modes) in SIZES.items():
                if wanted.sizes is not None and suffix.removeprefix("-") not in wanted.sizes:
                    continue
                for mode in modes:
                    if not (wanted.quick and (suffix or mode == "dark")):
                        take(browser, base + address, wanted.folder / f"{name}{suffix}-{mode}.png", size, mode)
        browser.close()


if __name__ == "__main__":
    main()
