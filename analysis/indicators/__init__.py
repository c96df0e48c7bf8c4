"""Indicators: numbers computed from facts for a subject and a window; one .py and one .sql each.

A module of this folder that holds an ``INDICATOR`` is one; nothing else has to be told of it.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from analysis.indicator import Indicator


@cache
def indicators() -> dict[str, Indicator]:
    """Return every indicator by name."""
    modules = (import_module(f"{__name__}.{module.name}") for module in iter_modules(__path__))
    found = (module.INDICATOR for module in modules if hasattr(module, "INDICATOR"))
    return {indicator.name: indicator for indicator in found}


@cache
def indicator(name: str) -> Indicator:
    """Return one indicator, without loading the others; KeyError where there is none of that name."""
    try:
        found: Indicator = import_module(f"{__name__}.{name}").INDICATOR
    except ModuleNotFoundError as error:
        raise KeyError(name) from error
    return found
