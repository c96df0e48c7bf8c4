"""CRC-32C (Castagnoli) of many texts at once, in numpy: no library we carry has it, and byte by byte is too slow.

A text is cut into blocks, all blocks of all texts go through the register side by side, and what the blocks left in it
is put together: to let a block of zeros pass changes a register in a linear way, which a table tells.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from itertools import chain

import numpy as np
from numpy.typing import NDArray

Registers = NDArray[np.uint32]

_POLYNOMIAL = 0x82F63B78
_BLOCK_BYTES = 1024
_SHORTEST = 4
_ONES = 0xFFFFFFFF
_ZEROS = bytes(_BLOCK_BYTES)


def crc32c(texts: Sequence[bytes]) -> Registers:
    """Return the CRC-32C of each text."""
    if not texts:
        return np.empty(0, np.uint32)
    lengths = np.fromiter((len(text) for text in texts), np.int64, len(texts))
    blocks = np.maximum(1, -(-lengths // _BLOCK_BYTES))
    # A register of zeros stays as it is while zeros pass: every text is filled up to whole blocks from the left. That
    # it must begin with all ones comes to the same as turning over the first four bytes.
    filling = [_ZEROS[:size] for size in (blocks * _BLOCK_BYTES - lengths).tolist()]
    filled = bytearray().join(chain.from_iterable(zip(filling, texts, strict=True)))
    heads = np.cumsum(blocks) * _BLOCK_BYTES - lengths
    np.frombuffer(filled, np.uint8)[(heads[lengths >= _SHORTEST, None] + np.arange(_SHORTEST))] ^= np.uint8(0xFF)
    words = np.frombuffer(filled, np.dtype("<u2")).reshape(-1, _BLOCK_BYTES // 2)
    passed = _pass(np.ascontiguousarray(words.T), np.zeros(len(words), np.uint32))
    result = _put_together(passed, blocks) ^ np.uint32(_ONES)
    for number, text in enumerate(texts):
        if len(text) < _SHORTEST:
            result[number] = _slowly(text)
    return result


def _pass(words: NDArray[np.uint16], registers: Registers) -> Registers:
    """Let words (one row at a time, one column for each register) pass through registers."""
    table = _table()
    for row in words:
        registers = table[(registers ^ row) & np.uint32(0xFFFF)] ^ (registers >> np.uint32(16))
    return registers


def _put_together(passed: Registers, blocks: NDArray[np.int64]) -> Registers:
    """Return each text's register from those of its blocks."""
    begin = np.cumsum(blocks) - blocks
    result: Registers = passed[begin]
    shift = _shift()
    for place in range(1, int(blocks.max())):
        longer = np.flatnonzero(blocks > place)
        old = result[longer]
        moved = shift[0][old & np.uint32(0xFF)]
        for byte in (1, 2, 3):
            moved = moved ^ shift[byte][(old >> np.uint32(8 * byte)) & np.uint32(0xFF)]
        result[longer] = moved ^ passed[begin[longer] + place]
    return result


@cache
def _table() -> Registers:
    """Return what two bytes do to a register, by their bits."""
    table: Registers = np.arange(1 << 16, dtype=np.uint32)
    for _ in range(16):
        table = table >> np.uint32(1) ^ (table & np.uint32(1)) * np.uint32(_POLYNOMIAL)
    return table


@cache
def _shift() -> Registers:
    """Return what a block of zeros makes of a register: a row for each of its bytes."""
    registers: Registers = np.concatenate([np.arange(256, dtype=np.uint32) << np.uint32(8 * byte) for byte in range(4)])
    zeros = np.zeros((_BLOCK_BYTES // 2, 1), np.uint16)
    shift: Registers = _pass(zeros, registers).reshape(4, 256)
    return shift


def _slowly(text: bytes) -> int:
    register = _ONES
    for byte in text:
        register ^= byte
        for _ in range(8):
            register = register >> 1 ^ (_POLYNOMIAL if register & 1 else 0)
    return register ^ _ONES
