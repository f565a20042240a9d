"""The inner loop of capture, one number at a time. The compiled build runs it where the interpreter calls numpy.

A room of 50 has 350 numbers to quantise: two microseconds of machine code, or a hundred numpy calls that each do almost
nothing. Both give the same codes, bit by bit (tests/state/test_loops.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from librt.strings import BytesWriter, read_f64_le, write_i64_le
from mypy_extensions import i64

if TYPE_CHECKING:
    from gameserver.state.grids import Grids

DOUBLE_BYTES: Final = 8
EXACT: Final = 2.0**52
"""Every double of this size or larger is a whole number."""


def quantise(rows: bytes, count: i64, grids: Grids) -> bytes | None:
    """Return the codes nearest to values.

    Args:
        rows: One row of little-endian doubles per entity.
        count: The number of rows.
        grids: One grid per double of a row.

    Returns:
        int64 codes, one row per field; None if a value is infinite, NaN, or an angle too large to wrap.
    """
    fields: i64 = len(grids.step)
    codes = BytesWriter()
    field: i64 = 0
    while field < fields:
        step, turn = grids.step[field], float(grids.turn[field])
        lo, hi = float(grids.lo[field]), float(grids.hi[field])
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
    """Round down to a double; `math.floor` would make a Python int."""
    if not -EXACT < value < EXACT:
        return value  # already whole, infinite, or NaN
    whole = float(i64(value))
    return whole - 1.0 if whole > value else whole
