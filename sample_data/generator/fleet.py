"""Who is in the sample: services, instances, and how each is scraped."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import TYPE_CHECKING

from breakwatch.clock import MILLISECOND_US, Instant
from sample_data.generator.apps_java import Checkout, Payments, Search
from sample_data.generator.apps_python import Accounts, Assistant, Cart
from sample_data.generator.logbook import Logbook
from sample_data.generator.timeline import START_US, at

if TYPE_CHECKING:
    from sample_data.generator.app import App, World

SEED = 20261120
CART_AHEAD_US = 120 * MILLISECOND_US
"""By how much the clock of cart's logs is fast."""


@dataclass(frozen=True, slots=True)
class Instance:
    """One instance: its kind, when it first started, and when in a minute it is scraped."""

    kind: type[App]
    number: int
    offset_ms: int
    since_us: Instant = START_US
    shows_duration: bool = True

    @property
    def service(self) -> str:
        """Its service."""
        return self.kind.service

    @property
    def name(self) -> str:
        """Its name in logs."""
        return f"{self.service}-{self.number}"


FLEET: tuple[Instance, ...] = (
    Instance(Payments, 0, 3_219),
    Instance(Payments, 1, 11_804),
    Instance(Checkout, 0, 6_127),
    Instance(Checkout, 1, 13_452),
    Instance(Checkout, 2, 1_933, at("11-13 11:00:00")),
    Instance(Cart, 0, 8_700),
    Instance(Search, 0, 4_561),
    Instance(Assistant, 0, 12_240, at("11-05 11:00:00")),
    Instance(Accounts, 0, 9_385, shows_duration=False),
)
"""In the order in which they must run: payments before checkout, which calls it."""

SERVICES = tuple(dict.fromkeys(one.service for one in FLEET))


def logbooks() -> dict[str, Logbook]:
    """Return an empty logbook for each service."""
    return {name: Logbook(name, CART_AHEAD_US if name == "cart" else 0) for name in SERVICES}


def dice(instance: Instance, use: str) -> random.Random:
    """Return the dice of an instance for one use; always the same."""
    return random.Random(f"{SEED} {instance.name} {use}")


def app_of(instance: Instance, world: World, books: dict[str, Logbook]) -> App:
    """Return the application that an instance runs."""
    return instance.kind(world, instance.name, books[instance.service], dice(instance, "calls"), instance.since_us)
