"""What is believed of those who coast is what their client holds, as long as it is remembered, and no longer."""

from gameserver.state.entity import Entity
from gameserver.state.fields import Float
from gameserver.state.schema import Schema
from gameserver.state.world import World
from gameserver.sync.encode.dead_reckoning import MAX_AGE, REMEMBERED, DeadReckoning
from gameserver.sync.motion import Motion
from gameserver.sync.snapshot import Snapshot


class Ball(Entity):
    x = Float(step=1)
    vx = Float(step=1, rate_of="x")


SCHEMA = Schema([Ball])


def coasts_of(snapshots: list[Snapshot]) -> DeadReckoning:
    coasts = DeadReckoning([Motion(Ball.entity_type, 1)])
    for snapshot in snapshots:
        coasts.turn_to(snapshot)
    return coasts


def test_a_belief_starts_from_what_was_told_and_goes_on_at_the_rate_of_then() -> None:
    world = World(SCHEMA)
    ball = world.spawn(Ball, x=100, vx=10)
    told = []
    for tick in (1, 2, 5):
        told.append(Snapshot(tick, world.capture()))
        ball.x, ball.vx = 0, -tick
        world.spawn(Ball)
    coasts = coasts_of(told)
    x = {age: coasts.belief(told[2], 0, age)[0, 0] for age in range(3)}
    assert x == {0: 0, 1: 0 - 3, 2: 100 + 10 + 30}


def test_an_entity_is_followed_when_others_come_and_go() -> None:
    world = World(SCHEMA)
    first, ball = world.spawn(Ball), world.spawn(Ball, x=7, vx=1)
    told = [Snapshot(1, world.capture())]
    world.despawn(first)
    ball.x = 50
    world.spawn(Ball)
    told.append(Snapshot(2, world.capture()))
    assert told[1].tables[0].ids.tolist() == [2, 3]
    assert coasts_of(told).belief(told[1], 0, 1)[0, 0] == 8


def test_beliefs_can_be_told_of_every_base_that_is_remembered() -> None:
    world = World(SCHEMA)
    world.spawn(Ball, vx=1)
    table = world.capture()
    told = [Snapshot(tick, table) for tick in range(1, 100)]
    coasts = coasts_of(told)
    remembered = [snapshot for snapshot in told if coasts.remembers(snapshot)]
    assert remembered == told[-(REMEMBERED - MAX_AGE) :]
    for snapshot in remembered:
        assert coasts.belief(snapshot, 0, MAX_AGE)[0, 0] == MAX_AGE
    assert coasts.count == len(told)
    assert [coasts.is_last(snapshot) for snapshot in told[-3:]] == [False, True, False]


def test_from_the_start_everything_is_remembered() -> None:
    told = [Snapshot(tick, World(SCHEMA).capture()) for tick in range(1, 4)]
    coasts = coasts_of(told[:2])
    assert [coasts.remembers(snapshot) for snapshot in told] == [True, True, False]
