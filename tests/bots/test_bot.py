"""Bots against a real hub in memory, on a clock that jumps."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
import trio
from trio_websocket import HandshakeError

from gameserver import Player, Room
from gameserver.bots.checks import SpeedLimit
from gameserver.bots.crowd import keep_playing, run_bots
from gameserver.bots.rules import Rules
from gameserver.client.replica import Options
from gameserver.protocol.constants import Limits
from tests.support.channel_server import ChannelServer, channel_server
from tests.support.sim.flight import Flight, Ship, fly

if TYPE_CHECKING:
    from trio.testing import MockClock

    from gameserver.bots.report import Report
    from gameserver.state.inputs import Inputs

pytestmark = pytest.mark.slow

RULES = Rules([SpeedLimit("Ship", per_s=900.0)], Options(predict=fly, interpolate=False))


async def play(server: ChannelServer, count: int = 5, seconds: float = 5.0, **more: Any) -> Report:
    return await run_bots(server.open, "flight", count, seconds, **{"seed": 1, "rules": RULES, **more})


async def test_bots_play_find_nothing_wrong_and_all_leave(autojump_clock: MockClock) -> None:
    async with channel_server(Flight) as server:
        report = await play(server)
        await trio.sleep(0.1)
        assert len(server.engine.world) == 0
    assert report.clean, report.problems
    assert report.joined == 5
    assert report.seconds == pytest.approx(5.0, abs=0.01)
    assert report.snapshot_hz == pytest.approx(20.0, rel=0.03)
    assert report.corrections == 0
    assert report.acks.count > 400
    assert 0 < report.acks.percentile(50) < 0.1
    assert report.intervals.percentile(50) == pytest.approx(0.05, rel=0.1)
    assert report.changes > 400, "things did move"


async def test_the_same_seed_plays_the_same_game(autojump_clock: MockClock) -> None:
    reports = []
    for _ in range(2):
        async with channel_server(Flight) as server:
            reports.append((await play(server, 3, 3.0, brain="chase")).to_json())
    assert reports[0] == reports[1]


async def test_joins_are_paced(autojump_clock: MockClock) -> None:
    async with channel_server(Flight) as server:
        start = trio.current_time()
        await play(server, 5, 1.0, ramp=0.4)
        opened = [socket.peer.opened_at_s - start for socket in server.sockets]
    assert opened == pytest.approx([0.0, 0.4, 0.8, 1.2, 1.6], abs=0.01)


async def test_moving_faster_than_the_rules_allow_is_an_error(autojump_clock: MockClock) -> None:
    async with channel_server(Flight) as server:
        report = await play(server, rules=Rules([SpeedLimit("Ship", per_s=1.0, slack=0.1)]))
    assert not report.clean
    assert report.errors > 10
    assert any("moved too far" in problem for problem in report.problems)


class Cheat(Flight):
    """Moves a ship further than any rule allows, once a second."""

    kind = "flight"

    def on_tick(self) -> None:
        if self.tick % 60 == 0:
            for ship in self.all(Ship)[:1]:
                ship.x += 5000.0


async def test_a_server_that_moves_ships_further_than_the_rules_allow_is_reported(autojump_clock: MockClock) -> None:
    async with channel_server(Cheat) as server:
        report = await play(server)
    assert not report.clean
    assert any("Ship 1 moved too far" in problem for problem in report.problems)


async def test_a_lost_link_is_counted_and_the_bot_plays_on(autojump_clock: MockClock) -> None:
    async with channel_server(Flight) as server, trio.open_nursery() as nursery:

        async def cut_later() -> None:
            await trio.sleep(3.0)
            server.sockets[0].cut()

        nursery.start_soon(cut_later)
        report = await play(server, 3, 8.0)
    assert (report.disconnects, report.desyncs, report.errors) == (1, 0, 0)
    assert not report.clean
    assert report.snapshot_hz > 18


async def test_deltas_that_do_not_fit_are_counted_and_a_full_state_is_requested(autojump_clock: MockClock) -> None:
    async with channel_server(Flight) as server, trio.open_nursery() as nursery:

        async def swallow_one() -> None:
            await trio.sleep(3.0)
            server.sockets[0].lose = 1

        nursery.start_soon(swallow_one)
        report = await play(server, 2, 6.0)
    assert report.desyncs == 1
    assert report.disconnects == 0
    assert not report.clean
    assert report.snapshot_hz > 19, "it went on"


async def test_bots_that_find_no_free_seat_are_reported(autojump_clock: MockClock) -> None:
    class Small(Flight):
        kind = "flight"
        max_players = 2

        def on_create(self, options: object) -> None:
            self.lock()

    async with channel_server(Small, limits=Limits(max_rooms=2)) as server:
        report = await play(server, 4, 1.0)
    assert report.joined == 2
    assert report.errors > 0
    assert "2 of 4 bots did not join" in report.problems


async def test_a_kind_that_does_not_exist_ends_the_run_at_once_with_its_code(autojump_clock: MockClock) -> None:
    async with channel_server(Flight) as server:
        start = trio.current_time()
        report = await run_bots(server.open, "chess", 2, 60.0)
        assert trio.current_time() - start < 5.0
    assert report.joined == 0
    assert any("4010" in problem for problem in report.problems)


async def test_a_server_that_cannot_be_reached_is_reported(autojump_clock: MockClock) -> None:
    async with channel_server(Flight) as server:
        server.refuse = lambda: HandshakeError("nobody there")
        report = await play(server, 2, 60.0)
    assert report.joined == 0
    assert report.problems["could not connect: nobody there"] > 4


async def test_a_run_in_which_nothing_moves_does_not_pass(autojump_clock: MockClock) -> None:
    class Still(Room[Any]):
        kind = "flight"
        entities = (Ship,)
        max_players = 9

        def on_join(self, player: Player) -> None:
            player.avatar = self.spawn(Ship, owner=player)

    async with channel_server(Still) as server:
        report = await play(server, 1, 3.0, rules=Rules())
    assert "no state ever changed, and no event came" in report.problems
    assert not report.clean


async def test_a_brain_of_an_author_s_own_sees_the_state_and_steers(autojump_clock: MockClock) -> None:
    class Straight:
        def __init__(self, rng: object) -> None:
            self.seen = 0

        def decide(self, perception: Any) -> Inputs | None:
            self.seen += 1
            controls: Inputs = perception.inputs.cls(thrust=True)
            return controls if self.seen > 1 else None

    async with channel_server(Flight) as server, trio.open_nursery() as nursery:
        nursery.start_soon(partial(play, server, 1, 5.0, brain=Straight))
        await trio.sleep(4.0)
        (ship,) = server.engine.world.entities(Ship)
        assert ship.vx > 100
        nursery.cancel_scope.cancel()


async def test_a_brain_that_fails_is_reported_and_the_others_play_on(
    autojump_clock: MockClock, caplog: pytest.LogCaptureFixture
) -> None:
    class Broken:
        def __init__(self, rng: object) -> None: ...

        def decide(self, perception: Any) -> Inputs | None:
            raise ZeroDivisionError("no idea")

    async with channel_server(Flight) as server:
        report = await play(server, 2, 2.0, brain=Broken)
    assert not report.clean
    assert report.problems["the brain failed: ZeroDivisionError: no idea"] > 40
    assert report.snapshot_hz > 18
    assert len(caplog.records) == 2, "with its traceback, once for each bot"


async def test_a_brain_s_own_rules_are_used(autojump_clock: MockClock) -> None:
    class Strict:
        rules = Rules([SpeedLimit("Ship", per_s=0.0, slack=0.0)])

        def __init__(self, rng: object) -> None: ...

        def decide(self, perception: Any) -> Inputs | None:
            controls: Inputs = perception.inputs.cls(thrust=True)
            return controls

    async with channel_server(Flight) as server:
        report = await play(server, 1, 2.0, brain=Strict)
    assert any("moved too far" in problem for problem in report.problems)


async def test_progress_is_reported_during_the_run(autojump_clock: MockClock) -> None:
    seen: list[tuple[int, float]] = []
    async with channel_server(Flight) as server:
        await play(server, 2, 3.0, on_progress=lambda report: seen.append((report.joined, round(report.seconds, 1))))
    assert seen[0] == (0, 0.0)
    assert seen[-1][0] == 2
    assert seen[-1][1] >= 2.5


async def test_bots_that_keep_playing_join_again_until_they_are_cancelled(autojump_clock: MockClock) -> None:
    async with channel_server(Flight) as server, trio.open_nursery() as nursery:
        nursery.start_soon(partial(keep_playing, server.open, "flight", 4, seed=1))
        await trio.sleep(3.0)
        assert len(server.engine.world) == 4
        server.refuse = lambda: HandshakeError("away")
        for socket in server.sockets:
            socket.cut()
        await trio.sleep(60.0)
        server.refuse = lambda: None
        await trio.sleep(30.0)
        assert len(server.engine.world) == 4
        nursery.cancel_scope.cancel()
    assert all(socket.closed for socket in server.sockets)


async def test_an_unknown_brain_is_an_error(autojump_clock: MockClock) -> None:
    async with channel_server(Flight) as server:
        with pytest.raises(KeyError, match="genius"):
            await play(server, brain="genius")
