"""Viewers hold expected values of what is left out, get everything in time, and never more bytes than their budget."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

from gameserver.state.entity import Entity
from gameserver.state.errors import DeclarationError
from gameserver.state.fields import Angle, Float, Int, Text
from gameserver.state.schema import Schema
from gameserver.state.world import World
from gameserver.sync.decode.decoder import DeltaDecoder
from gameserver.sync.encode.dead_reckoning import MAX_AGE
from gameserver.sync.encode.encoder import DeltaEncoder
from gameserver.sync.encode.interest import Interest
from gameserver.sync.encode.priority import PriorityEncoder, Viewers
from gameserver.sync.encode.views import View, Views
from gameserver.sync.snapshot import Snapshot
from tests.support.sync_world import Message

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gameserver.sync.decode.view_state import ViewState

TICK_HZ = 20


class Ship(Entity):
    x = Float(step=1 / 16)
    y = Float(step=1 / 16)
    vx = Float(step=1 / 16, rate_of="x")
    vy = Float(step=1 / 16, rate_of="y")
    heading = Angle(steps=256)
    hp = Int(0, 100)
    name = Text(max_bytes=12)


class Shot(Entity):
    x = Float(step=1 / 16)
    y = Float(step=1 / 16)
    vx = Float(step=1 / 16, rate_of="x")


class Trophy(Entity):
    """Has no position."""

    holder = Int(0, 100)


SCHEMA = Schema([Ship, Shot, Trophy])


class Viewer:
    """A client, and what the server knows of it."""

    def __init__(self, viewpoint: tuple[float, float] = (0, 0), budget: float = math.inf) -> None:
        self.viewpoint = viewpoint
        self.budget = budget
        self.avatar = 0
        self.base: Snapshot | None = None
        self.view: View | None = None
        self.state: ViewState = DeltaDecoder(SCHEMA, TICK_HZ).empty()
        self.sizes: list[int] = []


class Game:
    """A world, its viewers, and the encoder between them."""

    def __init__(self, tiers: Mapping[float, int] | None = None, radius: float = 1000) -> None:
        self.world = World(SCHEMA)
        self.interest = Interest(SCHEMA, radius)
        self.encoder = PriorityEncoder(DeltaEncoder(SCHEMA, TICK_HZ), self.interest, tiers)
        self.decoder = DeltaDecoder(SCHEMA, TICK_HZ)
        self.tick = 0

    def send(self, *viewers: Viewer, narrow: float = 1.0, chance: np.random.Generator | None = None) -> Snapshot:
        """Capture a tick and send it to these viewers, those with the same base together."""
        self.tick += 1
        new = Snapshot(self.tick, self.world.capture())
        for viewer in viewers:
            if viewer.base is not None and not self.encoder.can_encode_from(viewer.base):
                viewer.base = viewer.view = None
        for base in {viewer.base for viewer in viewers}:
            self._send_group(base, new, [v for v in viewers if v.base is base], narrow, chance)
        return new

    def _send_group(
        self,
        base: Snapshot | None,
        new: Snapshot,
        group: list[Viewer],
        narrow: float,
        chance: np.random.Generator | None,
    ) -> None:
        viewpoints = np.array([viewer.viewpoint for viewer in group], np.float32)
        before = Views.of([v.view for v in group if v.view is not None]) if base is not None else None
        now = self.interest.views(new, viewpoints, before)
        if chance is not None:
            masks = tuple([mask & (chance.random(mask.shape) < narrow) for mask in now.masks])
            now = Views(new, masks, now.count)
        budgets = np.array([v.budget for v in group], np.float32)
        viewers = Viewers(viewpoints, np.array([v.avatar for v in group]), budgets)
        bodies, sees = self.encoder.encode(base, new, before, now, viewers)
        for row, (viewer, body) in enumerate(zip(group, bodies, strict=True)):
            viewer.state = self.decoder.apply(viewer.state, Message.of(body, new, base))
            viewer.base, viewer.view = new, sees[row]
            viewer.sizes.append(len(body))
            self.check(viewer, sees[row], new)

    @staticmethod
    def check(viewer: Viewer, view: View, new: Snapshot) -> None:
        """Check that a client holds its view; codes of age 0 are exact, texts and lists always."""
        for held, truth, ages, mask in zip(viewer.state.tables, view.tables(), view.ages, view.masks, strict=True):
            assert held.ids.tolist() == truth.ids.tolist()
            assert held.objects == truth.objects
            exact = ages[mask] == 0
            assert np.array_equal(held.codes[:, exact], truth.codes[:, exact])
            assert (ages[mask] <= MAX_AGE).all()
            differs = (held.codes != truth.codes).any(axis=0)
            assert not (differs & exact).any()
        assert viewer.state.tick == new.tick


def ages(viewer: Viewer) -> dict[int, int]:
    """Return the age of each entity in a view."""
    assert viewer.view is not None
    parts = zip(viewer.view.views.snapshot.tables, viewer.view.masks, viewer.view.ages, strict=True)
    return {
        i: a for table, mask, age in parts for i, a in zip(table.ids[mask].tolist(), age[mask].tolist(), strict=True)
    }


def restless(world: World, chance: np.random.Generator, share: float = 0.8) -> None:
    """Move everything by its rates, and turn some ships."""
    for ship in world.entities(Ship):
        ship.x += ship.vx / TICK_HZ
        ship.y += ship.vy / TICK_HZ
        if chance.random() < share:
            ship.vx, ship.vy = chance.normal(0, 60, 2)
            ship.heading += 0.3
    for shot in world.entities(Shot):
        shot.x += shot.vx / TICK_HZ


@given(
    st.integers(0, 2**32),
    st.floats(0.3, 1),
    st.sampled_from([None, {100.0: 2}, {200.0: 4, 50.0: 2}, {1.0: 8}]),
    st.sampled_from([math.inf, 2000, 300, 120, 60]),
)
def test_whatever_is_left_out_the_client_holds_what_the_server_expects(
    seed: int, keeps_up: float, tiers: dict[float, int] | None, budget: float
) -> None:
    chance = np.random.default_rng(seed)
    game = Game(tiers, radius=400)
    world = game.world
    viewers = [Viewer((100 * i, 0), budget if i % 2 else math.inf) for i in range(4)]
    for i in range(16):
        world.spawn(Ship, x=chance.normal(0, 300), y=chance.normal(0, 300), name=str(i))
    world.spawn(Trophy)
    for _ in range(20):
        restless(world, chance, 0.4)
        for ship in world.entities(Ship):
            if chance.random() < 0.02:
                world.despawn(ship)
                world.spawn(Ship, x=chance.normal(0, 300), name="new")
            elif chance.random() < 0.05:
                ship.name, ship.hp = str(chance.random()), 7
        if chance.random() < 0.4:
            world.spawn(Shot, x=chance.normal(0, 100), vx=100)
        for shot in world.entities(Shot)[:-5]:
            world.despawn(shot)
        due = [viewer for viewer in viewers if chance.random() < keeps_up]
        if due:
            game.send(*due, narrow=0.97, chance=chance)


def test_far_entities_are_sent_with_every_nth_snapshot_and_near_ones_with_every() -> None:
    game = Game({100: 2, 300: 4})
    ships = [game.world.spawn(Ship, x=x) for x in (0, 90, 200, 400) for _ in range(4)]
    viewer, chance, oldest = Viewer(), np.random.default_rng(1), dict.fromkeys(range(1, 17), 0)
    game.send(viewer)
    sent = dict.fromkeys(range(1, 17), 0)
    for _ in range(40):
        for ship in ships:
            ship.heading += 1 + chance.random()
        game.send(viewer)
        for ship_id, age in ages(viewer).items():
            sent[ship_id] += age == 0
            oldest[ship_id] = max(oldest[ship_id], age)
    assert [sent[i] for i in range(1, 17)] == [40] * 8 + [20] * 4 + [10] * 4
    assert [oldest[i] for i in range(1, 17)] == [0] * 8 + [1] * 4 + [3] * 4


def test_stretched_tiers_are_sent_less_often_until_they_are_no_longer_stretched() -> None:
    game = Game({100: 2, 300: 8})
    ships = [game.world.spawn(Ship, x=x) for x in (0, 200, 400)]
    viewer, chance = Viewer(), np.random.default_rng(1)
    game.send(viewer)
    for stretch, expected in ((1, [0, 1, 7]), (2, [0, 3, 7]), (1, [0, 1, 7])):
        game.encoder.set_tier_stretch(stretch)
        oldest = [0, 0, 0]
        for step in range(32):
            for ship in ships:
                ship.hp = int(chance.integers(100))
                ship.vx = float(chance.integers(1, 50))
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
    game, chance = Game(radius=200), np.random.default_rng(3)
    plain, base, before = DeltaEncoder(SCHEMA, TICK_HZ), None, None
    for i in range(20):
        game.world.spawn(Ship, x=20 * i, name=str(i))
    viewers = [Viewer((50 * i, 0)) for i in range(4)]
    for _ in range(10):
        restless(game.world, chance)
        new = game.send(*viewers)
        now = game.interest.views(new, [viewer.viewpoint for viewer in viewers], before)
        bodies = plain.encode_views(base, new, before, now)
        assert all(viewer.sizes[-1] <= len(body) for viewer, body in zip(viewers, bodies, strict=True))
        assert all(set(ages(viewer).values()) <= {0} for viewer in viewers)
        base, before = new, now


@pytest.mark.parametrize("budget", [100, 250, 600])
def test_no_message_is_larger_than_its_budget(budget: float) -> None:
    game, chance = Game(), np.random.default_rng(5)
    for i in range(200):
        game.world.spawn(Ship, x=chance.normal(0, 300), y=chance.normal(0, 300), name=f"ship {i}")
    viewer, free = Viewer(budget=budget), Viewer()
    for _ in range(60):
        restless(game.world, chance)
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
    game, chance = Game(), np.random.default_rng(6)
    for i in range(60):
        game.world.spawn(Ship, x=15 * i)
    viewer = Viewer(budget=150)
    sent = dict.fromkeys(range(1, 61), 0)
    waits = dict.fromkeys(range(1, 61), 0)
    longest = dict(waits)
    for tick in range(120):
        for ship in game.world.entities(Ship):
            ship.heading += 0.3 + chance.random()
            ship.vy = chance.normal(0, 50)
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
    game, chance = Game({1: 8}), np.random.default_rng(7)
    for _ in range(80):
        game.world.spawn(Ship, x=chance.normal(0, 10))
    viewer = Viewer(budget=150)
    viewer.avatar = game.world.spawn(Ship, x=900).id
    for _ in range(30):
        restless(game.world, chance, 1)
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
    encoder = PriorityEncoder(DeltaEncoder(schema, 1), Interest(schema, 1))
    viewers = Viewers(np.zeros((1, 2), np.float32), np.zeros(1, np.int64), np.ones(1, np.float32))
    new = Snapshot(1, ())
    assert encoder.encode(None, new, None, Views(new, (), 1), viewers)[0] == [b"\x90\x90\x90\x90"]


def test_after_a_missed_snapshot_everything_in_view_is_exact() -> None:
    game, chance = Game({1: 8}), np.random.default_rng(8)
    for i in range(20):
        game.world.spawn(Ship, x=10 * i)
    viewer, other = Viewer(), Viewer()
    for tick in range(1, 30):
        restless(game.world, chance)
        if tick % 7 == 3:
            game.send(other)
            assert max(ages(viewer).values()) > 0
        else:
            game.send(viewer, other)
        if tick % 7 == 4:
            assert set(ages(viewer).values()) == {0}


def test_from_a_base_that_is_too_old_no_delta_can_be_encoded() -> None:
    game = Game()
    late, other = Viewer(), Viewer()
    game.world.spawn(Ship)
    game.send(late, other)
    assert late.base is not None
    for _ in range(16):
        game.send(other)
        assert game.encoder.can_encode_from(late.base)
    for _ in range(50):
        game.send(other)
    assert not game.encoder.can_encode_from(late.base)
    game.send(late, other)


@pytest.mark.parametrize("tiers", [{100: 0}, {100: 9}, {0: 2}, {-5: 2}])
def test_tiers_that_cannot_be_kept_are_refused(tiers: dict[float, int]) -> None:
    with pytest.raises(DeclarationError, match="tiers"):
        Game(tiers)
