"""From files to plain values that still know where they stood: YAML, ``${VAR}``, ``include``.

YAML is read by the rules of its core schema: ``no`` and ``10:30`` are texts, and a key given twice is an error.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from breakwatch.config_units import Written, nearest
from breakwatch.errors import ConfigError

_VARIABLE = re.compile(r"\$(\$)?\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}")
_SECRET_KEY = re.compile(r"(?i)(password|authorization|token|api[-_]?key|secret)$")
_NULL = frozenset({"", "~", "null", "Null", "NULL"})
_BOOL = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_INT = re.compile(r"[-+]?[0-9]+")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")

_SHAPES = {"tuple_type": "a list", "model_type": "a map", "mapping_type": "a map", "dict_type": "a map"}
_SHAPE_REMEDY = {
    kind: "write a list: [one, two]" if shape == "a list" else "write a map: {key: value}"
    for kind, shape in _SHAPES.items()
}

Step = str | int


@dataclass(slots=True)
class Located:
    """A value of a configuration file with the place it stands at; maps and lists hold further located values."""

    value: Any
    file: Path
    line: int
    literal_secret: bool = False

    def plain(self) -> Any:  # noqa: ANN401 - whatever stands in the file
        """Return the value without its places."""
        if isinstance(self.value, dict):
            return {key: child.plain() for key, child in self.value.items()}
        if isinstance(self.value, list):
            return [child.plain() for child in self.value]
        return self.value

    def find(self, steps: Iterable[Step]) -> tuple[Located, str]:
        """Return the deepest value on a path and the path in words; steps that are not there are passed over."""
        here, words = self, ""
        for step in steps:
            inside = here.value
            if isinstance(inside, dict) and step in inside:
                here, words = inside[step], f"{words}.{step}" if words else str(step)
            elif isinstance(inside, list) and isinstance(step, int) and step < len(inside):
                here, words = inside[step], f"{words}[{step}]"
        return here, words

    def secrets(self) -> Iterable[Located]:
        """Yield every secret that stands in the file itself."""
        if self.literal_secret:
            yield self
        children: Iterable[Located] = ()
        if isinstance(self.value, dict):
            children = self.value.values()
        elif isinstance(self.value, list):
            children = self.value
        for child in children:
            yield from child.secrets()


class Reader:
    """Reads one configuration with what it includes.

    Args:
        environment: where ``${VAR}`` is looked up.
    """

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self.files: list[Path] = []
        """What was read, the main file first."""

    def read(self, path: Path) -> Located:
        """Return the file as one located map, its includes merged in; ConfigError names file and line."""
        top = self._read_file(path)
        include = top.value.pop("include", None)
        if include is None:
            return top
        for pattern in self._patterns(include):
            base = pattern.file.parent
            found = sorted(base.glob(str(pattern.value))) if not Path(str(pattern.value)).is_absolute() else []
            if not found and not any(sign in str(pattern.value) for sign in "*?["):
                raise ConfigError(f"{pattern.file}:{pattern.line}: include: no file {pattern.value}", "check the path")
            for file in found:
                _merge(top, self._read_file(file))
        return top

    def _patterns(self, include: Located) -> list[Located]:
        patterns = include.value if isinstance(include.value, list) else [include]
        if not all(isinstance(pattern.value, str) for pattern in patterns):
            raise ConfigError(
                f"{include.file}:{include.line}: include: not a list of paths", "write include: [teams/*.yaml]"
            )
        return patterns

    def _read_file(self, path: Path) -> Located:
        self.files.append(path)
        try:
            text = path.read_text(encoding="utf-8")
        except FileNotFoundError as error:
            raise ConfigError(
                f"{path}: no such file", "write one with `breakwatch init`, or name yours with --config"
            ) from error
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"{path}: cannot be read: {error}", "check that it is a readable UTF-8 file") from error
        try:
            node = yaml.compose(text, Loader=yaml.SafeLoader)
        except yaml.MarkedYAMLError as error:
            line = error.problem_mark.line + 1 if error.problem_mark else 1
            raise ConfigError(f"{path}:{line}: not YAML: {error.problem}", "check indentation and quotes") from error
        except yaml.YAMLError as error:
            raise ConfigError(f"{path}: not YAML: {error}", "check for control characters") from error
        if node is None:
            return Located({}, path, 1)
        if not isinstance(node, yaml.MappingNode):
            raise ConfigError(f"{path}:1: not a map of settings", "start with a key, such as sources:")
        return self._locate(node, path, secret=False, above=())

    def _locate(self, node: yaml.Node, file: Path, *, secret: bool, above: tuple[int, ...]) -> Located:
        line = node.start_mark.line + 1
        if id(node) in above:
            raise ConfigError(f"{file}:{line}: an alias that contains itself", "write the value out")
        above = (*above, id(node))
        if isinstance(node, yaml.MappingNode):
            return Located(self._locate_map(node, file, above), file, line)
        if isinstance(node, yaml.SequenceNode):
            children = [self._locate(child, file, secret=secret, above=above) for child in node.value]
            return Located(children, file, line)
        return self._scalar(node, file, secret=secret)

    def _locate_map(self, node: yaml.MappingNode, file: Path, above: tuple[int, ...]) -> dict[str, Located]:
        found: dict[str, Located] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            if not isinstance(key_node, yaml.ScalarNode) or key_node.value == "<<":
                raise ConfigError(f"{file}:{line}: a key that is not a plain word", "write the keys out")
            key = str(key_node.value)
            if key in found:
                raise ConfigError(f"{file}:{line}: {key}: given twice (first on line {found[key].line})", "remove one")
            child = self._locate(value_node, file, secret=bool(_SECRET_KEY.search(key)), above=above)
            child.line = line if isinstance(child.value, dict | list) else child.line
            found[key] = child
        return found

    def _scalar(self, node: yaml.Node, file: Path, *, secret: bool) -> Located:
        line = node.start_mark.line + 1
        written = str(node.value)
        text = _VARIABLE.sub(lambda match: self._variable(match, file, line), written)
        quoted = getattr(node, "style", None) is not None
        value = Written.of(text, file) if quoted else _core(text, file)
        return Located(value, file, line, literal_secret=secret and bool(written) and "${" not in written)

    def _variable(self, match: re.Match[str], file: Path, line: int) -> str:
        escaped, name, default = match.groups()
        if escaped:
            return match.group(0)[1:]
        value = self._environment.get(name, default)
        if value is None:
            raise ConfigError(
                f"{file}:{line}: ${{{name}}}: not set in the environment", f"set {name}, or write ${{{name}:-default}}"
            )
        return value


def _core(text: str, file: Path) -> object:
    """Return an unquoted scalar by YAML's core schema."""
    if text in _NULL:
        return None
    if text in _BOOL:
        return _BOOL[text]
    if _INT.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text):
        return float(text)
    return Written.of(text, file)


def _merge(top: Located, extra: Located) -> None:
    """Add what an included file says: lists grow, maps of named things grow, anything said twice is an error."""
    for key, child in extra.value.items():
        if key == "include":
            raise ConfigError(
                f"{child.file}:{child.line}: include: only the main file may include", "move it to the main file"
            )
        present = top.value.get(key)
        if present is None:
            top.value[key] = child
        elif isinstance(present.value, list) and isinstance(child.value, list):
            present.value.extend(child.value)
        elif isinstance(present.value, dict) and isinstance(child.value, dict):
            _merge_map(key, present, child)
        else:
            raise ConfigError(f"{child.file}:{child.line}: {key}: also given in {present.file}", "keep one of them")


def _merge_map(key: str, present: Located, child: Located) -> None:
    for name, value in child.value.items():
        if name in present.value:
            first = present.value[name]
            raise ConfigError(
                f"{value.file}:{value.line}: {key}.{name}: also given at {first.file}:{first.line}", "keep one of them"
            )
        present.value[name] = value


def problem_of(error: Mapping[str, Any], top: Located) -> tuple[str, str]:
    """Return one of pydantic's errors as (problem, remedy) with file, line and key."""
    kind, context, steps = error["type"], error.get("ctx") or {}, tuple(error["loc"])
    if kind == "unknown_key":
        place, words = top.find((*steps, context["key"]))
        return f"{place.file}:{place.line}: {words}: unknown key", context["remedy"]
    place, words = top.find(steps)
    where = f"{place.file}:{place.line}: {words}" if words else f"{place.file}:{place.line}"
    if kind == "missing":
        return f"{where}: {steps[-1]}: missing", f"add {steps[-1]}:"
    if kind in {"literal_error", "enum", "union_tag_invalid"}:
        listed = str(context.get("expected") or context.get("expected_tags"))
        known = re.findall(r"'([^']*)'", listed)
        given = context.get("tag", error["input"])
        return f"{where}: {given!r} is not known here", nearest(str(given), known)
    if kind == "union_tag_not_found":
        return f"{where}: kind: missing", "add kind: prometheus, logs or openmetrics"
    if kind == "string_type":
        shown = "" if place.literal_secret else f": {error['input']!r}"
        return f"{where}: not a text{shown}", "put it in quotes"
    if kind in _SHAPES:
        return f"{where}: not {_SHAPES[kind]}", _SHAPE_REMEDY[kind]
    return f"{where}: {error['msg'][:1].lower()}{error['msg'][1:]}", str(context.get("remedy", "correct the value"))
