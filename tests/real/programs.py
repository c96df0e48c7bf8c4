"""Real programs that others wrote, run as they are: started with a configuration of their own, ended by their pid."""

from __future__ import annotations

import subprocess
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.real.processes import now_us, wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path


@dataclass
class Program:
    """One process; what it prints goes to ``output`` and ``errors``. ``ready_url`` answers 200 once it is up."""

    command: Sequence[str]
    output: Path
    errors: Path
    ready_url: str = ""
    ready_within_s: float = 20.0
    lives: list[tuple[int, int]] = field(default_factory=list)
    _process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it answers."""
        before_us = now_us()
        with self.output.open("ab") as output, self.errors.open("ab") as errors:
            self._process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=output, stderr=errors)
        if self.ready_url:
            wait_for(self.ready_url, self._process, self.ready_within_s)
        self.lives.append((before_us, now_us()))

    def kill(self) -> tuple[int, int]:
        """Kill it on the spot (SIGKILL); return the instants right before and right after."""
        assert self._process is not None
        before_us = now_us()
        self._process.kill()
        self._process.wait(10)
        self._process = None
        return before_us, now_us()

    def send(self, signal_number: int) -> tuple[int, int]:
        """Send it a signal; return the instants right before and right after."""
        assert self._process is not None
        before_us = now_us()
        self._process.send_signal(signal_number)
        return before_us, now_us()

    def stop(self) -> None:
        """End it in order; one that does not listen is killed."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(10)
        self._process = None

    @contextmanager
    def running(self) -> Iterator[Program]:
        """Run it for the length of a block."""
        try:
            self.start()
            yield self
        finally:
            self.stop()
