"""One entity type's next table, while a STATE message is being applied to the one before (protocol.md §5,
"Applying").

The steps come in the order of the message: `leave`, `enter`, `change`, then `move`, then `value`, then `table`.
Each raises `DeltaError` for what does not fit; the table before is only read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gameserver.protocol.constants import MAX_CODE
from gameserver.protocol.errors import DeltaError, require
from gameserver.state.table import Table
from gameserver.sync.bits import MAX_WIDTH, row_bytes, unpack, unzigzag
from gameserver.sync.row_ids import read_array, read_gaps, read_who

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from gameserver.state.entity import EntityType
    from gameserver.sync.motion import Motion

    Codes = NDArray[np.int64]
    Ids = NDArray[np.int64]
    Rows = NDArray[np.intp]


class TableBuilder:
    """The table in the making."""

    def __init__(self, entity_type: EntityType, motion: Motion, before: Table) -> None:
        self.entity_type = entity_type
        self.entered: Ids | None = None
        """The ids that enter."""
        self._motion = motion
        self._before = before
        self._ids = before.ids
        self._codes = before.codes
        self._rows: Rows | None = None
        """For each entity its row in the table before, -1 for one that entered; None while they are the same."""
        self._residuals: Codes | None = None
        self._enter_codes: Codes | None = None
        self._objects: list[list[object]] | None = None

    def leave(self, ids: Ids) -> int:
        """Drop those of `ids` that are of this type, and return how many that were."""
        stay = ~np.isin(self._ids, ids, assume_unique=True)
        left = len(stay) - int(np.count_nonzero(stay))
        if left:
            self._rows = np.flatnonzero(stay)
            self._ids = self._ids[stay]
            self._codes = self._codes[:, stay]
        return left

    def enter(self, ids: object, widths: object, rows: object) -> None:
        """Take in entities with all their codes."""
        require(self.entered is None, f"enters: {self.entity_type.name} stands there twice")
        self.entered = read_gaps(ids, "enters", 1, MAX_CODE)
        self._enter_codes = self._read_rows("enters", widths, rows, len(self.entered))
        self._check_range(self._enter_codes)

    def change(self, who: object, widths: object, rows: object) -> None:
        """Add the residuals of one block to those that stay."""
        count = len(self._ids)
        named = read_who(who, "changes", count)
        residuals = self._read_rows("changes", widths, rows, count if named is None else len(named))
        if named is not None:
            part, residuals = residuals, np.zeros((len(residuals), count), np.int64)
            residuals[:, named] = part
        self._residuals = residuals if self._residuals is None else self._residuals + residuals

    def _read_rows(self, what: str, widths: object, rows: object, count: int) -> Codes:
        entity_type = self.entity_type
        if not isinstance(widths, bytes) or not isinstance(rows, bytes):
            msg = f"{what}: widths and rows of {entity_type.name} are not bin"
            raise DeltaError(msg)
        require(len(widths) == len(entity_type.numeric), f"{what}: not a width for each field of {entity_type.name}")
        require(max(widths, default=0) <= MAX_WIDTH, f"{what}: a width above {MAX_WIDTH}")
        require(len(rows) == count * row_bytes(widths), f"{what}: rows of {entity_type.name} have a wrong length")
        return unzigzag(unpack(rows, widths, count))

    def _check_range(self, codes: Codes) -> None:
        entity_type = self.entity_type
        outside = (codes < entity_type.lo) | (codes > entity_type.hi)
        require(not outside.any(), f"a code of {entity_type.name} is out of its range")

    def move(self, span: int) -> None:
        """Take those that stay to where they are now, and put those that enter among them."""
        self._codes = self._motion.advance(self._codes, self._residuals, span)
        if self._residuals is not None:
            self._check_range(self._codes)
        if self.entered is None or self._enter_codes is None:
            return
        if not len(self._ids):
            self._rows = np.full(len(self.entered), -1)
            self._ids, self._codes = self.entered, self._enter_codes
            return
        rows = np.arange(len(self._ids)) if self._rows is None else self._rows
        ids = np.concatenate([self._ids, self.entered])
        order = np.argsort(ids)
        self._ids = ids[order]
        self._codes = np.concatenate([self._codes, self._enter_codes], axis=1)[:, order]
        self._rows = np.concatenate([rows, np.full(len(self.entered), -1)])[order]

    def value(self, place: object, who: object, raw_values: object) -> None:
        """Set an object field of some of those that are now there."""
        entity_type = self.entity_type
        if type(place) is not int or place not in entity_type.object_places:
            msg = f"values: {entity_type.name} has no object field {place!r:.20}"
            raise DeltaError(msg)
        column = entity_type.object_places.index(place)
        named = read_who(who, "values", len(self._ids))
        rows: Iterable[int] = range(len(self._ids)) if named is None else named.tolist()
        raw = read_array(raw_values, "values", len(self._ids) if named is None else len(named))
        read = list(entity_type.objects.values())[column].read
        values = self._own_objects()[column]
        try:
            for row, item in zip(rows, raw, strict=True):
                values[row] = read(item)
        except ValueError as error:
            msg = f"values: a value of {entity_type.name} {error}"
            raise DeltaError(msg) from None

    def _own_objects(self) -> list[list[object]]:
        """Return the object fields' values of those that are now there; one that entered has empty ones until told."""
        if self._objects is None:
            rows = None if self._rows is None else self._rows.tolist()
            self._objects = [
                list(column) if rows is None else [field.empty if row < 0 else column[row] for row in rows]
                for field, column in zip(self.entity_type.objects.values(), self._before.objects, strict=True)
            ]
        return self._objects

    def table(self) -> Table:
        """Return the new table: the very one before when nothing changed."""
        before = self._before
        if self._rows is None and self._objects is None:
            return before if self._codes is before.codes else Table(self._ids, self._codes, before.objects)
        return Table(self._ids, self._codes, tuple([tuple(column) for column in self._own_objects()]))
