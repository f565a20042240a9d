"""Bots check the arena against its rules, and find nothing wrong."""

from __future__ import annotations

from math import cos, hypot, sin
from typing import TYPE_CHECKING

import pytest

from gameserver.bots import run_bots
from gameserver.games.arena import Arena
from gameserver.games.arena_bots import RULES
from gameserver.games.arena_flight import BLOCKS, MAX_SPEED, Controls, Ship, steer
from tests.support.channel_server import channel_server

if TYPE_CHECKING:
    from trio.testing import MockClock

pytestmark = pytest.mark.slow


def test_a_ship_that_a_corner_pushes_aside_is_no_violation() -> None:
    (limit,) = [each for each in RULES.limits if each.entity == "Ship"]
    _, _, right, bottom = BLOCKS[0]
    ship = Ship()
    ship.x, ship.y, ship.angle = right - 4.8684, bottom + 26.2304, -0.77182
    ship.vx, ship.vy = MAX_SPEED * cos(ship.angle), MAX_SPEED * sin(ship.angle)
    x, y = ship.x, ship.y
    for _ in range(3):
        steer(ship, Controls(thrust=True), 1 / Arena.tick_hz)
    moved = hypot(ship.x - x, ship.y - y)
    assert moved > MAX_SPEED * 3 / Arena.tick_hz + 3.0
    assert moved < limit.per_s * 3 / Arena.tick_hz + limit.slack


@pytest.mark.parametrize("brain", ["wander", "chase"])
async def test_bots_find_nothing_wrong_with_the_arena(brain: str, autojump_clock: MockClock) -> None:
    async with channel_server(Arena) as server:
        report = await run_bots(server.open, "arena", 6, 12.0, brain=brain, rules=RULES, seed=3)
    assert report.clean, report.problems
    assert report.changes > 1000
    assert report.snapshot_hz == pytest.approx(20.0, rel=0.03)
