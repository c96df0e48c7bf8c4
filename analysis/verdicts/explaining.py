"""What stands behind a verdict: window, policy, formula, the statements with their parameters, and the rows.

A kept verdict is asked again on the terms it was judged by; where the data changed since, both answers are told.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from analysis.asking import Ground
from analysis.indicator import Indicator
from analysis.sqlfiles import read_steps
from analysis.verdicts.history import answer_of, verdict_row
from analysis.verdicts.judge import evaluate, known
from analysis.verdicts.restating import asked_again
from analysis.verdicts.verdict import Verdict
from breakwatch.clock import Instant
from breakwatch.config import Config
from breakwatch.config_units import nearest
from breakwatch.errors import UsageError
from store import Rows

if TYPE_CHECKING:
    from numpy.typing import NDArray

_SQL = read_steps("analysis.verdicts", "explaining.sql")
_PARAMETER = re.compile(r"\$(\w+)")

MOST_ROWS = 20


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement that was asked, with its parameters."""

    sql: str
    parameters: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Explained:
    """Everything behind one verdict.

    Attributes:
        verdict: as it is by the data of today.
        kept: the row as it was said, where it was kept; None for one of this moment.
        statements: what the indicator asked.
        rows_of: the view that ``rows`` are of; ``more`` is true where there are more of them.
    """

    verdict: Verdict
    indicator: Indicator | None
    statements: tuple[Statement, ...]
    rows_of: str
    rows: tuple[Mapping[str, Any], ...]
    more: bool
    kept: Mapping[str, Any] | None = None

    @property
    def differs(self) -> bool:
        """Whether the data say something else today than when the verdict was kept."""
        return self.kept is not None and answer_of(self.kept) != self.verdict.answer


@dataclass(slots=True)
class _Listening:
    """Rows that remember what they were asked."""

    rows_: Rows
    heard: list[Statement] = field(default_factory=list)

    def rows(self, sql: str, params: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
        self.heard.append(Statement(sql, dict(params or {})))
        return self.rows_.rows(sql, params or {})

    def columns(self, sql: str, params: Mapping[str, Any] | None = None) -> dict[str, NDArray[Any]]:
        self.heard.append(Statement(sql, dict(params or {})))
        return self.rows_.columns(sql, params or {})


def explain(rows: Rows, config: Config, name: str, now_us: Instant, most: int = MOST_ROWS) -> list[Explained]:
    """Return what is behind a kept verdict, by its number, or behind those of an objective now, by its name.

    Raises:
        UsageError: nothing is known by that name.
    """
    if name.isdecimal():
        row = verdict_row(rows, int(name))
        if row is None:
            raise UsageError(
                f"no verdict is kept as {name}",
                'name an objective to explain it as of now, or look: breakwatch sql "FROM verdicts"',
            )
        return [_kept(rows, config, row, most)]
    if name not in {one.name for one in config.objectives}:
        raise UsageError(f"no objective is named {name!r}", nearest(name, [one.name for one in config.objectives]))
    found = [one for one in evaluate(rows, config, now_us) if one.objective.name == name]
    return [_explained(rows, config, one, most) for one in found]


def _kept(rows: Rows, config: Config, row: Mapping[str, Any], most: int) -> Explained:
    found = asked_again(rows, config, row)
    if found is None:
        raise UsageError(
            f"verdict {row['verdict_id']} is about what is no longer there",
            "the service, the experiment or the objective is gone from what is recorded",
        )
    return _explained(rows, config, found, most, row)


def _explained(
    rows: Rows, config: Config, verdict: Verdict, most: int, kept: Mapping[str, Any] | None = None
) -> Explained:
    asked = None if verdict.objective.composite else known(verdict.objective.indicator)
    view = asked.rows if asked else ""
    found = _rows_behind(rows, verdict, view, most + 1)
    return Explained(
        verdict, asked, _statements(rows, config, verdict, asked), view, tuple(found[:most]), len(found) > most, kept
    )


def _statements(rows: Rows, config: Config, verdict: Verdict, asked: Indicator | None) -> tuple[Statement, ...]:
    """Return what an indicator asks for a verdict, with its parameters."""
    if asked is None or verdict.ask is None:
        return ()
    listening = _Listening(rows)
    asked.compute(Ground(listening, config, verdict.evaluated_us), [verdict.ask])
    return tuple(listening.heard)


def _rows_behind(rows: Rows, verdict: Verdict, view: str, most: int) -> list[dict[str, Any]]:
    if view not in _SQL:
        return []
    sql = _SQL[view]
    given = {
        "environment": verdict.environment,
        "service": verdict.service,
        "from_us": verdict.window_start_us,
        "to_us": verdict.until_us,
        "most": most,
    }
    return rows.rows(sql, {name: given[name] for name in _PARAMETER.findall(sql)})


def shown_parameters(parameters: Mapping[str, Any]) -> str:
    """Return parameters as JSON, one to a line."""
    return "\n".join(f"${name} = {json.dumps(value, default=str)}" for name, value in parameters.items())
