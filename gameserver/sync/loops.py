"""Loops over single numbers, which the compiled build runs where the interpreter calls numpy.

Codes and residuals are bytes here: little-endian 64-bit integers, one row a field and one column an entity. Both ways
give the same bytes on the wire, which tests/sync/test_loops.py checks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from librt.strings import BytesWriter, read_i64_le, write_i64_le
from mypy_extensions import i64, u8

from gameserver.state.grids import CODE_BYTES
from gameserver.state.loops import floor

if TYPE_CHECKING:
    from gameserver.sync.rate_table import RateTable


def residuals(before: bytes, after: bytes, count: i64, span: i64, table: RateTable) -> bytes:
    """Return the zigzagged residuals of `count` entities, as `Motion.zigzagged` does.

    Args:
        before: The codes of the base.
        after: The codes `span` ticks later.
        count: How many entities.
        span: In ticks, at least 1.
        table: The type's.
    """
    found = BytesWriter()
    fields: i64 = len(table.rate)
    field: i64 = 0
    while field < fields:
        _write_residuals(found, before, after, count, span, table, field)
        field += 1
    return found.getvalue()


def _write_residuals(
    found: BytesWriter, before: bytes, after: bytes, count: i64, span: i64, table: RateTable, field: i64
) -> None:
    """Append the zigzag residuals of one field to `found`."""
    rate: i64 = table.rate[field]
    turn: i64 = table.turn[field]
    k, lo, hi = table.k[field], table.lo[field], table.hi[field]
    row_bytes: i64 = count * CODE_BYTES
    at: i64 = field * row_bytes
    at_rate: i64 = rate * row_bytes
    end: i64 = at + row_bytes
    while at < end:
        expected = read_i64_le(before, at)
        if rate >= 0:
            v1 = read_i64_le(after, at_rate)
            place = float(expected) + floor(k * float(v1) + 0.5)
            if span > 1:
                v0 = read_i64_le(before, at_rate)
                place += float(span - 1) * floor(k * (float(v0 + v1) / 2.0) + 0.5)
            if turn > 0:
                place %= float(turn)
            elif place < lo:
                place = lo
            elif place > hi:
                place = hi
            expected = i64(place)
            at_rate += CODE_BYTES
        residual = read_i64_le(after, at) - expected
        if turn > 0:
            residual = (residual + turn // 2) % turn - turn // 2
        write_i64_le(found, (residual << 1) ^ (residual >> 63))
        at += CODE_BYTES


def widths_of(codes: bytes, count: i64, limits: list[int]) -> list[int]:
    """Return for each field the width of its largest code that does not fit its limit; 0 when all fit.

    Args:
        codes: Of `count` entities.
        count: How many entities.
        limits: In bits, one a field.
    """
    widths: list[int] = []
    at: i64 = 0
    for limit in limits:
        end: i64 = at + count * CODE_BYTES
        shift = i64(limit)
        seen: i64 = 0
        while at < end:
            code = read_i64_le(codes, at)
            if code >> shift != 0:
                seen |= code
            at += CODE_BYTES
        width = 0
        while seen > 0:
            seen >>= 1
            width += 1
        widths.append(width)
    return widths


def cheapest_widths(codes: bytes, count: i64, widest: list[int], exception_bits: i64) -> tuple[list[int], int]:
    """Return the widths with which the rows cost fewest bits when wider codes are exceptions, and how many bits that
    saves.

    Args:
        codes: Of `count` entities.
        count: How many entities.
        widest: The width of the largest code of each field.
        exception_bits: What an exception costs beside its code.
    """
    rows: i64 = _count_rows(codes, count, len(widest))
    widths: list[int] = []
    saved: i64 = 0
    for field, full in enumerate(widest):
        counts = _count_widths(codes, count, field, full)
        exception: i64 = i64(full) + exception_bits
        wider: i64 = count - i64(counts[0])
        best: i64 = 0
        lowest: i64 = wider * exception
        width: i64 = 1
        while width <= i64(full):
            wider -= i64(counts[width])
            cost = width * rows + wider * exception
            if cost < lowest:
                best, lowest = width, cost
            width += 1
        widths.append(best)
        saved += i64(full) * rows - lowest
    return widths, saved


def _count_rows(codes: bytes, count: i64, fields: i64) -> i64:
    """Return how many entities have a code that is not 0."""
    rows: i64 = 0
    entity: i64 = 0
    end: i64 = fields * count
    while entity < count:
        at: i64 = entity
        while at < end and read_i64_le(codes, at * CODE_BYTES) == 0:
            at += count
        if at < end:
            rows += 1
        entity += 1
    return rows


def _count_widths(codes: bytes, count: i64, field: i64, full: i64) -> list[int]:
    """Return how many codes of a field need 0, 1, … `full` bits."""
    counts = [0] * (full + 1)
    at: i64 = field * count * CODE_BYTES
    end: i64 = at + count * CODE_BYTES
    while at < end:
        code = read_i64_le(codes, at)
        width: i64 = 0
        while code > 0:
            code >>= 1
            width += 1
        counts[width] += 1
        at += CODE_BYTES
    return counts


def pack(codes: bytes, count: i64, widths: list[int], limits: list[int], *, wide: bool) -> tuple[bytes, bytes]:
    """Return the packed rows of one block, and a byte for each row: 1 if anything in it is not 0, else 0.

    Args:
        codes: Of `count` entities.
        count: How many entities.
        widths: In bits, one a field; all codes that are taken must fit them.
        limits: In bits, one a field.
        wide: Take the codes that do not fit their field's limit, instead of those that do. Others count as 0.
    """
    rows, present = BytesWriter(), BytesWriter()
    fields: i64 = len(widths)
    packed_widths, packed_limits = _packed(widths), _packed(limits)
    entity: i64 = 0
    while entity < count:
        waiting: i64 = 0  # bits that do not fill a byte yet
        n_waiting: i64 = 0
        seen: i64 = 0
        field: i64 = 0
        while field < fields:
            code = read_i64_le(codes, (field * count + entity) * CODE_BYTES)
            if (code >> read_i64_le(packed_limits, field * CODE_BYTES) != 0) != wide:
                code = 0
            seen |= code
            waiting |= code << n_waiting
            n_waiting += read_i64_le(packed_widths, field * CODE_BYTES)
            while n_waiting >= 8:
                rows.append(u8(waiting & 0xFF))
                waiting >>= 8
                n_waiting -= 8
            field += 1
        if n_waiting > 0:
            rows.append(u8(waiting & 0xFF))
        present.append(u8(1 if seen != 0 else 0))
        entity += 1
    return rows.getvalue(), present.getvalue()


def _packed(numbers: list[int]) -> bytes:
    """Return numbers as integers of CODE_BYTES, which a loop reads several times as fast as the items of a list."""
    packed = BytesWriter()
    for number in numbers:
        write_i64_le(packed, i64(number))
    return packed.getvalue()
