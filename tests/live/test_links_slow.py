"""Who does not read is let go after the stated time, costs nobody else anything, and is up to date when it reads
again.
"""

from __future__ import annotations

import random

import trio

from gameserver.client.state_reader import StateReader
from tests.scenarios.slow import Slow, run_slow
from tests.support.live.fault_proxy import faulty
from tests.support.live.process import ledger_process
from tests.support.live.server import until
from tests.support.live.witness import Witness

ONE_WAY_S = 0.05
SNAPSHOT_S = 0.05
STALLS_S = 3.0


async def test_a_client_that_never_reads_is_evicted_and_others_play_on() -> None:
    seen = await run_slow(Slow(bots=8, slow=2, seconds=7.5, evict_after_s=1.5))
    assert seen["wrong"] == [], seen


async def test_one_that_reads_again_is_up_to_date_within_a_round_trip() -> None:
    async with ledger_process("Crowd") as server, faulty(server.port) as network:
        for direction in (network.up, network.down):
            direction.update(delay_s=ONE_WAY_S)
        late = Witness(f"ws://127.0.0.1:{network.port}/ws", "crowd", 0, random.Random(0), StateReader())
        reference = Witness(server.url, "crowd", 1, random.Random(1), StateReader())
        async with trio.open_nursery() as nursery:
            nursery.start_soon(late.play)
            nursery.start_soon(reference.play)
            await late.settled.wait()
            await trio.sleep(2.0)
            for _ in range(3):
                network.down.stall()
                await trio.sleep(STALLS_S)
                network.down.resume()
                began_s = trio.current_time()
                await until(lambda: late.session.view.tick >= reference.session.view.tick - 2 * ONE_WAY_S * 20)
                took_s = trio.current_time() - began_s
                assert took_s < 2 * ONE_WAY_S + 2 * SNAPSHOT_S + 0.05
            nursery.cancel_scope.cancel()
        assert late.tally.lost_links == late.tally.desyncs == late.tally.lost == late.tally.doubled == 0
