"""Prometheus' XOR chunks and remote-read frames, written the slow and obvious way: one bit after the other."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence

from google_crc32c import value as crc32c

from collectors.remote_messages import ChunkedReadResponse

Sample = tuple[int, int]
"""A stamp in milliseconds, and the bits of a value."""


def bits_of(value: float) -> int:
    """Return the bits of a number."""
    (bits,) = struct.unpack(">Q", struct.pack(">d", value))
    return int(bits)


class Bits:
    """Writes bits."""

    def __init__(self) -> None:
        self.text = ""

    def put(self, number: int, count: int) -> None:
        self.text += format(number & ((1 << count) - 1), f"0{count}b")

    def varint(self, number: int) -> None:
        while number >= 0x80:
            self.put(number & 0x7F | 0x80, 8)
            number >>= 7
        self.put(number, 8)

    def bytes(self) -> bytes:
        whole = self.text + "0" * (-len(self.text) % 8)
        return bytes(int(whole[at : at + 8], 2) for at in range(0, len(whole), 8))


def chunk(samples: Sequence[Sample]) -> bytes:
    """Return samples as an XOR chunk (prometheus/tsdb/chunkenc/xor.go)."""
    out = Bits()
    out.put(len(samples), 16)
    if not samples:
        return out.bytes()
    (stamp, value), *rest = samples
    out.varint(stamp << 1 if stamp >= 0 else (-stamp << 1) - 1)
    out.put(value, 64)
    distance, window = 0, (64, 0)
    for number, (next_stamp, next_value) in enumerate(rest):
        if number == 0:
            out.varint(next_stamp - stamp)
        else:
            _change_of_distance(out, next_stamp - stamp - distance)
        distance, stamp = next_stamp - stamp, next_stamp
        window = _change_of_value(out, value ^ next_value, window)
        value = next_value
    return out.bytes()


def _change_of_distance(out: Bits, change: int) -> None:
    if change == 0:
        out.put(0, 1)
        return
    for prefix, length, size in ((0b10, 2, 14), (0b110, 3, 17), (0b1110, 4, 20)):
        if -((1 << (size - 1)) - 1) <= change <= 1 << (size - 1):
            out.put(prefix, length)
            out.put(change, size)
            return
    out.put(0b1111, 4)
    out.put(change, 64)


def _change_of_value(out: Bits, change: int, window: tuple[int, int]) -> tuple[int, int]:
    """Write what changed; the window is how many zeros stood before and after what was written last."""
    if change == 0:
        out.put(0, 1)
        return window
    lead, trail = min(31, 64 - change.bit_length()), (change & -change).bit_length() - 1
    if window[0] <= lead and window[1] <= trail and window[0] < 64:
        out.put(0b10, 2)
        out.put(change >> window[1], 64 - window[0] - window[1])
        return window
    out.put(0b11, 2)
    out.put(lead, 5)
    out.put((64 - lead - trail) % 64, 6)
    out.put(change >> trail, 64 - lead - trail)
    return lead, trail


def frame(content: bytes) -> bytes:
    """Return a message framed as it is streamed."""
    out = Bits()
    out.varint(len(content))
    checksum: int = crc32c(content)
    return out.bytes() + checksum.to_bytes(4, "big") + content


def message(labels: Mapping[str, str], chunks: Sequence[bytes], encoding: int = 1) -> bytes:
    """Return chunks of one series as a message."""
    answer = ChunkedReadResponse()
    series = answer.chunked_series.add()
    for name, value in sorted(labels.items()):
        series.labels.add(name=name, value=value)
    for one in chunks:
        series.chunks.add(type=encoding, data=one)
    return bytes(answer.SerializeToString())
