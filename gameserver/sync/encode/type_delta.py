"""What changed of one entity type between two snapshots, whoever sees it: worked out once, used for all viewers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, cast

import numpy as np

from gameserver.sync.bits import pack, widths_of, zigzag
from gameserver.sync.encode.blocks import Block, WidthCache, split_blocks

if TYPE_CHECKING:
    from collections.abc import Sized

    from numpy.typing import NDArray

    from gameserver.state.table import Table
    from gameserver.sync.motion import Motion

    Flags = NDArray[np.bool_]
    Rows = NDArray[np.intp]

_NO_ROWS: Final = np.empty(0, np.intp)


class EnterRows:
    """The entities of one type as they are sent when they enter a view: all their codes, in packed rows."""

    def __init__(self, table: Table) -> None:
        self.table = table
        self._packed: tuple[bytes, NDArray[np.uint8]] | None = None
        self._sizes: NDArray[np.intp] | None = None

    def _pack(self) -> tuple[bytes, NDArray[np.uint8]]:
        """Return widths and rows, packed when they are first needed."""
        if self._packed is None:
            codes = zigzag(self.table.codes)
            widths = widths_of(codes)
            self._packed = bytes(widths), pack(codes, widths)
        return self._packed

    @property
    def widths(self) -> bytes:
        """One byte a field, in bits."""
        return self._pack()[0]

    @property
    def rows(self) -> NDArray[np.uint8]:
        """Shape (entities, bytes of a row)."""
        return self._pack()[1]

    @property
    def sizes(self) -> NDArray[np.intp]:
        """About how many bytes each entity takes with its texts and lists, shape (entities,)."""
        if self._sizes is None:
            self._sizes = np.full(len(self.table), self.rows.shape[1])
            for column in self.table.objects:
                self._sizes += np.array([len(cast("Sized", value)) + 1 for value in column], np.intp)
        return self._sizes


class TypeDelta:
    """The difference of two tables of one type. *Staying rows* are the entities that both hold, ascending by id."""

    def __init__(
        self, motion: Motion, before: Table, after: Table, span: int, width_cache: WidthCache | None = None
    ) -> None:
        """Compare two tables, of which `after` is `span` ticks later; `width_cache` is the type's own, if any."""
        self._width_cache = width_cache or WidthCache()
        self.before = before
        self.after = after
        self._motion = motion
        self._span = span
        self._blocks: list[Block] | None = None
        self._changed_objects: list[Flags | None] | None = None
        self.n_stay = len(after)
        self.base_rows: Rows | None = None
        """Where the staying rows are in `before`; None when they are all of it, and all of `after`."""
        self.new_rows: Rows | None = None
        """Where they are in `after`."""
        self.left: Rows = _NO_ROWS
        """Rows of `before` that are not in `after`."""
        self.entered: Rows = _NO_ROWS
        """Rows of `after` that are not in `before`."""
        self.to_new: Rows | None = None
        """For each row of `before` its row in `after`, -1 for none; None when rows are the same in both."""
        self.to_base: Rows | None = None
        """For each row of `after` its row in `before`, likewise."""
        self.to_stay: Rows | None = None
        """For each row of `after` its index among the staying rows, likewise."""
        if before.ids is not after.ids and not np.array_equal(before.ids, after.ids):
            self._align()

    def _align(self) -> None:
        """Find out which rows left, entered and stay."""
        n_before, n_after = len(self.before), len(self.after)
        _, base_rows, new_rows = np.intersect1d(
            self.before.ids, self.after.ids, assume_unique=True, return_indices=True
        )
        self.n_stay = len(new_rows)
        self.base_rows, self.new_rows = base_rows, new_rows
        self.left, self.entered = _all_but(base_rows, n_before), _all_but(new_rows, n_after)
        self.to_new = _lookup(base_rows, new_rows, n_before)
        self.to_base = _lookup(new_rows, base_rows, n_after)
        self.to_stay = _lookup(new_rows, np.arange(self.n_stay), n_after)

    @property
    def is_empty(self) -> bool:
        """Whether neither table has any entities."""
        return not len(self.before) and not len(self.after)

    @property
    def blocks(self) -> list[Block]:
        """The residuals of viewers who hold `before` exactly; none when all entities moved as expected."""
        if self._blocks is None:
            residuals = self.residuals_from(self.before.codes)
            self._blocks = split_blocks(residuals, self._width_cache, self._span) if self.n_stay else []
        return self._blocks

    def residuals_from(self, held: NDArray[np.int64]) -> NDArray[np.uint64]:
        """Return the zigzagged residuals of the staying rows, for a viewer whose codes of `before` are `held`.

        Args:
            held: Shape (fields, entities of `before`).
        """
        after = self.after.codes
        if self.base_rows is not None and self.new_rows is not None:
            held, after = held[:, self.base_rows], after[:, self.new_rows]
        return self._motion.zigzagged(held, after, self._span)

    @property
    def changed_objects(self) -> list[Flags | None]:
        """For each object field which rows of `after` are new or have another value than in `before`; None: none."""
        if self._changed_objects is None:
            columns = zip(self.before.objects, self.after.objects, strict=True)
            self._changed_objects = [self._changed(old, new) for old, new in columns]
        return self._changed_objects

    def _changed(self, old: tuple[object, ...], new: tuple[object, ...]) -> Flags | None:
        """Return which values of a column are new or differ; None when the column is the same object.

        The same column is compared as well when its rows belong to other entities.
        """
        if old is new and self.base_rows is None:
            return None
        changed = np.ones(len(new), np.bool_)
        if self.base_rows is None or self.new_rows is None:
            changed[:] = [a != b for a, b in zip(old, new, strict=True)]
        else:
            pairs = zip(self.base_rows.tolist(), self.new_rows.tolist(), strict=True)
            changed[self.new_rows] = [old[i] != new[j] for i, j in pairs]
        return changed


def _lookup(rows: Rows, values: Rows, count: int) -> Rows:
    """Return a table of `count` entries that has `values` at `rows`, and -1 everywhere else."""
    table = np.full(count, -1, np.intp)
    table[rows] = values
    return table


def _all_but(rows: Rows, count: int) -> Rows:
    """Return which of `count` rows are not in `rows`."""
    others = np.ones(count, np.bool_)
    others[rows] = False
    return np.flatnonzero(others)
