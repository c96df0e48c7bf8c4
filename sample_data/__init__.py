"""The recorded sample: thirty simulated days of six services, and one real capture of 65 seconds."""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

DATA: Traversable = files(__name__)
"""The folder that holds ``breakwatch.yaml`` and what it names; ``as_file`` gives it a path."""

AS_OF_US = 1_795_174_880_000_000
"""The instant at which the simulated data end: 2026-11-20 11:41:20 UTC, in microseconds."""
