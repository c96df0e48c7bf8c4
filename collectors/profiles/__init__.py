"""Profiles: the data files of this folder, one per library, and the one place that reads them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path

import yaml
from pydantic import ValidationError

from breakwatch.config_units import nearest
from breakwatch.errors import ConfigError
from collectors.profiles.schema import Profile

__all__ = ["Profile", "load", "names", "parse", "shipped"]

_SHIPPED = ".yaml"
_SUFFIXES = (_SHIPPED, ".yml")
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the same in C, where libyaml came along: ten times as fast


@cache
def names() -> tuple[str, ...]:
    """Return the names of the shipped profiles: each has a file of its name."""
    found = (entry.name for entry in files(__name__).iterdir())
    return tuple(sorted(name.removesuffix(_SHIPPED) for name in found if name.endswith(_SHIPPED)))


@cache
def shipped() -> Mapping[str, Profile]:
    """Return the shipped profiles by name, each with what it extends."""
    return {name: _extended(_written(name)) for name in names()}


@cache
def _written(name: str) -> Profile:
    """Return one shipped profile as it stands in its file: a source that names one need not wait for all others."""
    file = f"{name}{_SHIPPED}"
    return parse(files(__name__).joinpath(file).read_text(encoding="utf-8"), file)


def load(wanted: Iterable[str]) -> tuple[Profile, ...]:
    """Return the profiles a source asks for, in its order; without any, all that are looked for unasked.

    A name that ends in ``.yaml`` is the path of a profile of the user's own. ConfigError for a name nobody knows (with
    the nearest one) and for a file that is no profile.
    """
    chosen = tuple(_named(name) for name in wanted)
    if chosen:
        return chosen
    automatic = [profile for profile in shipped().values() if profile.automatic]
    return tuple(sorted(automatic, key=lambda profile: (profile.rank, profile.name)))


def parse(text: str, where: str) -> Profile:
    """Return the profile a text holds; ``where`` names it in the ConfigError when it holds none."""
    try:
        return Profile.model_validate(yaml.load(text, _LOADER))  # noqa: S506 - a safe loader, either way
    except yaml.YAMLError as error:
        raise ConfigError(f"{where}: not YAML: {error}".replace("\n", " "), "correct the file") from error
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        context = first.get("ctx", {})
        raise ConfigError(
            f"{where}: {place}: {first['msg']}", str(context.get("remedy", "see collectors/profiles/schema.py"))
        ) from error


def _named(name: str) -> Profile:
    if name.endswith(_SUFFIXES):
        path = Path(name)
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"profile {name}: cannot be read: {error}", "check the path") from error
        return _extended(parse(text, name))
    if name not in names():
        raise ConfigError(f"no profile is named {name!r}", nearest(name, list(names())))
    return _extended(_written(name))


def _extended(profile: Profile) -> Profile:
    seen = {profile.name}
    base_name = profile.extends
    while base_name:
        if base_name in seen or base_name not in names():
            raise ConfigError(
                f"profile {profile.name}: extends {base_name!r}, which is unknown or extends it in turn",
                nearest(base_name, list(names())),
            )
        seen.add(base_name)
        base = _written(base_name)
        profile = profile.model_copy(
            update={"readings": profile.readings + base.readings, "logs": profile.logs + base.logs}
        )
        base_name = base.extends
    return profile
