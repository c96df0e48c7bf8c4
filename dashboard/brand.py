"""The mark: a lifted lever between two contacts, drawn here, so that nothing is fetched."""

from __future__ import annotations

from urllib.parse import quote

from dashboard import theme


def logo(mode: theme.Mode) -> str:
    """Return mark and name in the colours of the page; the name keeps its width whatever font draws it."""
    ink, lever = theme.colour(mode, "ink"), theme.colour(mode, "hurt")
    return (
        "<svg xmlns='http://www.w3.org/2000/svg' width='128' height='24' viewBox='0 0 128 24'>"
        f"<g fill='{ink}'><circle cx='4' cy='16' r='2.6'/><circle cx='20' cy='16' r='2.6'/>"
        "<text x='32' y='18' font-family='Source Sans 3,Helvetica,Arial,sans-serif' font-size='17' font-weight='600'"
        " textLength='92' lengthAdjust='spacingAndGlyphs'>Breakwatch</text></g>"
        f"<path d='M4 16L17 9' stroke='{lever}' stroke-width='2.6' stroke-linecap='round'/></svg>"
    )


def icon() -> str:
    """Return the mark for the browser's tab, in colours that stand on light and on dark."""
    drawing = (
        "<svg xmlns='http://www.w3.org/2000/svg' width='32' height='32' viewBox='0 0 32 32'>"
        "<g fill='#7C8FA1'><circle cx='5' cy='22' r='4'/><circle cx='27' cy='22' r='4'/></g>"
        "<path d='M5 22L23 10' stroke='#D9601F' stroke-width='4' stroke-linecap='round'/></svg>"
    )
    return "data:image/svg+xml," + quote(drawing)
