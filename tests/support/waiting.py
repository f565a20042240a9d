"""A server in memory whose clients keep up, and whose rooms all tick five times a second."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.support.memory_server import MemoryServer

if TYPE_CHECKING:
    from gameserver.hub.peer import Peer
    from tests.support.memory_server import MemoryLink

TICK_HZ = 5


class Waiting(MemoryServer):
    """For rooms in which clients wait, and from which they travel."""

    def connect(self) -> tuple[MemoryLink, Peer]:
        link, peer = super().connect()
        self.keep_up(link, peer)
        return link, peer

    def seconds(self, count: float) -> None:
        """Let time pass."""
        self.tick(round(count * TICK_HZ))

    def kind_of(self, link: MemoryLink) -> str:
        """The kind of the room that a client is in."""
        return self.hub.rooms[link.welcome["room"]].kind.name

    def teams(self, link: MemoryLink) -> dict[str, int]:
        """The team of each player, by name, in the room that a client is in."""
        room = self.hub.rooms[link.welcome["room"]].room
        return {player.text("name"): int(str(player.params["team"])) for player in room.players}
