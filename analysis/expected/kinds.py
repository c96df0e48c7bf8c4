"""The kinds of findings, and which of them say how a breaker behaves."""

from __future__ import annotations

from typing import Final

BREAKER: Final = "breaker"
"""Asked for as a kind, it stands for all of ``BREAKER_KINDS``."""

BREAKER_KINDS: Final = (
    "unlawful_transition",
    "state_lost_on_restart",
    "failure_threshold",
    "open_time",
    "half_open_calls",
    "stuck_open",
    "stuck_half_open",
    "flapping",
    "health_disagrees",
)
"""How a breaker behaves. Kinds that say something of the evidence (sources that disagree) are not among them."""
