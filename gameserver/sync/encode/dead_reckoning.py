"""What viewers hold of entities of which they were not told for some snapshots: they coast by their rates
(protocol.md §5).

A client takes every entity in its view from one STATE to the next by what is expected, named or not. So what it
holds of one that was left out is known here too: it depends on nothing but the last snapshot in which it was told,
and on the snapshots since. It is worked out when somebody needs it, once for all who do.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from gameserver.sync.motion import Motion
    from gameserver.sync.snapshot import Snapshot

    Codes = NDArray[np.int64]

MAX_AGE: Final = 15  # snapshots that an entity may be left out in a row: 0.75 s at 20 a second
REMEMBERED: Final = 2 * MAX_AGE + 2  # snapshots: a base may be a window of 16 old, and its entities as old again


class DeadReckoning:
    """The last snapshots that viewers were told of, and what is believed of each by those who coast."""

    def __init__(self, motions: Sequence[Motion]) -> None:
        self._motions = motions
        self._told: deque[Snapshot] = deque(maxlen=REMEMBERED)
        self._forgotten = 0
        self._beliefs: dict[tuple[int, int, int], Codes] = {}

    @property
    def count(self) -> int:
        """How many snapshots there were."""
        return self._forgotten + len(self._told)

    def turn_to(self, new: Snapshot) -> None:
        """Make `new` the newest snapshot that viewers are told of."""
        if self._told and self._told[-1] is new:
            return
        if len(self._told) == REMEMBERED:
            self._forgotten += 1
            oldest = self._told[0].tick
            self._beliefs = {key: codes for key, codes in self._beliefs.items() if key[0] > oldest}
        self._told.append(new)

    def is_last(self, base: Snapshot) -> bool:
        """Whether `base` is the snapshot right before the newest."""
        return len(self._told) > 1 and self._told[-2] is base

    def remembers(self, base: Snapshot) -> bool:
        """Whether beliefs about `base` of any age can be told."""
        place = self._place(base)
        return place is not None and (place >= MAX_AGE or not self._forgotten)

    def belief(self, base: Snapshot, index: int, age: int) -> Codes:
        """Return the codes that a viewer holds at `base` of entities of type `index` that were last told `age`
        snapshots before it. They stand in `base`'s columns; those of entities that were not there then mean
        nothing."""
        if age == 0:
            return base.tables[index].codes
        key = base.tick, index, age
        known = self._beliefs.get(key)
        if known is None:
            place = self._place(base)
            assert place is not None
            before = self._told[place - 1]
            older = self.belief(before, index, age - 1)
            moved = self._motions[index].advance(older, None, base.tick - before.tick)
            known = self._beliefs[key] = _moved_over(moved, before.tables[index].ids, base.tables[index].ids)
        return known

    def _place(self, base: Snapshot) -> int | None:
        return next((place for place, told in enumerate(self._told) if told is base), None)


def _moved_over(codes: Codes, ids: NDArray[np.int64], new_ids: NDArray[np.int64]) -> Codes:
    """Return the columns of `ids` where `new_ids` has them."""
    if ids is new_ids:
        return codes
    _, rows, new_rows = np.intersect1d(ids, new_ids, assume_unique=True, return_indices=True)
    moved = np.zeros((len(codes), len(new_ids)), np.int64)
    moved[:, new_rows] = codes[:, rows]
    return moved
