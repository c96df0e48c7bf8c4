"""The timeline of one incident: every watch on one clock, requests below, doubt as a blur, changes as flags."""

from __future__ import annotations

from datetime import timedelta
from html import escape
from typing import TYPE_CHECKING, Any

import plotly.graph_objects as go

from analysis.questions.changes import acts
from dashboard import charts, drawing, theme, words
from dashboard.charts import Chart, row_label

if TYPE_CHECKING:
    from datetime import datetime

    from analysis.questions.common import Span
    from analysis.questions.incident import Incident, RequestSlice
    from dashboard.drawing import Canvas

LANE_PX = 38
REQUESTS_PX = 96
_HEAD_PX = 46
_FOOT_PX = 26
_MOST_LANES = 6
_LEAST_FLAG_SHARE = 0.16
LEFT_PX = 118


def timeline(incident: Incident, canvas: Canvas) -> Chart:
    """Return the figure: instances, levels, log lines on shared lanes, requests on an axis of their own below."""
    figure = go.Figure()
    notes: list[dict[str, Any]] = []
    lanes = _lanes(incident)
    for row, (name, small_print, spells, unseen) in enumerate(lanes):
        _lane(figure, notes, canvas, -float(row), name, small_print, spells, unseen)
    rows = len(lanes)
    exact = [row for row in incident.transitions if row.exact]
    if exact:
        figure.add_trace(_log_lines(exact, canvas, -float(rows)))
        notes.append(row_label("Log lines", -rows + 0.25, canvas, f"{len(exact)}, exact", LEFT_PX))
        rows += 1
    requests_px = REQUESTS_PX if incident.drawable_requests else 0
    height = _HEAD_PX + rows * LANE_PX + requests_px + _FOOT_PX
    floor = (requests_px + 4) / (height - _HEAD_PX - _FOOT_PX) if requests_px else 0.0
    if incident.drawable_requests:
        figure.add_traces(_requests(incident, canvas))
        notes.append(_requests_label(incident, canvas))
    charts.lay_out(figure, canvas, height_px=height, rows=rows, notes=notes, left_px=LEFT_PX)
    figure.update_layout(
        margin={"l": LEFT_PX, "r": 24, "t": _HEAD_PX, "b": _FOOT_PX},
        yaxis={"domain": [floor, 1.0]},
        yaxis2={"domain": [0.0, max(floor - 0.04, 0.0)], "visible": False, "fixedrange": True, "anchor": "x"},
        xaxis={"anchor": "free", "position": 0},
    )
    _guides(figure, incident, canvas)
    return Chart(figure, _in_words(incident, canvas))


def _lanes(incident: Incident) -> list[tuple[str, str, Any, tuple[Span, ...]]]:
    prefix = f"{incident.episode.service} → {incident.episode.breaker}"
    found: list[tuple[str, str, Any, tuple[Span, ...]]] = [
        (lane.name.removeprefix(prefix).strip() or prefix, "breaker", lane.spells, ())
        for lane in incident.lanes[:_MOST_LANES]
    ]
    rest = len(incident.lanes) - _MOST_LANES
    if rest > 0:
        name, _, spells, unseen = found[-1]
        found[-1] = (name, f"and {rest} more", spells, unseen)
    return found + [(lane.service, "service level", lane.levels, lane.unseen) for lane in incident.levels]


def _lane(  # noqa: PLR0917 (one row of the figure)
    figure: go.Figure,
    notes: list[dict[str, Any]],
    canvas: Canvas,
    y: float,
    name: str,
    small_print: str,
    spells: Any,  # noqa: ANN401
    unseen: tuple[Span, ...],
) -> None:
    whole, probes = drawing.merged(spells)
    found = drawing.blocks(whole, canvas.span)
    taken = [(one.start, one.end) for one in found] + [(gap.start, gap.end) for gap in unseen]
    figure.add_trace(drawing.rail(canvas, y, taken))
    figure.add_traces(drawing.unseen_boxes(canvas, y, unseen, 0.5))
    figure.add_traces(drawing.shapes(canvas, y, found, 0.66))
    figure.add_traces(drawing.probes(canvas, y, probes, 0.66))
    notes += drawing.unseen_words(canvas, y, unseen, 0.5)
    notes.append(row_label(name, y + 0.25, canvas, small_print, LEFT_PX))
    for one in found:
        room = canvas.share(one.start, one.end) / (len(probes) + 1)  # between two stripes, where the word stands
        if room > 0.06 and theme.mark(one.state).height == 1.0:  # noqa: PLR2004
            notes.append(_inside(canvas, one, y))


def _inside(canvas: Canvas, one: drawing.Block, y: float) -> dict[str, Any]:
    text = words.level(one.state) + (" · still open" if one.ongoing else "")
    return {
        "x": canvas.x(one.solid_start + (one.solid_end - one.solid_start) / 2),
        "y": y + 0.33,
        "text": f"<b>{text}</b>",
        "showarrow": False,
        "font": {"size": 11, "color": canvas.colour("onfill")},
    }


def _log_lines(rows: Any, canvas: Canvas, y: float) -> go.Scatter:  # noqa: ANN401
    return go.Scatter(
        x=[canvas.x(row.occurred.at) for row in rows],
        y=[y + 0.25] * len(rows),
        mode="markers",
        marker={
            "symbol": "line-ns",
            "size": 14,
            "line": {
                "width": 1.5,
                "color": [
                    canvas.colour("ok" if row.to_state in theme.GOOD else theme.mark(row.to_state).colour)
                    for row in rows
                ],
            },
        },
        hoverinfo="text",
        hovertext=[
            f"{words.clock(row.occurred.at, canvas.zone, millis=True)} {escape(row.instance)}<br>"
            f"{words.level(row.from_state)} → {words.level(row.to_state)}<br>{escape(', '.join(row.sources))}"
            for row in rows
        ],
    )


def _requests(incident: Incident, canvas: Canvas) -> list[go.Bar]:
    width_ms = incident.slice_s * 1000
    xs = [canvas.x(one.start + timedelta(seconds=incident.slice_s / 2)) for one in incident.requests]
    drawn = [
        ("good", [one.good for one in incident.requests], "flow", "", 0),
        ("instead", [one.instead for one in incident.requests], "stale", ".", 1),
        ("failed", [-_lost(one) for one in incident.requests], "down", "", 2),
    ]
    below: list[int] = [0] * len(xs)
    bars = []
    for name, heights, colour, pattern, kind in drawn:
        base = below if kind == 1 else [0] * len(xs)
        if kind == 0:
            below = heights
        bars.append(
            go.Bar(
                x=xs,
                y=heights,
                base=base,
                width=[width_ms] * len(xs),
                yaxis="y2",
                marker={
                    "color": canvas.colour(colour),
                    "line": {"width": 0.5, "color": canvas.colour("bg")},
                    "pattern": {"shape": pattern, "solidity": 0.35, "size": 5},
                },
                hoverinfo="text",
                hovertext=[
                    f"{words.clock(one.start, canvas.zone)} {_REQUEST_WORDS[name]}: {words.count(abs(height))}"
                    for one, height in zip(incident.requests, heights, strict=True)
                ],
            )
        )
    return bars


_REQUEST_WORDS = {
    "good": "answered",
    "instead": "answered by a fallback",
    "failed": "failed, or refused without a fallback",
}


def _lost(one: RequestSlice) -> int:
    """Return the calls that nobody answered: a refused call that a fallback answered is counted there."""
    return one.failed + max(0, one.refused - one.instead)


def _requests_label(incident: Incident, canvas: Canvas) -> dict[str, Any]:
    slices = "minute" if incident.slice_s == 60 else words.duration(incident.slice_s, 1.0)  # noqa: PLR2004
    label = row_label("Requests", 0, canvas, f"per {slices}", LEFT_PX)
    return {**label, "yref": "y2", "y": 0, "yanchor": "bottom"}


def _guides(figure: go.Figure, incident: Incident, canvas: Canvas) -> None:
    episode = incident.episode
    marks = [(episode.opened.at, "1", "opens")] + ([(episode.closed.at, "2", "closes")] if episode.closed else [])
    for place, number, word in marks:
        x = canvas.x(place)
        guide = {"color": canvas.colour("muted"), "width": 1, "dash": "dot"}
        figure.add_shape(type="line", x0=x, x1=x, y0=0, y1=1, yref="paper", line=guide)
        figure.add_annotation(
            x=x,
            y=1,
            yref="paper",
            yanchor="bottom",
            yshift=22,
            text=f"<b>{number}</b>",
            showarrow=False,
            bgcolor=canvas.colour("ink"),
            borderpad=2,
            width=12,
            font={"size": 11, "color": canvas.colour("bg")},
        )
        figure.add_annotation(
            x=x,
            y=1,
            yref="paper",
            yanchor="bottom",
            xanchor="left",
            xshift=11,
            yshift=23,
            text=word,
            showarrow=False,
            font={"size": 12, "color": canvas.colour("ink")},
        )
    for place, text in _flags(incident, canvas):
        figure.add_annotation(
            x=canvas.x(place),
            y=1,
            yref="paper",
            yanchor="bottom",
            xanchor="left",
            yshift=3,
            text=f"⚑ {escape(text)}",
            showarrow=False,
            font={"size": 12, "color": canvas.colour("ink")},
        )


def _flags(incident: Incident, canvas: Canvas) -> list[tuple[datetime, str]]:
    """Return what was changed and when, in order; what would be written over its neighbour is told with it."""
    found: list[tuple[datetime, str]] = []
    for act in reversed(acts(incident.changes)):
        change = act.change
        name = " ".join(part for part in (change.service, change.revision or change.kind) if part)
        name += ", restarted" if act.restarts and change.kind != "restart" else ""
        if found and canvas.share(found[-1][0], change.occurred_at) < _LEAST_FLAG_SHARE:
            found[-1] = (found[-1][0], f"{found[-1][1]} · {name}")
        else:
            found.append((change.occurred_at, name))
    return found


def _in_words(incident: Incident, canvas: Canvas) -> str:
    episode = incident.episode
    until = words.clock(episode.closed.at, canvas.zone) if episode.closed else "now, still open"
    return (
        f"{episode.name} open from {words.clock(episode.opened.at, canvas.zone)} to {until}, "
        f"{words.plural(episode.openings, 'opening')} on {words.plural(episode.instances_hit, 'instance')}"
    )
