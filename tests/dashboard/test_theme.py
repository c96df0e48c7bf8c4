"""The colour table, recomputed: contrast by WCAG, distance by CIEDE2000 under four kinds of sight."""

from __future__ import annotations

import math
from itertools import combinations
from typing import TYPE_CHECKING

import pytest

from dashboard import theme

if TYPE_CHECKING:
    from dashboard.theme import Mode

MODES: tuple[Mode, ...] = ("light", "dark")
TEXTS = ("ok", "mildtext", "hurt", "stale", "down", "unknown", "accent", "ink", "muted")
MARKS = ("ok", "mild", "hurt", "stale", "down", "unknown", "accent", "flow")
TINTED = {"ok": "ok", "mild": "mildtext", "hurt": "hurt", "stale": "stale", "down": "down", "accent": "accent"}
LEVELS = ("ok", "mild", "hurt", "stale", "down")
# Machado, Oliveira, Fernandes 2009, severity 1.0, on linear RGB.
SIGHTS = {
    "normal": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "protan": (
        (0.152286, 1.052583, -0.204868),
        (0.114503, 0.786281, 0.099216),
        (-0.003882, -0.048116, 1.051998),
    ),
    "deutan": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881)),
    "tritan": (
        (1.255528, -0.076749, -0.178779),
        (-0.078411, 0.930809, 0.147602),
        (0.004733, 0.691367, 0.303900),
    ),
}
LEAST = {
    "light": {"normal": 23.5, "protan": 17.9, "deutan": 12.0, "tritan": 8.8},
    "dark": {"normal": 25.5, "protan": 17.0, "deutan": 12.4, "tritan": 8.9},
}


def linear(colour: str) -> tuple[float, ...]:
    """Return linear RGB, 0 to 1."""
    parts = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    return tuple(part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two colours (WCAG 2)."""
    light, dark = sorted(
        (sum(w * c for w, c in zip((0.2126, 0.7152, 0.0722), linear(x), strict=True)) for x in (one, other)),
        reverse=True,
    )
    return (light + 0.05) / (dark + 0.05)


def lab(rgb: tuple[float, ...]) -> tuple[float, float, float]:
    """Return CIE L*a*b* (D65) of linear RGB."""
    matrix = ((0.4124564, 0.3575761, 0.1804375), (0.2126729, 0.7151522, 0.0721750), (0.0193339, 0.1191920, 0.9503041))
    xyz = (sum(m * c for m, c in zip(row, rgb, strict=True)) for row in matrix)
    f = [
        t ** (1 / 3) if (t := value / white) > (6 / 29) ** 3 else t / (3 * (6 / 29) ** 2) + 4 / 29
        for value, white in zip(xyz, (0.95047, 1.0, 1.08883), strict=True)
    ]
    return 116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])


def ciede2000(one: tuple[float, float, float], other: tuple[float, float, float]) -> float:
    """Return the colour difference CIEDE2000 (Sharma, Wu, Dalal 2005)."""
    (l1, a1, b1), (l2, a2, b2) = one, other
    mean_c = (math.hypot(a1, b1) + math.hypot(a2, b2)) / 2
    g = 0.5 * (1 - math.sqrt(mean_c**7 / (mean_c**7 + 25**7)))
    c1, c2 = math.hypot((1 + g) * a1, b1), math.hypot((1 + g) * a2, b2)
    h1 = math.degrees(math.atan2(b1, (1 + g) * a1)) % 360
    h2 = math.degrees(math.atan2(b2, (1 + g) * a2)) % 360
    dh = 0.0 if c1 * c2 == 0 else (h2 - h1 + 180) % 360 - 180
    dl, dc = l2 - l1, c2 - c1
    d_hue = 2 * math.sqrt(c1 * c2) * math.sin(math.radians(dh / 2))
    ml, mc = (l1 + l2) / 2, (c1 + c2) / 2
    mh = h1 + h2 if c1 * c2 == 0 else (h1 + dh / 2) % 360
    t = (
        1
        - 0.17 * math.cos(math.radians(mh - 30))
        + 0.24 * math.cos(math.radians(2 * mh))
        + 0.32 * math.cos(math.radians(3 * mh + 6))
        - 0.20 * math.cos(math.radians(4 * mh - 63))
    )
    sl = 1 + 0.015 * (ml - 50) ** 2 / math.sqrt(20 + (ml - 50) ** 2)
    sc, sh = 1 + 0.045 * mc, 1 + 0.015 * mc * t
    rt = -2 * math.sqrt(mc**7 / (mc**7 + 25**7)) * math.sin(math.radians(60 * math.exp(-(((mh - 275) / 25) ** 2))))
    return math.sqrt((dl / sl) ** 2 + (dc / sc) ** 2 + (d_hue / sh) ** 2 + rt * (dc / sc) * (d_hue / sh))


def seen(colour: str, sight: str) -> tuple[float, float, float]:
    """Return a colour as it is seen with one kind of sight, as L*a*b*."""
    rgb = linear(colour)
    return lab(tuple(min(1.0, max(0.0, sum(m * c for m, c in zip(row, rgb, strict=True)))) for row in SIGHTS[sight]))


def test_the_distance_formula_is_the_published_one() -> None:
    """CIEDE2000 gives the published values of Sharma's test pairs."""
    assert ciede2000((50, 2.6772, -79.7751), (50, 0, -82.7485)) == pytest.approx(2.0425, abs=1e-4)
    assert ciede2000((2.0776, 0.0795, -1.1350), (0.9033, -0.0636, -0.5514)) == pytest.approx(0.9082, abs=1e-4)


@pytest.mark.parametrize("mode", MODES)
def test_texts_can_be_read(mode: Mode) -> None:
    """Every text colour holds 4.5 on the page, on panels and on its own tint, and the text on fills too."""
    palette = theme.PALETTES[mode]
    for name in TEXTS:
        assert contrast(theme.colour(mode, name), palette.bg) >= 4.5, name
        assert contrast(theme.colour(mode, name), palette.panel) >= 4.5, name
    worst = min(
        contrast(theme.colour(mode, text), theme.tint(theme.colour(mode, ground), mode))
        for ground, text in TINTED.items()
    )
    assert worst >= 4.59 - 0.005
    for fill in ("down", "hurt", "accent"):
        assert contrast(palette.onfill, theme.colour(mode, fill)) >= 5.38 - 0.005, fill


@pytest.mark.parametrize("mode", MODES)
def test_marks_can_be_seen(mode: Mode) -> None:
    """Every mark holds 3 against the page and panels; the worst is 3.08."""
    palette = theme.PALETTES[mode]
    found = [contrast(theme.colour(mode, name), ground) for name in MARKS for ground in (palette.bg, palette.panel)]
    assert min(found) >= 3.08 - 0.005


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("sight", SIGHTS)
def test_levels_can_be_told_apart(mode: Mode, sight: str) -> None:
    """No two levels come closer than the table says, whatever the sight."""
    least = min(
        ciede2000(seen(theme.colour(mode, one), sight), seen(theme.colour(mode, other), sight))
        for one, other in combinations(LEVELS, 2)
    )
    assert least == pytest.approx(LEAST[mode][sight], abs=0.1)


def test_ok_and_unknown_need_the_hatch() -> None:
    """Under deuteranopia ok and unknown come close in light: that is why unknown is never drawn without a pattern."""
    distance = ciede2000(seen(theme.colour("light", "ok"), "deutan"), seen(theme.colour("light", "unknown"), "deutan"))
    assert distance == pytest.approx(6.6, abs=0.1)
    for state, mark in theme.MARKS.items():
        assert mark.colour != "unknown" or mark.pattern, state


def test_css_follows_light_and_dark() -> None:
    """Every colour is one custom property that holds both values."""
    assert "--ok:light-dark(#007A69,#27C2A5);" in theme.css_tokens()
    assert "--ok-tint:light-dark(" in theme.css_tokens()
