"""How a spell is drawn: loss stands on the lane's baseline and grows, doubt about an edge is a blur.

Pure: spells in, Plotly traces out. Times are drawn in the reader's zone, as Plotly knows none.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import plotly.graph_objects as go

from dashboard import theme, words

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from analysis.questions.common import Span
    from analysis.questions.lanes import Spell

RAIL_PX = 3
MOST_SHAPES = 60
_LEAST_SHARE = 0.0025
_LEAST_BLUR = 0.0015
_SLIVER = 0.006
_SLIVER_LINE_PX = 2
_LEAST_OUTLINE = 0.001
_SOLID = 0.92


@dataclass(frozen=True, slots=True)
class Block:
    """A spell cut to the span: it certainly holds from ``solid_start`` to ``solid_end``, maybe from start to end."""

    state: str
    start: datetime
    solid_start: datetime
    solid_end: datetime
    end: datetime
    ongoing: bool
    episode_id: str = ""


@dataclass(frozen=True, slots=True)
class Canvas:
    """What every trace needs to know: the span, the zone, light or dark, and whether the span ends with the present."""

    span: Span
    zone: ZoneInfo
    mode: theme.Mode
    to_now: bool = True

    def x(self, moment: datetime) -> datetime:
        """Return an instant as the reader's clock shows it."""
        return moment.astimezone(self.zone).replace(tzinfo=None)

    def share(self, start: datetime, end: datetime) -> float:
        """Return a length as a share of the span."""
        return (end - start).total_seconds() / max(self.span.length_s, 1e-6)

    def colour(self, name: str) -> str:
        """Return a colour by its meaning."""
        return theme.colour(self.mode, name)


def block(spell: Spell, span: Span) -> Block | None:
    """Return a spell cut to the span, or ``None`` where nothing of it lies inside or it is no loss."""
    if spell.state in theme.GOOD:
        return None
    start = spell.started.earliest if spell.started else span.start
    end = spell.ended.latest if spell.ended else span.end
    if end <= span.start or start >= span.end:
        return None
    start, end = max(start, span.start), min(end, span.end)
    solid_start = min(max(spell.started.latest if spell.started else start, start), end)
    solid_end = max(min(spell.ended.earliest if spell.ended else end, end), start)
    ongoing = spell.ended is None
    return Block(spell.state, start, solid_start, solid_end, end, ongoing=ongoing, episode_id=spell.episode_id)


def blocks(spells: Iterable[Spell], span: Span) -> list[Block]:
    """Return all losses among the spells, cut to the span."""
    return [found for spell in spells if (found := block(spell, span)) is not None]


def merged(spells: Sequence[Spell]) -> tuple[list[Spell], list[Spell]]:
    """Return a breaker's spells with open and half-open that follow each other as one, and the half-open ones apart.

    Half-open does not end an incident, so the bar goes on; the probes are drawn as stripes on it.
    """
    whole: list[Spell] = []
    for spell in spells:
        last = whole[-1] if whole else None
        if last is not None and _tripped(last) and _tripped(spell) and last.ended == spell.started:
            whole[-1] = replace(last, ended=spell.ended)
        else:
            whole.append(replace(spell, state="open") if spell.state == "half_open" and last is None else spell)
    return whole, [spell for spell in spells if spell.state == "half_open" and spell.started]


def probes(canvas: Canvas, y: float, found: Sequence[Spell], height: float) -> list[Any]:
    """Return the half-open probes as pale stripes on the bar of the incident, at their likeliest place."""
    xs: list[Any] = []
    ys: list[Any] = []
    for one in found:
        if one.started is None or not canvas.span.start <= one.started.at <= canvas.span.end:
            continue
        end = min(one.ended.at if one.ended else canvas.span.end, canvas.span.end)
        x0, x1 = canvas.x(one.started.at), canvas.x(end)
        xs += [x0, x0, x1, x1, x0, None]
        ys += [y, y + height, y + height, y, y, None]
    if not xs:
        return []
    colour = canvas.colour("probe")
    line = {"width": 1.5, "color": colour}
    return [go.Scatter(x=xs, y=ys, mode="lines", fill="toself", fillcolor=colour, line=line, hoverinfo="skip")]


def rail(canvas: Canvas, y: float, taken: Sequence[tuple[datetime, datetime]], colour: str = "ok") -> go.Scatter:
    """Return the thin line of all that is well, cut wherever something else begins."""
    edges = sorted((max(start, canvas.span.start), min(end, canvas.span.end)) for start, end in taken)
    xs: list[Any] = []
    reached = canvas.span.start
    for start, end in [*edges, (canvas.span.end, canvas.span.end)]:
        if start > reached:
            xs += [canvas.x(reached), canvas.x(start), None]
        reached = max(reached, end)
    return go.Scatter(
        x=xs,
        y=[y if x is not None else None for x in xs],
        mode="lines",
        line={"color": canvas.colour(colour), "width": RAIL_PX if colour == "ok" else 1.5},
        hoverinfo="skip",
    )


def unseen_boxes(canvas: Canvas, y: float, unseen: Sequence[Span], height: float) -> list[Any]:
    """Return the dashed outlines of the time in which nobody looked."""
    xs: list[Any] = []
    ys: list[Any] = []
    for gap in unseen:
        if canvas.share(gap.start, gap.end) < _LEAST_OUTLINE:
            continue  # the cut in the rail says it; two dashed lines on one pixel would look like a mark
        x0, x1 = canvas.x(gap.start), canvas.x(gap.end)
        xs += [x0, x0, x1, x1, x0, None]
        ys += [y, y + height, y + height, y, y, None]
    if not xs:
        return []
    line = {"color": canvas.colour("unknown"), "width": 1, "dash": "dot"}
    return [go.Scatter(x=xs, y=ys, mode="lines", line=line, hoverinfo="skip")]


def unseen_words(canvas: Canvas, y: float, unseen: Sequence[Span], height: float) -> list[dict[str, Any]]:
    """Return the word "unseen" for every gap that is wide enough to hold it."""
    return [
        {
            "x": canvas.x(gap.start + (gap.end - gap.start) / 2),
            "y": y + height / 2,
            "text": "unseen",
            "showarrow": False,
            "font": {"size": 11, "color": canvas.colour("muted")},
            "bgcolor": canvas.colour("bg"),
            "borderpad": 0,
        }
        for gap in unseen
        if canvas.share(gap.start, gap.end) > 0.06  # noqa: PLR2004 (the word's width on a page of usual width)
    ]


def shapes(canvas: Canvas, y: float, found: Sequence[Block], height: float, pattern_px: int = 6) -> list[Any]:
    """Return the traces of one lane's losses: a polygon each, or one trace of bars where there are very many."""
    if len(found) > MOST_SHAPES:
        return [_bars(canvas, y, found, height)]
    return [trace for one in found for trace in _shape(canvas, y, one, height, pattern_px)]


def handles(canvas: Canvas, y: float, found: Sequence[Block], height: float) -> go.Bar:
    """Return an unseen bar over each spell: what is pointed at and clicked, as filled shapes cannot be."""
    spans = [_at_least_visible(canvas, one) for one in found]
    clear = {"marker": {"opacity": 0}}
    return go.Bar(
        orientation="h",
        base=[canvas.x(start) for start, _ in spans],
        x=[(end - start).total_seconds() * 1000 for start, end in spans],
        y=[y + height / 2] * len(found),
        width=[height] * len(found),
        marker={"opacity": 0, "color": canvas.colour("hurt")},
        selected=clear,
        unselected=clear,
        customdata=[one.episode_id for one in found],
        hoverinfo="text",
        hovertext=[hover(canvas, one) for one in found],
    )


def hover(canvas: Canvas, one: Block) -> str:
    """Return what a spell says when pointed at: the state, its start and end with bounds."""
    until = "still open" if one.ongoing else _edge_words(canvas, one.solid_end, one.end)
    return f"<b>{words.level(one.state)}</b><br>{_edge_words(canvas, one.start, one.solid_start)} {words.DASH} {until}"


def _edge_words(canvas: Canvas, earliest: datetime, latest: datetime) -> str:
    middle = earliest + (latest - earliest) / 2
    doubt = words.plus_minus(0.0, (latest - earliest).total_seconds())
    exact = latest == earliest
    return f"{words.clock(middle, canvas.zone, millis=exact)}{'' if exact else ' ' + doubt}"


def _tripped(spell: Spell) -> bool:
    return spell.state in {"open", "half_open"}


def _shape(canvas: Canvas, y: float, one: Block, height: float, pattern_px: int) -> list[Any]:
    mark = theme.mark(one.state)
    colour = canvas.colour(mark.colour)
    start, end = _at_least_visible(canvas, one)
    x0, x1 = canvas.x(start), canvas.x(end)
    common: dict[str, Any] = {
        "x": [x0, x0, x1, x1, x0],
        "y": [y, y + height * mark.height, y + height * mark.height, y, y],
        "mode": "lines",
        "fill": "toself",
        "hoveron": "fills",
        "hoverinfo": "text",
        "text": hover(canvas, one),
    }
    sliver = canvas.share(start, end) < _SLIVER  # so thin that a phone would show less than the least width
    doubt = max(canvas.share(one.start, one.solid_start), canvas.share(one.solid_end, one.end))
    blurred = doubt > _LEAST_BLUR and not sliver
    if mark.pattern:
        ground = go.Scatter(
            **common,
            line={"width": 0 if blurred else 1, "color": colour},
            fillcolor=colour,
            fillpattern={
                "shape": mark.pattern,
                "fgcolor": colour,
                "bgcolor": theme.rgba(colour, 0.16),
                "solidity": 0.45,
                "size": pattern_px,
                "fillmode": "replace",
            },
            opacity=0.85 if blurred else 1,
        )
        return [ground]
    if not blurred:
        line = {"width": _SLIVER_LINE_PX if sliver else 0, "color": colour}
        return [go.Scatter(**common, line=line, fillcolor=colour)]
    return [
        go.Scatter(
            **common,
            line={"width": 0},
            fillgradient={"type": "horizontal", "colorscale": gradient(one, colour)},
        )
    ]


def gradient(one: Block, colour: str) -> list[list[Any]]:
    """Return the colours along a blurred spell: rising over the first bounds, falling over the last."""
    whole = max((one.end - one.start).total_seconds(), 1e-6)
    rise = (one.solid_start - one.start).total_seconds() / whole
    fall = (one.end - one.solid_end).total_seconds() / whole
    if rise + fall >= 1:
        peak = rise / (rise + fall)
        stops = [(0.0, 0.0), (min(max(peak, 0.01), 0.99), 0.5), (1.0, 0.0)]
    else:
        stops = [(0.0, 0.0 if rise else 1.0), (rise, 1.0), (1 - fall, 1.0), (1.0, 0.0 if fall else 1.0)]
    kept = [stops[0], *(late for early, late in pairwise(stops) if late[0] > early[0])]
    return [[place, theme.rgba(colour, alpha * _SOLID if 0 < alpha < 1 else alpha)] for place, alpha in kept]


def _at_least_visible(canvas: Canvas, one: Block) -> tuple[datetime, datetime]:
    least = (canvas.span.end - canvas.span.start) * _LEAST_SHARE
    if one.end - one.start >= least:
        return one.start, one.end
    middle = one.start + (one.end - one.start) / 2
    start = min(middle - least / 2, canvas.span.end - least)
    return start, start + least


def _bars(canvas: Canvas, y: float, found: Sequence[Block], height: float) -> go.Bar:
    spans = [_at_least_visible(canvas, one) for one in found]
    marks = [theme.mark(one.state) for one in found]
    return go.Bar(
        orientation="h",
        base=[canvas.x(start) for start, _ in spans],
        x=[(end - start).total_seconds() * 1000 for start, end in spans],
        y=[y + height * mark.height / 2 for mark in marks],
        width=[height * mark.height for mark in marks],
        marker={
            "color": [canvas.colour(mark.colour) for mark in marks],
            "pattern": {"shape": [mark.pattern for mark in marks], "solidity": 0.35, "size": 6},
            "line": {"width": 0},
        },
        hoverinfo="text",
        hovertext=[hover(canvas, one) for one in found],
    )
