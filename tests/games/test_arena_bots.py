"""Bots check the arena against its rules, and find nothing wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gameserver.bots import run_bots
from gameserver.games.arena import Arena
from gameserver.games.arena_bots import RULES
from tests.support.channel_server import channel_server

if TYPE_CHECKING:
    from trio.testing import MockClock

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("brain", ["wander", "chase"])
async def test_bots_find_nothing_wrong_with_the_arena(brain: str, autojump_clock: MockClock) -> None:
    async with channel_server(Arena) as server:
        report = await run_bots(server.open, "arena", 6, 12.0, brain=brain, rules=RULES, seed=3)
    assert report.clean, report.problems
    assert report.changes > 1000
    assert report.snapshot_hz == pytest.approx(20.0, rel=0.03)
