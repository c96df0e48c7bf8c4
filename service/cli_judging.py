"""The commands that judge: check, explain, annotate."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from typer.exceptions import Exit

from service.cli_shared import ConfigFile, examples, load
from service.forms import CheckFormat, ExplainFormat


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
    app.command(
        "explain",
        epilog=examples(
            "breakwatch explain 4163239160452883904",
            "breakwatch explain checkout-availability --rows 100",
            "breakwatch explain checkout-back --format json",
        ),
    )(explain)
    app.command(
        "annotate",
        epilog=examples(
            "breakwatch annotate deploy --service checkout --revision v2.3.1",
            'breakwatch annotate maintenance --service checkout --for 30m --reason "database upgrade"',
            'breakwatch annotate exclusion --at 2026-11-19T10:00Z --until 2026-11-19T11:00Z --reason "not our outage"',
        ),
    )(annotate)


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


def explain(
    name: Annotated[str, typer.Argument(metavar="ID", help="Number of a verdict, or an objective as of now.")],
    *,
    config: ConfigFile = None,
    rows: Annotated[int, typer.Option("--rows", min=0, help="How many of the rows behind it to show.")] = 20,
    form: Annotated[ExplainFormat, typer.Option("--format", help="How to print it.")] = ExplainFormat.TEXT,
    data: Data = None,
) -> None:
    """Show the SQL, rows, window, policy and formula behind a verdict or figure."""
    from service import explaining

    explaining.answer(load(config), name, form, most=rows, data=data)


def annotate(
    kind: Annotated[
        str,
        typer.Argument(
            help="deploy, config, flag, scale, restart; or time that does not count: maintenance, exclusion."
        ),
    ],
    *,
    config: ConfigFile = None,
    service: Annotated[str, typer.Option("--service", help="Service it is about (default: every one).")] = "",
    environment: Annotated[str, typer.Option("--environment", help="Environment it is about (default: all).")] = "",
    at: Annotated[str, typer.Option("--at", help="When: ISO time, or 10m for that long ago (default now).")] = "",
    until: Annotated[str, typer.Option("--until", help="Until when, of time that does not count.")] = "",
    lasts: Annotated[str, typer.Option("--for", help="For how long, of time that does not count.")] = "",
    revision: Annotated[str, typer.Option("--revision", help="Version, commit or setting that came in.")] = "",
    reason: Annotated[str, typer.Option("--reason", help="Why; printed with the figures it changes.")] = "",
    by: Annotated[str, typer.Option("--by", help="Who says so (default: you).")] = "",
) -> None:
    """Record a change that explains figures, or time that is not to count, now or after the fact.

    Figures of windows that are over are restated; the earlier statement, who changed it and why are kept.
    """
    from service import annotating

    said = annotating.Said(kind, service, environment, at, until, lasts, revision, reason, by)
    print(annotating.annotate(load(config), said))  # noqa: T201 - the answer of the command
