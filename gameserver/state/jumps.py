"""`Jumps`: how an author says that an entity was put elsewhere, so that nobody draws it on the way there.

It is a counter, not a flag: whoever missed some snapshots still sees that it went up. `Room.teleport` counts it up. A
type that is kept in columns does it itself: `boids.jumps[rows] = (boids.jumps[rows] + 1) % 256`, and so does a shared
step that has a portal: `ship.jumps = (ship.jumps + 1) % 256`.
"""

from __future__ import annotations

from typing import Final

from gameserver.state.numeric import Int

JUMP_COUNTS: Final = 256
"""After so many it starts again at 0: 256 jumps between two snapshots look like none, which nobody will miss."""


class Jumps(Int):
    """Counts how often its entity was put elsewhere. A type has at most one; on the wire it is an `int` with `jump`."""

    def __init__(self) -> None:
        super().__init__(0, JUMP_COUNTS - 1)

    def spec(self) -> dict[str, object]:
        """Return the range, and that it counts jumps."""
        return {**super().spec(), "jump": True}
