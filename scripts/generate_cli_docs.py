"""Write docs/cli.md from the commands' own help, so that the two cannot disagree.

python scripts/generate_cli_docs.py            writes the file
python scripts/generate_cli_docs.py --check    says whether it is current (exit 1 when not)
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import typer.main

from breakwatch.errors import ExitCode
from service.cli import app

TARGET = Path(__file__).parents[1] / "docs" / "cli.md"
WIDTH = 100
HEAD = """# Commands

Generated from `--help` by `scripts/generate_cli_docs.py`; do not edit.

Data go to stdout, messages to stderr. A problem is two lines, `breakwatch: <problem>` and `  try: <remedy>`; the trace
is shown with `--debug` only.

| exit code | means |
|---|---|
"""
MEANINGS = {
    ExitCode.OK: "success, or everything met",
    ExitCode.MISSED: "something missed",
    ExitCode.USAGE: "wrong command line or configuration",
    ExitCode.CANNOT_TELL: "something cannot be told and nothing missed",
    ExitCode.SOURCE: "a source is unreachable or refuses us",
    ExitCode.STORE: "the store is locked, damaged or full",
    ExitCode.DELIVERY: "a message could not be delivered",
    ExitCode.REJECTED: "some input was rejected; the good rows are in",
    ExitCode.INTERNAL: "internal error",
}


def commands(group: Any, path: tuple[str, ...] = ()) -> list[tuple[str, Any]]:  # noqa: ANN401 - typer hands out its own copy of click, without public types
    """Return every command with its full name, groups walked through."""
    found = []
    for name, command in group.commands.items():
        inner = (*path, name)
        if hasattr(command, "commands"):
            found += commands(command, inner)
        else:
            found.append((" ".join(inner), command))
    return found


def text() -> str:
    """Return the page."""
    rows = "".join(f"| {int(code)} | {meaning} |\n" for code, meaning in MEANINGS.items())
    parts = [HEAD + rows]
    for name, command in commands(typer.main.get_command(app)):
        context = command.context_class(command, info_name=f"breakwatch {name}", terminal_width=WIDTH)
        helped = "\n".join(line.rstrip() for line in command.get_help(context).splitlines())
        parts.append(f"\n## breakwatch {name}\n\n```\n{helped}\n```\n")
    return "".join(parts)


def main() -> int:
    """Write the page, or with --check compare it."""
    if "--check" not in sys.argv:
        TARGET.write_text(text(), encoding="utf-8")
        return 0
    if TARGET.exists() and TARGET.read_text(encoding="utf-8") == text():
        return 0
    print("docs/cli.md is not current\n  try: python scripts/generate_cli_docs.py", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
