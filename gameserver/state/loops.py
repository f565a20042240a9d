"""Capture's inner loop, one number at a time: what the compiled build runs where the interpreter calls numpy.

A room of 50 has 350 numbers to quantise. That is two microseconds of machine code, and a hundred of numpy calls that
each do next to nothing. Both give the same codes, to the bit (tests/state/test_loops.py).
"""

from __future__ import annotations

from typing import Final

from librt.strings import BytesWriter, read_f64_le, write_i64_le
from mypy_extensions import i64

DOUBLE_BYTES: Final = 8
EXACT: Final = 2.0**52
"""Doubles from here on are whole numbers."""


class Grids:
    """The grids of a type's numeric fields, in order: the spacing, the lowest and highest code, and the codes of a full
    turn, 0 for what is no angle."""

    def __init__(self, step: list[float], lo: list[float], hi: list[float], turn: list[float]) -> None:
        self.step = step
        self.lo = lo
        self.hi = hi
        self.turn = turn


def quantise(rows: bytes, count: i64, grids: Grids) -> bytes | None:
    """Return the codes nearest to `count` rows of doubles: int64, one row a field. None: one of the values is infinite,
    NaN, or too large for an angle."""
    fields: i64 = len(grids.step)
    codes = BytesWriter()
    field: i64 = 0
    while field < fields:
        step, lo, hi, turn = grids.step[field], grids.lo[field], grids.hi[field], grids.turn[field]
        at: i64 = field * DOUBLE_BYTES
        end: i64 = at + count * fields * DOUBLE_BYTES
        while at < end:
            value = read_f64_le(rows, at)
            place = floor(value / step + 0.5)
            if turn != 0.0:
                place %= turn
            if value - value != 0.0 or place != place:
                return None
            if place < lo:
                place = lo
            elif place > hi:
                place = hi
            write_i64_le(codes, i64(place))
            at += fields * DOUBLE_BYTES
        field += 1
    return codes.getvalue()


def floor(value: float) -> float:
    """Round down, as a double: `math.floor` would make a Python int."""
    if not -EXACT < value < EXACT:
        return value  # whole already, infinite, or NaN
    whole = float(i64(value))
    return whole - 1.0 if whole > value else whole
