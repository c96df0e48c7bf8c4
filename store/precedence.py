"""Asks the kernel to let the owner's short cycles go before the readers' long queries, where that is allowed."""

import contextlib
import os
from collections.abc import Iterator

_NICER_BY = 10


@contextlib.contextmanager
def precedence() -> Iterator[None]:
    """Run the block with a higher scheduling priority; without the right to ask for it, run it all the same.

    A reader may use every core for seconds; a cycle needs a few milliseconds, and the next readers wait for what it
    publishes. Only this thread and the threads it starts are meant, so programs started elsewhere are not preferred.
    """
    usual = os.getpriority(os.PRIO_PROCESS, 0)
    try:
        os.setpriority(os.PRIO_PROCESS, 0, usual - _NICER_BY)
    except OSError:  # not allowed here: ordinary priority is right, only slower under load
        yield
        return
    try:
        yield
    finally:
        os.setpriority(os.PRIO_PROCESS, 0, usual)
