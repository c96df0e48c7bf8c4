"""SQL files of several steps: each step is one statement and begins with a line ``-- step: <name>``."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files

_STEP = re.compile(r"^-- step: (\w+)\n", re.MULTILINE)


@cache
def steps(name: str) -> dict[str, str]:
    """Return the statements of ``<name>.sql`` by step, in order."""
    text = files(__package__).joinpath(f"{name}.sql").read_text(encoding="utf-8")
    parts = _STEP.split(text)[1:]
    return {step: statement.strip() for step, statement in zip(parts[::2], parts[1::2], strict=True)}
