"""What the services log, and beside it the truth: what really happened and exactly when."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from sample_data.generator.timeline import END_US, START_US, iso

if TYPE_CHECKING:
    from breakwatch.clock import Instant

Fields: TypeAlias = str | int | float | bool | list[str]

NOTE = "Simulated: real breaker state machines under a simulated clock, driven by sample_data/generator/story.py."


@dataclass(slots=True)
class Logbook:
    """The logs of one service; ``ahead_us`` is by how much its clock is fast."""

    service: str
    ahead_us: int = 0
    lines: list[tuple[Instant, str]] = field(default_factory=list)

    def write(self, now_us: Instant, event: str, **fields: Fields) -> None:
        """Write one line, stamped by this service's own clock."""
        seen_us = now_us + self.ahead_us
        line = {"ts": iso(seen_us), "event": event, "service": self.service, **_renamed(fields)}
        self.lines.append((seen_us, json.dumps(line)))

    def raw(self, now_us: Instant, text: str) -> None:
        """Write a line as it is: a torn one, or one of another kind."""
        self.lines.append((now_us + self.ahead_us, text))

    def text(self) -> str:
        """Return the file: a line that says it is simulated, then all lines by their time."""
        head = json.dumps({"ts": iso(START_US), "event": "note", "simulated": True, "text": NOTE})
        return "\n".join([head, *(line for now_us, line in sorted(self.lines) if now_us < END_US), ""])


@dataclass(slots=True)
class Truth:
    """Everything that happened, whether or not any source saw it."""

    entries: list[tuple[Instant, int, dict[str, Fields]]] = field(default_factory=list)

    def note(self, now_us: Instant, what: str, **fields: Fields) -> None:
        """Keep one happening; what happens after the end of the sample is not part of it."""
        if now_us < END_US:
            entry = {"ts": iso(now_us), "simulated": True, "what": what, **_renamed(fields)}
            self.entries.append((now_us, len(self.entries), entry))

    def text(self) -> str:
        """Return the file, by time."""
        return "".join(json.dumps(entry) + "\n" for _, _, entry in sorted(self.entries, key=lambda one: one[:2]))


def _renamed(fields: dict[str, Fields]) -> dict[str, Fields]:
    """Return fields with ``from_`` as ``from``, which Python keeps for itself."""
    return {name.rstrip("_"): value for name, value in fields.items()}
