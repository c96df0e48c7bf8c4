"""Data: what can be asked, and an editor to ask it; statements run apart from us, read-only, within limits."""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from dashboard import data, examples, frame, markup, words
from dashboard.blocks import tables

if TYPE_CHECKING:
    from dashboard.filters import Selection


_FIRST = "breaker_episodes"


def render() -> None:
    """Draw the page."""
    frame.page("data", _draw)


def _draw(selection: Selection) -> None:
    browser, editor = st.columns([1, 2.4], gap="medium")
    with browser, frame.guarded():
        _views()
    with editor:
        _editor(selection)


def _views() -> None:
    views = data.catalogue()
    st.html(markup.section("Views", f"{words.count(len(views))}, any DuckDB client can read them"))
    names = [view.name for view in views]
    chosen = st.selectbox(
        "View",
        names,
        index=names.index(_FIRST) if _FIRST in names else 0,
        key="view",
        bind="query-params",
        label_visibility="collapsed",
    )
    view = next((view for view in views if view.name == chosen), None)
    if view is None:
        return
    st.html(markup.wrap(view.meaning))
    heads = [("Column", ""), ("Type and meaning", "")]
    lines = [
        (
            markup.tag("code", column.name),
            markup.join(
                (
                    markup.small(column.type.lower().replace("timestamp with time zone", "timestamptz")),
                    " ",
                    column.meaning,
                )
            ),
        )
        for column in view.columns
    ]
    st.html(markup.table(heads, lines))


def _editor(selection: Selection) -> None:
    st.html(markup.section("Ask in SQL", "read-only, at most 10 s and 10,000 rows"))
    named = examples.examples(selection.environment)
    with st.container(horizontal=True, gap="xsmall"):
        for name, sql in named.items():
            if st.button(name, key=f"example-{name}", type="tertiary"):
                st.session_state["sql"] = sql
    st.session_state.setdefault("sql", st.query_params.get("sql") or next(iter(named.values())))
    sql = st.text_area("SQL", key="sql", height=190, label_visibility="collapsed")
    if st.button("Run", type="primary", key="run-sql"):
        with frame.guarded():
            _answer(sql)


def _answer(sql: str) -> None:
    began = perf_counter()
    found = data.ask(sql)
    took = words.duration(perf_counter() - began, 0.05)
    more = ", cut at the limit" if found.truncated else ""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.html(markup.section("Answer", f"{words.plural(len(found.rows), 'row')}{more} in {took}"))
        st.space("stretch")
        st.download_button("Download CSV", tables.csv_text(found.columns, found.rows), "answer.csv", "text/csv")
    frame_of_rows = pd.DataFrame([list(row) for row in found.rows], columns=list(found.columns))
    st.dataframe(frame_of_rows, hide_index=True)
