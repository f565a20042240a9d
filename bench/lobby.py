"""What a lobby costs: many listed rooms, many viewers.

    python -m bench.lobby [--rooms 2000] [--viewers 500] [--changes 100] [--seconds 20]

A hub in memory, without sockets. So many public rooms of one kind run, and so many clients watch their lobby, which
ticks five times a second. In each second so many rooms change what they list. Only the lobby ticks: a figure is the
processor's time of the changes, the directory and the lobby's ticks. A first look is the time from JOIN to the STATE
with all rows.
"""

from __future__ import annotations

import argparse
import random
import secrets
from time import process_time
from typing import TYPE_CHECKING, Any, Final

import msgpack

from gameserver import Listing, Room
from gameserver.compiled import COMPILED
from gameserver.hub.hub import Hub
from gameserver.hub.lobby_feed import MAX_ROWS
from gameserver.match.lobby import Lobby, lobby_of
from gameserver.protocol.constants import ClientMessage, Limits, ServerMessage
from gameserver.testing.links import ServerLink

if TYPE_CHECKING:
    from gameserver.hub.peer import Peer

LOBBY: Final = "lobby.town"


class TownListing(Listing):
    """What a town shows."""

    name: str = "Town"
    map: str = "ice"
    goals: int = 0


class Town(Room[Any]):
    """Nothing happens here but that its listing changes."""

    kind = "town"
    listing = TownListing()


class Viewer(ServerLink):
    """Counts bytes, and acks each STATE."""

    def __init__(self) -> None:
        super().__init__()
        self.bytes = 0
        self.newest = 0
        self.peer: Peer | None = None

    def carry(self, message: bytes) -> None:
        """Note a message's size, and the tick of a STATE."""
        self.bytes += len(message)
        if message[1] == ServerMessage.STATE:
            self.newest = msgpack.unpackb(message)[1]


class Hall:
    """A hub with listed rooms, and the viewers of their lobby."""

    def __init__(self, rooms: int) -> None:
        self.random = random.Random(1)
        self.now_s = 0.0
        limits = Limits(max_rooms=rooms + 1)
        self.hub = Hub([Town], token_bytes=secrets.token_bytes, seed=1, limits=limits, lobby_of=lobby_of)
        self.towns = [self.hub.open_room("town") for _ in range(rooms)]
        self.lobby = self.hub.open_room(LOBBY)
        self.viewers: list[Viewer] = []
        self.tick(rooms // MAX_ROWS + 1)

    def tick(self, ticks: int = 1) -> None:
        """Let the lobby make so many ticks."""
        for _ in range(ticks):
            self.now_s += self.lobby.tick_s
            self.lobby.tick(self.now_s)
            for viewer in self.viewers:
                assert viewer.peer is not None
                viewer.peer.receive(msgpack.packb([ClientMessage.ACK, viewer.newest]), self.now_s)

    def join(self) -> Viewer:
        """One more viewer."""
        viewer = Viewer()
        viewer.peer = self.hub.open(viewer, self.now_s)
        viewer.peer.receive(msgpack.packb([ClientMessage.JOIN, LOBBY, None, 0, {}]), self.now_s)
        self.viewers.append(viewer)
        return viewer

    def change(self) -> None:
        """One room has scored."""
        town = self.random.choice(self.towns)
        listing = town.room.listing
        assert isinstance(listing, TownListing)
        listing.goals += 1
        town.tick(self.now_s)


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rooms", type=int, default=2_000)
    parser.add_argument("--viewers", type=int, default=500)
    parser.add_argument("--changes", type=int, default=100)
    parser.add_argument("--seconds", type=int, default=20)
    options = parser.parse_args()
    hall = Hall(options.rooms)
    began = process_time()
    first = hall.join()
    hall.tick()
    look_ms = (process_time() - began) * 1e3
    first_kb = first.bytes / 1e3
    for _ in range(options.viewers - 1):
        hall.join()
        if len(hall.viewers) % 50 == 0:
            hall.tick()
    hall.tick(2)
    before = sum(viewer.bytes for viewer in hall.viewers)
    began = process_time()
    for _ in range(options.seconds):
        for _ in range(Lobby.tick_hz):
            for _ in range(options.changes // Lobby.tick_hz):
                hall.change()
            hall.tick()
    spent = (process_time() - began) / options.seconds
    sent = sum(viewer.bytes for viewer in hall.viewers) - before
    each = sent / options.seconds / options.viewers
    print(f"{'compiled' if COMPILED else 'interpreted'}, {options.rooms:,} rooms, {options.viewers:,} viewers\n")
    print("| | |\n|---|--:|")
    print(f"| first look | {look_ms:.1f} ms, {first_kb:.0f} KB |")
    print(f"| {options.changes} changes a second: processor | {spent:.1%} |")
    print(f"| the same: each viewer | {each / 1e3:.2f} KB/s |")
    assert len(hall.lobby.world) == options.rooms
    assert not any(viewer.closed for viewer in hall.viewers)


if __name__ == "__main__":
    main()
