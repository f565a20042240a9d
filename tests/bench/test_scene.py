"""The reference scene follows its rules, so that what is measured is the scene."""

from __future__ import annotations

from math import hypot

from hypothesis import given
from hypothesis import strategies as st

from bench.scene import MAX_SPEED, VIEW_RADIUS, WORLD_SIZE, ArenaReference, ArenaReferenceNear, Body, Push, push
from gameserver.sync.encode.views import ALL
from tests.support.memory_server import MemoryServer

DT = 1 / ArenaReference.tick_hz
PLACES = st.floats(0, WORLD_SIZE)
SPEEDS = st.floats(-MAX_SPEED, MAX_SPEED)
PUSHES = st.builds(Push, dx=st.floats(-1, 1), dy=st.floats(-1, 1), aim=st.floats(0, 6))


@given(st.builds(Body, x=PLACES, y=PLACES, vx=SPEEDS, vy=SPEEDS), PUSHES)
def test_bodies_keep_to_the_speed_limit_and_inside_the_walls(body: Body, controls: Push) -> None:
    push(body, controls, DT)
    assert hypot(body.vx, body.vy) <= MAX_SPEED * (1 + 1e-12)
    assert 0 <= body.x <= WORLD_SIZE
    assert 0 <= body.y <= WORLD_SIZE
    assert body.angle == controls.aim


def test_a_body_that_meets_a_wall_turns_round() -> None:
    body = Body(x=1.0, y=500.0, vx=-200.0, vy=0.0)
    push(body, Push(), DT)
    assert (body.x, body.vx) == (0.0, 200.0)


def test_one_in_a_hundred_is_hit_in_each_tick() -> None:
    server = MemoryServer(ArenaReference)
    for _ in range(ArenaReference.max_players):
        server.join(kind="arenareference")
    server.tick(2000)
    hits = sum(body.score for body in server.engine.world.entities(Body)) / 10
    expected = ArenaReference.max_players * 2000 / 100
    assert 0.7 * expected < hits < 1.3 * expected


def test_in_the_near_scene_nobody_is_told_of_who_is_far() -> None:
    server = MemoryServer(ArenaReferenceNear)
    for _ in range(2):
        server.join(kind="arenareferencenear")
    one, other = server.engine.world.entities(Body)
    for distance, seen in ((1.2 * VIEW_RADIUS, 1), (0.9 * VIEW_RADIUS, 2)):
        one.x, one.y, one.vx, one.vy = 0.0, 0.0, 0.0, 0.0
        other.x, other.y, other.vx, other.vy = distance, 0.0, 0.0, 0.0
        server.tick()
        views = [session.view for session in server.engine.seats.sessions.values()]
        assert [len(view.tables()[0]) for view in views if view is not ALL] == [seen, seen]
