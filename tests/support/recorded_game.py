"""A recorded game of the arena."""

import random
from functools import cache

from gameserver.games.arena import Arena
from gameserver.protocol.constants import ClientMessage as C
from gameserver.recording.format import Recorder
from tests.support.memory_server import MemoryServer


@cache
def recorded_game(ticks: int = 400, room: type[Arena] = Arena) -> bytes:
    """A recorded game of three players who steer and shoot at random and chat; one loses its link, one leaves."""
    server = MemoryServer(room, seed=7)
    data = bytearray()
    engine = server.hub.open_room("arena")
    engine.record(Recorder(engine, data.extend))
    dice = random.Random(4)
    seats = [server.join("arena", name=name) for name in ("Ada", "Bob", "Eve")]
    for link, peer in seats:
        server.keep_up(link, peer)
    for tick in range(ticks):
        for _, peer in seats:
            codes = (dice.randint(-1, 1), dice.random() < 0.7, 0, dice.random() < 0.5, 0, 0)
            ack, behind = server.engine.tick_number - dice.randint(0, 4), dice.randint(0, 150)
            server.say(peer, C.INPUT, tick + 1, ack, behind, *map(int, codes))
        if tick == 50:
            server.say(seats[0][1], C.MESSAGE, "chat", {"text": "hi"})
        if tick == 80:
            seats[1][1].lost(server.now_s, None)
        if tick == 120:
            server.say(seats[2][1], C.LEAVE)
            seats[2][1].lost(server.now_s, 1000)
        server.tick()
    return bytes(data)
