"""The loops of `gameserver.state.loops` for the interpreter: the same codes, where there are too few for numpy.

A call into numpy takes about as long as ten numbers take here.
"""

from __future__ import annotations

import struct
from math import floor
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gameserver.state.grids import Grids


def quantise(rows: bytes, count: int, grids: Grids) -> bytes | None:
    """Return the codes nearest to values, as `gameserver.state.loops.quantise` does.

    Args:
        rows: One row of little-endian doubles per entity.
        count: The number of rows.
        grids: One grid per double of a row.

    Returns:
        int64 codes, one row per field; None if a value has none, or if its quotient by the step is infinite.
    """
    fields = len(grids.step)
    values = struct.unpack(f"<{count * fields}d", rows)
    codes: list[int] = []
    try:
        for field, (step, lo, hi, turn) in enumerate(zip(grids.step, grids.lo, grids.hi, grids.turn, strict=True)):
            column = [floor(value / step + 0.5) for value in values[field::fields]]
            if turn:
                column = [code % turn for code in column]
            elif column and (min(column) < lo or max(column) > hi):
                column = [min(max(code, lo), hi) for code in column]
            codes += column
    except (ValueError, OverflowError):  # from `floor`: not a number, or infinite
        return None
    return struct.pack(f"<{len(codes)}q", *codes)
