"""Drives one instance through thirty days: in one stride while all is well, call by call when something is not."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING

from breakwatch.clock import SECOND_US, Instant
from sample_data.generator.app import log_action
from sample_data.generator.happenings import Deploy, Failback, Forced, Restart, Setting
from sample_data.generator.timeline import START_US, steps

if TYPE_CHECKING:
    from sample_data.generator.app import App
    from sample_data.generator.happenings import Action

_BOOT_S = 4.0
_AGE_S = 90_061
_CALLS_BEFORE = 41_387
"""Instances that are there from the start have been running for about a day and have served so many calls."""


@dataclass(frozen=True, slots=True)
class _Due:
    when_us: Instant
    action: Action
    logged: bool
    """Whether this instance is the one that logs it."""


def run(app: App, index: int) -> None:
    """Live through the whole story.

    Args:
        app: the instance.
        index: which of its service's instances it is; instances restart one after the other, and the first one logs
            what concerns the whole service.
    """
    pending = [one for one in _plan(app, index) if one.when_us > app.since_us]
    for one in _plan(app, index):
        if one.when_us == app.since_us and one.logged:
            log_action(app, one.action)
    if app.since_us == START_US:
        app.boot(app.since_us - _AGE_S * SECOND_US)
        app.calm(app.since_us - SECOND_US, _CALLS_BEFORE)
    else:
        app.boot(app.since_us)
    marks = steps()
    for start_us, end_us in itertools.pairwise(marks):
        if start_us < app.since_us:
            continue
        due = [one for one in pending if start_us <= one.when_us < end_us]
        calls = app.calls(start_us, end_us - start_us)
        app.tick(start_us)
        if due or app.busy(start_us, end_us):
            _closely(app, start_us, _starts(app, start_us, end_us, calls), due)
        elif calls:
            app.calm(start_us + (end_us - start_us) * (3 + index) // 10, calls)


def _plan(app: App, index: int) -> list[_Due]:
    """Return what happens to an instance, by time."""
    plan = []
    for action in app.actions:
        alone = isinstance(action, Restart | Forced) or (isinstance(action, Deploy) and bool(action.instances))
        apart_s = 0.0 if alone or not isinstance(action, Deploy) else action.apart_s * index
        plan.append(_Due(action.start_us + round(apart_s * SECOND_US), action, alone or index == 0))
    return sorted(plan, key=lambda one: one.when_us)


def _starts(app: App, start_us: Instant, end_us: Instant, calls: int) -> list[Instant]:
    """Return when the calls of a span begin: spread over it, each somewhere in its share."""
    apart_us = (end_us - start_us) // max(calls, 1)
    usual = [start_us + apart_us * number + app.rng.randrange(apart_us) for number in range(calls)]
    return sorted([*usual, *app.rush(start_us, end_us)])


def _closely(app: App, start_us: Instant, calls: list[Instant], due: list[_Due]) -> None:
    free_us = max(start_us, app.recorder.lives[-1].start_us)
    for now_us in calls:
        while due and due[0].when_us <= now_us:
            free_us = max(free_us, _act(app, due.pop(0)))
        if now_us >= free_us:
            free_us = app.request(now_us)
    for one in due:
        _act(app, one)


def _act(app: App, due: _Due) -> Instant:
    """Let an action happen; return when the instance serves again."""
    if due.logged:
        log_action(app, due.action)
    match due.action:
        case Deploy() as deploy:
            app.revision = deploy.revision
            return _restart(app, due.when_us, _BOOT_S)
        case Restart() as restart:
            return _restart(app, due.when_us, restart.down_s)
        case Setting() as setting:
            app.set(due.when_us, setting.name, setting.value)
        case Forced() as forced:
            app.force(due.when_us, forced.to_state)
        case Failback():
            app.fail_back(due.when_us)
        case _:
            pass
    return due.when_us


def _restart(app: App, when_us: Instant, down_s: float) -> Instant:
    found = [f"{name} {state}" for name, state in app.states().items() if state != "closed"]
    back_us = when_us + round(down_s * SECOND_US)
    app.recorder.halt(when_us)
    app.world.truth.note(when_us, "process_end", service=app.service, instance=app.instance, found=found)
    app.world.truth.note(back_us, "process_start", service=app.service, instance=app.instance)
    app.set_level(back_us, "full")
    app.boot(back_us)
    return back_us
