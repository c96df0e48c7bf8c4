"""The commands of ``breakwatch import``: one for each format that collectors can read, made from their table."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer
from typer.exceptions import Exit

from breakwatch.config import Config
from collectors.imports import FORMATS, Format

Files = Annotated[list[Path], typer.Argument(help="Files to read, gzip allowed; - is standard input.")]
ConfigFile = Annotated[Path | None, typer.Option("--config", "-c", help="Configuration file.")]
Environment = Annotated[str, typer.Option("--environment", help="Environment of everything in the files.")]
Labels = Annotated[list[str] | None, typer.Option("--label", help="Label of everything in the files: name=value.")]
Service = Annotated[str, typer.Option("--service", help="Service, where the file names none.")]
Covers = Annotated[str, typer.Option("--covers", help="START..END for which the file is complete.")]
Zone = Annotated[str, typer.Option("--timezone", help="Zone of stamps that name none, like Europe/Paris or UTC.")]
Suite = Annotated[str, typer.Option("--suite", help="Suite, where the file names none.")]
Revision = Annotated[str, typer.Option("--revision", help="Version that was measured, where the file names none.")]
Machine = Annotated[
    str, typer.Option("--run-environment", help="Machine or setting of the run; runs are compared within one.")
]
At = Annotated[str, typer.Option("--at", help="When it was measured, where the file does not say.")]


ALWAYS = frozenset({"files", "config", "environment", "label"})
"""Parameters that every format has; the others where the format has a use for them."""


def add_commands(imports: typer.Typer, load: Callable[[Path | None], Config]) -> None:
    """Give ``imports`` a command for each format."""
    for form in FORMATS.values():
        epilog = f"\b\nExamples:\n  {form.example}"
        imports.command(form.name, help=f"{form.title}. Twice changes nothing.", epilog=epilog)(_command(form, load))


def _command(form: Format, load: Callable[[Path | None], Config]) -> Callable[..., None]:
    def command(
        files: Files,
        *,
        config: ConfigFile = None,
        environment: Environment = "",
        label: Labels = None,
        service: Service = "",
        covers: Covers = "",
        suite: Suite = "",
        revision: Revision = "",
        run_environment: Machine = "",
        at: At = "",
        timezone: Zone = "",
    ) -> None:
        from service.importing import Said, bring_in

        labels = tuple(label or ())
        said = Said(service, environment, suite, revision, run_environment, at, timezone, covers, labels)
        raise Exit(bring_in(load(config), form, files, said))

    every = inspect.signature(command, eval_str=True)
    shown = [option for name, option in every.parameters.items() if name in {*ALWAYS, *form.options}]
    command.__signature__ = every.replace(parameters=shown)  # type: ignore[attr-defined]
    return command
