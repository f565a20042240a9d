"""What viewers hold of entities that were left out of deltas: the codes that dead reckoning gives (protocol.md §5).

From one STATE to the next a client moves every entity in its view by its rates, whether the message names it or not.
So the codes that it holds of an entity that was left out follow from the last snapshot in which the entity was sent
and the ticks of the snapshots since. They are worked out when a delta needs them, once for all viewers.
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
KEPT_SNAPSHOTS: Final = 2 * MAX_AGE + 2  # at least: a base that is MAX_AGE + 1 snapshots old, and MAX_AGE before it


class DeadReckoning:
    """The newest snapshots of a room, and the codes expected of entities that were last sent in an older one."""

    def __init__(self, motions: Sequence[Motion], kept: int = KEPT_SNAPSHOTS) -> None:
        """Begin without snapshots.

        Args:
            motions: One item an entity type.
            kept: How many snapshots are kept.
        """
        self._motions = motions
        self._snapshots: deque[Snapshot] = deque(maxlen=kept)
        self._n_dropped = 0
        self._expected: dict[tuple[int, int, int], Codes] = {}

    @property
    def count(self) -> int:
        """How many snapshots were added."""
        return self._n_dropped + len(self._snapshots)

    def add(self, new: Snapshot) -> None:
        """Add the newest snapshot; adding it again changes nothing."""
        if self._snapshots and self._snapshots[-1] is new:
            return
        if len(self._snapshots) == self._snapshots.maxlen:
            self._n_dropped += 1
            oldest = self._snapshots[0].tick
            self._expected = {key: codes for key, codes in self._expected.items() if key[0] > oldest}
        self._snapshots.append(new)

    def is_previous(self, base: Snapshot) -> bool:
        """Return whether `base` is the snapshot right before the newest."""
        return len(self._snapshots) > 1 and self._snapshots[-2] is base

    def oldest_age(self, base: Snapshot) -> int:
        """Return the highest age for which `expected` can answer at `base`: 0 for a snapshot that was dropped."""
        return self._place(base) or 0

    def expected(self, base: Snapshot, index: int, age: int) -> Codes:
        """Return the codes that a viewer holds at `base` of entities that were last sent `age` snapshots before it.

        Args:
            base: A snapshot.
            index: The entity type.
            age: In snapshots, at most `oldest_age(base)`; 0: sent in `base` itself.

        Returns:
            Codes in the columns of `base`'s table. Columns of entities that did not exist `age` snapshots before mean
            nothing.
        """
        if age == 0:
            return base.tables[index].codes
        key = base.tick, index, age
        codes = self._expected.get(key)
        if codes is None:
            place = self._place(base)
            assert place is not None
            before = self._snapshots[place - 1]
            older = self.expected(before, index, age - 1)
            moved = self._motions[index].advance(older, None, base.tick - before.tick)
            codes = self._expected[key] = _rearranged(moved, before.tables[index].ids, base.tables[index].ids)
        return codes

    def _place(self, base: Snapshot) -> int | None:
        """Return the index of a snapshot, or None when it was dropped."""
        return next((place for place, snapshot in enumerate(self._snapshots) if snapshot is base), None)


def _rearranged(codes: Codes, ids: NDArray[np.int64], new_ids: NDArray[np.int64]) -> Codes:
    """Return the columns of `ids` in the order of `new_ids`; 0 for ids that are new."""
    if ids is new_ids:
        return codes
    _, rows, new_rows = np.intersect1d(ids, new_ids, assume_unique=True, return_indices=True)
    rearranged = np.zeros((len(codes), len(new_ids)), np.int64)
    rearranged[:, new_rows] = codes[:, rows]
    return rearranged
