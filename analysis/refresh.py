"""Keeping the answers ready: what new evidence made stale is fused again, and only that."""

from __future__ import annotations

from collections import defaultdict
from functools import partial
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from analysis import keep
from analysis.breakers import history, keep_consequences, keep_transitions, scope_of
from analysis.expected.keeping import refresh_expected, told_anew
from analysis.facts import news, refresh_facts
from analysis.facts.idle_open import refresh_idle_open
from analysis.gather import BREAKER, HEALTH, LEVEL, Domain, Gathered, Known, Name, gather, known_of
from analysis.sqlfiles import read_sql
from breakwatch.model import STATE_WORDS, Batch, TrackKind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from breakwatch.config import Config
    from store import Store

_STALE = read_sql("analysis.sql", "stale_subjects.sql")
_MARKED = read_sql("analysis.sql", "marked_subjects.sql")
_STALE_EVERYTHING = (
    read_sql("analysis.sql", "stale_everything.sql"),
    read_sql("analysis.sql", "stale_counters_everywhere.sql"),
    read_sql("analysis.sql", "stale_sightings_everywhere.sql"),
)
_CLEAR = read_sql("analysis.sql", "clear_stale_subjects.sql")
_STATES = read_sql("analysis.sql", "breaker_states.sql")
_ONGOING = read_sql("analysis.sql", "ongoing.sql")
_ONGOING_EPISODES = read_sql("analysis.sql", "ongoing_episodes.sql")

ANALYSIS_VERSION = "5"
"""Raise it when the same evidence would be fused otherwise: what older versions kept is then made anew, once."""

SUBJECTS_AT_ONCE = 400
"""How many subjects' evidence is held in memory at a time."""

_VERSIONS: WeakKeyDictionary[Store, str] = WeakKeyDictionary()
"""Of each store that is open, by which version all was made that it keeps, once that was looked up."""

_OWN = "analysis"
"""Under this name the analysis remembers its version among the checkpoints of sources."""


def refresh(store: Store, config: Config) -> None:
    """Bring everything that is kept ready up to date with what was appended.

    In two transactions: first what happened (transitions, changes of health and levels), then all that follows from it.
    The marks of what is stale are cleared by the second, so a crash before it leaves them all: what was fused already
    is fused again, to the same rows. No other thread comes in between. Running it again without new evidence changes
    nothing.
    """
    with store.turn():
        with store.transaction():
            _forget_older_versions(store)
            consequences = _fuse(store)
        with store.transaction():
            new = news(store)
            for keep_them in consequences:
                keep_them()
            told = told_anew(store, config.services)
            refresh_facts(store, config, new)
            _keep_states(store)
            refresh_idle_open(store, config.services)
            refresh_expected(store, config.services, told)
            store.execute(_CLEAR)


def _fuse(store: Store) -> list[Callable[[], None]]:
    """Keep what happened, as far as it may be other than was known; return what is left to do about breakers.

    Of many breakers it is done at once, so that their evidence need not be held.
    """
    known = known_of(store)
    stale = _stale(store, known)
    for domain in (LEVEL, HEALTH):
        for names in _chunks(stale[domain.name], SUBJECTS_AT_ONCE):
            _keep_changes(store, domain, gather(store, domain, names, known))
    left: list[Callable[[], None]] = []
    for names in _chunks(stale[BREAKER.name], SUBJECTS_AT_ONCE):
        gathered = gather(store, BREAKER, names, known)
        consequences = partial(keep_consequences, store, gathered, keep_transitions(store, gathered))
        if len(names) == len(stale[BREAKER.name]):
            left.append(consequences)
        else:
            consequences()
    return left


def _forget_older_versions(store: Store) -> None:
    if _VERSIONS.get(store) == ANALYSIS_VERSION:
        return
    if store.checkpoints(_OWN).get("version") != ANALYSIS_VERSION:
        for statement in _STALE_EVERYTHING:
            store.execute(statement)
        store.append(Batch(_OWN, checkpoints={"version": ANALYSIS_VERSION}))
    else:
        _VERSIONS[store] = ANALYSIS_VERSION


def _stale(store: Store, known: Known) -> dict[str, list[Name]]:
    marked = store.rows(_MARKED)
    if any(row["domain"] == "event" for row in marked) or TrackKind.REQUESTS in known.sampled:
        marked = store.rows(_STALE)
    found: dict[str, list[Name]] = defaultdict(list)
    for row in marked:
        found[row["domain"]].append(Name(row["environment"], row["service"], row["name"]))
    return found


def _chunks(names: Sequence[Name], size: int) -> Iterator[Sequence[Name]]:
    for start in range(0, len(names), size):
        yield names[start : start + size]


def _keep_changes(store: Store, domain: Domain, gathered: dict[Name, Gathered]) -> None:
    """Keep the changes of health and service levels, which know no unlawful moves."""
    table, to_rows = {
        HEALTH.name: ("health_changes", keep.health_rows),
        LEVEL.name: ("service_level_changes", keep.level_rows),
    }[domain.name]
    rows = [
        row
        for name, subject in gathered.items()
        for evidence in subject.instances.values()
        for row in to_rows(name, evidence, history(evidence, domain).changes)
    ]
    named = {"component": "name"} if domain is HEALTH else {}
    store.replace(table, [scope_of(name, **named) for name in gathered], rows)


def _keep_states(store: Store) -> None:
    """Keep the present state of every breaker, and the lengths of what is still open as far as it was seen."""
    store.replace("breaker_states", {}, store.rows(_STATES, {"words": list(STATE_WORDS)}))
    for table, sql, key in (
        ("breaker_incidents", _ONGOING, "incident_id"),
        ("breaker_episodes", _ONGOING_EPISODES, "episode_id"),
    ):
        grown = [{**row, "duration_low_s": row["elapsed_s"]} for row in store.rows(sql)]
        rows = [{name: value for name, value in row.items() if name not in _NOT_COLUMNS} for row in grown]
        store.replace(table, [{key: row[key]} for row in rows], rows)


_NOT_COLUMNS = frozenset({"row_id", "elapsed_s"})
