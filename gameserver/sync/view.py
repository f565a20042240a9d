"""What a viewer sees of a snapshot: everything (`ALL`), or for each entity type a mask over the snapshot's rows.

Views are made for many viewers at once: a `Views` has for each entity type one matrix, viewers × entities. A `View` is one viewer's
row of it; it belongs to the snapshot of its tick, and says nothing about any other.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from gameserver.sync.snapshot import Snapshot


class _Everything(Enum):
    ALL = "everything"


ALL: Final = _Everything.ALL
"""The view of a viewer who sees everything."""


@dataclass(frozen=True, slots=True, eq=False)
class Views:
    """What some viewers see at one tick. Nothing in it is ever written to after it was made."""

    tick: int
    masks: tuple[NDArray[np.bool_], ...]
    """One matrix an entity type, of shape (viewers, entities of the type)."""
    count: int
    """How many viewers."""

    @staticmethod
    def of(views: Sequence[View]) -> Views:
        """Put single viewers' views of the same snapshot together, without copying when they are all of one matrix, in its order."""
        parent = views[0].views
        rows = [view.row for view in views]
        if any(view.views is not parent for view in views):
            return Views(
                parent.tick, tuple([np.stack(rows) for rows in zip(*[v.masks for v in views], strict=True)]), len(views)
            )
        if rows == list(range(parent.count)):
            return parent
        return Views(parent.tick, tuple([mask[rows] for mask in parent.masks]), len(rows))

    @staticmethod
    def everything(snapshot: Snapshot, count: int = 1) -> Views:
        """Return the views of `count` viewers who see all of `snapshot`."""
        return Views(snapshot.tick, tuple([np.ones((count, len(t)), np.bool_) for t in snapshot.tables]), count)

    @staticmethod
    def nothing(snapshot: Snapshot, count: int = 1) -> Views:
        """Return the views of `count` viewers who see nothing of `snapshot`."""
        return Views(snapshot.tick, tuple([np.zeros((count, len(t)), np.bool_) for t in snapshot.tables]), count)

    def __getitem__(self, row: int) -> View:
        return View(self, row)


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """What one viewer sees at one tick."""

    views: Views
    row: int

    @property
    def tick(self) -> int:
        """The tick of the snapshot to which the masks belong."""
        return self.views.tick

    @property
    def masks(self) -> tuple[NDArray[np.bool_], ...]:
        """One mask an entity type, of shape (entities of the type,)."""
        return tuple([mask[self.row] for mask in self.views.masks])


Sight: TypeAlias = View | Literal[_Everything.ALL]
"""A view, or ALL."""
