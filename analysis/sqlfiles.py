"""The .sql files beside the Python that owns them."""

import re
from functools import cache
from importlib.resources import files

_STEP = re.compile(r"^-- step: (\w+)\n", re.MULTILINE)
_INCLUDE = re.compile(r"^-- include: (\w+\.sql)$", re.MULTILINE)


@cache
def read_sql(package: str, name: str) -> str:
    """Return the text of ``name`` in ``package``; both are ours, so a missing one is a programming error.

    A line ``-- include: <file>`` stands for the text of that file in ``analysis/sql``, which several statements share.
    """
    text = files(package).joinpath(name).read_text(encoding="utf-8")
    return _INCLUDE.sub(lambda found: read_sql("analysis.sql", found[1]).rstrip(), text)


@cache
def read_steps(package: str, name: str) -> dict[str, str]:
    """Return the statements of a file by step, in order; each begins with a line ``-- step: <name>``."""
    parts = _STEP.split(read_sql(package, name))[1:]
    return {step: statement.strip() for step, statement in zip(parts[::2], parts[1::2], strict=True)}
