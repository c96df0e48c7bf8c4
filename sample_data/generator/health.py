"""The health check that payments makes of its primary: every 2 s, down after two bad ones, up after two good."""

from __future__ import annotations

from typing import TYPE_CHECKING

from breakwatch.clock import SECOND_US, Instant

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sample_data.generator.happenings import Fault

_EVERY_US = 2 * SECOND_US


def checks(faults: Sequence[Fault], path: str, instance: str) -> list[tuple[Instant, str, str]]:
    """Return (instant, from, to) of every change that the checks of ``path`` by ``instance`` see."""
    phase_us = 300_000 + 700_000 * int(instance[-1])
    changes: list[tuple[Instant, str, str]] = []
    for fault in faults:
        if fault.path == path:
            changes.append((_second_check(fault.start_us, phase_us), "up", "down"))
            changes.append((_second_check(fault.end_us, phase_us), "down", "up"))
    return changes


class Watch:
    """Tells of the changes as time goes by."""

    def __init__(self, changes: list[tuple[Instant, str, str]], tell: Callable[[Instant, str, str], None]) -> None:
        self._changes = sorted(changes)
        self._tell = tell

    def until(self, now_us: Instant) -> None:
        """Tell of all changes up to an instant."""
        while self._changes and self._changes[0][0] <= now_us:
            self._tell(*self._changes.pop(0))


def _second_check(since_us: Instant, phase_us: int) -> Instant:
    first = -(-(since_us - phase_us) // _EVERY_US) * _EVERY_US + phase_us
    return first + _EVERY_US
