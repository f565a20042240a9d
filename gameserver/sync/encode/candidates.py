"""What a delta could say of the entities of one type to some viewers: what changed, how urgent it is, what it costs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from gameserver.sync.encode.blocks import BLOCK_BYTES

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gameserver.sync.encode.blocks import Block
    from gameserver.sync.encode.pairs import Pairs
    from gameserver.sync.encode.type_delta import TypeDelta

    Flags = NDArray[np.bool_]
    Rows = NDArray[np.intp]
    Reals = NDArray[np.float32]

LAST_CHANCE_FACTOR: Final = 8.0  # how much more urgent an entity is that leaves the view unless it is sent now


class Candidates:
    """The entities of one type in the views of some viewers.

    Every array has one item for each pair of `seen`. At first everything is wanted, which is right for viewers that
    hold nothing; comparing with their base sets the rest.
    """

    def __init__(self, seen: Pairs, weight: Reals) -> None:
        count = len(seen)
        self.seen = seen
        self.weight = weight
        """How much the entity matters to the viewer; infinity for its avatar."""
        self.delta: TypeDelta | None = None
        """What changed since the base; None without one."""
        self.stays: Flags = np.zeros(count, np.bool_)
        """Was in the view of the base, and what the viewer holds of it is known."""
        self.ages = np.zeros(count, np.uint8)
        """As in `Views.ages`."""
        self.changed: Flags = np.zeros(count, np.bool_)
        """Stays, and is not where the viewer expects it."""
        self.required: Flags = np.zeros(count, np.bool_)
        """Changed, and leaves the view unless it is sent now."""
        self.wanted: Flags = np.ones(count, np.bool_)
        """Is sent if everything fits."""
        self.blocks: list[Block] = []
        self.rows: Rows = np.zeros(count, np.intp)
        """The entity's row in the blocks, if it stays."""
        self.cost: Reals = np.zeros(count, np.float32)
        """About how many bytes it takes to send the entity."""

    @property
    def urgency(self) -> Reals:
        """How urgent it is to send each entity: its weight, times the snapshots since it was last sent."""
        waited: Reals = (self.ages.astype(np.float32) + 1) * self.weight
        return np.where(self.required, waited * np.float32(LAST_CHANCE_FACTOR), waited)

    def block_head_bytes(self, fields: int) -> Reals:
        """Return about how many bytes the heads of this type's blocks take for each viewer, shape (viewers,)."""
        viewers = self.seen.viewers[self.wanted]
        some = np.bincount(viewers, minlength=self.seen.count) > 0
        return some * np.float32((BLOCK_BYTES + fields) * max(1, len(self.blocks)))
