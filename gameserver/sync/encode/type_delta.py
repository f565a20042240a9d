"""What became of one entity type between two snapshots, apart from any viewer: worked out once, used for all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, cast

import numpy as np

from gameserver.compiled import COMPILED
from gameserver.sync.bits import MAX_WIDTH, pack, widths_of, zigzag

if COMPILED:
    from gameserver.sync import loops

if TYPE_CHECKING:
    from collections.abc import Sized

    from numpy.typing import NDArray

    from gameserver.state.table import Table
    from gameserver.sync.motion import Motion

    Rows = NDArray[np.intp]

EXCEPTION_BITS: Final = 12  # what naming a row in a second block costs: a gap of a byte, and half a byte of padding
RETHINK_EVERY: Final = 16  # snapshots: 0.8 s at 20 Hz, in which a game's way of moving does not change
_NO_ROWS: Final = np.empty(0, np.intp)
BLOCK_BYTES: Final = 12  # what a block costs besides one width a field and its rows: headers, type and who


class EnterRows:
    """What is told of entities that enter: their codes as they are, in packed rows."""

    def __init__(self, table: Table) -> None:
        self.table = table
        self._packed: tuple[bytes, NDArray[np.uint8]] | None = None
        self._sizes: NDArray[np.intp] | None = None

    def _pack(self) -> tuple[bytes, NDArray[np.uint8]]:
        if self._packed is None:
            codes = zigzag(self.table.codes)
            widths = widths_of(codes)
            self._packed = bytes(widths), pack(codes, widths)
        return self._packed

    @property
    def widths(self) -> bytes:
        """One byte a field."""
        return self._pack()[0]

    @property
    def rows(self) -> NDArray[np.uint8]:
        """Shape (entities, bytes of a row)."""
        return self._pack()[1]

    @property
    def sizes(self) -> NDArray[np.intp]:
        """About how many bytes each entity takes, with its texts and lists."""
        if self._sizes is None:
            self._sizes = np.full(len(self.table), self.rows.shape[1])
            for column in self.table.objects:
                self._sizes += [len(cast("Sized", value)) + 1 for value in column]
        return self._sizes


class Block:
    """Residuals of some of those that stay."""

    def __init__(self, present: NDArray[np.bool_], widths: list[int], rows: NDArray[np.uint8]) -> None:
        self.present = present
        """Which of the staying rows have one."""
        self.named: Rows = np.flatnonzero(present)
        """The same as indexes."""
        self.widths = bytes(widths)
        self.rows = rows
        """The packed residuals of *all* staying rows, shape (staying, bytes of a row)."""


class TypeDelta:
    """The difference of two tables of one type. "Staying rows" are the entities that both hold, ascending by id."""

    def __init__(
        self, motion: Motion, before: Table, after: Table, span: int, width_cache: WidthCache | None = None
    ) -> None:
        """`width_cache` is the type's own, if it has one."""
        self._width_cache = width_cache or WidthCache()
        self.before = before
        self.after = after
        self._motion = motion
        self._span = span
        self._blocks: list[Block] | None = None
        self._changed_objects: list[NDArray[np.bool_] | None] | None = None
        self.n_stay = len(after)
        self.base_rows: Rows | None = None
        """Where the staying rows are in `before`; None when they are all of it, and all of `after`."""
        self.new_rows: Rows | None = None
        """Where they are in `after`."""
        self.gone: Rows = _NO_ROWS
        """Rows of `before` that are not in `after`."""
        self.fresh: Rows = _NO_ROWS
        """Rows of `after` that are not in `before`."""
        self.to_new: Rows | None = None
        """For each row of `before` its row in `after`, -1 for none; None when rows are the same in both."""
        self.to_base: Rows | None = None
        """For each row of `after` its row in `before`, likewise."""
        self.to_stay: Rows | None = None
        """For each row of `after` its place among the staying rows, likewise."""
        if before.ids is not after.ids and not np.array_equal(before.ids, after.ids):
            self._align()

    def _align(self) -> None:
        """Find out who came, went and stayed."""
        n_before, n_after = len(self.before), len(self.after)
        _, base_rows, new_rows = np.intersect1d(
            self.before.ids, self.after.ids, assume_unique=True, return_indices=True
        )
        self.n_stay = len(new_rows)
        self.base_rows, self.new_rows = base_rows, new_rows
        self.gone, self.fresh = _others(base_rows, n_before), _others(new_rows, n_after)
        self.to_new = _looked_up(base_rows, new_rows, n_before)
        self.to_base = _looked_up(new_rows, base_rows, n_after)
        self.to_stay = _looked_up(new_rows, np.arange(self.n_stay), n_after)

    @property
    def is_empty(self) -> bool:
        """Whether there was nothing of this type, and is nothing."""
        return not len(self.before) and not len(self.after)

    @property
    def blocks(self) -> list[Block]:
        """The residuals, split into the usual and the exceptional; none when all went as expected."""
        if self._blocks is None:
            residuals = self.residuals_from(self.before.codes)
            self._blocks = split(residuals, self._width_cache, self._span) if self.n_stay else []
        return self._blocks

    def residuals_from(self, held: NDArray[np.int64]) -> NDArray[np.uint64]:
        """Return what takes a viewer from what it holds of `before` to what is now, of the staying rows, zigzagged."""
        after = self.after.codes
        if self.base_rows is not None and self.new_rows is not None:
            held, after = held[:, self.base_rows], after[:, self.new_rows]
        return self._motion.zigzagged(held, after, self._span)

    @property
    def changed_objects(self) -> list[NDArray[np.bool_] | None]:
        """For each object field which rows of `after` have another value than in `before`, or are new; None: none."""
        if self._changed_objects is None:
            columns = zip(self.before.objects, self.after.objects, strict=True)
            self._changed_objects = [self._changed(old, new) for old, new in columns]
        return self._changed_objects

    def _changed(self, old: tuple[object, ...], new: tuple[object, ...]) -> NDArray[np.bool_] | None:
        if old is new:
            return None
        changed = np.ones(len(new), np.bool_)
        if self.base_rows is None or self.new_rows is None:
            changed[:] = [a != b for a, b in zip(old, new, strict=True)]
        else:
            pairs = zip(self.base_rows.tolist(), self.new_rows.tolist(), strict=True)
            changed[self.new_rows] = [old[i] != new[j] for i, j in pairs]
        return changed


def _looked_up(rows: Rows, values: Rows, count: int) -> Rows:
    found = np.full(count, -1, np.intp)
    found[rows] = values
    return found


def _others(rows: Rows, count: int) -> Rows:
    """Return which of `count` rows are not in `rows`."""
    others = np.ones(count, np.bool_)
    others[rows] = False
    return np.flatnonzero(others)


class WidthCache:
    """How wide the residuals of one type usually are. To work it out costs more than to pack them, and it changes
    slowly: so it is done now and then, and what is a little too wide meanwhile counts as an exception.
    """

    __slots__ = ("_left", "_span", "_usual")

    def __init__(self) -> None:
        self._left = 0  # snapshots until it is worked out again
        self._span = 0
        self._usual: list[int] | None = None  # None: exceptions did not pay

    def usual(self, residuals: NDArray[np.uint64], widest: list[int], span: int) -> list[int]:
        """Return the widths to use for these residuals, none above its column's widest."""
        self._left -= 1
        if self._left >= 0 and span != self._span:
            return _usual_widths(residuals, widest) or widest
        if self._left < 0:
            self._left, self._span = RETHINK_EVERY, span
            self._usual = _usual_widths(residuals, widest)
        return widest if self._usual is None else list(map(min, self._usual, widest))


def split(residuals: NDArray[np.uint64], width_cache: WidthCache | None = None, span: int = 1) -> list[Block]:
    """Return the blocks whose residuals add up to these, zigzagged, of shape (fields, staying).

    A row is as wide as its widest values, so one ship that jumps, or a score that one in a hundred gains, would
    widen every row. Values that are too wide for their column to be worth it go into a second block, which names
    only their rows.
    """
    widest = widths_of(residuals)
    if not any(widest):
        return []
    usual = (width_cache or WidthCache()).usual(residuals, widest, span)
    return _split_in_loops(residuals, usual) if COMPILED else _split(residuals, usual, widest)


def _split(residuals: NDArray[np.uint64], usual: list[int], widest: list[int]) -> list[Block]:
    if usual == widest:
        return [_block(residuals, widest)]
    fits = residuals >> np.array(usual, np.uint64)[:, None] == 0
    common = np.where(fits, residuals, 0)
    rest = np.where(fits, 0, residuals)
    return [_block(part, widths) for part, widths in ((common, usual), (rest, widths_of(rest))) if any(widths)]


def _split_in_loops(residuals: NDArray[np.uint64], usual: list[int]) -> list[Block]:
    """Do the same in the compiled build."""
    codes, count = residuals.tobytes(), residuals.shape[1]
    wide = loops.widths_of(codes, count, usual)
    parts = [
        (widths, *loops.pack(codes, count, widths, usual, wide=is_wide))
        for widths, is_wide in ((usual, False), (wide, True))
        if any(widths)
    ]
    return [
        Block(np.frombuffer(present, np.bool_), widths, np.frombuffer(rows, np.uint8).reshape(count, -1))
        for widths, rows, present in parts
    ]


def _usual_widths(residuals: NDArray[np.uint64], widest: list[int]) -> list[int] | None:
    """Return the widths that cost least when wider values are sent apart, or None when that does not pay."""
    fields, count = residuals.shape
    bits = np.frexp(residuals.astype(np.float64))[1]
    bins = bits + np.arange(0, fields * (MAX_WIDTH + 1), MAX_WIDTH + 1)[:, None]
    histogram = np.bincount(bins.ravel(), minlength=fields * (MAX_WIDTH + 1)).reshape(fields, MAX_WIDTH + 1)
    wider = count - histogram.cumsum(axis=1)
    named = int(np.count_nonzero(residuals.any(axis=0)))
    full = np.array(widest)
    cost = np.arange(MAX_WIDTH + 1) * named + wider * (full[:, None] + EXCEPTION_BITS)
    saved = int((full * named).sum() - cost.min(axis=1).sum())
    return cost.argmin(axis=1).tolist() if saved > 8 * (BLOCK_BYTES + fields) else None


def _block(residuals: NDArray[np.uint64], widths: list[int]) -> Block:
    return Block(np.logical_or.reduce(residuals, axis=0), widths, pack(residuals, widths))
