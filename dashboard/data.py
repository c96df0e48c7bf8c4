"""The pages' only way to data: the published file, read through questions, remembered per generation.

Nothing here outlives a publication: the generation is part of every key, so a page never mixes two of them.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import streamlit as st

from analysis.questions import breakers as breaker_questions
from analysis.questions import catalogue as catalogue_question
from analysis.questions import coverage as coverage_questions
from analysis.questions import episodes as episode_questions
from analysis.questions import incident as incident_question
from analysis.questions import lanes as lane_question
from analysis.questions import overview as overview_question
from analysis.questions import publication as publication_questions
from analysis.questions import situation as situation_question
from breakwatch.config import published_path
from breakwatch.errors import StoreError
from store import Reader
from store.sandbox import run_sandboxed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from analysis.questions.breakers import Breaker, StateLane
    from analysis.questions.catalogue import View
    from analysis.questions.coverage import SourceCoverage
    from analysis.questions.episodes import Episode, EpisodeFilter
    from analysis.questions.incident import Incident
    from analysis.questions.lanes import Lane
    from analysis.questions.overview import Figures
    from analysis.questions.publication import Environment, Publication, SourceHealth
    from analysis.questions.situation import Situation
    from dashboard.filters import Selection
    from store.sandbox import SandboxResult

T = TypeVar("T")


def publication() -> Publication | None:
    """Return the newest publication; ``None`` before the first.

    A publication is swapped in by rename, so as long as the file is the same one, looking costs no more than its stamp.

    Raises:
        StoreError: there is no published file, or it cannot be read.
    """
    path = file()
    stamp = path.stat()
    found: Publication | None = _published(str(path), stamp.st_ino, stamp.st_mtime_ns)
    return found


def environments() -> tuple[Environment, ...]:
    """Return the environments of the newest publication."""
    return _answer("environments", publication_questions.environments)


def sources() -> tuple[SourceHealth, ...]:
    """Return how the sources' last collections went."""
    return _answer("sources", publication_questions.sources)


def situation(selection: Selection) -> Situation:
    """Return what needs a hand now."""
    return _answer("situation", situation_question.situation, selection.environment, selection.as_of)


def figures(selection: Selection) -> Figures:
    """Return the figures of the overview's tiles and tables."""
    return _answer("figures", overview_question.figures, selection.environment, selection.span, selection.as_of)


def lanes(selection: Selection) -> tuple[Lane, ...]:
    """Return a lane per service."""
    return _answer("lanes", lane_question.lanes, selection.environment, selection.span)


def coverage(selection: Selection) -> tuple[SourceCoverage, ...]:
    """Return the coverage of each source."""
    return _answer("coverage", coverage_questions.coverage, selection.environment, selection.span)


def breakers(selection: Selection) -> tuple[Breaker, ...]:
    """Return every breaker."""
    return _answer("breakers", breaker_questions.breakers, selection.environment, selection.span, selection.as_of)


def state_lanes(selection: Selection, service: str | None, breaker: str | None) -> tuple[StateLane, ...]:
    """Return a lane per breaker, or per instance of the one named."""
    return _answer(
        "state_lanes", breaker_questions.state_lanes, selection.environment, selection.span, service, breaker
    )


def episodes(selection: Selection, only: EpisodeFilter) -> tuple[Episode, ...]:
    """Return the episodes that pass a filter."""
    return _answer("episodes", episode_questions.episodes, selection.environment, selection.span, selection.as_of, only)


def incident(selection: Selection, episode_id: str) -> Incident | None:
    """Return one episode in full."""
    return _answer("incident", incident_question.incident, selection.environment, episode_id, selection.as_of)


def catalogue() -> tuple[View, ...]:
    """Return what can be asked."""
    return _answer("catalogue", catalogue_question.catalogue)


def ask(sql: str) -> SandboxResult:
    """Carry out a statement of the reader's own, apart from this process, read-only, within limits.

    Raises:
        UsageError: the statement is wrong, not allowed, or takes too much time or memory.
    """
    return run_sandboxed(file(), sql)


def file() -> Path:
    """Return the published file.

    Raises:
        StoreError: none is named, or it does not exist yet.
    """
    path = published_path()
    if path is None:
        raise StoreError(
            "no published file is named", "start the pages with `breakwatch dashboard` or `breakwatch demo`"
        )
    if not path.exists():
        raise StoreError(
            f"nothing has been collected yet: {path.name} does not exist", "run `breakwatch collect --once`"
        )
    return path


def _answer(name: str, question: Callable[..., T], *parameters: Any) -> T:  # noqa: ANN401 (the question's own)
    path = file()
    found = publication()
    remembered: T = _remembered(str(path), found.generation if found else 0, name, parameters, _question=question)
    return remembered


@st.cache_data(max_entries=8, show_spinner=False)
def _published(path: str, inode: int, changed_ns: int) -> Any:  # noqa: ANN401 (Streamlit hides the type)
    del path, inode, changed_ns  # only parts of the key
    with _reader() as rows:
        return publication_questions.publication(rows)


@st.cache_data(max_entries=512, show_spinner=False)
def _remembered(path: str, generation: int, name: str, parameters: tuple[Any, ...], *, _question: Any) -> Any:  # noqa: ANN401
    del path, generation, name  # only parts of the key
    with _reader() as rows:
        return _question(rows, *parameters)


@contextmanager
def _reader() -> Iterator[Reader]:
    reader = Reader.open(file())
    try:
        yield reader
    finally:
        reader.close()
