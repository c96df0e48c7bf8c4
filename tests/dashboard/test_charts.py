"""Charts as plain values: loss stands on the baseline, doubt is a blur, the unseen is an outline."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from analysis.questions.breakers import StateLane, state_lanes
from analysis.questions.changes import Change
from analysis.questions.common import Edge, Span
from analysis.questions.incident import incident
from analysis.questions.lanes import Lane, Opening, Spell, lanes
from dashboard import charts, drawing, incident_chart, openings_chart, theme
from dashboard.drawing import Canvas
from dashboard.words import NBSP
from store import Reader
from tests.dashboard.fixture import AS_OF, at

if TYPE_CHECKING:
    from pathlib import Path

DAY = Span(AS_OF - timedelta(days=1), AS_OF)
HOUR = Span(at(9, 0), at(10, 0))
CANVAS = Canvas(HOUR, ZoneInfo("UTC"), "light")


def edge(moment: datetime, half_s: float = 0.0) -> Edge:
    """Return an edge with symmetric bounds."""
    return Edge(moment, moment - timedelta(seconds=half_s), moment + timedelta(seconds=half_s))


def spell(half_s: float = 0.0, state: str = "open", minutes: float = 10) -> Spell:
    """Return a spell from 09:20 on."""
    return Spell(state, edge(at(9, 20), half_s), edge(at(9, 20) + timedelta(minutes=minutes), half_s))


def alphas(one: drawing.Block) -> list[tuple[float, float]]:
    """Return the places and opacities of a blurred spell."""
    return [
        (round(place, 3), float(colour.rsplit(",", 1)[1].rstrip(")")))
        for place, colour in drawing.gradient(one, "#B24409")
    ]


def test_exact_edges_are_sharp() -> None:
    """Without bounds the fill is even from edge to edge."""
    block = drawing.block(spell(), HOUR)
    assert block is not None
    (trace,) = drawing.shapes(CANVAS, 0.0, [block], 0.7)
    assert trace.fillcolor == theme.colour("light", "hurt")
    assert trace.fillgradient.type is None
    assert trace.line.width == 0


def test_bounds_are_drawn_as_blur() -> None:
    """The opacity rises over the bounds of the start and falls over those of the end, in one polygon."""
    block = drawing.block(spell(half_s=60), HOUR)
    assert block is not None
    assert alphas(block) == [(0.0, 0.0), (0.167, 1.0), (0.833, 1.0), (1.0, 0.0)]
    traces = drawing.shapes(CANVAS, 0.0, [block], 0.7)
    assert len(traces) == 1
    assert traces[0].fillgradient.type == "horizontal"


def test_overlapping_blurs_have_no_solid_middle() -> None:
    """Where the bounds of start and end overlap, the spell never reaches full opacity."""
    block = drawing.block(spell(half_s=400, minutes=10), HOUR)
    assert block is not None
    assert max(alpha for _, alpha in alphas(block)) < 0.5


def test_ongoing_ends_now_and_says_so() -> None:
    """An open spell reaches the end of the span and says that it is still open."""
    block = drawing.block(Spell("open", edge(at(9, 50)), None), HOUR)
    assert block is not None
    assert block.end == HOUR.end
    assert drawing.hover(CANVAS, block).endswith("still open")


def test_good_is_never_drawn_as_loss() -> None:
    """Full and closed are the rail, not a block; what lies outside the span is nothing."""
    assert drawing.block(spell(state="full"), HOUR) is None
    assert drawing.block(spell(), Span(at(11, 0), at(12, 0))) is None


def test_rail_is_cut_where_loss_or_doubt_begins() -> None:
    """The line of all that is well stops at a spell's earliest start and goes on after its latest end."""
    rail = drawing.rail(CANVAS, 0.0, [(at(9, 20), at(9, 30)), (at(9, 25), at(9, 40))])
    assert [x and f"{x:%H:%M}" for x in rail.x] == ["09:00", "09:20", None, "09:40", "10:00", None]


def test_a_short_spell_can_be_seen() -> None:
    """A spell of a tenth of a second is drawn with a least width, without moving out of the span."""
    block = drawing.block(Spell("open", edge(at(9, 59, 59.9)), edge(at(10, 0))), HOUR)
    assert block is not None
    (trace,) = drawing.shapes(CANVAS, 0.0, [block], 0.7)
    assert (trace.x[2] - trace.x[0]).total_seconds() == pytest.approx(9.0)
    assert trace.x[2] <= datetime(2026, 11, 20, 10)  # noqa: DTZ001 (the chart's clock has no zone)


def test_very_many_spells_become_bars() -> None:
    """Beyond sixty spells a lane is one trace of bars."""
    many = [
        drawing.Block("open", when, when, when, when + timedelta(seconds=5), ongoing=False)
        for when in (at(9, 0, 30 * number) for number in range(61))
    ]
    (trace,) = drawing.shapes(CANVAS, 0.0, many, 0.7)
    assert trace.type == "bar"
    assert len(trace.base) == 61


def test_half_open_does_not_end_the_bar() -> None:
    """Open, half-open, open is one bar with a probe on it."""
    first, probe, last = edge(at(9, 10)), edge(at(9, 11)), edge(at(9, 11, 0.013))
    spells = [Spell("open", first, probe), Spell("half_open", probe, last), Spell("open", last, edge(at(9, 12)))]
    whole, probes = drawing.merged(spells)
    assert [(one.state, one.started, one.ended) for one in whole] == [("open", first, edge(at(9, 12)))]
    assert probes == [spells[1]]
    assert len(drawing.probes(CANVAS, 0.0, probes, 0.7)) == 1


def test_a_clicked_spell_leads_to_its_episode() -> None:
    """Over each spell lies an unseen bar that can be clicked and carries the episode's id."""
    lane = StateLane("a → b", (Spell("open", edge(at(9, 20)), edge(at(9, 30)), "77"),), (), 0)
    bars = [trace for trace in charts.state_lanes([lane], CANVAS).figure.data if trace.type == "bar"]
    assert [trace.customdata for trace in bars] == [("77",)]
    assert bars[0].marker.opacity == 0


def test_few_lanes_use_the_free_height() -> None:
    """Two lanes are drawn taller than twenty, and twenty as tall as they need."""
    two = charts.state_lanes([StateLane("a → b", (), (), 0)] * 2, CANVAS).figure.layout.height
    twenty = charts.state_lanes([StateLane("a → b", (), (), 0)] * 20, CANVAS).figure.layout.height
    assert (two, twenty) == (2 * 64 + 34, 20 * 30 + 34)


def test_names_from_outside_are_not_markup() -> None:
    """A service name with tags stays text in labels and hover texts."""
    lane = Lane("<img src=x>", (), (), (Opening(at(9, 30), "<b>x</b>", 2),), ())
    figure = charts.service_lanes([lane], CANVAS).figure
    assert "<img" not in figure.layout.annotations[0].text
    rings = figure.data[-1]
    assert rings.hovertext == ("&lt;img src=x&gt; → &lt;b&gt;x&lt;/b&gt; opened 09:30:00 (and 1 more)",)


def test_ticks_are_round_and_end_with_now() -> None:
    """Ticks stand on round times of the reader's clock, midnight carries the date, now is bold."""
    _, texts = charts.ticks(Canvas(DAY, ZoneInfo("UTC"), "light"))
    assert texts == ["12:00", "15:00", "18:00", "21:00", "Fri 20", "03:00", "06:00", "<b>09:41</b>"]


def test_service_lanes_of_the_busy_day(busy_file: Path) -> None:
    """Every service has a lane; the silent one ends in an outline, and the text says the same."""
    with Reader.open(busy_file) as rows:
        found = lanes(rows, "prod", DAY)
    drawn = charts.service_lanes(found, Canvas(DAY, ZoneInfo("UTC"), "light"))
    assert len(found) == 8
    assert "notify: 0 openings, unseen 1 time" in drawn.alt
    dashed = [trace for trace in drawn.figure.data if trace.line.dash == "dot"]
    assert len(dashed) == 2


def test_no_trace_is_heavy(busy_file: Path) -> None:
    """No trace holds more than about 2,000 points, however long the span."""
    month = Span(AS_OF - timedelta(days=30), AS_OF)
    with Reader.open(busy_file) as rows:
        drawn = charts.state_lanes(state_lanes(rows, "prod", month), Canvas(month, ZoneInfo("UTC"), "dark"))
    assert max(len(trace.x or ()) for trace in drawn.figure.data) <= 2000


def test_empty_lanes_draw() -> None:
    """A lane without a spell is a rail from end to end."""
    figure = charts.state_lanes([StateLane("a → b", (), (), 0)], CANVAS).figure
    assert [x and f"{x:%H:%M}" for x in figure.data[0].x] == ["09:00", "10:00", None]


def test_incident_timeline(busy_file: Path) -> None:
    """The timeline holds the lanes, the levels and the requests, failed calls below the line."""
    with Reader.open(busy_file) as rows:
        found = incident(rows, "prod", "1000", AS_OF)
    assert found is not None
    figure = incident_chart.timeline(found, Canvas(found.span, ZoneInfo("UTC"), "light")).figure
    bars = [trace for trace in figure.data if trace.type == "bar"]
    assert [min(bars[2].y) < 0, min(bars[0].y) >= 0] == [True, True]
    labels = " ".join(note.text for note in figure.layout.annotations)
    assert "checkout-a" in labels
    assert "service level" in labels
    assert "and 8 more" in labels


def test_each_source_has_its_lane_under_the_fused_edges(busy_file: Path) -> None:
    """The recorded run: the log sharp and numbered, the metrics blurred, two fused lines, their times below."""
    with Reader.open(busy_file) as rows:
        found = incident(rows, "capture", "1000", AS_OF)
    assert found is not None
    assert found.comparable
    drawn = openings_chart.openings(found, Canvas(found.span, ZoneInfo("UTC"), "light"))
    numbers = [trace.text for trace in drawn.figure.data if trace.mode == "text"]
    assert numbers == [("<b>1</b>", "<b>2</b>", "<b>3</b>", "<b>4</b>")]
    blurred = [trace for trace in drawn.figure.data if trace.fillgradient and trace.fillgradient.type == "horizontal"]
    assert len(blurred) == 1
    lines = [shape.x0 for shape in drawn.figure.layout.shapes if shape.type == "line"]
    assert [f"{x:%H:%M:%S.%f}"[:12] for x in lines] == ["11:32:56.305", "11:33:16.358"]
    ends = [text.replace(NBSP, " ") for text in drawn.figure.layout.xaxis.ticktext]
    assert ends == ["11:32:56.305", "<b>20.053 s</b>", "11:33:16.358"]
    assert drawn.alt.replace(NBSP, " ") == (
        "What each source saw by itself. capture-metrics: 4 openings, 1 seen, 3 counted, ± 0.6 s; "
        "capture-log: 4 openings, 4 written, exact"
    )


def test_one_source_alone_is_no_comparison(busy_file: Path) -> None:
    """An episode that a single source saw plainly has nothing to compare, so the panel is left out."""
    with Reader.open(busy_file) as rows:
        found = incident(rows, "prod", "1000", AS_OF)
    assert found is not None
    assert not found.comparable


def test_calls_counted_too_coarsely_are_not_drawn(busy_file: Path) -> None:
    """An episode shorter than three slices gets no lane of requests; a longer one has bars without holes between."""
    with Reader.open(busy_file) as rows:
        found = incident(rows, "prod", "1000", AS_OF)
    assert found is not None
    canvas = Canvas(found.span, ZoneInfo("UTC"), "light")
    drawn = [trace for trace in incident_chart.timeline(found, canvas).figure.data if trace.type == "bar"]
    assert {width for trace in drawn for width in trace.width} == {found.slice_s * 1000}
    coarse = incident_chart.timeline(replace(found, slice_s=200.0), canvas).figure
    assert [trace for trace in coarse.data if trace.type == "bar"] == []
    assert "Requests" not in " ".join(note.text for note in coarse.layout.annotations)


def test_only_the_present_is_marked_as_now() -> None:
    """A span that ended in the past has no line and no bold tick at its end."""
    past = Canvas(HOUR, ZoneInfo("UTC"), "light", to_now=False)
    figure = charts.state_lanes([StateLane("a → b", (), (), 0)], past).figure
    assert figure.layout.shapes == ()
    assert not any("<b>" in text for text in figure.layout.xaxis.ticktext)


def test_flags_are_not_written_over_each_other(busy_file: Path) -> None:
    """Changes that lie too close are told in one line, a deploy with the restart it brought."""
    with Reader.open(busy_file) as rows:
        found = incident(rows, "prod", "1000", AS_OF)
    assert found is not None
    near = (
        Change("payments", "config", at(9, 36, 30), "", ""),
        Change("payments", "restart", at(9, 36, 10), "", ""),
        Change("payments", "deploy", at(9, 36), "2.15.0", ""),
    )
    drawn = incident_chart.timeline(replace(found, changes=near), Canvas(found.span, ZoneInfo("UTC"), "light")).figure
    flags = [note.text for note in drawn.layout.annotations if "⚑" in note.text]
    assert flags == ["⚑ payments 2.15.0, restarted · payments config"]
