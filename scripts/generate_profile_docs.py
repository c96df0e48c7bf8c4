"""Write the table of profiles in docs/profiles.md from the profiles themselves, so that the two cannot disagree.

python scripts/generate_profile_docs.py            writes the table
python scripts/generate_profile_docs.py --check    says whether it is current (exit 1 when not)
"""

from __future__ import annotations

import sys
from pathlib import Path

from collectors import profiles
from collectors.profiles import Profile

TARGET = Path(__file__).parents[1] / "docs" / "profiles.md"
BEGIN, END = "<!-- table of profiles: begin -->", "<!-- table of profiles: end -->"
PROVED = {"run": "**run**", "recorded": "recorded", "own": "own names", "source": "source", "no": "no"}
WORDS = {
    "breaker_state": "state",
    "health_state": "health",
    "level_state": "level",
    "process_start": "starts",
    "requests": "calls",
    "level_counts": "level",
}


def reads(profile: Profile) -> str:
    """Return what a profile reads from metrics, in few words."""
    said = []
    for reading in profile.readings:
        word = WORDS.get(reading.reads, reading.reads)
        unit = getattr(reading, "unit", "")
        said.append(f"{word} ({unit})" if unit else word)
    return ", ".join(dict.fromkeys(said)) or "–"


def lines(profile: Profile) -> str:
    """Return what a profile reads from log lines."""
    events = [str(one.event).replace("_", " ") for pattern in profile.logs for one in pattern.each()]
    return ", ".join(dict.fromkeys(event for event in events if event != "ignore")) or "–"


def table() -> str:
    """Return the table, with how many of its profiles are proved how."""
    shipped = profiles.shipped()
    counts = {how: sum(one.verified == how for one in shipped.values()) for how in PROVED}
    head = (
        f"{len(shipped)} profiles: {counts['run']} proved against the running program, {counts['recorded']} recorded\n"
        f"from it, {counts['own']} of our own names, {counts['source']} read in the library's source or its "
        f"documentation,\n{counts['no']} neither in full.\n\n"
        "| profile | for | proved by | metrics say | log lines say |\n|---|---|---|---|---|\n"
    )
    rows = [
        f"| `{name}`{'' if one.automatic else ' ¹'} | {one.title.replace('|', '/')} | {PROVED[one.verified]} "
        f"| {reads(one)} | {lines(one)} |\n"
        for name, one in shipped.items()
    ]
    return head + "".join(rows) + "\n¹ Used when named, never unasked.\n"


def text() -> str:
    """Return the page with its table anew."""
    page = TARGET.read_text(encoding="utf-8")
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{table()}{END}{after}"


def main() -> int:
    """Write the page, or with --check compare it."""
    if "--check" not in sys.argv:
        TARGET.write_text(text(), encoding="utf-8")
        return 0
    if TARGET.read_text(encoding="utf-8") == text():
        return 0
    print("docs/profiles.md is not current\n  try: python scripts/generate_profile_docs.py", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
