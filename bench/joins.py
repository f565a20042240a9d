"""What a join costs, with few rooms running and with many.

    python -m bench.joins [--joins 2000] [--repeats 5]

A hub in memory, without sockets. So many rooms of one kind run already, all full but one; then clients join any room of
it, play for no time and leave. A figure is the processor's time from the JOIN's bytes to the WELCOME's and the seat's
being free again, with the tick of the one room that they come into; ticks of the others are left out. Figures are
medians over the repeats, which go through all sizes in turn.
"""

from __future__ import annotations

import argparse
import secrets
import statistics
from time import process_time
from typing import TYPE_CHECKING, Any, Final

import msgpack

from gameserver.compiled import COMPILED
from gameserver.hub.hub import Hub
from gameserver.protocol.constants import ClientMessage, Limits, ServerMessage
from gameserver.room.room import Room
from gameserver.testing.links import ServerLink

if TYPE_CHECKING:
    from gameserver.room.engine import RoomEngine

ROOMS: Final = (1, 100, 5_000)


class Town(Room[Any]):
    """Nothing happens here."""

    kind = "town"
    max_players = 2
    empty_close_s = 3_600.0


class NotingLink(ServerLink):
    """Notes that it was welcomed."""

    welcomed = False

    def carry(self, message: bytes) -> None:
        """Look at the message's id only."""
        self.welcomed |= message[1] == ServerMessage.WELCOME


class Crowd:
    """A hub in which so many rooms run."""

    def __init__(self, rooms: int) -> None:
        limits = Limits(max_rooms=rooms + 1)
        self.now_s = 0.0
        self.hub = Hub([Town], token_bytes=secrets.token_bytes, seed=1, limits=limits)
        for _ in range(rooms - 1):
            room = self.hub.open_room("town")
            for _ in range(Town.max_players):
                self.join(room.id)
            room.tick(self.now_s)
        self.open = self.hub.open_room("town")
        self.open.tick(0.0)

    def join(self, room: object) -> tuple[NotingLink, Any]:
        """Send a JOIN over a new link."""
        link = NotingLink()
        peer = self.hub.open(link, self.now_s, address="")
        peer.receive(msgpack.packb([ClientMessage.JOIN, "town", room, 0, {}]), self.now_s)
        return link, peer

    def come_and_go(self, engine: RoomEngine) -> None:
        """One client joins any room, and leaves."""
        self.now_s += 0.05
        link, peer = self.join(None)
        engine.tick(self.now_s)
        assert link.welcomed, link.closed
        peer.receive(msgpack.packb([ClientMessage.LEAVE]), self.now_s)
        peer.lost(self.now_s, 1000)
        engine.tick(self.now_s)


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--joins", type=int, default=2_000)
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    crowds = {rooms: Crowd(rooms) for rooms in ROOMS}
    costs_us: dict[int, list[float]] = {rooms: [] for rooms in ROOMS}
    for _ in range(options.repeats):
        for rooms, crowd in crowds.items():
            began = process_time()
            for _ in range(options.joins):
                crowd.come_and_go(crowd.open)
            costs_us[rooms].append((process_time() - began) / options.joins * 1e6)
    print(f"{'compiled' if COMPILED else 'interpreted'}\n")
    print("| rooms running | a join | joins a second |\n|--:|--:|--:|")
    for rooms, costs in costs_us.items():
        cost = statistics.median(costs)
        print(f"| {rooms:,} | {cost:.0f} µs | {1e6 / cost:,.0f} |")


if __name__ == "__main__":
    main()
