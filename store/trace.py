"""Named points inside the store's work, so that a test can prove in which phase a process died."""

from collections.abc import Callable

Trace = Callable[[str], None]
"""Called with the name of each point as it is reached."""

POINTS = (
    "append.begin",
    "append.before_commit",
    "append.after_commit",
    "publish.begin",
    "publish.before_rename",
    "publish.after_rename",
    "compact.begin",
    "compact.before_commit",
    "compact.after_commit",
)


def silent(point: str) -> None:
    """Take no note of ``point``."""
