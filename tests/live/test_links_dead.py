"""A link that falls silent without a word: both ends find out within the dead time, and the player comes back."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import trio

from gameserver.client.reading import Reading
from tests.live.faults import faulty
from tests.live.net_rig import until
from tests.scenarios.process import running
from tests.scenarios.witness import Witness

if TYPE_CHECKING:
    from tests.scenarios.process import Running

DEAD_S = 1.5
LOOKS_S = 1.0
"""The server looks at its links' silence so often."""


async def suspended(server: Running) -> float:
    return (await server.metrics())['room_suspended{kind="ledger"}']


async def test_a_peer_that_vanished_is_found_by_both_ends_and_the_player_is_back() -> None:
    limits = ("--limits.dead-after-s", str(DEAD_S), "--net-limits.close-timeout-s", "0.3")
    async with running("Ledger", *limits) as server, faulty(server.port) as network:
        url = f"ws://127.0.0.1:{network.port}/ws"
        player = Witness(url, "ledger", 0, random.Random(0), Reading(), dead_after_s=2 * DEAD_S)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(player.play)
            await player.settled.wait()
            await until(lambda: player.walkers == 1)
            network.vanish_all()
            began_s = trio.current_time()
            with trio.fail_after(DEAD_S + LOOKS_S + 1.0):
                while not await suspended(server):  # noqa: ASYNC110 - nobody announces it
                    await trio.sleep(0.05)
            assert trio.current_time() - began_s > DEAD_S * 0.8, "a silence is no death at once"
            await until(lambda: player.tally.resumes == 1 and player.online, 3 * DEAD_S)
            assert not await suspended(server)
            nursery.cancel_scope.cancel()
        assert player.tally.lost == player.tally.doubled == player.tally.desyncs == 0
        assert (await server.metrics())['link_closes_total{code="4009"}'] == 1
