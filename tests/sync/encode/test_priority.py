"""Viewers hold expected values of what is left out, get everything in time, and never more bytes than their budget."""

from __future__ import annotations

import math

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

from gameserver.state.schema import Schema
from gameserver.sync.encode.dead_reckoning import MAX_AGE
from gameserver.sync.encode.encoder import DeltaEncoder
from gameserver.sync.encode.interest import Interest
from gameserver.sync.encode.priority import PriorityEncoder, Viewers
from gameserver.sync.encode.views import Views
from gameserver.sync.snapshot import Snapshot
from tests.support.priority_game import SCHEMA, TICK_HZ, Game, Ship, Shot, Trophy, Viewer, ages, restless


@given(
    st.integers(0, 2**32),
    st.floats(0.3, 1),
    st.sampled_from([None, {100.0: 2}, {200.0: 4, 50.0: 2}, {1.0: 8}]),
    st.sampled_from([math.inf, 2000, 300, 120, 60]),
)
def test_whatever_is_left_out_the_client_holds_what_the_server_expects(
    seed: int, keeps_up: float, tiers: dict[float, int] | None, budget: float
) -> None:
    random = np.random.default_rng(seed)
    game = Game(tiers, radius=400)
    world = game.world
    viewers = [Viewer((100 * i, 0), budget if i % 2 else math.inf) for i in range(4)]
    for i in range(16):
        world.spawn(Ship, x=random.normal(0, 300), y=random.normal(0, 300), name=str(i))
    world.spawn(Trophy)
    for _ in range(20):
        restless(world, random, 0.4)
        for ship in world.entities(Ship):
            if random.random() < 0.02:
                world.despawn(ship)
                world.spawn(Ship, x=random.normal(0, 300), name="new")
            elif random.random() < 0.05:
                ship.name, ship.hp = str(random.random()), 7
        if random.random() < 0.4:
            world.spawn(Shot, x=random.normal(0, 100), vx=100)
        for shot in world.entities(Shot)[:-5]:
            world.despawn(shot)
        due = [viewer for viewer in viewers if random.random() < keeps_up]
        if due:
            game.send(*due, narrow=0.97, random=random)


def test_far_entities_are_sent_with_every_nth_snapshot_and_near_ones_with_every() -> None:
    game = Game({100: 2, 300: 4})
    ships = [game.world.spawn(Ship, x=x) for x in (0, 90, 200, 400) for _ in range(4)]
    viewer, random, oldest = Viewer(), np.random.default_rng(1), dict.fromkeys(range(1, 17), 0)
    game.send(viewer)
    sent = dict.fromkeys(range(1, 17), 0)
    for _ in range(40):
        for ship in ships:
            ship.heading += 1 + random.random()
        game.send(viewer)
        for ship_id, age in ages(viewer).items():
            sent[ship_id] += age == 0
            oldest[ship_id] = max(oldest[ship_id], age)
    assert [sent[i] for i in range(1, 17)] == [40] * 8 + [20] * 4 + [10] * 4
    assert [oldest[i] for i in range(1, 17)] == [0] * 8 + [1] * 4 + [3] * 4


def test_stretched_tiers_are_sent_less_often_until_they_are_no_longer_stretched() -> None:
    game = Game({100: 2, 300: 8})
    ships = [game.world.spawn(Ship, x=x) for x in (0, 200, 400)]
    viewer, random = Viewer(), np.random.default_rng(1)
    game.send(viewer)
    for stretch, expected in ((1, [0, 1, 7]), (2, [0, 3, 7]), (1, [0, 1, 7])):
        game.encoder.set_tier_stretch(stretch)
        oldest = [0, 0, 0]
        for step in range(32):
            for ship in ships:
                ship.hp = int(random.integers(100))
                ship.vx = float(random.integers(1, 50))
            game.send(viewer)
            if step >= 8:
                oldest = [max(old, ages(viewer)[ship.id]) for old, ship in zip(oldest, ships, strict=True)]
        assert oldest == expected


def test_tiers_are_spread_over_snapshots() -> None:
    game = Game({1: 4})
    for _ in range(40):
        game.world.spawn(Ship, x=100)
    viewer = Viewer()
    game.send(viewer)
    for _ in range(12):
        for ship in game.world.entities(Ship):
            ship.heading += 1
        game.send(viewer)
    assert max(viewer.sizes[5:]) < 1.3 * min(viewer.sizes[5:])


def test_what_moves_straight_stays_exact_in_every_tier() -> None:
    game = Game({1: 8})
    ship = game.world.spawn(Ship, x=50, vx=20)
    viewer = Viewer()
    for _ in range(20):
        game.send(viewer)
        ship.x += ship.vx / TICK_HZ
    assert set(viewer.sizes[1:]) == {4}
    assert ages(viewer) == {1: 0}


def test_without_tiers_and_budgets_everything_is_sent_in_no_more_bytes_than_by_the_plain_encoder() -> None:
    game, random = Game(radius=200), np.random.default_rng(3)
    plain, base, before = DeltaEncoder(SCHEMA, TICK_HZ), None, None
    for i in range(20):
        game.world.spawn(Ship, x=20 * i, name=str(i))
    viewers = [Viewer((50 * i, 0)) for i in range(4)]
    for _ in range(10):
        restless(game.world, random)
        new = game.send(*viewers)
        now = game.interest.views(new, [viewer.viewpoint for viewer in viewers], before)
        bodies = plain.encode_views(base, new, before, now)
        assert all(viewer.sizes[-1] <= len(body) for viewer, body in zip(viewers, bodies, strict=True))
        assert all(set(ages(viewer).values()) <= {0} for viewer in viewers)
        base, before = new, now


@pytest.mark.parametrize("budget", [100, 250, 600])
def test_no_message_is_larger_than_its_budget(budget: float) -> None:
    game, random = Game(), np.random.default_rng(5)
    for i in range(200):
        game.world.spawn(Ship, x=random.normal(0, 300), y=random.normal(0, 300), name=f"ship {i}")
    viewer, free = Viewer(budget=budget), Viewer()
    for _ in range(60):
        restless(game.world, random)
        game.send(viewer, free)
    assert max(viewer.sizes) <= budget
    assert np.mean(viewer.sizes[20:]) > 0.6 * budget, "most of the budget is used"
    assert np.mean(free.sizes) > 600


def test_what_is_sent_to_nobody_widens_no_row() -> None:
    """A ship that jumps where no viewer sees it costs nothing."""
    sizes = []
    for jump in (0, 30_000):
        game = Game(radius=100)
        ships = [game.world.spawn(Ship, x=i) for i in range(8)]
        ships.append(game.world.spawn(Ship, x=5000))
        viewer = Viewer()
        game.send(viewer)
        for ship in ships:
            ship.y += 1
        ships[-1].x += jump
        ships[-1].hp += jump // 1000
        game.send(viewer)
        sizes.append(viewer.sizes[-1])
    assert sizes[0] == sizes[1]


def test_nothing_starves_on_a_small_budget() -> None:
    """60 ships take 400 bytes; with 150 each is sent again and again, the near ones more often."""
    game, random = Game(), np.random.default_rng(6)
    for i in range(60):
        game.world.spawn(Ship, x=15 * i)
    viewer = Viewer(budget=150)
    sent = dict.fromkeys(range(1, 61), 0)
    waits = dict.fromkeys(range(1, 61), 0)
    longest = dict(waits)
    for tick in range(120):
        for ship in game.world.entities(Ship):
            ship.heading += 0.3 + random.random()
            ship.vy = random.normal(0, 50)
        game.send(viewer)
        seen = ages(viewer)
        for i in range(1, 61):
            fresh = seen.get(i) == 0
            sent[i] += fresh
            waits[i] = 0 if fresh else waits[i] + 1
            if tick > 50:
                longest[i] = max(longest[i], waits[i])
    assert max(longest.values()) <= 2 * MAX_AGE
    near, far = [sent[i] for i in range(1, 11)], [sent[i] for i in range(51, 61)]
    assert min(near) > 1.5 * max(far)


def test_the_own_avatar_is_in_every_message() -> None:
    game, random = Game({1: 8}), np.random.default_rng(7)
    for _ in range(80):
        game.world.spawn(Ship, x=random.normal(0, 10))
    viewer = Viewer(budget=150)
    viewer.avatar = game.world.spawn(Ship, x=900).id
    for _ in range(30):
        restless(game.world, random, 1)
        game.send(viewer)
        assert ages(viewer)[viewer.avatar] == 0


def test_what_is_larger_than_the_budget_is_sent_too_and_holds_up_nothing() -> None:
    game = Game()
    for _ in range(3):
        game.world.spawn(Ship, name="x" * 12)
        game.world.spawn(Trophy)
    viewer = Viewer(budget=1)
    for _ in range(12):
        for trophy in game.world.entities(Trophy):
            trophy.holder += 1
        game.send(viewer)
    assert len(viewer.state) == 6


def test_a_room_without_entity_types_has_empty_bodies() -> None:
    schema = Schema([])
    encoder = PriorityEncoder(DeltaEncoder(schema, 1), Interest(schema, 1), {}, snapshot_hz=1)
    viewers = Viewers(np.zeros((1, 2), np.float32), np.zeros(1, np.int64), np.ones(1, np.float32))
    new = Snapshot(1, ())
    assert encoder.encode(None, new, None, Views(new, (), 1), viewers)[0] == [b"\x90\x90\x90\x90"]


def test_after_a_missed_snapshot_everything_in_view_is_exact() -> None:
    game, random = Game({1: 8}), np.random.default_rng(8)
    for i in range(20):
        game.world.spawn(Ship, x=10 * i)
    viewer, other = Viewer(), Viewer()
    for tick in range(1, 30):
        restless(game.world, random)
        if tick % 7 == 3:
            game.send(other)
            assert max(ages(viewer).values()) > 0
        else:
            game.send(viewer, other)
        if tick % 7 == 4:
            assert set(ages(viewer).values()) == {0}


def test_what_was_left_out_of_a_base_that_is_too_old_leaves_and_enters_again() -> None:
    game, random = Game({1: 8}), np.random.default_rng(9)
    near = game.world.spawn(Ship)
    for _ in range(8):
        game.world.spawn(Ship, x=50)
    late, other = Viewer(), Viewer()
    for _ in range(4):
        restless(game.world, random, 1)
        game.send(late, other)
    left_out = {i for i, age in ages(late).items() if age}
    assert 0 < len(left_out) < 9
    for _ in range(50):
        restless(game.world, random, 1)
        game.send(other)
    game.send(late, other)
    assert ages(late).keys() == set(range(near.id, near.id + 9)) - left_out
    game.send(late, other)
    assert len(ages(late)) == 9


def test_a_viewer_that_is_far_behind_again_and_again_holds_everything_in_the_end() -> None:
    """Two states at once after half a second of nothing: of 60 a second, more than are kept for what was left out."""
    game, random = Game(), np.random.default_rng(10)
    for i in range(30):
        game.world.spawn(Ship, x=20 * i, name=str(i))
    slow, other = Viewer(budget=90), Viewer()
    seen = set[int]()
    for tick in range(1, 600):
        if tick < 300:
            restless(game.world, random, 0.3)
        game.send(*([slow, other] if tick % 30 < 2 else [other]))
        seen |= ages(slow).keys() if slow.view is not None else set()
    assert len(seen) == 30
