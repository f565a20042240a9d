"""One entity type's part of a snapshot: ids and codes in arrays, and the values of object fields.

The tables of a type that rests share what did not change: such a table is a *patch*, some rows that replace those of a
root. It also knows which entities each capture since another table has touched, so that nothing needs to look at all
rows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from gameserver.compiled import COMPILED

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    Codes = NDArray[np.int64]
    Ids = NDArray[np.int64]
    Rows = NDArray[np.intp]
    Values = tuple[tuple[object, ...], ...]

FEW_ROWS: Final = 256 if COMPILED else 6
"""Tables of up to so many rows are compared and packed by loops over single numbers, those of more by numpy as well,
whose calls take longer than their work in a small table. In the interpreter, where these tables are captured so too, a
number in a loop takes some ten times as long.
"""

MAX_PATCH_ROWS: Final = 256
"""A table with more rows of its own has all rows of its own: carrying them along would cost more than that."""


class Change:
    """What one capture of a type found changed.

    Each change leads to the next one, and each table to its own. So whoever holds a table finds all changes since, and
    those that no table leads to any more are freed.
    """

    __slots__ = ("following", "ids", "rows")

    def __init__(self, ids: Ids, rows: Rows) -> None:
        """Say what changed.

        Args:
            ids: The entities that differ from the capture before, or move by a rate; ascending.
            rows: Where they are in the table that the capture made, if all of them were in the table before and still
                are; else anything.
        """
        self.ids = ids
        self.rows = rows
        self.following: Change | None = None


class _Patch:
    """The rows in which a table differs from its root, a table with all rows of its own and the same ids."""

    __slots__ = ("codes", "objects", "root", "rows")

    def __init__(self, root: Table, rows: Rows, codes: Codes, objects: tuple[Mapping[int, object], ...]) -> None:
        self.root = root
        self.rows = rows
        """Ascending."""
        self.codes = codes
        """Shape (numeric fields, rows)."""
        self.objects = objects
        """For each object field, the values that differ, by row of the table."""
        self.rows.flags.writeable = False
        self.codes.flags.writeable = False

    def places(self, rows: Rows) -> tuple[Rows, NDArray[np.bool_]]:
        """Return where rows of the table are in the patch, and for which of them that is so."""
        places = np.minimum(np.searchsorted(self.rows, rows), len(self.rows) - 1)
        return places, self.rows[places] == rows


class Table:
    """`n` entities of one type. Immutable: its arrays are never written to.

    Args:
        ids: Ascending, shape (n,).
        codes: Shape (numeric fields, n): one row per numeric field in order of the schema, one column per entity; or
            the same as `packed_codes`.
        objects: The `n` frozen values of each object field: a str, or a tuple of codes.
    """

    __slots__ = ("_codes", "_objects", "_packed_codes", "_patch", "change", "ids")

    def __init__(self, ids: Ids, codes: Codes | bytes, objects: Values) -> None:
        self.ids = ids
        """Ascending, shape (n,)."""
        self._codes: Codes | None = None
        self._packed_codes: bytes | None = None
        self._objects: Values | None = objects
        self._patch: _Patch | None = None
        self.change: Change | None = None
        """What the capture that made this table found; None for a type that does not rest."""
        ids.setflags(write=False)
        if isinstance(codes, bytes):
            self._packed_codes = codes
        else:
            self._codes = codes
            codes.setflags(write=False)

    @staticmethod
    def empty(numeric: int, objects: int) -> Table:
        """Return a table of no entities, of a type with these numbers of fields."""
        return Table(np.empty(0, np.int64), np.empty((numeric, 0), np.int64), tuple([()] * objects))

    @property
    def codes(self) -> Codes:
        """Shape (numeric fields, n): one row per numeric field in order of the schema, one column per entity."""
        if self._codes is None:
            self._codes = self._whole_codes()
            self._codes.flags.writeable = False
        return self._codes

    @property
    def packed_codes(self) -> bytes:
        """The codes as little-endian 64-bit integers, field by field."""
        if self._packed_codes is None:
            self._packed_codes = self.codes.astype("<i8", copy=False).tobytes()
        return self._packed_codes

    @property
    def objects(self) -> Values:
        """The `n` frozen values of each object field: a str, or a tuple of codes."""
        if self._objects is None:
            self._objects = self._whole_objects()
        return self._objects

    @property
    def object_count(self) -> int:
        """The number of object fields."""
        return len(self.objects if self._patch is None else self._patch.objects)

    def __len__(self) -> int:
        return len(self.ids)

    def same(self, other: Table) -> bool:
        """Return True if both hold the same entities with the same values."""
        return self is other or (
            np.array_equal(self.ids, other.ids)
            and np.array_equal(self.codes, other.codes)
            and self.objects == other.objects
        )

    def row(self, entity_id: int) -> int | None:
        """Return the index of an entity in the table, or None."""
        row = int(np.searchsorted(self.ids, entity_id))
        return row if row < len(self.ids) and self.ids[row] == entity_id else None

    def values_at(self, row: int) -> tuple[object, ...]:
        """Return one entity's numeric codes, then its frozen object values."""
        return (*self.codes[:, row].tolist(), *[column[row] for column in self.objects])

    def part(self, rows: Rows) -> Table:
        """Return a table of the entities at `rows`, which must ascend."""
        chosen = rows.tolist()
        objects = tuple([tuple([column[row] for row in chosen]) for column in self.objects])
        return Table(self.ids[rows], self.codes[:, rows], objects)

    def codes_at(self, rows: Rows) -> Codes:
        """Return the codes of the entities at `rows`, shape (numeric fields, rows)."""
        patch = self._patch
        if patch is not None and rows is patch.rows:
            return patch.codes
        if self._codes is not None or patch is None:
            return self.codes[:, rows]
        places, own = patch.places(rows)
        if own.all():
            return patch.codes[:, places]
        codes = patch.root.codes[:, rows]
        codes[:, own] = patch.codes[:, places[own]]
        return codes

    def values_of(self, column: int, rows: Sequence[int]) -> list[object]:
        """Return the frozen values of one object field.

        Args:
            column: The field, by its index among the object fields.
            rows: Where the entities are in the table.
        """
        patch = self._patch
        if self._objects is not None or patch is None:
            values = self.objects[column]
            return [values[row] for row in rows]
        own, values = patch.objects[column], patch.root.objects[column]
        return [own[row] if row in own else values[row] for row in rows]

    def changed_since(self, before: Table) -> Ids | None:
        """Return the entities that may differ from those of an earlier table; all others are alike and do not move.

        Args:
            before: The table of an earlier capture.

        Returns:
            Ids, ascending, those of entities that only one of both has included. None: nothing is known of that.
        """
        changes = self._changes_since(before)
        return None if changes is None else _union([change.ids for change in changes])

    def rows_changed_since(self, before: Table) -> Rows:
        """Return the same as rows, for a table before that has the very array of ids of this one."""
        return _union([change.rows for change in self._changes_since(before) or ()])

    def knows_changes_since(self, before: Table) -> bool:
        """Return whether `changed_since` knows."""
        return self._changes_since(before) is not None

    def _changes_since(self, before: Table) -> list[Change] | None:
        change, newest = before.change, self.change
        if change is None or newest is None:
            return None
        found = []
        while change is not newest:
            change = change.following
            if change is None:
                return None
            found.append(change)
        return found

    def replaced(self, rows: Rows, codes: Codes, objects: Sequence[Mapping[int, object]]) -> Table:
        """Return a table of the same entities with other values in some rows; it shares all other rows with this one.

        Args:
            rows: The rows, ascending, at least one.
            codes: All their numeric codes, shape (numeric fields, rows).
            objects: For each object field, the values that are to differ, by row; a row may be left out.
        """
        patch = self._patch
        if patch is None:
            # Without a change: that of this table would lead to all later ones for as long as the root is shared.
            root, merged = Table(self.ids, self.codes, self.objects), tuple(objects)
        else:
            root = patch.root
            rows, codes = _merged(patch, rows, codes)
            merged = tuple([{**old, **new} if new else old for old, new in zip(patch.objects, objects, strict=True)])
        made = Table(self.ids, b"", ())
        made._packed_codes, made._objects = None, None
        made._patch = _Patch(root, rows, codes, merged)
        if len(rows) <= MAX_PATCH_ROWS:
            return made
        return Table(self.ids, made._whole_codes(), made._whole_objects())

    def without(self, rows: Rows, added: Ids, codes: Codes, objects: Sequence[Sequence[object]]) -> Table:
        """Return a table in which some entities are missing and others were added.

        Args:
            rows: Where the missing ones are, ascending.
            added: The ids of those that were added, all above the ids of this table, ascending.
            codes: Their codes, shape (numeric fields, added).
            objects: Their values, one item an object field.
        """
        stays = np.ones(len(self), np.bool_)
        stays[rows] = False
        columns = []
        for column, more in zip(self._whole_objects(), objects, strict=True):
            values = list(column)
            for row in reversed(rows.tolist()):
                del values[row]
            columns.append((*values, *more))
        ids = np.concatenate([self.ids[stays], added])
        return Table(ids, np.concatenate([self._whole_codes()[:, stays], codes], axis=1), tuple(columns))

    def _whole_codes(self) -> Codes:
        """Return all codes, and do not keep them where the table shares rows."""
        patch = self._patch
        if self._codes is not None:
            return self._codes
        if patch is None:
            codes = np.frombuffer(self._packed_codes or b"", "<i8").astype(np.int64, copy=False)
            return codes.reshape(-1, len(self.ids))
        codes = patch.root.codes.copy()
        codes[:, patch.rows] = patch.codes
        return codes

    def _whole_objects(self) -> Values:
        """Return all objects, likewise; a column without changes is that of the root."""
        patch = self._patch
        if self._objects is not None or patch is None:
            return self.objects
        columns = []
        for column, own in zip(patch.root.objects, patch.objects, strict=True):
            values = list(column)
            for row, value in own.items():
                values[row] = value
            columns.append(tuple(values) if own else column)
        return tuple(columns)


def _union(ascending: Sequence[NDArray[np.int64]]) -> NDArray[np.int64]:
    """Return what is in any of some ascending arrays, ascending."""
    if len(ascending) == 1:
        return ascending[0]
    return np.unique(np.concatenate([np.empty(0, np.int64), *ascending]))


def _merged(patch: _Patch, rows: Rows, codes: Codes) -> tuple[Rows, Codes]:
    """Return the rows of a patch and some others, and their codes; those given count where both have a row."""
    if rows is patch.rows:
        return rows, codes
    places, own = patch.places(rows)
    if own.all():
        all_codes = patch.codes.copy()
        all_codes[:, places] = codes
        return patch.rows, all_codes
    all_rows = np.union1d(patch.rows, rows)
    all_codes = np.empty((len(codes), len(all_rows)), np.int64)
    all_codes[:, np.searchsorted(all_rows, patch.rows)] = patch.codes
    all_codes[:, np.searchsorted(all_rows, rows)] = codes
    return all_rows, all_codes


def compact(indexes: Sequence[int]) -> slice | list[int]:
    """Return an index for rows of an array: a slice if they are consecutive, which numpy reads without a copy."""
    rows = list(indexes)
    if rows and rows == list(range(rows[0], rows[-1] + 1)):
        return slice(rows[0], rows[-1] + 1)
    return rows
