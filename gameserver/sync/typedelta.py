"""What became of one entity type between two snapshots, apart from any viewer: worked out once, used for all."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final, cast

import numpy as np

from gameserver.sync.bits import MAX_WIDTH, pack, widths_of, zigzag

if TYPE_CHECKING:
    from collections.abc import Sized

    from numpy.typing import NDArray

    from gameserver.state.table import Table
    from gameserver.sync.motion import Motion

    Rows = NDArray[np.intp]

EXCEPTION_BITS: Final = 12  # what naming a row in a second block costs: a gap of a byte, and half a byte of padding
RETHINK_EVERY: Final = 16  # snapshots: 0.8 s at 20 Hz, in which a game's way of moving does not change
BLOCK_BYTES: Final = 12  # what a block costs besides one width a field and its rows: headers, type and who


class EnterRows:
    """What is told of entities that enter: their codes as they are, in packed rows."""

    def __init__(self, table: Table) -> None:
        self.table = table

    @cached_property
    def _packed(self) -> tuple[bytes, NDArray[np.uint8]]:
        codes = zigzag(self.table.codes)
        widths = widths_of(codes)
        return bytes(widths), pack(codes, widths)

    @property
    def widths(self) -> bytes:
        """One byte a field."""
        return self._packed[0]

    @property
    def rows(self) -> NDArray[np.uint8]:
        """Shape (entities, bytes of a row)."""
        return self._packed[1]

    @cached_property
    def sizes(self) -> NDArray[np.intp]:
        """About how many bytes each entity takes, with its texts and lists."""
        sizes = np.full(len(self.table), self.rows.shape[1])
        for column in self.table.objects:
            sizes += [len(cast("Sized", value)) + 1 for value in column]
        return sizes


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """Residuals of some of those that stay."""

    present: NDArray[np.bool_]
    """Which of the staying rows have one."""
    named: Rows
    """The same as indexes."""
    widths: bytes
    rows: NDArray[np.uint8]
    """The packed residuals of *all* staying rows, shape (staying, bytes of a row)."""


class TypeDelta:
    """The difference of two tables of one type. "Staying rows" are the entities that both hold, ascending by id."""

    def __init__(self, motion: Motion, before: Table, after: Table, span: int, habit: Habit | None = None) -> None:
        """`habit` is the type's own, if it has one."""
        self._habit = habit or Habit()
        self.before = before
        self.after = after
        self._motion = motion
        self._span = span
        self.base_rows: Rows | None = None
        """Where the staying rows are in `before`; None when they are all of it, and all of `after`."""
        self.new_rows: Rows | None = None
        """Where they are in `after`."""
        self.n_stay = len(after)
        if before.ids is not after.ids and not np.array_equal(before.ids, after.ids):
            _, self.base_rows, self.new_rows = np.intersect1d(
                before.ids, after.ids, assume_unique=True, return_indices=True
            )
            self.n_stay = len(self.new_rows)

    @property
    def is_empty(self) -> bool:
        """Whether there was nothing of this type, and is nothing."""
        return not len(self.before) and not len(self.after)

    @cached_property
    def to_new(self) -> Rows | None:
        """For each row of `before` its row in `after`, -1 for none; None when rows are the same in both."""
        return _looked_up(self.base_rows, self.new_rows, len(self.before))

    @cached_property
    def to_base(self) -> Rows | None:
        """For each row of `after` its row in `before`, likewise."""
        return _looked_up(self.new_rows, self.base_rows, len(self.after))

    @cached_property
    def to_stay(self) -> Rows | None:
        """For each row of `after` its place among the staying rows, likewise."""
        return _looked_up(self.new_rows, np.arange(self.n_stay), len(self.after))

    @cached_property
    def gone(self) -> Rows:
        """Rows of `before` that are not in `after`."""
        return _others(self.base_rows, len(self.before))

    @cached_property
    def fresh(self) -> Rows:
        """Rows of `after` that are not in `before`."""
        return _others(self.new_rows, len(self.after))

    @cached_property
    def blocks(self) -> list[Block]:
        """The residuals, split into the usual and the exceptional; none when all went as expected."""
        if not self.n_stay:
            return []
        return split(zigzag(self.residuals_from(self.before.codes)), self._habit, self._span)

    def residuals_from(self, held: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return what takes a viewer from what it holds of `before` to what is now, of the staying rows."""
        after = self.after.codes
        if self.base_rows is not None and self.new_rows is not None:
            held, after = held[:, self.base_rows], after[:, self.new_rows]
        return self._motion.residuals(held, after, self._span)

    @cached_property
    def changed_objects(self) -> list[NDArray[np.bool_] | None]:
        """For each object field which rows of `after` have another value than in `before`, or are new; None: none."""
        return [self._changed(old, new) for old, new in zip(self.before.objects, self.after.objects, strict=True)]

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


def _looked_up(rows: Rows | None, values: Rows | None, count: int) -> Rows | None:
    if rows is None or values is None:
        return None
    found = np.full(count, -1, np.intp)
    found[rows] = values
    return found


def _others(rows: Rows | None, count: int) -> Rows:
    """Return which of `count` rows are not in `rows`; none when `rows` is None."""
    if rows is None:
        return np.empty(0, np.intp)
    others = np.ones(count, np.bool_)
    others[rows] = False
    return np.flatnonzero(others)


class Habit:
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


def split(residuals: NDArray[np.uint64], habit: Habit | None = None, span: int = 1) -> list[Block]:
    """Return the blocks whose residuals add up to these, zigzagged, of shape (fields, staying).

    A row is as wide as its widest values, so one ship that jumps, or a score that one in a hundred gains, would
    widen every row. Values that are too wide for their column to be worth it go into a second block, which names
    only their rows.
    """
    widest = widths_of(residuals)
    if not any(widest):
        return []
    usual = (habit or Habit()).usual(residuals, widest, span)
    if usual == widest:
        return [_block(residuals, widest)]
    fits = residuals >> np.array(usual, np.uint64)[:, None] == 0
    common = np.where(fits, residuals, 0)
    rest = np.where(fits, 0, residuals)
    return [_block(part, widths) for part, widths in ((common, usual), (rest, widths_of(rest))) if any(widths)]


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
    present = np.logical_or.reduce(residuals, axis=0)
    return Block(present, np.flatnonzero(present), bytes(widths), pack(residuals, widths))
