"""Builds one entity type's next table from the one before and the blocks of a STATE message (protocol.md §5,
"Applying").

The steps are called in the order of the message: `leave`, `enter` and `change`, then `advance`, `set_values` and
`build`. Each raises `DeltaError` for what does not fit. The table before is only read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gameserver.protocol.constants import MAX_CODE
from gameserver.protocol.errors import DeltaError, require
from gameserver.state.fields import List
from gameserver.state.table import Table
from gameserver.sync.bits import MAX_WIDTH, row_bytes, unpack, unzigzag
from gameserver.sync.row_ids import decode_gaps, decode_who, require_array

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from gameserver.state.entity import EntityType
    from gameserver.sync.motion import Motion

    Codes = NDArray[np.int64]
    Ids = NDArray[np.int64]
    Rows = NDArray[np.intp]


class TableBuilder:
    """The table under construction, and what of the message applies to it."""

    def __init__(self, entity_type: EntityType, motion: Motion, before: Table) -> None:
        self.entity_type = entity_type
        self.entered: Ids | None = None
        """The ids that enter; None: none."""
        self._motion = motion
        self._before = before
        self._ids = before.ids
        self._codes = before.codes
        self._rows: Rows | None = None
        """For each entity its row in the table before, -1 for one that entered; None: the rows are the same."""
        self._residuals: Codes | None = None
        self._enter_codes: Codes | None = None
        self._objects: list[list[object]] | None = None

    def leave(self, ids: Ids) -> int:
        """Remove the entities of this type that are among `ids`, and return how many there were."""
        stay = ~np.isin(self._ids, ids, assume_unique=True)
        left = len(stay) - int(np.count_nonzero(stay))
        if left:
            self._rows = np.flatnonzero(stay)
            self._ids = self._ids[stay]
            self._codes = self._codes[:, stay]
        return left

    def enter(self, ids: object, widths: object, rows: object) -> None:
        """Read the block of entities that enter, with all their codes.

        Args:
            ids: The block's gaps, unchecked, as are its widths and rows.
            widths: One byte a field.
            rows: The packed codes.

        Raises:
            DeltaError: The block does not fit, or is the type's second.
        """
        require(self.entered is None, f"enters: {self.entity_type.name} stands there twice")
        self.entered = decode_gaps(ids, "enters", 1, MAX_CODE)
        self._enter_codes = self._read_rows("enters", widths, rows, len(self.entered))
        self._check_range(self._enter_codes)

    def change(self, who: object, widths: object, rows: object) -> None:
        """Read a block of residuals of entities that stay; those of several blocks add up.

        Args:
            who: Which entities, unchecked, as are the widths and rows.
            widths: One byte a field.
            rows: The packed residuals.

        Raises:
            DeltaError: The block does not fit.
        """
        count = len(self._ids)
        picked = decode_who(who, "changes", count)
        residuals = self._read_rows("changes", widths, rows, count if picked is None else len(picked))
        if picked is not None:
            part, residuals = residuals, np.zeros((len(residuals), count), np.int64)
            residuals[:, picked] = part
        self._residuals = residuals if self._residuals is None else self._residuals + residuals

    def _read_rows(self, what: str, widths: object, rows: object, count: int) -> Codes:
        """Return the residuals in `count` packed rows, shape (fields, count)."""
        entity_type = self.entity_type
        if not isinstance(widths, bytes) or not isinstance(rows, bytes):
            msg = f"{what}: widths and rows of {entity_type.name} are not bin"
            raise DeltaError(msg)
        require(len(widths) == len(entity_type.numeric), f"{what}: not a width for each field of {entity_type.name}")
        require(max(widths, default=0) <= MAX_WIDTH, f"{what}: a width above {MAX_WIDTH}")
        require(len(rows) == count * row_bytes(widths), f"{what}: rows of {entity_type.name} have a wrong length")
        return unzigzag(unpack(rows, widths, count))

    def _check_range(self, codes: Codes) -> None:
        """Check that every code is in its field's range.

        Raises:
            DeltaError: One is not.
        """
        entity_type = self.entity_type
        outside = (codes < entity_type.lo) | (codes > entity_type.hi)
        require(not outside.any(), f"a code of {entity_type.name} is out of its range")

    def advance(self, span: int) -> None:
        """Move the entities that stay by `span` ticks, and insert those that enter.

        Raises:
            DeltaError: A code leaves its field's range.
        """
        self._codes = self._motion.advance(self._codes, self._residuals, span)
        if self._residuals is not None:
            self._check_range(self._codes)
        if self.entered is not None and self._enter_codes is not None:
            self._insert(self.entered, self._enter_codes)

    def _insert(self, entered: Ids, codes: Codes) -> None:
        """Put the entities that enter between those that stay, so that ids ascend."""
        if not len(self._ids):
            self._rows = np.full(len(entered), -1)
            self._ids, self._codes = entered, codes
            return
        rows = np.arange(len(self._ids)) if self._rows is None else self._rows
        ids = np.concatenate([self._ids, entered])
        order = np.argsort(ids)
        self._ids = ids[order]
        self._codes = np.concatenate([self._codes, codes], axis=1)[:, order]
        self._rows = np.concatenate([rows, np.full(len(entered), -1)])[order]

    def set_values(self, field: object, who: object, raw_values: object, *raw_kept: object) -> None:
        """Read a block of values of one object field, for entities that stay or entered.

        Args:
            field: The field's index in the type's fields, unchecked, as are the other items.
            who: Which entities.
            raw_values: One value for each of them.
            raw_kept: How many items of its value so far each list keeps before those of its new one, if the block
                says so.

        Raises:
            DeltaError: The block does not fit.
        """
        entity_type = self.entity_type
        if type(field) is not int or field not in entity_type.object_places:
            msg = f"values: {entity_type.name} has no object field {field!r:.20}"
            raise DeltaError(msg)
        column = entity_type.object_places.index(field)
        picked = decode_who(who, "values", len(self._ids))
        rows: Iterable[int] = range(len(self._ids)) if picked is None else picked.tolist()
        raw = require_array(raw_values, "values", len(self._ids) if picked is None else len(picked))
        object_field = list(entity_type.objects.values())[column]
        values = self._own_objects()[column]
        if raw_kept:
            require(isinstance(object_field, List), f"values: {entity_type.name} keeps items of what is no list")
            raw = _grown(values, list(rows), raw, raw_kept[0])
        try:
            for row, item in zip(rows, raw, strict=True):
                values[row] = object_field.read(item)
        except ValueError as error:
            msg = f"values: a value of {entity_type.name} {error}"
            raise DeltaError(msg) from None

    def _own_objects(self) -> list[list[object]]:
        """Return lists of the object fields' values, to be written to; those of entities that entered are empty."""
        if self._objects is None:
            rows = None if self._rows is None else self._rows.tolist()
            self._objects = [
                list(column) if rows is None else [field.empty if row < 0 else column[row] for row in rows]
                for field, column in zip(self.entity_type.objects.values(), self._before.objects, strict=True)
            ]
        return self._objects

    def build(self) -> Table:
        """Return the new table. What did not change is shared with the table before, if possible all of it."""
        before = self._before
        if self._rows is None and self._objects is None:
            return before if self._codes is before.codes else Table(self._ids, self._codes, before.objects)
        return Table(self._ids, self._codes, tuple([tuple(column) for column in self._own_objects()]))


def _grown(values: Sequence[object], rows: Sequence[int], added: Sequence[object], raw_kept: object) -> list[object]:
    """Return lists that keep some of their items.

    Args:
        values: The lists so far.
        rows: Which of them are meant.
        added: What comes behind the items that they keep, unchecked.
        raw_kept: How many items each keeps, unchecked.

    Raises:
        DeltaError: These are not numbers of items that they have, or what is added is no array.
    """
    grown: list[object] = []
    for row, kept, items in zip(rows, require_array(raw_kept, "values", len(rows)), added, strict=True):
        before: Any = values[row]
        require(type(kept) is int and 0 <= kept <= len(before), "values: keeps items that are not there")
        grown.append((*before[:kept], *require_array(items, "values")))
    return grown
