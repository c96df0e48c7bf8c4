"""The commands of ``breakwatch baseline``: references for benchmarks, and new levels that are accepted."""

from __future__ import annotations

from typing import Annotated

import typer

from service.cli_shared import ConfigFile, examples, load
from service.forms import Format

baseline = typer.Typer(help="Pin references for benchmarks, and accept new levels.", rich_markup_mode=None)

Name = Annotated[str, typer.Argument(metavar="NAME", help="Name of the baseline, such as release-1.4.")]
Reason = Annotated[str, typer.Option("--reason", help="Why; it stands in the audit log.")]
By = Annotated[str, typer.Option("--by", help="Who says so (default: the user of this machine).")]
Suite = Annotated[str, typer.Option("--suite", help="Suite it is about; may hold * (default: every one).")]
Benchmark = Annotated[str, typer.Option("--benchmark", help="Benchmark it is about; may hold *.")]
Metric = Annotated[str, typer.Option("--metric", help="Metric it is about; may hold *.")]
Machine = Annotated[str, typer.Option("--run-environment", help="Machine or setting it is about; may hold *.")]
Environment = Annotated[str, typer.Option("--environment", help="Environment it is about.")]


@baseline.command(
    "set",
    epilog=examples(
        'breakwatch baseline set release-1.4 --revision v1.4.0 --reason "first release with the new pool"',
        'breakwatch baseline set release-1.4 --revision v1.4.0 --suite api --expires 180d --reason "until 1.5"',
    ),
)
def set_command(
    name: Name,
    revision: Annotated[str, typer.Option("--revision", help="Version whose runs are the reference.")],
    reason: Reason,
    *,
    config: ConfigFile = None,
    expires: Annotated[str, typer.Option("--expires", help="When it ends: 90d, a time, or never.")] = "never",
    suite: Suite = "",
    benchmark: Benchmark = "",
    metric: Metric = "",
    run_environment: Machine = "",
    environment: Environment = "",
    by: By = "",
) -> None:
    """Compare the newest runs with those of a version from now on; a version that regressed is refused."""
    from service import baselines

    about = baselines.About(environment, suite, benchmark, metric, run_environment)
    _print(baselines.pin(load(config), name, revision, about, baselines.Said(reason, expires, by)))


@baseline.command(
    "accept",
    epilog=examples(
        'breakwatch baseline accept 4711 --reason "TLS everywhere costs this"',
        'breakwatch baseline accept 4711 --reason "until the new driver" --expires 30d',
    ),
)
def accept_command(
    number: Annotated[
        int, typer.Argument(metavar="ID", help="Number of a regression, or of all of a release (event).")
    ],
    reason: Reason,
    *,
    config: ConfigFile = None,
    expires: Annotated[str, typer.Option("--expires", help="When it counts again: 90d, a time, or never.")] = "90d",
    by: By = "",
) -> None:
    """Accept the level of a regression as the new normal, with a reason; changes from there on are found again."""
    from service import baselines

    _print(baselines.accept(load(config), number, baselines.Said(reason, expires, by)))


@baseline.command("drop", epilog=examples('breakwatch baseline drop release-1.4 --reason "replaced by release-1.5"'))
def drop_command(name: Name, reason: Reason, *, config: ConfigFile = None, by: By = "") -> None:
    """Take back a baseline, or an acceptance (its name is the number of the regression)."""
    from service import baselines

    _print(baselines.drop(load(config), name, baselines.Said(reason, actor=by)))


@baseline.command("list", epilog=examples("breakwatch baseline list", "breakwatch baseline list --format json"))
def list_command(
    *,
    config: ConfigFile = None,
    form: Annotated[Format, typer.Option("--format", help="How to print them.")] = Format.TABLE,
) -> None:
    """List every baseline and every accepted level, the newest first."""
    from service import baselines

    baselines.listed(load(config), form)


@baseline.command("show", epilog=examples("breakwatch baseline show release-1.4"))
def show_command(name: Name, *, config: ConfigFile = None) -> None:
    """Show how each series stands against a baseline, and where there is not enough data to say."""
    from service import baselines

    _print(list(baselines.show(load(config), name)))


def _print(lines: list[str]) -> None:
    for line in lines:
        print(line)  # noqa: T201 - the answer of the command
