"""The commands that judge: check, explain, annotate."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from typer.exceptions import Exit

from service.cli_shared import ConfigFile, examples, load
from service.forms import CheckFormat


class CannotTell(StrEnum):
    """What becomes of a check in which something cannot be told."""

    FAIL = "fail"
    WARN = "warn"


Data = Annotated[
    Path | None, typer.Option("--data", help="Published file to read (default: the one of the configuration).")
]


def add_commands(app: typer.Typer) -> None:
    """Give the command line these commands."""
    app.command(
        "check",
        epilog=examples(
            "breakwatch check",
            "breakwatch check --since 1h --fresh --format junit > verdicts.xml",
            "breakwatch check --experiment redis-down-1 --cannot-tell warn",
        ),
    )(check)


def check(
    *,
    config: ConfigFile = None,
    since: Annotated[
        str | None, typer.Option("--since", help="Judge from then on, not over each objective's window: ISO or 1h.")
    ] = None,
    until: Annotated[str | None, typer.Option("--until", help="Judge as of then (default now).")] = None,
    experiment: Annotated[
        str | None, typer.Option("--experiment", metavar="ID", help="Judge what happened in this experiment.")
    ] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Collect first.")] = False,
    cannot_tell: Annotated[
        CannotTell, typer.Option("--cannot-tell", help="Whether what cannot be told fails the check (exit 3).")
    ] = CannotTell.FAIL,
    form: Annotated[CheckFormat, typer.Option("--format", help="How to print the verdicts.")] = CheckFormat.TABLE,
    data: Data = None,
) -> None:
    """Judge objectives and regressions: exit 0 all met, 1 something missed, 3 something cannot be told.

    Works while breakwatch run collects, over what is published.
    """
    from service import judging

    asked = judging.Asked(since, until, experiment, fresh, cannot_tell.value, form, data)
    raise Exit(judging.check(load(config), asked))
