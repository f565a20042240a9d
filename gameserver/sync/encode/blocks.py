"""Packs the residuals of one entity type into blocks, each a width for every field and a row of bits for an entity.

All rows of a block are as wide as its widest values. So that one ship that jumps, or a score that one entity in a
hundred gains, does not widen every row, values that are too wide for their column go into a second block, which names
only their rows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np

from gameserver.compiled import COMPILED
from gameserver.state.grids import CODE_BYTES
from gameserver.sync import plain_loops
from gameserver.sync.bits import MAX_WIDTH, pack, row_bytes, widths_of
from gameserver.sync.row_ids import encode_who, who_of_few

if COMPILED:
    from gameserver.sync import loops

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Flags = NDArray[np.bool_]
    Rows = NDArray[np.intp]
    Residuals = NDArray[np.uint64]

EXCEPTION_BITS: Final = 12  # what naming a row in a second block costs: a gap of a byte, and half a byte of padding
BLOCK_BYTES: Final = 12  # what a block costs besides a width for each field and its rows: headers, type and who
REFRESH_EVERY: Final = 16  # snapshots: 0.8 s at 20 Hz; how entities move in a game changes more slowly


class Block:
    """The packed residuals of some of the staying rows."""

    def __init__(self, present: Flags, widths: list[int], rows: NDArray[np.uint8]) -> None:
        self._present = present
        self._rows = rows
        self._picked: Rows = np.flatnonzero(present)
        self._compared: Rows | None = None
        self._count = len(present)
        self._spread: tuple[Flags, NDArray[np.uint8]] | None = None
        self.indexes = self._picked
        """The staying rows that have a residual that is not 0."""
        self.widths = bytes(widths)
        """One byte a field."""

    def set_compared(self, compared: Rows, count: int) -> None:
        """Say which staying rows these are, where not all were compared.

        Args:
            compared: The staying rows whose residuals were packed; all others have residuals of 0.
            count: How many staying rows there are.
        """
        self._compared, self._count = compared, count
        self.indexes = compared[self._picked]

    def who(self, count: int) -> list[int] | bytes | None:
        """Return the `who` that picks `indexes` from a list of `count`."""
        return encode_who(self.indexes, count)

    def packed(self) -> bytes:
        """Return the packed residuals of the rows in `indexes`, one after the other."""
        rows = self._rows
        return (rows if len(self._picked) == len(rows) else rows[self._picked]).tobytes()

    @property
    def present(self) -> Flags:
        """Which of the staying rows have a residual that is not 0."""
        return self._present if self._compared is None else self._of_all(self._compared)[0]

    @property
    def rows(self) -> NDArray[np.uint8]:
        """The packed residuals of *all* staying rows, shape (staying, bytes of a row)."""
        return self._rows if self._compared is None else self._of_all(self._compared)[1]

    def _of_all(self, compared: Rows) -> tuple[Flags, NDArray[np.uint8]]:
        """Return flags and rows of all staying rows, where only `compared` were packed."""
        if self._spread is None:
            present = np.zeros(self._count, np.bool_)
            rows = np.zeros((self._count, self._rows.shape[1]), np.uint8)
            present[compared], rows[compared] = self._present, self._rows
            self._spread = present, rows
        return self._spread


class FewBlock:
    """The same of few rows, without numpy unless viewers have views of their own."""

    def __init__(self, present: bytes, widths: list[int], rows: bytes) -> None:
        """Keep what `loops.pack` has returned for these widths."""
        self._present = present
        self._rows = rows
        self._picked: list[int] | None = None
        """The rows that have a residual that is not 0; None: all."""
        if 0 in present:
            self._picked = [row for row, flag in enumerate(present) if flag]
        self._size = row_bytes(widths)
        self.widths = bytes(widths)
        """One byte a field."""

    def who(self, count: int) -> list[int] | bytes | None:
        """Return the `who` that picks the rows that have a residual that is not 0, from a list of `count`."""
        return None if self._picked is None else who_of_few(self._picked, count)

    def packed(self) -> bytes:
        """Return the packed residuals of those rows, one after the other."""
        if self._picked is None:
            return self._rows
        size = self._size
        return b"".join([self._rows[row * size : (row + 1) * size] for row in self._picked])

    @property
    def present(self) -> Flags:
        """Which of the staying rows have a residual that is not 0."""
        return np.frombuffer(self._present, np.bool_)

    @property
    def rows(self) -> NDArray[np.uint8]:
        """The packed residuals of *all* staying rows, shape (staying, bytes of a row)."""
        return np.frombuffer(self._rows, np.uint8).reshape(len(self._present), self._size)


AnyBlock: TypeAlias = Block | FewBlock


class WidthCache:
    """The usual widths of one type's residuals, in bits.

    Working them out costs more than packing, and they change slowly, so they are kept for some snapshots. A residual
    that does not fit meanwhile is an exception.
    """

    __slots__ = ("_left", "_span", "_usual")

    def __init__(self) -> None:
        self._left = 0  # snapshots until the widths are worked out again
        self._span = 0
        self._usual: list[int] | None = None  # None: a second block did not pay

    def usual(self, residuals: Residuals | bytes, widest: list[int], span: int) -> list[int]:
        """Return the widths to use for these residuals, as matrix or packed, none above its column's widest.

        Widths are kept for the span for which they were worked out; for any other they are worked out anew.
        """
        self._left -= 1
        if self._left >= 0 and span != self._span:
            return _cheapest_widths(residuals, widest) or widest
        if self._left < 0:
            self._left, self._span = REFRESH_EVERY, span
            self._usual = _cheapest_widths(residuals, widest)
        return widest if self._usual is None else list(map(min, self._usual, widest))


def split_blocks(residuals: Residuals, width_cache: WidthCache | None = None, span: int = 1) -> list[Block]:
    """Return at most two blocks whose values add up to the residuals; none when all are 0.

    Args:
        residuals: Zigzagged, shape (fields, staying).
        width_cache: The type's own, if it has one.
        span: Ticks from the base to the new snapshot.
    """
    widest = widths_of(residuals)
    if not any(widest):
        return []
    usual = (width_cache or WidthCache()).usual(residuals, widest, span)
    return _split_in_loops(residuals, usual) if COMPILED else _split_in_numpy(residuals, usual, widest)


def _split_in_numpy(residuals: Residuals, usual: list[int], widest: list[int]) -> list[Block]:
    """Return a block of the values that fit the usual widths, and one of those that do not."""
    if usual == widest:
        return [_block(residuals, widest)]
    fits = residuals >> np.array(usual, np.uint64)[:, None] == 0
    common = np.where(fits, residuals, 0)
    rest = np.where(fits, 0, residuals)
    return [_block(part, widths) for part, widths in ((common, usual), (rest, widths_of(rest))) if any(widths)]


def _block(residuals: Residuals, widths: list[int]) -> Block:
    """Return the block of residuals that all fit `widths`."""
    return Block(np.logical_or.reduce(residuals, axis=0), widths, pack(residuals, widths))


def _split_in_loops(residuals: Residuals, usual: list[int]) -> list[Block]:
    """Return the blocks of `_split_in_numpy`, made by the loops of the compiled build."""
    count = residuals.shape[1]
    return [
        Block(np.frombuffer(present, np.bool_), widths, np.frombuffer(rows, np.uint8).reshape(count, -1))
        for widths, rows, present in _packed_parts(residuals.tobytes(), count, usual)
    ]


def split_few(residuals: bytes, count: int, width_cache: WidthCache, span: int) -> list[FewBlock]:
    """Return the blocks of `split_blocks`, made without numpy.

    Args:
        residuals: Of `count` staying rows, as `Motion.zigzagged_packed` returns them.
        count: How many rows, at least one.
        width_cache: The type's own.
        span: Ticks from the base to the new snapshot.
    """
    fields = len(residuals) // (count * CODE_BYTES)
    widest = _widths(residuals, count, [0] * fields)
    if not any(widest):
        return []
    usual = width_cache.usual(residuals, widest, span)
    if usual == widest:
        rows, present = _pack(residuals, count, usual, usual, wide=False)
        return [FewBlock(present, usual, rows)]
    return [FewBlock(present, widths, rows) for widths, rows, present in _packed_parts(residuals, count, usual)]


def _packed_parts(residuals: bytes, count: int, usual: list[int]) -> list[tuple[list[int], bytes, bytes]]:
    """Return widths, rows and flags of the values that fit the usual widths, and of those that do not, if any."""
    wide = _widths(residuals, count, usual)
    return [
        (widths, *_pack(residuals, count, widths, usual, wide=is_wide))
        for widths, is_wide in ((usual, False), (wide, True))
        if any(widths)
    ]


def _widths(residuals: bytes, count: int, limits: list[int]) -> list[int]:
    if COMPILED:
        return loops.widths_of(residuals, count, limits)
    return plain_loops.widths_of(residuals, count, limits)


def _pack(residuals: bytes, count: int, widths: list[int], limits: list[int], *, wide: bool) -> tuple[bytes, bytes]:
    if COMPILED:
        return loops.pack(residuals, count, widths, limits, wide=wide)
    return plain_loops.pack(residuals, count, widths, limits, wide=wide)


def _cheapest_widths(residuals: Residuals | bytes, widest: list[int]) -> list[int] | None:
    """Return the widths that cost fewest bits when wider values go into a second block; None when that saves nothing.

    With the width `w` a column costs `w` bits for each row of the first block, and for each value that is wider its
    full width and EXCEPTION_BITS.
    """
    worth_bits = 8 * (BLOCK_BYTES + len(widest))
    cheapest = _cheapest_in_loops if COMPILED else _cheapest_in_numpy
    widths, saved = cheapest(residuals, widest)
    return widths if saved > worth_bits else None


def _cheapest_in_loops(residuals: Residuals | bytes, widest: list[int]) -> tuple[list[int], int]:
    """Return the widths, and how many bits they save."""
    packed = residuals if isinstance(residuals, bytes) else residuals.tobytes()
    count = len(packed) // (len(widest) * CODE_BYTES)
    return loops.cheapest_widths(packed, count, widest, EXCEPTION_BITS)


def _cheapest_in_numpy(residuals: Residuals | bytes, widest: list[int]) -> tuple[list[int], int]:
    """Return the same."""
    if isinstance(residuals, bytes):
        residuals = np.frombuffer(residuals, "<u8").reshape(len(widest), -1)
    fields, count = residuals.shape
    bits = np.frexp(residuals.astype(np.float64))[1]
    bins = bits + np.arange(0, fields * (MAX_WIDTH + 1), MAX_WIDTH + 1)[:, None]
    histogram = np.bincount(bins.ravel(), minlength=fields * (MAX_WIDTH + 1)).reshape(fields, MAX_WIDTH + 1)
    wider = count - histogram.cumsum(axis=1)
    rows = int(np.count_nonzero(residuals.any(axis=0)))
    full = np.array(widest)
    cost = np.arange(MAX_WIDTH + 1) * rows + wider * (full[:, None] + EXCEPTION_BITS)
    saved = int((full * rows).sum() - cost.min(axis=1).sum())
    return cost.argmin(axis=1).tolist(), saved
