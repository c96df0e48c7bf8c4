"""The figures of the overview and of the breakers: values in, Plotly figures out. Knows nothing of Streamlit."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from html import escape
from typing import TYPE_CHECKING, Any

import plotly.graph_objects as go

from dashboard import drawing, theme, words
from dashboard.drawing import Canvas

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analysis.questions.breakers import StateLane
    from analysis.questions.lanes import Lane

CONFIG: dict[str, Any] = {"displayModeBar": False, "displaylogo": False, "scrollZoom": False}

LEFT_PX = 92
WIDE_LEFT_PX = 160
_LEAST_PITCH_PX, _MOST_PITCH_PX, _FREE_PX = 30, 64, 300
_STEPS_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400, 172_800)
_STEPS_LONG_S = (259_200, 432_000, 604_800, 1_209_600, 2_592_000)


@dataclass(frozen=True, slots=True)
class Chart:
    """A figure with the text that says the same to someone who cannot see it."""

    figure: go.Figure
    alt: str


def service_lanes(lanes: Sequence[Lane], canvas: Canvas, *, pitch_px: int = 17) -> Chart:
    """Return one lane per service: level, openings of breakers, changes, unseen time."""
    figure = go.Figure()
    notes: list[dict[str, Any]] = []
    for row, lane in enumerate(lanes):
        y = float(-row)
        found = drawing.blocks(lane.levels, canvas.span)
        taken = [(one.start, one.end) for one in found] + [(gap.start, gap.end) for gap in lane.unseen]
        figure.add_trace(drawing.rail(canvas, y, taken, "ok" if lane.levels else "flow"))
        figure.add_traces(drawing.unseen_boxes(canvas, y, lane.unseen, 0.5))
        figure.add_traces(drawing.shapes(canvas, y, found, 0.62, pattern_px=4))
        notes += drawing.unseen_words(canvas, y, lane.unseen, 0.5)
        notes.append(row_label(lane.service, y + 0.12, canvas))
    figure.add_trace(_flags(lanes, canvas))
    figure.add_trace(_rings(lanes, canvas))
    lay_out(figure, canvas, height_px=pitch_px * len(lanes) + 34, rows=len(lanes), notes=notes)
    return Chart(figure, _lanes_in_words(lanes))


def state_lanes(lanes: Sequence[StateLane], canvas: Canvas) -> Chart:
    """Return one lane per breaker or instance: its spells away from closed, doubt about an edge as a blur.

    Few lanes are drawn taller; a spell that is clicked gives the id of its episode.
    """
    pitch_px = max(_LEAST_PITCH_PX, min(_MOST_PITCH_PX, _FREE_PX // max(len(lanes), 1)))
    figure = go.Figure()
    notes: list[dict[str, Any]] = []
    for row, lane in enumerate(lanes):
        y = float(-row)
        whole, probes = drawing.merged(lane.spells)
        found = drawing.blocks(whole, canvas.span)
        taken = [(one.start, one.end) for one in found] + [(gap.start, gap.end) for gap in lane.unseen]
        figure.add_trace(drawing.rail(canvas, y, taken))
        figure.add_traces(drawing.unseen_boxes(canvas, y, lane.unseen, 0.5))
        figure.add_traces(drawing.shapes(canvas, y, found, 0.68))
        notes += drawing.unseen_words(canvas, y, lane.unseen, 0.5)
        if len(probes) <= drawing.MOST_SHAPES:
            figure.add_traces(drawing.probes(canvas, y, probes, 0.68))
        figure.add_trace(drawing.handles(canvas, y, found, 0.68))
        notes.append(row_label(lane.name, y + 0.2, canvas, left_px=WIDE_LEFT_PX))
    lay_out(figure, canvas, height_px=pitch_px * len(lanes) + 34, rows=len(lanes), notes=notes, left_px=WIDE_LEFT_PX)
    figure.update_layout(clickmode="event+select")
    spells = sum(len(lane.spells) for lane in lanes)
    return Chart(figure, f"{words.plural(len(lanes), 'lane')} with {words.plural(spells, 'spell')} away from closed")


def lay_out(
    figure: go.Figure,
    canvas: Canvas,
    *,
    height_px: int,
    rows: int,
    notes: Sequence[dict[str, Any]] = (),
    left_px: int = LEFT_PX,
) -> None:
    """Give a figure of lanes its axes: one row per subject, the clock of the reader's zone, now as a line."""
    places, texts = ticks(canvas)
    figure.update_layout(
        template=theme.template(canvas.mode),
        height=height_px,
        margin={"l": left_px, "r": 24, "t": 4, "b": 24},
        barmode="overlay",
        uirevision=f"{canvas.span.start.isoformat()}",
        annotations=list(notes),
    )
    figure.update_xaxes(
        range=[canvas.x(canvas.span.start), canvas.x(canvas.span.end)],
        tickmode="array",
        tickvals=places,
        ticktext=texts,
        fixedrange=True,
        ticklabeloverflow="allow",
        tickangle=0,
    )
    figure.update_yaxes(range=[-rows + 0.8, 0.9], visible=False, fixedrange=True)
    if canvas.to_now:
        figure.add_vline(x=canvas.x(canvas.span.end), line={"color": canvas.colour("ink"), "width": 1})


def row_label(text: str, y: float, canvas: Canvas, small: str = "", left_px: int = LEFT_PX) -> dict[str, Any]:
    """Return the name of a lane at the left edge of the page, cut where it would run into the lane."""
    shown = text if len(text) <= 30 else text[:29] + "…"  # noqa: PLR2004 (what fits beside the lane)
    below = f"<br><span style='font-size:11px;color:{canvas.colour('muted')}'>{escape(small)}</span>" if small else ""
    return {
        "xref": "x domain",
        "x": 0,
        "xanchor": "left",
        "xshift": -left_px,
        "y": y,
        "yanchor": "middle",
        "align": "left",
        "showarrow": False,
        "text": escape(shown) + below,
        "font": {"size": 13},
    }


def ticks(canvas: Canvas, about: int = 8) -> tuple[list[datetime], list[str]]:
    """Return round times of the reader's clock, the day at midnight, and the end in bold where it is now."""
    length_s = canvas.span.length_s
    steps = [*_STEPS_S, *_STEPS_LONG_S]
    step = timedelta(seconds=next((s for s in steps if length_s / s <= about + 1), steps[-1]))
    start, end = canvas.x(canvas.span.start), canvas.x(canvas.span.end)
    midnight = start.replace(hour=0, minute=0, second=0, microsecond=0)
    place = midnight + step * ((start - midnight) // step + 1)
    places, texts = [], []
    while place < end - (end - start) * 0.05:
        places.append(place)
        texts.append(_tick_words(place, step))
        place += step
    if not canvas.to_now:
        return places, texts
    return [*places, end], [*texts, f"<b>{_tick_words(end, min(step, timedelta(hours=12)), bold=True)}</b>"]


def _tick_words(place: datetime, step: timedelta, *, bold: bool = False) -> str:
    at_midnight = place.time() == datetime.min.time()
    if (at_midnight or step >= timedelta(days=1)) and not bold:
        return f"{place:%a} {place.day}"
    return f"{place:%H:%M:%S}" if step < timedelta(minutes=1) else f"{place:%H:%M}"


def _rings(lanes: Sequence[Lane], canvas: Canvas) -> go.Scatter:
    marks = [(row, lane, opening) for row, lane in enumerate(lanes) for opening in lane.openings]
    return go.Scatter(
        x=[canvas.x(opening.opened_at) for _, _, opening in marks],
        y=[-row + 0.5 for row, _, _ in marks],
        mode="markers",
        marker={
            "size": 6,
            "symbol": "circle",
            "color": canvas.colour("bg"),
            "line": {"color": canvas.colour("hurt"), "width": 2},
        },
        customdata=[lane.service for _, lane, _ in marks],
        hoverinfo="text",
        hovertext=[
            f"{escape(lane.service)} → {escape(opening.breaker)} opened {words.clock(opening.opened_at, canvas.zone)}"
            + (f" (and {opening.openings - 1} more)" if opening.openings > 1 else "")
            for _, lane, opening in marks
        ],
    )


def _flags(lanes: Sequence[Lane], canvas: Canvas) -> go.Scatter:
    marks = [
        (row, lane, change)
        for row, lane in enumerate(lanes)
        for change in lane.changes
        if change.kind in {"deploy", "config", "flag", "scale"}
    ]
    return go.Scatter(
        x=[canvas.x(change.occurred_at) for _, _, change in marks],
        y=[-row + 0.33 for row, _, _ in marks],
        mode="text",
        text=["⚑"] * len(marks),
        textfont={"size": 13, "color": canvas.colour("ink")},
        hoverinfo="text",
        hovertext=[
            escape(f"{lane.service} {change.kind} {change.revision} {words.clock(change.occurred_at, canvas.zone)}")
            for _, lane, change in marks
        ],
    )


def _lanes_in_words(lanes: Sequence[Lane]) -> str:
    said = [
        f"{lane.service}: {words.plural(sum(o.openings for o in lane.openings), 'opening')}"
        + (f", unseen {words.plural(len(lane.unseen), 'time')}" if lane.unseen else "")
        for lane in lanes
    ]
    return "Levels over time. " + "; ".join(said)
