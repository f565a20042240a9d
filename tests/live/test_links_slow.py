"""A client that does not read is disconnected after the stated time and costs others nothing; one that reads again
is up to date at once."""

from __future__ import annotations

import random
from functools import partial

import trio

from gameserver.client.state_reader import StateReader
from tests.scenarios.slow import Slow, run_slow
from tests.support.live.fault_proxy import faulty
from tests.support.live.ledger import Ledger
from tests.support.live.process import ledger_process
from tests.support.live.server import until
from tests.support.live.witness import Witness

ONE_WAY_S = 0.05
STALL_TICKS = 60
CATCH_UP_TICKS = round(2 * ONE_WAY_S * Ledger.tick_hz) + 3
"""A round trip, two snapshots, and one tick for this process to notice. Counted in the ticks that another player sees
in the meantime: where this process, which plays both, comes late, it is late for both."""


async def test_a_client_that_never_reads_is_evicted_and_others_play_on() -> None:
    seen = await run_slow(Slow(bots=8, slow=2, seconds=7.5, evict_after_s=1.5, judge_p99=False))
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
            await until(lambda: reference.tally.states > 40)
            for _ in range(3):
                network.down.stall()
                stalled_until = reference.tick + STALL_TICKS
                await until(partial(reference.has_reached, stalled_until), 30)
                network.down.resume()
                resumed_at = reference.tick
                await until(lambda: late.tick >= reference.tick - 2 * ONE_WAY_S * Ledger.tick_hz)
                assert reference.tick - resumed_at <= CATCH_UP_TICKS
            nursery.cancel_scope.cancel()
        assert late.tally.lost_links == late.tally.desyncs == late.tally.lost == late.tally.doubled == 0
