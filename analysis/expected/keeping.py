"""Keeping the findings of expected behaviour: after the facts, for the services with news or other declarations."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Final

from analysis import expected
from analysis.expected.check import Check, Subjects
from analysis.sqlfiles import read_steps
from breakwatch.clock import Instant
from breakwatch.model import Batch

if TYPE_CHECKING:
    from breakwatch.config_services import ServiceConfig
    from store import Store

_STEPS = read_steps("analysis.expected", "scope.sql")
_OWN: Final = "analysis"
_KEY: Final = "expected"


@cache
def checks() -> tuple[Check, ...]:
    """Return every check of this folder; a module that holds a ``CHECK`` is one."""
    names = (f"{expected.__name__}.{module.name}" for module in iter_modules(expected.__path__))
    modules = (import_module(name) for name in names if name != __name__)
    return tuple(module.CHECK for module in modules if hasattr(module, "CHECK"))


Line = tuple[str, str, Instant, Instant]
"""Environment and service of new lines about attempts, and from when to when they tell."""


@dataclass(frozen=True, slots=True)
class Told:
    """What was told anew: lines about attempts, and the services with breakers whose calls failed."""

    lines: list[Line]
    failing: list[tuple[str, str]]


def told_anew(store: Store, services: Sequence[ServiceConfig]) -> Told:
    """Return what was told anew; call it before the facts are kept, which clear these marks."""
    lines = [(row["environment"], row["service"], row["from_us"], row["to_us"]) for row in store.rows(_STEPS["lines"])]
    watched = any(one.failure_threshold for service in services for one in service.expected.breakers.values())
    return Told(lines, _pairs(store, _STEPS["failing"]) if watched else [])


def refresh_expected(store: Store, services: Sequence[ServiceConfig], told: Told) -> None:
    """Bring the findings up to date; call it after facts and states were kept and before the marks are cleared.

    What is declared anew is judged over all that is kept.
    """
    declared = hashlib.blake2b(repr([_declared(one) for one in services]).encode(), digest_size=12).hexdigest()
    anew = store.checkpoints(_OWN).get(_KEY) != declared
    moved = _pairs(store, _STEPS["moved"])
    pairs = {
        "moved": moved,
        "failing": sorted({*moved, *told.failing}),
        "lines": sorted({line[:2] for line in told.lines}),
        "always": _pairs(store, _STEPS["standbys"]) if any(one.fallbacks for one in services) else [],
    }
    if not anew and not any(pairs.values()):
        return
    everybody = _pairs(store, _STEPS["everybody"], _kinds()) if anew else []
    by_name = {one.name: one for one in services}
    for check in checks():
        whom = everybody if anew else pairs[check.when]
        if whom:
            _keep(store, check, Subjects(store, whom, by_name, store.now_us, told.lines, anew))
    if anew:
        store.append(Batch(_OWN, checkpoints={_KEY: declared}))


def _kinds() -> list[str]:
    return [kind for check in checks() for kind in check.kinds]


def _declared(service: ServiceConfig) -> tuple[object, ...]:
    return service.name, service.expected.model_dump(), [one.model_dump() for one in service.fallbacks]


def _pairs(store: Store, sql: str, kinds: Sequence[str] = ()) -> list[tuple[str, str]]:
    params = {"kinds": list(kinds)} if kinds else {}
    return [(row["environment"], row["service"]) for row in store.rows(sql, params)]


def _keep(store: Store, check: Check, subjects: Subjects) -> None:
    scopes = [
        {"environment": environment, "service": service, "kind": kind}
        for environment, service in subjects.pairs
        for kind in check.kinds
    ]
    store.replace("findings", scopes, list(_rows(check, subjects)))


def _rows(check: Check, subjects: Subjects) -> Iterator[dict[str, object]]:
    """Yield the rows of a check's findings, each once."""
    known = set()
    for finding in check.find(subjects):
        row = finding.row()
        if row["finding_id"] not in known:
            known.add(row["finding_id"])
            yield row
