"""What a logging system puts around the lines of a program: syslog, container runtimes, the journal.

A framing names the time at which the logging system took the line, and who wrote it. The line's own stamp, where it has
one, is nearer to what happened and goes first; its own fields go before the framing's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from collectors.logs.times import parse_time

if TYPE_CHECKING:
    from datetime import tzinfo

    from breakwatch.clock import Instant


@dataclass(frozen=True, slots=True)
class Frame:
    """What the framing of a line said.

    Attributes:
        stamp: when the logging system took it, as written; empty where it does not say.
        form: how the stamp is written, one of the formats of a line's time.
        fields: who wrote it: ``app``, ``hostname``, ``stream`` and the like.
    """

    stamp: str = ""
    form: str = "auto"
    fields: Mapping[str, Any] = field(default_factory=dict)

    def occurred_us(self, zone: tzinfo, now_us: Instant) -> Instant | None:
        """Return the stamp as an instant, None for none; ``zone`` is for stamps that name none."""
        return parse_time(self.stamp, form=self.form, zone=zone, now_us=now_us) if self.stamp else None
