"""The commands of ``breakwatch experiment``: a fault put in on purpose, said while it happens."""

from __future__ import annotations

from typing import Annotated

import typer
from typer.exceptions import Exit

from service import console
from service.cli_shared import ConfigFile, examples, load
from service.forms import Format

experiment = typer.Typer(help="Record a fault that is put in on purpose.", rich_markup_mode=None)

Name = Annotated[str, typer.Argument(metavar="ID", help="Name of the experiment, such as redis-down-2026-11-20.")]
Environment = Annotated[str, typer.Option("--environment", help="Environment it runs in.")]
Begun = Annotated[str, typer.Option("--at", help="When: ISO time, or 10m for that long ago (default now).")]


@experiment.command(
    epilog=examples(
        "breakwatch experiment start redis-down-1 --service checkout --target redis --scenario cascade-redis-queue",
        "breakwatch experiment start redis-down-1 --target redis --at 2026-11-20T11:32:40Z",
    )
)
def start(
    experiment_id: Name,
    *,
    config: ConfigFile = None,
    scenario: Annotated[str, typer.Option("--scenario", help="What is put in; an id of a scenario pack.")] = "",
    target: Annotated[str, typer.Option("--target", help="Where it is put in.")] = "",
    service: Annotated[str, typer.Option("--service", help="Service whose resilience is tried.")] = "",
    environment: Environment = "",
    expected: Annotated[str, typer.Option("--expected", help="What is predicted, in words or JSON.")] = "",
    at: Begun = "",
) -> None:
    """Say that an experiment begins."""
    from service import experiments

    told = experiments.Told(
        experiment_id,
        environment,
        service,
        scenario,
        target,
        expected,
        begun=at,
    )
    console.say(f"{experiment_id}: {experiments.start(load(config), told)}")


@experiment.command(
    epilog=examples(
        "breakwatch experiment phase redis-down-1 fault --intensity 100%",
        "breakwatch experiment phase redis-down-1 recovery",
    )
)
def phase(
    experiment_id: Name,
    name: Annotated[str, typer.Argument(help="Name of the phase; fault is what its times are measured from.")],
    *,
    config: ConfigFile = None,
    intensity: Annotated[str, typer.Option("--intensity", help="How much of it: 50%, 200ms.")] = "",
    environment: Environment = "",
    at: Begun = "",
    until: Annotated[str, typer.Option("--until", help="When it ended, where that is known.")] = "",
) -> None:
    """Say that a phase begins; it lasts until the next one, or the end of the experiment."""
    from service import experiments

    told = experiments.Told(experiment_id, environment, name=name, intensity=intensity, begun=at, ended=until)
    console.say(f"{experiment_id}: {name}: {experiments.phase(load(config), told)}")


@experiment.command(epilog=examples("breakwatch experiment end redis-down-1 --outcome 'healed by itself'"))
def end(
    experiment_id: Name,
    *,
    config: ConfigFile = None,
    outcome: Annotated[str, typer.Option("--outcome", help="How it ended, in your words: a claim.")] = "",
    environment: Environment = "",
    at: Begun = "",
) -> None:
    """Say that an experiment has ended."""
    from service import experiments

    told = experiments.Told(experiment_id, environment, outcome=outcome, begun=at)
    console.say(f"{experiment_id}: end: {experiments.end(load(config), told)}")


@experiment.command("list", epilog=examples("breakwatch experiment list", "breakwatch experiment list --format json"))
def list_command(
    *,
    config: ConfigFile = None,
    form: Annotated[Format, typer.Option("--format", help="How to print them.")] = Format.TABLE,
) -> None:
    """List the experiments that are known, the newest first."""
    from service import experiments

    experiments.listed(load(config), form)


@experiment.command(
    epilog=examples(
        "breakwatch experiment score redis-down-1",
        "breakwatch experiment score redis-down-1 --scenario cascade-redis-queue",
        "breakwatch experiment score --pack dependencies --format json",
    )
)
def score(
    experiments: Annotated[list[str] | None, typer.Argument(metavar="[ID]...", help="Names of experiments.")] = None,
    *,
    config: ConfigFile = None,
    pack: Annotated[
        str, typer.Option("--pack", help="Pack to judge by, a name or a file; alone: all its scenarios.")
    ] = "",
    scenario: Annotated[str, typer.Option("--scenario", help="Scenario to judge by (default: the one it names).")] = "",
    form: Annotated[Format, typer.Option("--format", help="table or json.")] = Format.TABLE,
) -> None:
    """Judge experiments: predicted against observed, claimed against proved, and a resilience score."""
    from service import scoring

    raise Exit(scoring.score(load(config), experiments or [], pack=pack, scenario_id=scenario, form=form))
