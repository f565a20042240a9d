"""Micro-benchmark of rooms without sockets: inputs and the ticks of rooms of fifty players in the reference scene.

    python -m bench.micro_room [--ticks 2000] [--players 50] [--rooms 1]

Links are in memory and take everything; the messages are those that clients send. Figures are medians over all ticks.
Caches are warm here, unlike in a running server (docs/performance.md), the more so the fewer rooms there are: the
figures show how much code runs, and how a change affects that. PYTHONSAFEPATH=1 PYTHONPATH=build/compiled:. runs it on
the compiled build.
"""

from __future__ import annotations

import argparse
import random
import secrets
import statistics
from time import perf_counter
from typing import TYPE_CHECKING

import msgpack

from bench.scene import ArenaReference
from gameserver.compiled import COMPILED
from gameserver.hub.hub import Hub
from gameserver.protocol.constants import ClientMessage

if TYPE_CHECKING:
    from gameserver.hub.peer import Peer

TICK_S = 1 / ArenaReference.tick_hz
WARM_TICKS = 50


class Taker:
    """A link that takes everything it is offered."""

    ready = True
    writer = None

    def offer(self, *_messages: bytes) -> bool:
        """Return True."""
        return True

    def send(self, *_messages: bytes) -> None:
        """Discard it."""

    def close(self, code: int, reason: str) -> None:
        """Exit with an error: no link is closed in this benchmark."""
        raise SystemExit(f"a link was closed with {code}: {reason}")

    def start_polling(self, room_id: str) -> None:
        """Do nothing: there is no socket to poll."""

    def stop_polling(self) -> None:
        """Do nothing."""


def joined(hub: Hub, players: int) -> list[Peer]:
    """Return `players` peers that have sent JOIN. Each room is full before the next one opens."""
    peers = [hub.open(Taker(), 0.0) for _ in range(players)]
    for number, peer in enumerate(peers):
        peer.receive(msgpack.packb([ClientMessage.JOIN, "arena", None, 0, {"name": f"player{number}"}]), 0.0)
    return peers


def main() -> None:
    """Measure and print one line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--ticks", type=int, default=2000)
    parser.add_argument("--players", type=int, default=50, help="in each room")
    parser.add_argument("--rooms", type=int, default=1)
    options = parser.parse_args()
    chance = random.Random(1)
    room = type("Scene", (ArenaReference,), {"max_players": options.players})
    hub = Hub({"arena": room}, token_bytes=secrets.token_bytes, seed=1)
    players = options.players * options.rooms
    peers = joined(hub, players)
    engines = list(hub.rooms.values())
    if len(engines) != options.rooms:
        raise SystemExit(f"{players} players are in {len(engines)} rooms")
    received_s, ticked_s = [], []
    for number in range(1, options.ticks + WARM_TICKS + 1):
        now_s = number * TICK_S
        push = [chance.randrange(-128, 129), chance.randrange(-128, 129), chance.randrange(65_536)]
        message = msgpack.packb([ClientMessage.INPUT, number, engines[0].tick_number, 32, *push])
        began = perf_counter()
        for peer in peers:
            peer.receive(message, now_s - TICK_S / 2)
        received = perf_counter()
        for engine in engines:
            engine.tick(now_s)
        if number > WARM_TICKS:
            received_s.append(received - began)
            ticked_s.append(perf_counter() - received)
    receive, tick = (statistics.median(times) / players * 1e6 for times in (received_s, ticked_s))
    build = "compiled" if COMPILED else "interpreted"
    print(f"{build}, {options.rooms} rooms of {options.players}: receive {receive:.2f} us, tick {tick:.2f} us a player")


if __name__ == "__main__":
    main()
