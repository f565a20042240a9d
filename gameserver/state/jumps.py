"""`Jumps`: a counter of an entity's teleports, so that viewers do not draw it between the old and the new place.

A counter, not a flag: a viewer that missed some snapshots still sees that it changed. `Room.teleport` increments it.
For a type kept in columns the game does that itself, `boids.jumps[rows] = (boids.jumps[rows] + 1) % 256`, and so does a
shared step with a portal: `ship.jumps = (ship.jumps + 1) % 256`.
"""

from __future__ import annotations

from typing import Final

from gameserver.state.numeric import Int

JUMP_COUNTS: Final = 256
"""The counter returns to 0 after so many. 256 teleports between two snapshots look like none."""


class Jumps(Int):
    """A counter of the entity's teleports; clients jump instead of interpolating when it changes.

    A type has at most one. `Room.teleport` increments it. On the wire it is an `int` with the key `jump`.
    """

    def __init__(self) -> None:
        super().__init__(0, JUMP_COUNTS - 1)

    def spec(self) -> dict[str, object]:
        """Return the range, and `jump`."""
        return {**super().spec(), "jump": True}
