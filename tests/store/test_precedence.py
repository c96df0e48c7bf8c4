"""Precedence is short, for this thread alone, and never stands in the way."""

import os
import threading
import time

import pytest

from store import precedence as module
from store.precedence import precedence


class Kernel:
    """Remembers what was asked of it, and may refuse."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *, allowed: bool) -> None:
        self.policy = os.SCHED_OTHER
        self.asked: list[int] = []
        self._allowed = allowed
        monkeypatch.setattr(os, "sched_getscheduler", lambda thread: self.policy)
        monkeypatch.setattr(os, "sched_setscheduler", self._set)

    def _set(self, thread: int, policy: int, _: os.sched_param) -> None:
        assert thread == threading.main_thread().native_id
        self.asked.append(policy)
        if not self._allowed:
            raise PermissionError
        self.policy = policy


def test_it_is_asked_for_and_given_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """Inner blocks belong to the outermost; threads that are started do not inherit it."""
    kernel = Kernel(monkeypatch, allowed=True)
    with precedence(), precedence():
        assert kernel.policy == os.SCHED_RR | os.SCHED_RESET_ON_FORK
    assert kernel.policy == os.SCHED_OTHER
    assert len(kernel.asked) == 2


def test_refused_it_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the right to ask the work is done all the same."""
    kernel = Kernel(monkeypatch, allowed=False)
    done = False
    with precedence():
        done = True
    assert done
    assert kernel.policy == os.SCHED_OTHER


def test_long_work_loses_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """After the budget the work goes on like everybody else's."""
    kernel = Kernel(monkeypatch, allowed=True)
    monkeypatch.setattr(module, "_BUDGET_S", 0.01)
    with precedence():
        give_up = time.monotonic() + 5
        while kernel.policy != os.SCHED_OTHER and time.monotonic() < give_up:
            time.sleep(0.005)
        assert kernel.policy == os.SCHED_OTHER
