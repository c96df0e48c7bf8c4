"""What every group of commands needs: the option of the configuration file, loading it, and how examples are shown."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from breakwatch import config as configuration
from breakwatch.config import Config
from service import console

ConfigFile = Annotated[
    Path | None,
    typer.Option("--config", "-c", help="Configuration file (default ./breakwatch.yaml, else $BREAKWATCH_CONFIG)."),
]


def examples(*lines: str) -> str:
    """Return the end of a command's help: lines to copy."""
    return "\b\nExamples:\n" + "\n".join(f"  {line}" for line in lines)


def load(path: Path | None) -> Config:
    """Return the configuration; secrets that others could read in it are warned about."""
    file = configuration.config_path(path)
    loaded = configuration.load(file)
    for warning in configuration.warnings(file):
        console.say(f"breakwatch: {warning}\n  try: chmod 600, or keep the secret in a file named by *_file")
    return loaded
