"""The newest snapshots of a room, looked up by tick: the bases of deltas, and the past in which shots are judged."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gameserver.sync.snapshot import Snapshot


class History:
    """A ring of snapshots. A lookup checks the tick of its slot, so it never returns another tick's state."""

    __slots__ = ("_slots", "newest")

    def __init__(self, size: int) -> None:
        """Begin with an empty ring for the snapshots of the last `size` ticks, at least one."""
        self._slots: list[Snapshot | None] = [None] * max(1, size)
        self.newest: Snapshot | None = None

    def put(self, snapshot: Snapshot) -> None:
        """Add a snapshot.

        Raises:
            ValueError: The snapshot is not newer than all others.
        """
        if self.newest is not None and snapshot.tick <= self.newest.tick:
            msg = f"tick {snapshot.tick} after {self.newest.tick}: history goes forward only"
            raise ValueError(msg)
        self._slots[snapshot.tick % len(self._slots)] = snapshot
        self.newest = snapshot

    def newest_of(self, ticks: int) -> list[Snapshot]:
        """Return the snapshots of the newest `ticks` ticks, oldest first."""
        if self.newest is None:
            return []
        first = max(0, self.newest.tick - ticks + 1)
        return [found for tick in range(first, self.newest.tick + 1) if (found := self.get(tick)) is not None]

    def get(self, tick: int) -> Snapshot | None:
        """Return the snapshot of `tick`, or None when there was none or it has been overwritten."""
        slot = self._slots[tick % len(self._slots)]
        return slot if slot is not None and slot.tick == tick else None
