"""The colours and their meaning, for light and for dark; recomputed for contrast and distance in the tests."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Literal

import plotly.graph_objects as go

Mode = Literal["light", "dark"]

FONT = "'Source Sans', 'Source Sans Pro', sans-serif"
CODE_FONT = "'Source Code', 'Source Code Pro', monospace"


@dataclass(frozen=True, slots=True)
class Palette:
    """One colour per meaning; see the table in the tests for what is asked of them."""

    bg: str
    panel: str
    border: str
    grid: str
    ink: str
    muted: str
    ok: str
    mild: str
    mildtext: str
    hurt: str
    stale: str
    down: str
    unknown: str
    accent: str
    flow: str
    onfill: str
    probe: str


PALETTES: dict[Mode, Palette] = {
    "light": Palette(
        bg="#FFFFFF",
        panel="#F4F6F8",
        border="#D8DEE4",
        grid="#E7EBEF",
        ink="#17202A",
        muted="#52606D",
        ok="#007A69",
        mild="#B08400",
        mildtext="#765600",
        hurt="#B24409",
        stale="#5B2C8F",
        down="#940A33",
        unknown="#56626E",
        accent="#1C69C8",
        flow="#7C8FA1",
        onfill="#FFFFFF",
        probe="#F0C9A4",
    ),
    "dark": Palette(
        bg="#10151A",
        panel="#19212A",
        border="#2E3842",
        grid="#252E37",
        ink="#E9EDF0",
        muted="#A9B4BE",
        ok="#27C2A5",
        mild="#F5D778",
        mildtext="#F5D778",
        hurt="#F08A3C",
        stale="#D9C6FB",
        down="#F35878",
        unknown="#86929E",
        accent="#5C9BFF",
        flow="#6F8397",
        onfill="#10151A",
        probe="#6B3A12",
    ),
}

TINT_SHARE: dict[Mode, float] = {"light": 0.10, "dark": 0.16}


@dataclass(frozen=True, slots=True)
class Mark:
    """How a state is drawn on a lane: its colour's name, how much of the lane it fills, its pattern."""

    colour: str
    height: float
    pattern: str = ""


MARKS: dict[str, Mark] = {
    "degraded": Mark("mild", 0.45),
    "limited": Mark("hurt", 0.68, "/"),
    "cache_only": Mark("stale", 0.84, "."),
    "unavailable": Mark("down", 1.0),
    "unknown": Mark("unknown", 0.6, "x"),
    "open": Mark("hurt", 1.0),
    "half_open": Mark("mild", 1.0, "\\"),
    "forced_open": Mark("hurt", 1.0, "x"),
    "disabled": Mark("unknown", 0.6, "-"),
    "metrics_only": Mark("unknown", 0.6, "|"),
}

GOOD = frozenset({"full", "closed"})


def mark(state: str) -> Mark:
    """Return how a state is drawn; a word that we do not know is drawn as unknown."""
    return MARKS.get(state, MARKS["unknown"])


def colour(mode: Mode, name: str) -> str:
    """Return a colour by its meaning."""
    return str(getattr(PALETTES[mode], name))


def rgba(hex_colour: str, alpha: float) -> str:
    """Return a colour with an opacity, as charts want it."""
    red, green, blue = (int(hex_colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},{alpha:g})"


def tint(hex_colour: str, mode: Mode) -> str:
    """Return the pale ground of a colour: a tenth of it (dark: 16 %) over the page."""
    share = TINT_SHARE[mode]
    ground = PALETTES[mode].bg
    mixed = (
        round(int(hex_colour[i : i + 2], 16) * share + int(ground[i : i + 2], 16) * (1 - share)) for i in (1, 3, 5)
    )
    return "#" + "".join(f"{part:02X}" for part in mixed)


def css_tokens() -> str:
    """Return every colour as a custom property that follows the page's own light or dark."""
    light, dark = PALETTES["light"], PALETTES["dark"]
    lines = []
    for field in fields(Palette):
        pair = getattr(light, field.name), getattr(dark, field.name)
        lines.append(f"--{field.name}:light-dark({pair[0]},{pair[1]});")
        if field.name in {"ok", "mild", "hurt", "stale", "down", "unknown", "accent"}:
            tints = tint(pair[0], "light"), tint(pair[1], "dark")
            lines.append(f"--{field.name}-tint:light-dark({tints[0]},{tints[1]});")
    return "".join(lines)


def template(mode: Mode) -> go.layout.Template:
    """Return the house's chart template: transparent paper, thin grid, no decoration."""
    palette = PALETTES[mode]
    axis = {
        "gridcolor": palette.grid,
        "linecolor": palette.border,
        "zeroline": False,
        "showline": False,
        "ticks": "",
        "tickfont": {"size": 11, "color": palette.muted},
        "automargin": False,
    }
    return go.layout.Template(
        layout={
            "font": {"family": FONT, "size": 13, "color": palette.ink},
            "paper_bgcolor": "rgba(0,0,0,0)",
            "plot_bgcolor": "rgba(0,0,0,0)",
            "hovermode": "closest",
            "hoverlabel": {
                "bgcolor": palette.panel,
                "bordercolor": palette.border,
                "font": {"family": FONT, "size": 12, "color": palette.ink},
            },
            "showlegend": False,
            "xaxis": axis,
            "yaxis": axis,
            "dragmode": False,
        }
    )
