"""The expected codes are those that a client holds, for every snapshot that is still covered."""

import weakref

from gameserver.state.entity import Entity
from gameserver.state.fields import Float
from gameserver.state.schema import Schema
from gameserver.state.world import World
from gameserver.sync.encode.dead_reckoning import KEPT_SNAPSHOTS, MAX_AGE, DeadReckoning
from gameserver.sync.motion import Motion
from gameserver.sync.snapshot import Snapshot


class Ball(Entity):
    x = Float(step=1)
    vx = Float(step=1, rate_of="x")


SCHEMA = Schema([Ball])


def after(snapshots: list[Snapshot]) -> DeadReckoning:
    dead_reckoning = DeadReckoning([Motion(Ball.entity_type, 1)])
    for snapshot in snapshots:
        dead_reckoning.add(snapshot)
    return dead_reckoning


def test_expected_codes_start_from_the_snapshot_that_was_sent_and_go_on_at_its_rate() -> None:
    world = World(SCHEMA)
    ball = world.spawn(Ball, x=100, vx=10)
    snapshots = []
    for tick in (1, 2, 5):
        snapshots.append(Snapshot(tick, world.capture()))
        ball.x, ball.vx = 0, -tick
        world.spawn(Ball)
    dead_reckoning = after(snapshots)
    x = {age: dead_reckoning.expected(snapshots[2], 0, age)[0, 0] for age in range(3)}
    assert x == {0: 0, 1: 0 - 3, 2: 100 + 10 + 30}


def test_an_entity_is_followed_when_others_come_and_go() -> None:
    world = World(SCHEMA)
    first, ball = world.spawn(Ball), world.spawn(Ball, x=7, vx=1)
    snapshots = [Snapshot(1, world.capture())]
    world.despawn(first)
    ball.x = 50
    world.spawn(Ball)
    snapshots.append(Snapshot(2, world.capture()))
    assert snapshots[1].tables[0].ids.tolist() == [2, 3]
    assert after(snapshots).expected(snapshots[1], 0, 1)[0, 0] == 8


def test_every_snapshot_that_is_kept_has_expected_codes_as_old_as_the_oldest() -> None:
    world = World(SCHEMA)
    world.spawn(Ball, vx=1)
    tables = world.capture()
    snapshots = [Snapshot(tick, tables) for tick in range(1, 100)]
    dead_reckoning = after(snapshots)
    oldest = [dead_reckoning.oldest_age(snapshot) for snapshot in snapshots]
    assert oldest == [0] * (99 - KEPT_SNAPSHOTS) + list(range(KEPT_SNAPSHOTS))
    for snapshot, age in zip(snapshots, oldest, strict=True):
        assert dead_reckoning.expected(snapshot, 0, age)[0, 0] == age
    assert oldest[-1 - MAX_AGE - 1] >= MAX_AGE, "a base may be so old"
    assert dead_reckoning.count == len(snapshots)
    assert [dead_reckoning.is_previous(snapshot) for snapshot in snapshots[-3:]] == [False, True, False]


def test_expected_codes_are_dropped_with_their_snapshot() -> None:
    world = World(SCHEMA)
    world.spawn(Ball, vx=1)
    snapshots = [Snapshot(tick, world.capture()) for tick in range(1, 3 + KEPT_SNAPSHOTS)]
    dead_reckoning = after(snapshots[:2])
    codes = weakref.ref(dead_reckoning.expected(snapshots[1], 0, 1))
    assert codes() is not None
    for snapshot in snapshots[2:]:
        dead_reckoning.add(snapshot)
    assert codes() is None


def test_adding_the_newest_snapshot_again_changes_nothing() -> None:
    snapshot = Snapshot(1, World(SCHEMA).capture())
    assert after([snapshot, snapshot]).count == 1
