"""What a viewer sees of a snapshot: everything (`ALL`), or some of the entities (`View`).

Views are made for many viewers at once: `Views` has one matrix an entity type, viewers by entities, and a `View` is one
viewer's row of each. Both belong to the snapshot for which they were made and are meaningless for any other.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

import numpy as np

from gameserver.sync.encode.pairs import Pairs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from gameserver.state.table import Table
    from gameserver.sync.snapshot import Snapshot


class _Everything(Enum):
    ALL = "everything"


ALL: Final = _Everything.ALL
"""The view of a viewer who sees everything."""


class Views:
    """What some viewers see of one snapshot. Its arrays are never written to after it was made."""

    __slots__ = ("_pairs", "ages", "count", "masks", "snapshot")

    def __init__(
        self,
        snapshot: Snapshot,
        masks: tuple[NDArray[np.bool_], ...],
        count: int,
        ages: tuple[NDArray[np.uint8], ...] | None = None,
    ) -> None:
        self.snapshot = snapshot
        self.masks = masks
        """One matrix an entity type, of shape (viewers, entities of the type)."""
        self.count = count
        """How many viewers."""
        self.ages = ages
        """Matrices like `masks`, in snapshots. For an entity in the view: how long it has been left out of deltas while
        it moved other than expected; for any other: how long it has waited to enter. None: 0 for all."""
        self._pairs: dict[int, Pairs] = {}

    @property
    def has_left_out(self) -> bool:
        """Whether the viewers hold anything otherwise than it is in the snapshot, or wait for anything to enter."""
        return self.ages is not None and any(age.any() for age in self.ages)

    def pairs(self, index: int) -> Pairs:
        """Return the pairs of entity type `index`. They are kept, since the next delta needs them again."""
        pairs = self._pairs.get(index)
        if pairs is None:
            pairs = self._pairs[index] = Pairs.of(self.masks[index])
        return pairs

    @staticmethod
    def of(views: Sequence[View]) -> Views:
        """Return views of the same snapshot as one object; without a copy when they are all rows of one, in order."""
        parent = views[0].views
        chosen = [view.row for view in views]
        if any(view.views is not parent for view in views):
            matrices = [np.stack(rows) for rows in zip(*[view.masks for view in views], strict=True)]
            ages = [np.stack(rows) for rows in zip(*[view.ages for view in views], strict=True)]
        elif chosen == list(range(parent.count)):
            return parent
        else:
            matrices = [mask[chosen] for mask in parent.masks]
            ages = [age[chosen] for age in parent.ages or ()]
        return Views(parent.snapshot, tuple(matrices), len(views), tuple(ages) or None)

    def __getitem__(self, row: int) -> View:
        return View(self, row)


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """What one viewer sees of one snapshot."""

    views: Views
    row: int

    @property
    def masks(self) -> tuple[NDArray[np.bool_], ...]:
        """One mask an entity type, of shape (entities of the type,)."""
        return tuple([mask[self.row] for mask in self.views.masks])

    @property
    def ages(self) -> tuple[NDArray[np.uint8], ...]:
        """This viewer's rows of the ages, one an entity type."""
        if self.views.ages is None:
            return tuple([np.zeros(mask.shape[1], np.uint8) for mask in self.views.masks])
        return tuple([age[self.row] for age in self.views.ages])

    def tables(self) -> tuple[Table, ...]:
        """Return the entities that this viewer sees, one table an entity type."""
        tables = zip(self.views.snapshot.tables, self.masks, strict=True)
        return tuple([table.part(np.flatnonzero(mask)) for table, mask in tables])


AnyView: TypeAlias = View | Literal[_Everything.ALL]
"""A view of some of the entities, or ALL."""
