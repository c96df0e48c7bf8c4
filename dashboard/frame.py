"""What every page shares: the style, the bar, and errors that stay in their own block."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import streamlit as st

from breakwatch.errors import BreakwatchError
from dashboard import filters, markup, sentences
from dashboard.drawing import Canvas

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dashboard.charts import Chart
    from dashboard.filters import Selection

CHART_CONFIG = {"displayModeBar": False, "displaylogo": False, "scrollZoom": False}


def page(name: str, draw: Callable[[Selection], None]) -> None:
    """Draw a page: the bar, then its content; without data, what would be here and one step."""
    st.html(markup.style())
    with guarded():
        selection = filters.bar(name)
        if selection is None:
            st.html(markup.empty("Nothing here yet.", "No source has been collected. Collect once:", _STEP))
            return
        note = sentences.window_note(
            selection.first_seen, selection.span.start, selection.span.end, selection.recorded_s
        )
        if note:
            st.html(markup.wrap(markup.small(f"{note[0].upper()}{note[1:]}.")))
        draw(selection)


@contextmanager
def guarded() -> Iterator[None]:
    """Show a problem and its remedy in this block; the rest of the page stands."""
    try:
        yield
    except BreakwatchError as error:
        st.html(markup.problem(error.problem, error.remedy))


def canvas(selection: Selection) -> Canvas:
    """Return what a chart needs to know of a selection."""
    return Canvas(selection.span, selection.zone, selection.mode, selection.span.end >= selection.as_of)


def chart(drawn: Chart, key: str) -> str:
    """Draw a chart with its alternative text; return what the mark stands for that was clicked, or ""."""
    state = st.plotly_chart(
        drawn.figure,
        theme=None,
        config=CHART_CONFIG,
        alt=drawn.alt,
        key=key,
        on_select="rerun",
        selection_mode="points",
    )
    points = state["selection"]["points"] if isinstance(state, dict) else []
    return next((str(point["customdata"]) for point in points if isinstance(point.get("customdata"), str)), "")


_STEP = "breakwatch collect --once"
