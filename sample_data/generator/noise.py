"""Lines that are none of our business, and a few that are torn: every real log has them."""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING

from breakwatch.clock import MINUTE_US, SECOND_US
from sample_data.generator.timeline import END_US, START_US, at, iso

if TYPE_CHECKING:
    from sample_data.generator.logbook import Logbook

_CHATTER = {
    "checkout": ("basket priced", "voucher applied", "receipt queued"),
    "payments": ("settlement batch closed", "ledger vacuum finished"),
    "cart": ("cart merged after sign-in", "expired carts removed"),
    "search": ("index segment merged", "synonyms reloaded"),
    "assistant": ("prompt cache warmed", "conversation archived"),
    "accounts": ("password policy reloaded", "audit log rotated"),
}

_TORN = (
    ("payments", at("11-03 13:26:40"), '{"ts": "2026-11-03T13:26:40.118204Z", "event": "breaker_transition", "serv'),
    ("cart", at("11-16 11:31:10"), '{"ts": "2026-11-16T11:31:10.0", "event": "breaker_transition", "breaker": "redi'),
    ("search", at("11-12 10:00:00"), '{"ts": "yesterday", "event": "level_change", "service": "search", "to": "full"}'),
    ("assistant", at("11-10 19:31:02"), '{"ts": "2026-11-10T19:31:02.44Z", "event": "retry", "attempt": 3, "wait_s"'),
    ("cart", at("11-19 18:09:30"), '{"event": "level_change", "service": "cart", "from": "full", "to": "cache_only"}'),
)
"""Lines that a reader must reject and keep: cut off, without a time, with a time that is none."""


def add_noise(books: dict[str, Logbook], seed: int) -> None:
    """Write chatter into every log, about four lines an hour, and the torn lines."""
    for service, texts in _CHATTER.items():
        rng = random.Random(f"{seed} {service} chatter")
        now_us = START_US
        while (now_us := now_us + rng.randrange(30 * SECOND_US, 30 * MINUTE_US)) < END_US:
            line = {
                "ts": iso(now_us + books[service].ahead_us),
                "level": "info",
                "service": service,
                "msg": rng.choice(texts),
                "count": rng.randrange(1, 400),
            }
            books[service].raw(now_us, json.dumps(line))
    for service, now_us, text in _TORN:
        books[service].raw(now_us, text)
