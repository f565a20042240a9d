"""Seats, tokens and links agree after any order of joins, losses, resumes, kicks, refusals, closes and ticks.

`AnyOrder`, in `tests/support/seats_machine.py`, drives a whole server in memory.
"""

from __future__ import annotations

import gc
import weakref

from hypothesis import settings

from gameserver.protocol.constants import ClientMessage as C
from tests.support.hall import Hall
from tests.support.memory_server import MemoryServer
from tests.support.seats_machine import LIMITS, AnyOrder

TestAnyOrder = AnyOrder.TestCase
TestAnyOrder.settings = settings(max_examples=300, stateful_step_count=40)


class Kept:
    """Held by a player and by nothing else."""


def test_a_closed_room_and_its_players_are_garbage() -> None:
    """Neither the hub nor the peer of a link that is still closing holds them."""
    server = MemoryServer(Hall, limits=LIMITS)
    (_, lost), (_, still_open) = server.join("hall"), server.join("hall")
    lost.lost(server.now_s, None)
    kept_by = {number: Kept() for number in range(2)}  # a player of the compiled build has no weak references itself
    for player, kept in zip(server.engine.players, kept_by.values(), strict=True):
        player.data = kept
    room, players = weakref.ref(server.engine.room), [weakref.ref(kept_by.pop(number)) for number in range(2)]
    del player, kept
    server.say(still_open, C.MESSAGE, "close", None)
    server.tick()
    assert server.hub.rooms == {}
    gc.collect()
    assert room() is None
    assert [player() for player in players] == [None, None]
