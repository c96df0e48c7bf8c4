"""What a person is told on the terminal, on stderr; stdout stays data."""

from __future__ import annotations

import sys

from breakwatch.errors import BreakwatchError, ExitCode

LOOK_AT_REJECTED = 'breakwatch sql "SELECT reason, content FROM rejected_inputs ORDER BY seen_at DESC LIMIT 20"'
"""The remedy where some input was rejected and was said to be kept."""


def say(text: str) -> None:
    """Write one message on stderr."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def tell(problem: Exception) -> int:
    """Write a problem as two lines and return its exit code."""
    if isinstance(problem, BreakwatchError):
        lines, code = (problem.problem, problem.remedy), problem.exit_code
    else:
        lines = (
            f"internal error: {type(problem).__name__}: {problem}",
            "run it again with --debug and report the trace",
        )
        code = ExitCode.INTERNAL
    two_lines(*lines)
    return int(code)


def two_lines(problem: str, remedy: str) -> None:
    """Write what is wrong and what to do about it, each on one line whatever the texts hold."""
    what, todo = (" ".join(line.split()) for line in (problem, remedy))
    say(f"breakwatch: {what}\n  try: {todo}")
