"""The sample, simulated once for all tests of this folder."""

from __future__ import annotations

import pytest

from sample_data.generator.build import Sample, simulate


@pytest.fixture(scope="session")
def sample() -> Sample:
    """Return the whole sample in memory."""
    return simulate()
