"""Bodies near the avatar in the player's present, over bad networks and on a fake clock: what is touched answers at
once, and a ball that nobody else touches is predicted without a correction.
"""

from __future__ import annotations

import itertools
import re
from dataclasses import replace
from math import hypot
from typing import TYPE_CHECKING, Any

import pytest

from gameserver.client import Withdrawn, body
from gameserver.games.hockey import LOUD, Hockey
from gameserver.games.hockey_rink import PUCK_BOUNCE, PUCK_RADIUS, SKATER_RADIUS, Controls, Puck
from gameserver.testing.simulation import Simulation
from tests.scenarios.touch import FRAME_S, Dribbler, contest, cost, dribble, first_change, percentile
from tests.support.sim.football import Ball, Disc, Football

if TYPE_CHECKING:
    from gameserver.client.session_events import PredictedContact

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(("delay_s", "jitter_s"), [(0.0, 0.0), (0.1, 0.02), (0.15, 0.03)])
def test_a_ball_that_only_this_player_touches_is_never_corrected_and_never_overlapped(
    delay_s: float, jitter_s: float
) -> None:
    player, own_corrections = dribble(delay_s, jitter_s, 6.0, predicted=True)
    assert player.felt.touching > 30
    assert player.felt.deepest <= 1.0
    assert own_corrections == 0
    assert player.client.replica.world is not None
    assert player.client.replica.world.stats["Ball"].corrections == 0
    without, own_corrections = dribble(delay_s, jitter_s, 6.0, predicted=False)
    assert without.felt.deepest > 15.0, "the ball is drawn in the past"
    assert own_corrections > 2


def test_a_ball_at_the_foot_moves_with_the_key() -> None:
    assert max(first_change(0.15, presses=2, predicted=True)) <= 2
    assert min(first_change(0.15, presses=2, predicted=False)) > 18


def test_a_contested_ball_is_corrected_by_little_and_never_jumps() -> None:
    felt = [player.felt for player in contest(0.1, 0.02, 5.0, predicted=True)]
    for one in felt:
        assert one.touching > 20
        assert percentile(one.errors, 0.5) <= 5.0
        assert percentile(one.errors, 0.9) <= 40.0
        assert max(one.steps) < 12.0, "corrections are eased out"
    assert sum(len(one.errors) for one in felt) > 5


@pytest.mark.parametrize(("blend_s", "least", "most"), [(body.BLEND_S, 5.0, 40.0), (1e-9, 100.0, 400.0)])
def test_a_ball_that_rolls_past_comes_and_goes_without_a_jump(
    monkeypatch: pytest.MonkeyPatch, blend_s: float, least: float, most: float
) -> None:
    monkeypatch.setattr(body, "BLEND_S", blend_s)
    rig = Simulation(Football, delay_s=0.1, jitter_s=0.02)
    player = Dribbler(rig)
    rig.run(3.0)
    (ball,), (disc,) = rig.engine.world.entities(Ball), rig.engine.world.entities(Disc)
    disc.x, disc.y = 800.0, 700.0
    rig.engine.room.teleport(ball, x=100.0, y=400.0, vx=0.0)
    rig.run(1.0)
    ball.vx = 900.0
    shares = set()
    for _ in range(180):
        rig.run(FRAME_S)
        player.look()
        world = player.client.replica.world
        assert world is not None
        shares.add(len(world))
    assert shares == {0, 1}, "it came and went"
    assert least < max(player.felt.steps) < most


def test_a_ball_that_is_put_elsewhere_is_there_at_once_and_is_not_drawn_on_its_way_or_where_it_was() -> None:
    rig = Simulation(Football, delay_s=0.1, jitter_s=0.02)
    player = Dribbler(rig)
    rig.run(3.0)
    (ball,), (disc,) = rig.engine.world.entities(Ball), rig.engine.world.entities(Disc)
    disc.x, disc.y = 300.0, 300.0
    rig.engine.room.teleport(ball, x=300.0, y=500.0, vx=300.0)
    rig.run(1.0)
    for x in (1500.0, 300.0):  # out of reach, and back
        seen = []
        rig.engine.room.teleport(ball, x=x, y=500.0, vx=300.0 if x == 300.0 else 0.0)
        for _ in range(60):
            rig.run(FRAME_S)
            found = player.look()
            assert found is not None
            seen.append(found[1])
        first = next(frame for frame, at in enumerate(seen) if abs(at - x) < 350.0)
        assert all(abs(at - x) > 600.0 for at in seen[:first])
        assert all(abs(at - x) < 350.0 for at in seen[first:])
        ways = [after - before for before, after in itertools.pairwise(seen) if abs(after - before) < 350.0]
        assert min(ways) > -2.0, "it rolls on until it is there"
        assert max(ways) < 30.0


def test_the_puck_of_hockey_moves_with_its_player() -> None:
    """Nobody else is on the ice: the puck is where the server will have it."""
    rig = Simulation(Hockey, delay_s=0.1, jitter_s=0.02)
    client = rig.client()
    rig.run(3.0)
    stats, deepest = client.replica.world, -1000.0
    assert stats is not None
    frames = 0
    while frames < 300:
        frames += 1
        rig.run(FRAME_S)
        drawn, own = client.replica.draw(rig.now_s), client.replica.draw_avatar(rig.now_s)
        assert drawn is not None
        pucks = next(table for table in drawn.tables if table.entity_type.cls.__name__ == "Puck")
        if len(pucks) == 0:  # a goal
            break
        x, y = float(pucks.column("x")[0]), float(pucks.column("y")[0])
        deepest = max(deepest, SKATER_RADIUS + PUCK_RADIUS - hypot(x - own.x, y - own.y))
        client.core.set_controls(Controls(dx=max(-1.0, min(1.0, (x - own.x) / 60)), dy=(y - own.y) / 300))
    assert frames > 60
    assert stats.stats["Puck"].corrections == 0
    assert -20.0 < deepest <= 1.0


def test_a_hit_is_reported_where_it_is_predicted_and_the_servers_event_of_it_is_not_reported_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rig = Simulation(Hockey, delay_s=0.15, jitter_s=0.02)
    client = rig.client()
    rig.run(3.0)
    expected = list[tuple[float, float, float]]()
    sent = list[tuple[float, float, float]]()

    def contact(met: PredictedContact) -> None:
        puck, was = met.other, met.other_before
        if puck.entity_type.name == "Puck" and hypot(puck.vx - was.vx, puck.vy - was.vy) > LOUD * (1.0 + PUCK_BOUNCE):
            expected.append((puck.x, puck.y, rig.now_s))
            client.core.expect("hit", None, lambda payload: payload["skater"] == met.one.id, rig.now_s + 1.0)

    def broadcast(name: str, payload: Any) -> None:
        if name == "hit":
            sent.append((payload["x"], payload["y"], rig.now_s))
        announce(name, payload)

    seat, room = client.seat, rig.engine.room
    seat.options = replace(seat.options, on_contact=contact)
    announce = room.broadcast
    monkeypatch.setattr(room, "broadcast", broadcast)
    for _ in range(480):
        for puck in room.all(Puck):
            way_x, way_y = puck.x - client.avatar.x, puck.y - client.avatar.y - 15.0
            far = hypot(way_x, way_y)
            client.core.set_controls(Controls(dx=way_x / far, dy=way_y / far, dash=far < 200.0))
        rig.run(FRAME_S)
    rig.run(2.0)
    assert [place[:2] for place in expected] == [place[:2] for place in sent]
    assert len(sent) > 2
    assert all(later[2] - sooner[2] > 0.14 for sooner, later in zip(expected, sent, strict=True))
    assert "hit" not in [name for name, _ in client.happened]
    assert client.of(Withdrawn) == []


def test_a_drawn_frame_of_the_sdk_leaves_nothing_to_be_collected() -> None:
    said = re.search(r"allocates (-?\d+) bytes, one with a STATE (-?\d+) bytes", cost())
    assert said is not None
    frame, state = int(said[1]), int(said[2])
    assert frame < 400, "20 bodies, a tick, and what is drawn of them"
    assert state < 16_000, "20 ticks again: the rules' own numbers"
