"""How openings are counted: a lane per source on one clock, doubt as a blur, the fused edges through all of them."""

from __future__ import annotations

from dataclasses import replace
from html import escape
from typing import TYPE_CHECKING, Any

import plotly.graph_objects as go

from analysis.questions.common import Span
from dashboard import charts, drawing, words
from dashboard.charts import Chart

if TYPE_CHECKING:
    from analysis.questions.common import Edge
    from analysis.questions.incident import Incident
    from analysis.questions.sightings import Witness
    from dashboard.drawing import Canvas

_LANE_PX = 50
_FOOT_PX = 24
_SIDE_PX = 6
_BAR = 0.5
_LEAST_NUMBERED = 0.025


def openings(incident: Incident, around: Canvas) -> Chart:
    """Return the lanes of the sources that saw the episode, with the fused opening and closing as upright lines."""
    opened, closed = edges(incident)
    canvas = replace(around, span=_close_up(opened, closed, around.span), to_now=False)
    figure = go.Figure()
    notes: list[dict[str, Any]] = []
    for row, witness in enumerate(incident.witnesses):
        _lane(figure, canvas, -float(row), witness)
        notes.append(_label(witness, -float(row), canvas))
    rows = len(incident.witnesses)
    height = _LANE_PX * rows + _FOOT_PX
    charts.lay_out(figure, canvas, height_px=height, rows=rows, notes=notes, left_px=_SIDE_PX)
    figure.update_layout(margin={"l": _SIDE_PX, "r": _SIDE_PX, "t": 0, "b": _FOOT_PX})
    figure.update_yaxes(range=[-rows + 0.92, 0.96])
    for edge in (opened, closed):
        if edge is not None:
            _fused(figure, canvas, edge, rows)
    places, texts = _times(opened, closed, canvas)
    figure.update_xaxes(tickvals=places, ticktext=texts, showgrid=False, tickfont={"color": canvas.colour("ink")})
    told = "; ".join(
        f"{one.source}: {words.plural(one.openings, 'opening')}, {_how_sure(one)}" for one in incident.witnesses
    )
    return Chart(figure, f"What each source saw by itself. {told}")


def edges(incident: Incident) -> tuple[Edge, Edge | None]:
    """Return the fused opening and closing of the instance that is compared."""
    rows = incident.witnessed
    if not rows:
        return incident.episode.opened, incident.episode.closed
    return rows[0].occurred, rows[-1].occurred if rows[-1].to_state == "closed" else None


def _close_up(opened: Edge, closed: Edge | None, around: Span) -> Span:
    end = closed.latest if closed else around.end
    margin = (end - opened.earliest) / 8
    return Span(max(around.start, opened.earliest - margin), min(around.end, end + margin))


def _lane(figure: go.Figure, canvas: Canvas, y: float, witness: Witness) -> None:
    whole, probes = drawing.merged(witness.spells)
    found = drawing.blocks(whole, canvas.span)
    figure.add_trace(drawing.rail(canvas, y, [(one.start, one.end) for one in found]))
    figure.add_traces(drawing.shapes(canvas, y, found, _BAR))
    if not witness.exact:
        return
    figure.add_traces(drawing.probes(canvas, y, probes, _BAR))
    opened = drawing.blocks([spell for spell in witness.spells if spell.state == "open"], canvas.span)
    numbered = [
        (number, one) for number, one in enumerate(opened, 1) if canvas.share(one.start, one.end) >= _LEAST_NUMBERED
    ]
    figure.add_trace(
        go.Scatter(
            x=[canvas.x(one.start + (one.end - one.start) / 2) for _, one in numbered],
            y=[y + _BAR / 2] * len(numbered),
            mode="text",
            text=[f"<b>{number}</b>" for number, _ in numbered],
            textfont={"color": canvas.colour("onfill"), "size": 12},
            hoverinfo="skip",
        )
    )


def _label(witness: Witness, y: float, canvas: Canvas) -> dict[str, Any]:
    muted = f"<span style='font-size:12px;color:{canvas.colour('muted')}'>{escape(_how_sure(witness))}</span>"
    return {
        "xref": "x domain",
        "x": 0,
        "xanchor": "left",
        "y": y + _BAR,
        "yanchor": "bottom",
        "showarrow": False,
        "text": f"{escape(witness.source)}  {muted}",
        "font": {"size": 13},
        "bgcolor": canvas.colour("bg"),
        "borderpad": 1,
    }


def _how_sure(witness: Witness) -> str:
    unended = "" if witness.sightings[-1].to_state == "closed" else ", its closing not seen"
    if witness.exact:
        return f"{words.count(witness.openings)} written, exact{unended}"
    doubt = words.plus_minus(0.0, 2 * witness.half_width_s)
    seen, counted = witness.openings - witness.inferred_openings, witness.inferred_openings
    by_counters = f", {words.count(counted)} counted" if counted else ""
    return f"{words.count(seen)} seen{by_counters}, {doubt}{unended}"


def _fused(figure: go.Figure, canvas: Canvas, edge: Edge, rows: int) -> None:
    ink = canvas.colour("ink")
    through = {"y0": 0.92 - rows, "y1": _BAR + 0.04}
    if edge.half_width_s > 0:
        band = {"fillcolor": ink, "opacity": 0.12, "line": {"width": 0}}
        figure.add_shape(type="rect", x0=canvas.x(edge.earliest), x1=canvas.x(edge.latest), **through, **band)
    x = canvas.x(edge.at)
    figure.add_shape(type="line", x0=x, x1=x, **through, line={"color": ink, "width": 1.5})


def _times(opened: Edge, closed: Edge | None, canvas: Canvas) -> tuple[list[Any], list[str]]:
    first = words.clock(opened.at, canvas.zone, millis=opened.half_width_s == 0)
    if closed is None:
        return [canvas.x(opened.at)], [first]
    length_s = (closed.at - opened.at).total_seconds()
    exact = opened.half_width_s == closed.half_width_s == 0
    between = words.stopped(length_s) if exact else words.duration(length_s, opened.half_width_s + closed.half_width_s)
    last = words.clock(closed.at, canvas.zone, millis=closed.half_width_s == 0)
    middle = opened.at + (closed.at - opened.at) / 2
    return [canvas.x(opened.at), canvas.x(middle), canvas.x(closed.at)], [first, f"<b>{between}</b>", last]
