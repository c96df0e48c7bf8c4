"""The breakers that drive the sample obey the rules of the libraries they stand for."""

from __future__ import annotations

from itertools import pairwise

import pybreaker
from hypothesis import given, settings
from hypothesis import strategies as st

from breakwatch.clock import SECOND_US
from sample_data.generator.build import Sample
from sample_data.generator.machines import (
    CLOSED,
    FORCED_OPEN,
    HALF_OPEN,
    LAWFUL,
    MANUAL,
    NOT_PERMITTED,
    OPEN,
    PybreakerMachine,
    SimulatedClock,
    SlidingWindowMachine,
    pybreaker_on,
)

CALLS = st.lists(st.tuples(st.integers(1, 20 * SECOND_US), st.booleans()), max_size=120)
Moves = list[tuple[int, str, str]]


def _window(moves: Moves) -> SlidingWindowMachine:
    return SlidingWindowMachine(lambda *move: moves.append(move), open_s=15.0)


def _check_moves(moves: Moves, open_s: float) -> None:
    """Moves are lawful, follow one another, and leave open only after the open time."""
    assert all((before, after) in LAWFUL for _, before, after in moves)
    assert all(one[2] == other[1] for one, other in pairwise(moves))
    for one, other in pairwise(moves):
        if one[2] == OPEN:
            assert other[0] - one[0] >= open_s * SECOND_US


@given(CALLS)
@settings(deadline=None)
def test_window_machine_moves_lawfully(calls: list[tuple[int, bool]]) -> None:
    """Whatever the calls, the sliding window breaker makes lawful moves only and keeps its open time."""
    moves: Moves = []
    machine, now_us = _window(moves), 0
    for gap_us, ok in calls:
        now_us += gap_us
        machine.call(now_us, ok=ok)
    _check_moves(moves, 15.0)


@given(CALLS)
@settings(deadline=None)
def test_pybreaker_moves_lawfully_on_the_simulated_clock(calls: list[tuple[int, bool]]) -> None:
    """Whatever the calls, real pybreaker under the simulated clock makes lawful moves and keeps its open time."""
    moves: Moves = []
    clock = SimulatedClock()
    machine, now_us = PybreakerMachine("b", clock, lambda *move: moves.append(move), fail_max=3, open_s=15.0), 0
    with pybreaker_on(clock):
        for gap_us, ok in calls:
            now_us += gap_us
            machine.call(now_us, ok=ok)
    _check_moves(moves, 15.0)


def test_window_machine_opens_at_half_of_ten() -> None:
    """The sliding window breaker waits for ten calls and opens when half of them failed."""
    moves: Moves = []
    machine = _window(moves)
    for number in range(10):
        assert machine.state == CLOSED
        machine.call(number, ok=number % 2 == 0)
    assert moves == [(9, CLOSED, OPEN)]


def test_window_machine_half_open_permits_three() -> None:
    """In half-open three calls decide: two good ones of three close it, two bad ones open it again."""
    for answers, end in (((True, False, True), CLOSED), ((False, True, False), OPEN)):
        moves: Moves = []
        machine = _window(moves)
        for number in range(10):
            machine.call(number, ok=False)
        assert machine.call(14 * SECOND_US, ok=True) == NOT_PERMITTED
        for number, ok in enumerate(answers):
            machine.call(16 * SECOND_US + number, ok=ok)
        assert [after for _, _, after in moves] == [OPEN, HALF_OPEN, end]


def test_calm_calls_equal_single_calls() -> None:
    """Many calm calls in one stride leave both kinds of breaker as that many single good calls do."""
    for calls in (1, 7, 500):
        stride, single = _window([]), _window([])
        stride.calm(0, calls)
        for _ in range(calls):
            single.call(0, ok=True)
        for machine in (stride, single):
            for number in range(9):
                machine.call(number, ok=False)
        assert stride.state == single.state
        assert list(stride._results) == list(single._results)


def test_forced_open_rejects_until_moved() -> None:
    """A breaker forced open rejects however long it takes, until it is closed by hand."""
    machine = _window([])
    machine.force(0, FORCED_OPEN)
    assert machine.call(10**12, ok=True) == NOT_PERMITTED
    machine.force(10**12, CLOSED)
    assert machine.call(10**12, ok=True) == "success"


def test_pybreaker_gets_its_own_clock_back() -> None:
    """After the simulation pybreaker reads the real time again."""
    before = vars(pybreaker)["datetime"]
    clock = SimulatedClock()
    with pybreaker_on(clock):
        assert vars(pybreaker)["datetime"] is clock
    assert vars(pybreaker)["datetime"] is before


def test_every_move_of_the_sample_is_lawful(sample: Sample) -> None:
    """No breaker of the sample makes a move that its library cannot make; those by hand are search's and cart's."""
    moves = [entry for _, _, entry in sample.truth.entries if entry["what"] == "breaker_transition"]
    assert len(moves) > 500
    odd = {(str(one["service"]), str(one["to"])) for one in moves if (one["from"], one["to"]) not in LAWFUL}
    assert odd == {("search", FORCED_OPEN), ("search", CLOSED)}
    assert all((one["from"], one["to"]) in LAWFUL | MANUAL for one in moves)
