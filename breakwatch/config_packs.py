"""Scenario packs: failures that a system is to withstand, and what it promises in each; in the grammar of objectives.

A scenario's objectives have no window: they are judged over the experiment in which its fault was put in.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from importlib.resources import as_file, files
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, ValidationError

from breakwatch.config_objectives import Objective
from breakwatch.config_reading import Reader, problem_of
from breakwatch.config_units import Strict, nearest
from breakwatch.errors import ConfigError, UsageError


def _objective(value: object) -> object:
    """Name an objective by what it is about; ``name`` and ``kind`` go where a configuration has them."""
    if not isinstance(value, dict) or "indicator" not in value:
        return value
    said: dict[str, Any] = dict(value)
    where = dict(said.get("where") or {})
    if "name" in said and said["indicator"] == "measured":
        said["measurement"] = said.pop("name")
    if "kind" in where:
        said["kind"] = where.pop("kind")
    if where or "where" in said:
        said["where"] = where
    about = [said.get("measurement"), said.get("kind"), *where.values()]
    said.setdefault("name", " ".join([str(said["indicator"]), *(_word(word) for word in about if word is not None)]))
    return said


def _word(value: object) -> str:
    return "critical" if value is True else str(value)


PackObjective = Annotated[Objective, BeforeValidator(_objective)]


class Scenario(Strict):
    """One failure, and what is promised in it.

    Attributes:
        kind: ``live`` happens to a running system, ``measured`` is measured by a program that imports what it found.
        fault: what is put in; good: what a resilient system then does.
        restarts: the fault itself is a restart, so that restarts are no offence.
        broken: the objectives that must come out missed where the resilience in question is switched off.
    """

    id: str = Field(min_length=1)
    kind: Literal["live", "measured"] = "live"
    fault: str
    good: str = ""
    restarts: bool = False
    objectives: tuple[PackObjective, ...] = Field(min_length=1)
    broken: tuple[str, ...] = ()


class Pack(Strict):
    """Scenarios that belong together; ``always`` holds in each of them."""

    pack: str = Field(min_length=1)
    title: str = ""
    always: tuple[PackObjective, ...] = ()
    scenarios: tuple[Scenario, ...] = Field(min_length=1)

    def objectives(self, scenario: Scenario) -> tuple[Objective, ...]:
        """Return what is promised in a scenario, its pack's standing promises included; its own ones come first."""
        own = {(one.indicator, one.measurement, one.finding) for one in scenario.objectives}
        standing = (one for one in self.always if not (scenario.restarts and one.indicator == "restarts"))
        more = (one for one in standing if (one.indicator, one.measurement, one.finding) not in own)
        return (*scenario.objectives, *more)


def read_pack(path: Path) -> Pack:
    """Return the pack of a file; ConfigError names file, line and key of what is wrong."""
    top = Reader({}).read(path)
    try:
        return Pack.model_validate(top.plain(), context={"written": True}, by_alias=True, by_name=False)
    except ValidationError as error:
        problem, remedy = problem_of(dict(error.errors(include_url=False)[0]), top)
        raise ConfigError(problem, remedy) from None


@cache
def shipped() -> tuple[Pack, ...]:
    """Return the packs that come with Breakwatch, by name."""
    with as_file(files("breakwatch").joinpath("packs")) as folder:
        return tuple(read_pack(path) for path in sorted(folder.glob("*.yaml")))


def scenario(name: str, packs: tuple[Pack, ...]) -> tuple[Pack, Scenario]:
    """Return a scenario by its id with the pack it belongs to; UsageError names the nearest."""
    known = {one.id: (pack, one) for pack, one in _scenarios(packs)}
    if name not in known:
        raise UsageError(f"no scenario is named {name!r}", nearest(name, sorted(known)))
    return known[name]


def _scenarios(packs: tuple[Pack, ...]) -> Iterator[tuple[Pack, Scenario]]:
    for pack in packs:
        for one in pack.scenarios:
            yield pack, one
