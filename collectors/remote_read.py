"""Remote read with streamed chunks: Prometheus sends its chunks as they lie on its disk.

The answer is a stream of frames: a length (uvarint), the CRC-32C of what follows, and a ChunkedReadResponse. Frames are
taken as they arrive. What a server that does not speak this answers with is for the caller to see.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import cramjam
import numpy as np
from google.protobuf.message import DecodeError
from google_crc32c import value as crc32c

from breakwatch.clock import MILLISECOND_US, Instant
from collectors.packed import Packed, of_chunks
from collectors.remote_messages import MATCHES, STREAMED_XOR_CHUNKS, XOR, ChunkedReadResponse, ReadRequest
from collectors.xor import DamagedChunkError, decode

PATH = "/api/v1/read"
HEADERS = {
    "Content-Type": "application/x-protobuf",
    "Content-Encoding": "snappy",
    "X-Prometheus-Remote-Read-Version": "0.1.0",
    "Accept-Encoding": "identity",
}
STREAMED = "application/x-streamed-protobuf"
CHECKED_BYTES = 4 << 20
"""So much is checked and read at once."""

_MOST_VARINT_BYTES = 10
_CRC_BYTES = 4


class DamagedAnswerError(ValueError):
    """An answer is cut, altered on its way, or none of this protocol."""


def request(patterns: Mapping[str, str], start_us: Instant, end_us: Instant) -> bytes:
    """Return the body of a request for ``[start_us, end_us)``; each label must match its pattern as a whole."""
    message = ReadRequest(accepted_response_types=[STREAMED_XOR_CHUNKS])
    query = message.queries.add(
        start_timestamp_ms=-(-start_us // MILLISECOND_US), end_timestamp_ms=(end_us - 1) // MILLISECOND_US
    )
    for name, pattern in patterns.items():
        query.matchers.add(type=MATCHES, name=name, value=pattern)
    return bytes(cramjam.snappy.compress_raw(message.SerializeToString()))


@dataclass(slots=True)
class Answer:
    """Chunks as they came, with what they belong to.

    Attributes:
        labels: of each series.
        series: of each chunk, the index of its series.
        histograms: the number of chunks that hold native histograms, which are not read.
    """

    labels: list[Mapping[str, str]] = field(default_factory=list)
    series: list[int] = field(default_factory=list)
    chunks: list[bytes] = field(default_factory=list)
    histograms: int = 0

    def packed(self, start_us: Instant, end_us: Instant) -> Packed:
        """Return what the chunks hold in ``[start_us, end_us)``; DamagedAnswerError when they cannot be read."""
        try:
            decoded = decode(self.chunks)
        except DamagedChunkError as error:
            raise DamagedAnswerError(str(error)) from error
        return of_chunks(self.labels, np.array(self.series, np.int32), decoded, start_us, end_us)


def answer(pieces: Iterable[bytes]) -> Answer:
    """Return what a stream of frames holds; DamagedAnswerError when it is none."""
    found = Answer()
    waiting: list[tuple[int, bytes]] = []
    waiting_bytes = 0
    for crc, text in frames(pieces):
        waiting.append((crc, text))
        waiting_bytes += len(text)
        if waiting_bytes >= CHECKED_BYTES:
            _take(found, waiting)
            waiting, waiting_bytes = [], 0
    _take(found, waiting)
    return found


def frames(pieces: Iterable[bytes]) -> Iterator[tuple[int, bytes]]:
    """Yield the CRC and the content of each frame; DamagedAnswerError when the stream ends inside of one."""
    buffer = b""
    for piece in pieces:
        buffer = buffer + piece if buffer else piece
        place = 0
        while (head := _head(buffer, place)) is not None:
            begin, end = head
            if end > len(buffer):
                break
            yield int.from_bytes(buffer[begin - _CRC_BYTES : begin], "big"), buffer[begin:end]
            place = end
        buffer = buffer[place:]
    if buffer:
        raise DamagedAnswerError("it ends in the middle of a frame")


def _head(buffer: bytes, place: int) -> tuple[int, int] | None:
    """Return where the content of the frame at a place begins and ends; None when that is not known yet."""
    length = 0
    for number, byte in enumerate(buffer[place : place + _MOST_VARINT_BYTES]):
        length |= (byte & 0x7F) << 7 * number
        if byte < 0x80:  # noqa: PLR2004 - the bit that says more follows
            begin = place + number + 1 + _CRC_BYTES
            return begin, begin + length
    if len(buffer) - place >= _MOST_VARINT_BYTES:
        raise DamagedAnswerError("a frame without a length")
    return None


def _take(found: Answer, waiting: Sequence[tuple[int, bytes]]) -> None:
    """Check frames and keep what they hold."""
    if any(told != crc32c(text) for told, text in waiting):
        raise DamagedAnswerError("a checksum does not fit")
    for _, text in waiting:
        try:
            message = ChunkedReadResponse.FromString(text)
        except DecodeError as error:
            raise DamagedAnswerError("a frame that cannot be read") from error
        for one in message.chunked_series:
            labels = {label.name: label.value for label in one.labels}
            # A long series comes in several frames.
            if not found.labels or found.labels[-1] != labels:
                found.labels.append(labels)
            chunks = [chunk.data for chunk in one.chunks if chunk.type == XOR]
            found.series += [len(found.labels) - 1] * len(chunks)
            found.chunks += chunks
            found.histograms += len(one.chunks) - len(chunks)
