"""The loops of `gameserver.sync.loops` for the interpreter: the same bytes, where there are too few numbers for numpy.

Codes are little-endian 64-bit integers, one row a field and one column an entity.
"""

from __future__ import annotations

import struct
from math import floor
from typing import TYPE_CHECKING

from gameserver.state.grids import CODE_BYTES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gameserver.sync.rate_table import RateTable

    Column = Sequence[int]


def residuals(before: bytes, after: bytes, count: int, span: int, table: RateTable) -> bytes:
    """Return the zigzagged residuals of `count` entities, as `gameserver.sync.loops.residuals` does.

    Args:
        before: The codes of the base.
        after: The codes `span` ticks later.
        count: How many entities.
        span: In ticks, at least 1.
        table: The type's.
    """
    old, new = _columns(before, count), _columns(after, count)
    found: list[int] = []
    for field, (codes, now) in enumerate(zip(old, new, strict=True)):
        rate, turn = table.rate[field], table.turn[field]
        if rate < 0 and codes == now:
            found += [0] * count
            continue
        expected = codes if rate < 0 else _expected(codes, old[rate], new[rate], span, field, table)
        column = [b - a for a, b in zip(expected, now, strict=True)]
        if turn:
            half = turn // 2
            column = [(residual + half) % turn - half for residual in column]
        found += [2 * residual if residual >= 0 else -2 * residual - 1 for residual in column]
    return struct.pack(f"<{len(found)}q", *found)


def _expected(codes: Column, v0s: Column, v1s: Column, span: int, field: int, table: RateTable) -> list[int]:
    """Return the codes that a field with a rate is expected to have.

    Args:
        codes: Those of the base.
        v0s: The codes of the rate in the base.
        v1s: Those `span` ticks later.
        span: In ticks, at least 1.
        field: Which one of the table.
        table: The type's.
    """
    k, lo, hi, turn = table.k[field], table.lo[field], table.hi[field], table.turn[field]
    expected = []
    for code, v0, v1 in zip(codes, v0s, v1s, strict=True):
        place = float(code) + floor(k * v1 + 0.5)
        if span > 1:
            place += (span - 1) * floor(k * ((v0 + v1) / 2) + 0.5)
        place = place % turn if turn else min(max(place, lo), hi)
        expected.append(int(place))
    return expected


def widths_of(codes: bytes, count: int, limits: list[int]) -> list[int]:
    """Return for each field the width of its largest code that does not fit its limit; 0 when all fit.

    Args:
        codes: Of `count` entities.
        count: How many entities.
        limits: In bits, one a field.
    """
    columns = zip(_columns(codes, count), limits, strict=True)
    return [width if (width := max(column).bit_length()) > limit else 0 for column, limit in columns]


def pack(codes: bytes, count: int, widths: list[int], limits: list[int], *, wide: bool) -> tuple[bytes, bytes]:
    """Return the packed rows of one block, and a byte for each row: 1 if anything in it is not 0, else 0.

    Args:
        codes: Of `count` entities.
        count: How many entities.
        widths: In bits, one a field; all codes that are taken must fit them.
        limits: In bits, one a field.
        wide: Take the codes that do not fit their field's limit, instead of those that do. Others count as 0.
    """
    rows = [0] * count
    offset = 0
    for column, width, limit in zip(_columns(codes, count), widths, limits, strict=True):
        if not width:
            continue
        if wide or max(column) >> limit:
            column = [code if (code >> limit != 0) is wide else 0 for code in column]
        rows = [row | code << offset for row, code in zip(rows, column, strict=True)]
        offset += width
    size = (offset + 7) >> 3
    return b"".join([row.to_bytes(size, "little") for row in rows]), bytes([row != 0 for row in rows])


def _columns(codes: bytes, count: int) -> list[Column]:
    """Return the codes of each field."""
    numbers = struct.unpack(f"<{len(codes) // CODE_BYTES}q", codes)
    return [numbers[at : at + count] for at in range(0, len(numbers), count)]
