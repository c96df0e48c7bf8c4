"""What an indicator is: a number with a name, a unit, a definition, and one way to compute it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from analysis.asking import Ask, Ground, Measured

Nothing = Literal["kept", "zero", "unknown"]
"""What it means that nothing happened in a covered window: a time to recover was ``kept`` (value NULL, and met), a
count is ``zero``, a ratio of nothing is ``unknown``."""


@dataclass(frozen=True, slots=True)
class Indicator:
    """A number with a name that people may rely on.

    Attributes:
        name: what configuration and reports call it; its .py and .sql bear the same name.
        unit: the unit of its value: ``s``, ``ratio``, or what is counted (``incidents``).
        measures: the definition, in one line.
        formula: how it is computed, as ``explain`` prints it.
        better: which way is better.
        nothing: what it means that nothing happened in a covered window.
        compute: (ground, asks) → an answer for each ask, in order. Coverage may be left out: it is added for all alike.
        rows: the name of the .sql step, or the view, whose rows prove the figure; ``explain`` shows them.
        stats: whether ``stat`` chooses among several lengths.
        covered: whether low coverage stands in the way of ``met``.
    """

    name: str
    unit: str
    measures: str
    formula: str
    better: Literal["lower", "higher", "neither"]
    nothing: Nothing
    compute: Callable[[Ground, Sequence[Ask]], Sequence[Measured]]
    rows: str = ""
    stats: bool = False
    covered: bool = True
