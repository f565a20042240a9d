"""A link that vanishes without a Close: both ends detect it within the dead time, and the player resumes."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import trio

from gameserver.client.state_reader import StateReader
from tests.support.live.fault_proxy import faulty
from tests.support.live.process import ledger_process
from tests.support.live.server import until
from tests.support.live.witness import Witness

if TYPE_CHECKING:
    from tests.support.live.process import ServerProcess

DEAD_S = 1.5
CLOSE_S = 2.0
"""The default time for closing a link. Only then does the link count as closed, long after its player has resumed."""
ON_ITS_WAY_S = 0.3
"""For what was sent before the network fell silent, the room's next tick, and the request for the metrics.
"""


async def suspended(server: ServerProcess) -> float:
    return (await server.metrics())['room_suspended{kind="ledger"}']


async def closed_as_dead(server: ServerProcess) -> float:
    return (await server.metrics()).get('link_closes_total{code="4009"}', 0)


async def test_both_ends_detect_a_vanished_link_and_the_player_resumes() -> None:
    limits = ("--limits.dead-after-s", str(DEAD_S))
    async with ledger_process("Ledger", *limits) as server, faulty(server.port) as network:
        url = f"ws://127.0.0.1:{network.port}/ws"
        player = Witness(url, "ledger", 0, random.Random(0), StateReader(), dead_after_s=2 * DEAD_S)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(player.play)
            await player.settled.wait()
            await until(lambda: player.walkers == 1)
            network.vanish_all()
            began_s = trio.current_time()
            with trio.fail_after(DEAD_S + ON_ITS_WAY_S):
                while not await suspended(server):  # noqa: ASYNC110 - nobody announces it
                    await trio.sleep(0.05)
            assert trio.current_time() - began_s > DEAD_S * 0.8, "a silence is no death at once"
            await until(lambda: player.tally.resumes == 1 and player.online, 3 * DEAD_S)
            assert not await suspended(server)
            nursery.cancel_scope.cancel()
        assert player.tally.lost == player.tally.doubled == player.tally.desyncs == 0
        with trio.fail_after(CLOSE_S + 1.0):
            while not await closed_as_dead(server):  # noqa: ASYNC110 - nobody announces it
                await trio.sleep(0.05)
