"""A room whose rules overrun its ticks reduces what it does step by step, says so, and recovers."""

from __future__ import annotations

import json
from typing import Any

import pytest
import trio

from gameserver.protocol.constants import ClientMessage, CloseCode
from tests.support.live.process import workers_process
from tests.support.live.server import GoodPlayer, Wire, get

pytestmark = pytest.mark.timeout(180)

WORK_TICKS = 100
"""At twice the time there is and at most four ticks in a row: the room is too slow for some ten seconds."""


async def room(port: int) -> dict[str, Any]:
    """The room, as `/api/rooms` has it."""
    (said,) = json.loads((await get(port, "/api/rooms"))[2])["rooms"]
    assert isinstance(said, dict)
    return said


async def play(player: GoodPlayer) -> None:
    """Join, and follow."""
    await player.wire.send(ClientMessage.JOIN, "busy", None, 0, {})
    await player.follow()


async def test_an_overloaded_room_sheds_step_by_step_refuses_and_recovers() -> None:
    async with workers_process(room="Busy", workers=1) as server, trio.open_nursery() as nursery:
        player = GoodPlayer(await Wire.open(server.port))
        nursery.start_soon(play, player)
        await player.sees(2)
        assert (await room(server.port))["overload"] == 0
        await player.wire.send(ClientMessage.MESSAGE, "work", WORK_TICKS)
        levels = await follow_level(server.port, until=3)
        assert levels == sorted(levels)
        wire = await Wire.open(server.port)
        await wire.send(ClientMessage.JOIN, "busy", None, 0, {})
        assert await wire.close_code() == CloseCode.SERVER_FULL
        assert "skipped" in player.notices
        assert "gameserver_room_overload" in (await get(server.port, "/metrics"))[2].decode()
        states = len(player.states)
        levels = await follow_level(server.port, until=0)
        assert levels == sorted(levels, reverse=True)
        assert len(player.states) > states, "who is in plays on"
        late = GoodPlayer(await Wire.open(server.port))
        nursery.start_soon(play, late)
        await late.sees(2)
        nursery.cancel_scope.cancel()


async def follow_level(port: int, until: int) -> list[int]:
    """The levels that a room goes through, up to the one that is waited for."""
    levels: list[int] = []
    with trio.fail_after(80):
        while not levels or levels[-1] != until:
            level = (await room(port))["overload"]
            if not levels or levels[-1] != level:
                levels.append(level)
            await trio.sleep(0.1)
    return levels
