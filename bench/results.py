"""The results that are kept: one section of RESULTS.md for each benchmark."""

from __future__ import annotations

import re
from pathlib import Path

RESULTS = Path(__file__).parent / "RESULTS.md"


def record(title: str, text: str) -> None:
    """Write a section, in the place of the one with the same title or at the end."""
    had = RESULTS.read_text(encoding="utf-8")
    section = f"## {title}\n\n{text.strip()}\n"
    known = re.compile(rf"^## {re.escape(title)}\n.*?(?=^## |\Z)", re.MULTILINE | re.DOTALL)
    if known.search(had):
        written = known.sub(lambda found: section + ("\n" if found.end() < len(had) else ""), had, count=1)
    else:
        written = f"{had.rstrip()}\n\n{section}"
    RESULTS.write_text(written, encoding="utf-8")
