"""What a logging system puts around the lines of a program: syslog, container runtimes, the journal.

A framing names the time at which the logging system took the line, and who wrote it. The line's own stamp, where it has
one, is nearer to what happened and goes first; its own fields go before the framing's. A line that does not have the
framing of its file is taken as it is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import orjson

from collectors.logs.times import parse_time

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import tzinfo

    from breakwatch.clock import Instant

_BOM: Final = b"\xef\xbb\xbf"
_RFC5424: Final = re.compile(rb"<\d{1,3}>1 (\S{1,64}) (\S{1,255}) (\S{1,48}) (\S{1,128}) (\S{1,32}) (?=[-\[])")
_STRUCTURED: Final = re.compile(rb'\[([^ =\]"]{1,32})((?: [^ =\]"]{1,32}="(?:[^"\\]|\\.)*")*)\]')
_PARAMETER: Final = re.compile(rb' ([^ =\]"]{1,32})="((?:[^"\\]|\\.)*)"')
_ESCAPED: Final = re.compile(rb'\\([\\"\]])')
# With the stamp of the RFC, or with the ISO one that rsyslog and systemd can be told to write; then a process id tells
# it from an application's own line.
_RFC3164: Final = re.compile(
    rb"(?:<\d{1,3}>)?(?:"
    rb"((?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) [ \d]\d \d\d:\d\d:\d\d(?:\.\d{1,6})?)"
    rb" (\S{1,255}) ([^\s:\[\]]{1,48})(?:\[(\d{1,10})\])?"
    rb"|(\d{4}-\d\d-\d\dT\S{8,25}) (\S{1,255}) ([^\s:\[\]]{1,48})\[(\d{1,10})\]"
    rb"): ?"
)
_CRI: Final = re.compile(rb"(\d{4}-\d\d-\d\dT\S{9,25}) (stdout|stderr) ([FP])(?::\S*)? ?")
_PLAIN_RUN: Final = re.compile(r"[A-Za-z0-9 _.:()\[\]-]+")
_LONGEST_DOCKER_PIECE: Final = 16_000
"""Docker splits what is longer than 16 KiB; a record that is shorter is whole."""
_LOOK_AT: Final = 10


@dataclass(frozen=True, slots=True)
class Frame:
    """What the framing of a line said.

    Attributes:
        stamp: when the logging system took it, as written; empty where it does not say.
        form: how the stamp is written, one of the formats of a line's time.
        fields: who wrote it: ``app``, ``hostname``, ``stream`` and the like.
        cursor: names the record for good, wherever it is written down; empty where nothing does.
        stream: of a piece of a longer line, which of the program's outputs it belongs to.
        piece: more of the line follows in a later record.
    """

    stamp: str = ""
    form: str = "auto"
    fields: Mapping[str, Any] = field(default_factory=dict)
    cursor: str = ""
    stream: str = ""
    piece: bool = False

    def occurred_us(self, zone: tzinfo, now_us: Instant) -> Instant | None:
        """Return the stamp as an instant, None for none; ``zone`` is for stamps that name none."""
        return parse_time(self.stamp, form=self.form, zone=zone, now_us=now_us) if self.stamp else None


Opened = tuple[bytes, Frame]


class Framing(NamedTuple):
    """One framing.

    Attributes:
        open: a line → what stands inside it and what is said about it; None for a line without this framing.
        packed: what stands inside is a JSON text, so that quotes and the like are written in another way.
        pieces: a long line may be split over several records.
        hidden: what stands in records whose inside is written so that no text of it can be seen.
    """

    name: str
    open: Callable[[bytes], Opened | None]
    packed: bool = False
    pieces: bool = False
    hidden: frozenset[bytes] = frozenset()

    def literals(self, literals: frozenset[bytes]) -> frozenset[bytes]:
        """Return what framed lines hold whose inside holds one of the literals; empty where no text will do."""
        if not self.packed:
            return literals
        runs = [max(_PLAIN_RUN.findall(literal.decode()), key=len, default="") for literal in literals]
        return self.hidden.union(run.encode() for run in runs) if runs and all(runs) else frozenset()

    def may_be_split(self, data: bytes, lines: Callable[[], Sequence[bytes]]) -> bool:
        """Return whether some of ``data`` is part of a line that was split."""
        if not self.pieces:
            return False
        if self.packed:
            return any(len(line) > _LONGEST_DOCKER_PIECE for line in lines())
        return b" stdout P" in data or b" stderr P" in data


def of_file(head: bytes) -> Framing | None:
    """Return the framing that a file's first lines have, None for none."""
    for line in head.removeprefix(_BOM).split(b"\n")[:_LOOK_AT]:
        for framing in FRAMINGS.values():
            if framing.open(line.removesuffix(b"\r")) is not None:
                return framing
    return None


def _rfc5424(line: bytes) -> Opened | None:
    found = _RFC5424.match(line)
    if found is None:
        return None
    stamp, *names = (_said(value) for value in found.groups())
    fields: dict[str, Any] = {
        name: value for name, value in zip(("hostname", "app", "procid", "msgid"), names, strict=True) if value
    }
    place = found.end()
    while (element := _STRUCTURED.match(line, place)) is not None:
        parameters = {_text(name): _unescaped(value) for name, value in _PARAMETER.findall(element[2])}
        fields[_text(element[1])] = parameters
        place = element.end()
    if place == found.end():
        place += 1  # the dash that stands for no structured data
    return line[place:].removeprefix(b" ").removeprefix(_BOM), Frame(stamp, "auto", fields)


def _rfc3164(line: bytes) -> Opened | None:
    found = _RFC3164.match(line)
    if found is None:
        return None
    groups = found.groups()
    stamp, hostname, app, procid = groups[:4] if groups[0] is not None else groups[4:]
    named = {"hostname": hostname, "app": app, "procid": procid}
    fields = {name: _text(value) for name, value in named.items() if value}
    return line[found.end() :].removeprefix(_BOM), Frame(_text(stamp), "auto", fields)


def _cri(line: bytes) -> Opened | None:
    found = _CRI.match(line)
    if found is None:
        return None
    stamp, stream, tag = (_text(value) for value in found.groups())
    return line[found.end() :], Frame(stamp, "iso", {"stream": stream}, stream=stream, piece=tag == "P")


def _docker(line: bytes) -> Opened | None:
    if not line.startswith(b'{"log":'):
        return None
    record = _object(line)
    log, stamp = record.get("log"), record.get("time")
    if not isinstance(log, str) or not isinstance(stamp, str):
        return None
    stream = str(record.get("stream", ""))
    whole = log.endswith("\n")
    inside = log.removesuffix("\n").removesuffix("\r").encode("utf-8", "replace")
    return inside, Frame(stamp, "iso", {"stream": stream}, stream=stream, piece=not whole)


def _journald(line: bytes) -> Opened | None:
    if not line.startswith(b"{") or b'"__REALTIME_TIMESTAMP"' not in line:
        return None
    record = _object(line)
    message = record.get("MESSAGE")
    if isinstance(message, list):  # what is no UTF-8 is exported byte for byte
        message = bytes(value & 255 for value in message if isinstance(value, int)).decode("utf-8", "replace")
    if not isinstance(message, str):
        return None
    stamp = str(record.get("_SOURCE_REALTIME_TIMESTAMP") or record.get("__REALTIME_TIMESTAMP"))
    named = {"app": "SYSLOG_IDENTIFIER", "hostname": "_HOSTNAME", "unit": "_SYSTEMD_UNIT", "procid": "_PID"}
    fields = {ours: record[theirs] for ours, theirs in named.items() if isinstance(record.get(theirs), str)}
    return message.encode("utf-8", "replace"), Frame(stamp, "epoch_us", fields, cursor=str(record.get("__CURSOR", "")))


def _object(line: bytes) -> Mapping[str, Any]:
    try:
        value = orjson.loads(line)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _text(value: bytes) -> str:
    return value.decode("utf-8", "replace")


def _said(value: bytes) -> str:
    return "" if value == b"-" else _text(value)


def _unescaped(value: bytes) -> str:
    return _text(_ESCAPED.sub(rb"\1", value))


FRAMINGS: Final[Mapping[str, Framing]] = {
    "rfc5424": Framing("rfc5424", _rfc5424),
    "rfc3164": Framing("rfc3164", _rfc3164),
    "cri": Framing("cri", _cri, pieces=True),
    "docker": Framing("docker", _docker, packed=True, pieces=True),
    "journald": Framing(
        "journald", _journald, packed=True, hidden=frozenset({b'"MESSAGE":[', b'"MESSAGE": [', b'"MESSAGE" : ['})
    ),
}
