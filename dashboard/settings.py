"""The options that Streamlit is started with: look, privacy and safety, as flat names and texts."""

from __future__ import annotations

import tomllib
from importlib.resources import files
from typing import Any


def streamlit_options() -> dict[str, str]:
    """Return every shipped option by its flat name ("theme.light.primaryColor").

    The texts fit ``streamlit run app.py --<name>=<text>``. Address and port are the caller's.
    """
    parsed = tomllib.loads((files("dashboard") / "streamlit.toml").read_text(encoding="utf-8"))
    return dict(_flat("", parsed))


def _flat(prefix: str, value: Any) -> list[tuple[str, str]]:  # noqa: ANN401 (whatever TOML holds)
    if isinstance(value, dict):
        return [pair for key, inner in value.items() for pair in _flat(f"{prefix}.{key}" if prefix else key, inner)]
    if isinstance(value, bool):
        return [(prefix, str(value).lower())]
    return [(prefix, str(value))]
