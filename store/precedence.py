"""Asks the kernel to let the owner's short cycles go before the readers' long queries, where that is allowed.

A reader may use every core for seconds; a cycle needs a few dozen milliseconds, and all readers wait for what it
publishes. Nice values do not help between sessions (the kernel shares the processor among sessions first), so this asks
for the round-robin real-time class, which needs root or CAP_SYS_NICE (systemd: ``LimitRTPRIO=1``; containers:
``--cap-add SYS_NICE``). Where it is refused, work goes on with ordinary priority and is only slower under load.

The precedence is for the calling thread alone (threads and processes it starts do not inherit it), and only for a short
time: work that takes longer than the budget is not a short cycle and goes on like everybody else.
"""

import contextlib
import os
import threading
from collections.abc import Iterator

_BUDGET_S = 0.5
_LOWEST_REAL_TIME = 1


@contextlib.contextmanager
def precedence() -> Iterator[None]:
    """Run the block before ordinary work, for at most half a second; refused or inside another such block: run it."""
    thread = threading.get_native_id()
    if not _ask(thread):
        yield
        return
    budget = threading.Timer(_BUDGET_S, _give_back, (thread,))
    budget.daemon = True
    budget.start()
    try:
        yield
    finally:
        budget.cancel()
        _give_back(thread)


def _ask(thread: int) -> bool:
    if not hasattr(os, "SCHED_RESET_ON_FORK") or os.sched_getscheduler(thread) != os.SCHED_OTHER:
        return False
    try:
        policy = os.SCHED_RR | os.SCHED_RESET_ON_FORK
        os.sched_setscheduler(thread, policy, os.sched_param(_LOWEST_REAL_TIME))
    except OSError:  # not allowed here: ordinary priority is right
        return False
    return True


def _give_back(thread: int) -> None:
    # The thread may have ended between the alarm and this line; what is over needs no precedence.
    with contextlib.suppress(OSError):
        os.sched_setscheduler(thread, os.SCHED_OTHER, os.sched_param(0))
