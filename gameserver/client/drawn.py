"""What `draw` returns: the entities of a room as they are to be drawn.

`client_demo/sdk/drawn.js` is the twin. A page wants one object an entity, the same in every frame; programs and tests
that draw with this client look at many entities at once, so they get a numpy array a type, new each time.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import compress
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Collection

    from numpy.typing import NDArray

    from gameserver.state.entity import Entity, EntityType


@dataclass(frozen=True, slots=True)
class DrawnTable:
    """The entities of one type as they are to be drawn."""

    entity_type: EntityType
    ids: NDArray[np.int64]
    """Ascending, shape (n,)."""
    values: NDArray[np.float64]
    """Decoded values, shape (numeric fields, n); a flag is 0 or 1, a choice its index, a reference an id."""
    objects: tuple[tuple[object, ...], ...]
    """For each object field its `n` frozen values."""

    def __len__(self) -> int:
        return len(self.ids)

    def column(self, name: str) -> NDArray[np.float64]:
        """Return the `n` values of a numeric field.

        Raises:
            ValueError: There is no numeric field of that name.
        """
        return self.values[list(self.entity_type.numeric).index(name)]  # type: ignore[no-any-return]

    def without(self, ids: Collection[int]) -> DrawnTable:
        """Return the table without these entities."""
        stays = ~np.isin(self.ids, list(ids))
        objects = tuple([tuple(compress(column, stays)) for column in self.objects])
        return DrawnTable(self.entity_type, self.ids[stays], self.values[:, stays], objects)


@dataclass(frozen=True, slots=True)
class Drawn:
    """Everything that is to be drawn at one moment."""

    tick: float
    """The moment, in ticks of the room."""
    tables: tuple[DrawnTable, ...]
    """One an entity type, in the schema's order."""
    spawns: tuple[Entity, ...] = ()
    """What the player's own actions have spawned, in the player's own time; they are not in the tables."""
