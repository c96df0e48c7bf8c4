"""Write docs/indicators.md: every indicator with its definition, unit, and what it means that nothing happened.

python scripts/generate_indicator_docs.py            writes the page
python scripts/generate_indicator_docs.py --check    says whether it is current (exit 1 when not)
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from analysis.indicators import indicators

ROOT = Path(__file__).parents[1]
TARGET = ROOT / "docs" / "indicators.md"

HEAD = """# Indicators

What objectives may name, as `indicator:`. Each figure has a value, bounds (`low`, `high`) that hold the truth, `n` and
coverage; only the bounds decide a verdict. `breakwatch explain` shows the statement and the rows behind one.

Where nothing happened in a covered window: *kept* is a time that nothing had to be recovered from (no value, and met),
*zero* a count of none, *unknown* a ratio of nothing, which cannot be told.

Generated from the indicators by `scripts/generate_indicator_docs.py`; do not edit.

| indicator | unit | what it measures | how | nothing happened |
|---|---|---|---|---|
"""

TAIL = """
`proof`, `resilience_score` and composites rest on the verdicts of other objectives: the share of them that are not
`cannot_tell`; the weighted share of what was promised that was given, from what cannot be told counted as 0 to the same
counted as 1; and what the members fall short of the whole, summed by weight.
"""


def page() -> str:
    """Return the page."""
    return HEAD + "".join(f"{line}\n" for line in _rows()) + TAIL


def _rows() -> Iterator[str]:
    for name, one in sorted(indicators().items()):
        stat = " (with `stat`)" if one.stats else ""
        cells = (f"`{name}`", one.unit, one.measures + stat, one.formula, one.nothing)
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def main() -> int:
    """Write or check the page."""
    text = page()
    if "--check" in sys.argv:
        current = TARGET.exists() and TARGET.read_text(encoding="utf-8") == text
        if not current:
            print(
                f"{TARGET.relative_to(ROOT)} is not current: run python {Path(__file__).relative_to(ROOT)}",
                file=sys.stderr,
            )
        return 0 if current else 1
    TARGET.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
