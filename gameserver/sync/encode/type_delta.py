"""What changed of one entity type between two snapshots, whoever sees it: worked out once, used for all viewers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, cast

import numpy as np

from gameserver.state.table import FEW_ROWS
from gameserver.sync.bits import pack, widths_of, zigzag
from gameserver.sync.encode.blocks import WidthCache, split_blocks, split_few

if TYPE_CHECKING:
    from collections.abc import Sequence, Sized

    from numpy.typing import NDArray

    from gameserver.state.table import Table
    from gameserver.sync.encode.blocks import AnyBlock, FewBlock
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

    def __init__(self, motion: Motion, before: Table, after: Table, span: int, width_cache: WidthCache) -> None:
        """Compare two tables, of which `after` is `span` ticks later; `width_cache` is the type's own."""
        self._width_cache = width_cache
        self.before = before
        self.after = after
        self._motion = motion
        self._span = span
        self._blocks: Sequence[AnyBlock] | None = None
        self._changed_rows: list[Rows | None] | None = None
        self._changed_objects: list[Flags | None] | None = None
        self._grown: list[dict[int, int] | None] = [None] * after.object_count
        self._compared: tuple[Rows, Rows, Rows] | None = None
        """The only staying rows that may have changed: their indexes among the staying rows, and their rows in `before`
        and in `after`; None: any may have."""
        self.n_stay = len(after)
        self.base_rows: Rows | None = None
        """Where the staying rows are in `before`; None when they are all of it, and all of `after`."""
        self.new_rows: Rows | None = None
        """Where they are in `after`."""
        self.left: Rows = _NO_ROWS
        """Rows of `before` that are not in `after`."""
        self.entered: Rows = _NO_ROWS
        """Rows of `after` that are not in `before`."""
        if after.change is not None and after.knows_changes_since(before):
            self._align_changed()
        elif before.ids is not after.ids and not np.array_equal(before.ids, after.ids):
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

    def _align_changed(self) -> None:
        """Find out the same where it is known which entities may have changed."""
        before, after = self.before, self.after
        if before.ids is after.ids:
            rows = after.rows_changed_since(before)
            self._compared = rows, rows, rows
            return
        changed = after.changed_since(before)
        assert changed is not None
        new_rows, is_new = _find(after.ids, changed)
        base_rows, is_old = _find(before.ids, changed)
        stays = is_old & is_new
        self.left, self.entered = base_rows[is_old & ~is_new], new_rows[is_new & ~is_old]
        base_rows, new_rows = base_rows[stays], new_rows[stays]
        self._compared = new_rows - np.searchsorted(self.entered, new_rows), base_rows, new_rows
        if self.left.size or self.entered.size:
            self.base_rows, self.new_rows = _all_but(self.left, len(before)), _all_but(self.entered, len(after))
            self.n_stay = len(self.new_rows)

    @property
    def is_empty(self) -> bool:
        """Whether neither table has any entities."""
        return not len(self.before) and not len(self.after)

    @property
    def is_same(self) -> bool:
        """Whether both tables are known to have the same content, which no rate moves."""
        return self.base_rows is None and self._compared is not None and not len(self._compared[0])

    @property
    def has_same_objects(self) -> bool:
        """Whether all object fields are known to be the same, of the same entities."""
        if self.base_rows is not None:
            return False
        return self.is_same if self._compared is not None else self.before.objects is self.after.objects

    @property
    def to_new(self) -> Rows | None:
        """For each row of `before` its row in `after`, -1 for none; None when rows are the same in both."""
        if self.base_rows is None or self.new_rows is None:
            return None
        return _lookup(self.base_rows, self.new_rows, len(self.before))

    @property
    def to_base(self) -> Rows | None:
        """For each row of `after` its row in `before`, likewise."""
        if self.base_rows is None or self.new_rows is None:
            return None
        return _lookup(self.new_rows, self.base_rows, len(self.after))

    @property
    def to_stay(self) -> Rows | None:
        """For each row of `after` its index among the staying rows, likewise."""
        if self.new_rows is None:
            return None
        return _lookup(self.new_rows, np.arange(self.n_stay), len(self.after))

    @property
    def blocks(self) -> Sequence[AnyBlock]:
        """The residuals of viewers who hold `before` exactly; none when all entities moved as expected."""
        if self._blocks is None:
            self._blocks = self._split() if self.n_stay and not self.is_same else []
        return self._blocks

    def _split(self) -> Sequence[AnyBlock]:
        if self._compared is None:
            if self.base_rows is None and self.n_stay <= FEW_ROWS:
                return self._split_few()
            return split_blocks(self.residuals_from(self.before.codes), self._width_cache, self._span)
        indexes, base_rows, new_rows = self._compared
        codes = self.before.codes_at(base_rows), self.after.codes_at(new_rows)
        blocks = split_blocks(self._motion.zigzagged(*codes, self._span), self._width_cache, self._span)
        for block in blocks:
            block.set_compared(indexes, self.n_stay)
        return blocks

    def _split_few(self) -> list[FewBlock]:
        before, after = self.before.packed_codes, self.after.packed_codes
        residuals = self._motion.zigzagged_packed(before, after, self.n_stay, self._span)
        return split_few(residuals, self.n_stay, self._width_cache, self._span)

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
            if self._compared is None:
                columns = zip(self.before.objects, self.after.objects, strict=True)
                self._changed_objects = [self._changed(old, new) for old, new in columns]
            else:
                self._changed_objects = [
                    None if rows is None else _flags(rows, len(self.after)) for rows in self.changed_rows
                ]
        return self._changed_objects

    @property
    def changed_rows(self) -> list[Rows | None]:
        """The same as rows of `after`, ascending; None: none."""
        if self._changed_rows is None:
            if self._compared is None:
                self._changed_rows = [
                    None if flags is None else np.flatnonzero(flags) for flags in self.changed_objects
                ]
            else:
                self._changed_rows = [
                    self._differing(column, *self._compared[1:]) for column in range(self.after.object_count)
                ]
        return self._changed_rows

    def grown_rows(self, column: int) -> dict[int, int]:
        """Return how many items the lists had that grew at their end and nothing else, by their row of `after`."""
        if self._grown[column] is None:
            rows = self.changed_rows[column]
            chosen = np.empty(0, np.intp) if rows is None else rows
            kept = self.grown(column, chosen)[1]
            self._grown[column] = {row: n for row, n in zip(chosen.tolist(), kept, strict=True) if n}
        return self._grown[column] or {}

    def grown(self, column: int, rows: Rows) -> tuple[list[object], list[int]]:
        """Return the new values in one object field; of a list that grew at its end and nothing else the items added.

        Args:
            column: The field, by its index among the object fields.
            rows: Rows of `after` of entities that are new or have another value than in `before`.

        Returns:
            The values, and how many items of the old one each keeps.
        """
        values: list[Any] = self.after.values_of(column, rows.tolist())
        kept = [0] * len(values)
        if not values or not isinstance(values[0], tuple):
            return values, kept
        base_rows, is_old = _find(self.before.ids, self.after.ids[rows])
        places = np.flatnonzero(is_old)
        old: list[Any] = self.before.values_of(column, base_rows[places].tolist())
        for place, value in zip(places.tolist(), old, strict=True):
            if values[place][: len(value)] == value:
                values[place], kept[place] = values[place][len(value) :], len(value)
        return values, kept

    def _differing(self, column: int, base_rows: Rows, new_rows: Rows) -> Rows | None:
        """Return the rows of `after` that entered, or that are among `new_rows` and differ from `base_rows`."""
        old = self.before.values_of(column, base_rows.tolist())
        new = self.after.values_of(column, new_rows.tolist())
        differ = [row for row, a, b in zip(new_rows.tolist(), old, new, strict=True) if a != b]
        if not differ and not self.entered.size:
            return None
        return np.sort(np.concatenate([self.entered, np.array(differ, np.intp)]))

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


def _find(ids: NDArray[np.int64], wanted: NDArray[np.int64]) -> tuple[Rows, Flags]:
    """Return where `wanted` are among `ids`, both ascending, and which of them are there."""
    rows = np.searchsorted(ids, wanted)
    if not len(ids):
        return rows, np.zeros(len(wanted), np.bool_)
    return rows, ids[np.minimum(rows, len(ids) - 1)] == wanted


def _flags(rows: Rows, count: int) -> Flags:
    """Return which of `count` rows are among `rows`."""
    flags = np.zeros(count, np.bool_)
    flags[rows] = True
    return flags


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
