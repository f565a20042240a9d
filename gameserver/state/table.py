"""One entity type's part of a snapshot: ids and codes in arrays, and the values of object fields."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """`n` entities of one type. Immutable: its arrays are never written to."""

    ids: NDArray[np.int64]
    """Ascending, shape (n,)."""
    codes: NDArray[np.int64]
    """Shape (numeric fields, n): one row per numeric field in order of the schema, one column per entity."""
    objects: tuple[tuple[object, ...], ...]
    """The `n` frozen values of each object field: a str, or a tuple of codes."""

    @staticmethod
    def empty(numeric: int, objects: int) -> Table:
        """Return a table of no entities, of a type with these numbers of fields."""
        return Table(np.empty(0, np.int64), np.empty((numeric, 0), np.int64), tuple([()] * objects))

    def __post_init__(self) -> None:
        """Make the arrays read-only."""
        self.ids.flags.writeable = False
        self.codes.flags.writeable = False

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

    def part(self, rows: NDArray[np.intp]) -> Table:
        """Return a table of the entities at `rows`, which must ascend."""
        chosen = rows.tolist()
        objects = tuple([tuple([column[row] for row in chosen]) for column in self.objects])
        return Table(self.ids[rows], self.codes[:, rows], objects)


def compact(indexes: Sequence[int]) -> slice | list[int]:
    """Return an index for rows of an array: a slice if they are consecutive, which numpy reads without a copy."""
    rows = list(indexes)
    if rows and rows == list(range(rows[0], rows[-1] + 1)):
        return slice(rows[0], rows[-1] + 1)
    return rows
