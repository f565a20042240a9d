"""A decoder that applies an encoder's bodies holds exactly what the viewer sees, whatever happened between."""

from __future__ import annotations

from typing import Any, TypeVar

import hypothesis.strategies as st
import msgpack
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from gameserver.state.entity import Entity
from gameserver.state.fields import Angle, Float, Int, List, Text
from gameserver.state.schema import Schema
from gameserver.state.world import World
from gameserver.sync.decode.decoder import DeltaDecoder
from gameserver.sync.encode.encoder import EMPTY_BODY, DeltaEncoder
from gameserver.sync.encode.views import ALL, AnyView, View, Views
from gameserver.sync.snapshot import Snapshot
from tests.support.sync_world import (
    SCHEMA,
    TICK_HZ,
    Dust,
    Message,
    Note,
    Ship,
    Shot,
    make_world,
    same,
    snapshot,
)

ANGLES = st.floats(-1e6, 1e6)
REALS = st.floats(-1e4, 1e4) | st.floats(-1, 1) | st.sampled_from([1e9, -1e308, 5e-324, -0.0])
TEXTS = st.text(max_size=16)


E = TypeVar("E", bound=Entity)


class Viewer:
    """A client, and the base and view that the server has of it."""

    def __init__(self, decoder: DeltaDecoder) -> None:
        self.decoder = decoder
        self.base: Snapshot | None = None
        self.view: AnyView = ALL
        self.state = decoder.empty()

    def apply(self, body: bytes, new: Snapshot, view: AnyView) -> None:
        """Apply a body, and check that the state is exactly what the viewer shall see."""
        self.state = self.decoder.apply(self.state, Message.of(body, new, self.base))
        self.base, self.view = new, view
        expected = new.tables if view is ALL else view.tables()
        assert same(self.state.tables, expected)
        assert self.state.tick == new.tick


class AnyGame(RuleBasedStateMachine):
    """Anything that rules may do between ticks, and viewers that get a snapshot now and then."""

    @initialize()
    def begin(self) -> None:
        self.world = make_world()
        self.dust = self.world.table(Dust)
        self.tick = 0
        self.encoder = DeltaEncoder(SCHEMA, TICK_HZ)
        decoder = DeltaDecoder(SCHEMA, TICK_HZ)
        self.all_seeing = [Viewer(decoder) for _ in range(2)]
        self.short_sighted = [Viewer(decoder) for _ in range(3)]
        self.capture()

    def capture(self) -> None:
        self.new = snapshot(self.world, self.tick)

    @rule(data=st.data(), cls=st.sampled_from([Ship, Shot, Note]))
    def spawn(self, data: st.DataObject, cls: type[Entity]) -> None:
        values = {name: data.draw(REALS) for name in ("x", "vx") if name in cls.entity_type.fields}
        self.world.spawn(cls, **values)

    @precondition(lambda self: self.some())
    @rule(data=st.data())
    def despawn(self, data: st.DataObject) -> None:
        self.world.despawn(data.draw(st.sampled_from(self.some())))

    @precondition(lambda self: self.some())
    @rule(data=st.data())
    def replace_by_an_equal_one(self, data: st.DataObject) -> None:
        """What dies and comes back in one tick has a new id and the same values."""
        old = data.draw(st.sampled_from(self.some()))
        values = {name: getattr(old, name) for name in type(old).entity_type.fields}
        self.world.despawn(old)
        self.world.spawn(type(old), **values)

    def some(self) -> list[Entity]:
        return [entity for cls in (Ship, Shot, Note) for entity in self.world.entities(cls)]

    @precondition(lambda self: self.world.entities(Ship))
    @rule(data=st.data(), x=REALS, v=st.floats(-400, 400), angle=ANGLES, spin=st.floats(-30, 30))
    def steer(self, data: st.DataObject, x: float, v: float, angle: float, spin: float) -> None:
        ship = data.draw(st.sampled_from(self.world.entities(Ship)))
        ship.x, ship.vx, ship.vy, ship.heading, ship.spin, ship.aim = x, v, -v, angle, spin, -angle

    @precondition(lambda self: self.world.entities(Ship))
    @rule(data=st.data(), hp=st.integers(-200, 200), cargo=st.lists(st.integers(-9, 9), max_size=6), name=TEXTS)
    def load(self, data: st.DataObject, hp: int, cargo: list[int], name: str) -> None:
        ship, other = data.draw(st.tuples(*[st.sampled_from(self.world.entities(Ship))] * 2))
        ship.hp, ship.cargo, ship.name, ship.target = hp, cargo, name, other
        ship.armed, ship.mood = hp > 0, ("calm", "wary", "angry")[hp % 3]

    @precondition(lambda self: self.world.entities(Note))
    @rule(data=st.data(), text=TEXTS)
    def write(self, data: st.DataObject, text: str) -> None:
        data.draw(st.sampled_from(self.world.entities(Note))).text = text

    @rule(xs=st.lists(st.floats(-10, 110), max_size=5))
    def blow_in_dust(self, xs: list[float]) -> None:
        self.dust.spawn_many(len(xs), x=xs, vx=3.5)

    @rule(data=st.data())
    def settle_dust(self, data: st.DataObject) -> None:
        ids = self.dust.ids.tolist()
        self.dust.despawn(data.draw(st.lists(st.sampled_from(ids), unique=True)) if ids else [])
        self.dust.hot = self.dust.x > 50

    @rule(ticks=st.integers(1, 5))
    def pass_time(self, ticks: int) -> None:
        """Let everything with a rate move by it, as rules mostly do."""
        for _ in range(ticks):
            self.tick += 1
            for ship in self.world.entities(Ship):
                ship.x += ship.vx / TICK_HZ
                ship.heading += ship.spin / TICK_HZ
            for shot in self.world.entities(Shot):
                shot.x += shot.vx / TICK_HZ
            self.dust.x += self.dust.vx / TICK_HZ
            self.capture()

    @rule(data=st.data())
    def send_to_the_all_seeing(self, data: st.DataObject) -> None:
        for viewer in self.due(data, self.all_seeing):
            viewer.apply(self.encoder.encode(viewer.base, self.new), self.new, ALL)

    @rule(data=st.data())
    def send_to_the_short_sighted(self, data: st.DataObject) -> None:
        """Those with the same base are encoded together."""
        due = self.due(data, self.short_sighted)
        for base in {viewer.base for viewer in due}:
            viewers = [viewer for viewer in due if viewer.base is base]
            now = self.views(data, len(viewers))
            bodies = self.encoder.encode_views(base, self.new, self.before(viewers), now)
            for i, (viewer, body) in enumerate(zip(viewers, bodies, strict=True)):
                alone = self.encoder.encode(base, self.new, viewer.view, now[i])
                assert body == alone, "a viewer's bytes do not depend on the other viewers"
                viewer.apply(body, self.new, now[i])

    def due(self, data: st.DataObject, viewers: list[Viewer]) -> list[Viewer]:
        behind = [v for v in viewers if v.base is None or v.base.tick < self.tick]
        return [v for v in behind if data.draw(st.booleans())]

    def views(self, data: st.DataObject, count: int) -> Views:
        seed = data.draw(st.integers(0, 2**32))
        share = data.draw(st.sampled_from([0.0, 0.1, 0.5, 0.9, 1.0]))
        chance = np.random.default_rng(seed)
        return Views(self.new, tuple([chance.random((count, len(t))) < share for t in self.new.tables]), count)

    @staticmethod
    def before(viewers: list[Viewer]) -> Views | None:
        views = [viewer.view for viewer in viewers if isinstance(viewer.view, View)]
        return Views.of(views) if views else None

    @invariant()
    def no_state_changed_after_it_was_made(self) -> None:
        for viewer in [*self.all_seeing, *self.short_sighted]:
            if viewer.base is not None:
                expected = viewer.base.tables if viewer.view is ALL else viewer.view.tables()
                assert same(viewer.state.tables, expected)


class Melee:
    """A crowded game at random: everything happens in every tick, to some of the entities."""

    def __init__(self, seed: int) -> None:
        self.chance = np.random.default_rng(seed)
        self.world = make_world()
        for _ in range(12):
            self.world.spawn(Ship, x=self.chance.uniform(-500, 500), name="new")
            self.world.spawn(Shot, vx=self.chance.uniform(-50, 50))
            self.world.spawn(Note)
        self.world.table(Dust).spawn_many(20, x=self.chance.uniform(0, 100, 20), vx=2)

    def some(self, cls: type[E], share: float) -> list[E]:
        return [entity for entity in self.world.entities(cls) if self.chance.random() < share]

    def step(self) -> None:
        chance, world = self.chance, self.world
        for ship in world.entities(Ship):
            ship.x += ship.vx / TICK_HZ
            ship.heading += ship.spin / TICK_HZ
        for ship in self.some(Ship, chance.random()):
            ship.vx += chance.normal(0, 20)
            ship.spin = chance.normal(0, 5)
        for ship in self.some(Ship, 0.1):
            ship.x, ship.hp, ship.name = (
                chance.uniform(-900, 900),
                int(chance.integers(-100, 100)),
                str(chance.random()),
            )
            ship.target = next(iter(self.some(Ship, 0.2)), None)
        for note in self.some(Note, 0.1):
            note.text = str(chance.random())
        for entity in [*self.some(Shot, 0.2), *self.some(Ship, 0.03), *self.some(Note, 0.03)]:
            world.despawn(entity)
        for _ in range(chance.integers(0, 4)):
            world.spawn(Shot, x=chance.uniform(-9, 9), vx=chance.uniform(-50, 50))
            world.spawn(Ship)
        dust = world.table(Dust)
        dust.x += chance.normal(0, 1, len(dust))
        dust.despawn(dust.ids[chance.random(len(dust)) < 0.05])
        dust.spawn_many(int(chance.integers(0, 3)), x=50)


@given(st.integers(0, 2**32), st.floats(0.2, 1), st.floats(0, 1))
def test_each_viewer_of_a_crowd_gets_exactly_what_it_sees(seed: int, keeps_up: float, share: float) -> None:
    """All views flicker, some viewers miss ticks, and those with the same base are encoded together."""
    game = Melee(seed)
    encoder, decoder = DeltaEncoder(SCHEMA, TICK_HZ), DeltaDecoder(SCHEMA, TICK_HZ)
    viewers = [Viewer(decoder) for _ in range(6)]
    for tick in range(1, 8):
        game.step()
        new = snapshot(game.world, tick)
        due = [viewer for viewer in viewers if game.chance.random() < keeps_up]
        for base in {viewer.base for viewer in due}:
            group = [viewer for viewer in due if viewer.base is base]
            masks = tuple([game.chance.random((len(group), len(table))) < share for table in new.tables])
            now = Views(new, masks, len(group))
            views = [viewer.view for viewer in group if isinstance(viewer.view, View)]
            bodies = encoder.encode_views(base, new, Views.of(views) if views else None, now)
            for row, (viewer, body) in enumerate(zip(group, bodies, strict=True)):
                viewer.apply(body, new, now[row])


TestAnyGame = AnyGame.TestCase
TestAnyGame.settings = settings(stateful_step_count=25)


def two_ticks(world: World, change: Any) -> tuple[Snapshot, Snapshot]:
    base = snapshot(world, 1)
    change()
    return base, snapshot(world, 2)


def test_straight_motion_over_any_span_is_the_empty_body() -> None:
    world = make_world()
    shot = world.spawn(Shot, x=100, vx=20)
    encoder = DeltaEncoder(SCHEMA, TICK_HZ)
    base = snapshot(world, 40)
    for tick in range(41, 60):
        shot.x += shot.vx / TICK_HZ
        assert encoder.encode(base, snapshot(world, tick)) == EMPTY_BODY


def test_the_page_s_example_is_what_the_encoder_writes() -> None:
    class Craft(Entity):
        x = Float(step=1 / 16)
        vx = Float(step=1 / 16, rate_of="x")
        hp = Int(0, 100)
        name = Text(max_bytes=24)

    world = World(Schema([Craft]))
    world.spawn(Craft, x=100, vx=20, hp=100, name="Ada")
    body = DeltaEncoder(world.schema, 20).encode(None, Snapshot(40, world.capture()))
    enters = [[0, [1], bytes.fromhex("0c0a08"), bytes.fromhex("800c2832")]]
    assert msgpack.unpackb(b"\x94" + body) == [[], enters, [], [[0, 3, None, ["Ada"]]]]


def test_viewers_who_see_everything_share_the_very_same_bytes() -> None:
    world = make_world()
    ship = world.spawn(Ship)
    base, new = two_ticks(world, lambda: setattr(ship, "hp", 1))
    encoder = DeltaEncoder(SCHEMA, TICK_HZ)
    assert encoder.encode(base, new) is encoder.encode(base, new)
    assert encoder.encode(None, new) is encoder.encode(None, new)


def test_one_ship_that_jumps_does_not_widen_the_rows_of_all_others() -> None:
    world = make_world()
    ships = [world.spawn(Ship, x=i, y=i) for i in range(40)]

    def everyone_drifts() -> None:
        for ship in ships:
            ship.y += 1 / 16

    base, calm = two_ticks(world, everyone_drifts)
    size = len(DeltaEncoder(SCHEMA, TICK_HZ).encode(base, calm))
    for ship in ships:
        ship.y -= 1 / 16
    base = snapshot(world, 3)
    everyone_drifts()
    ships[20].y += 1e6
    jumped = len(DeltaEncoder(SCHEMA, TICK_HZ).encode(base, snapshot(world, 4)))
    assert jumped < size + 40


@pytest.mark.parametrize("count", [1, 8, 50, 200])
def test_a_busy_entity_takes_few_bytes(count: int) -> None:
    """With the reference scene's entity and most fields changing at random, 10 bytes each and 60 for the message."""

    class Body(Entity):
        x = Float(step=1 / 16, min=0, max=2000)
        y = Float(step=1 / 16, min=0, max=2000)
        vx = Float(step=1 / 64, rate_of="x")
        vy = Float(step=1 / 64, rate_of="y")
        angle = Angle(steps=65_536)
        hp = Int(0, 100)

    world = World(Schema([Body]))
    chance = np.random.default_rng(7)
    bodies = [world.spawn(Body, x=1000, y=1000) for _ in range(count)]
    base = Snapshot(1, world.capture())
    for body in bodies:
        body.vx, body.vy, body.angle = *chance.uniform(-60, 60, 2), chance.uniform(0, 6)
        body.x += body.vx / TICK_HZ
        body.y += body.vy / TICK_HZ
    encoded = DeltaEncoder(world.schema, TICK_HZ).encode(base, Snapshot(2, world.capture()))
    assert len(encoded) <= 10 * count + 60


@given(st.integers(0, 40), st.integers(0, 2**40 - 1))
def test_whichever_way_entities_are_named_the_right_ones_change(count: int, bits: int) -> None:
    world = make_world()
    ships = [world.spawn(Ship) for _ in range(count)]
    changed = [ship for i, ship in enumerate(ships) if bits >> i & 1]
    decoder, encoder = DeltaDecoder(SCHEMA, TICK_HZ), DeltaEncoder(SCHEMA, TICK_HZ)
    viewer = Viewer(decoder)
    base = snapshot(world, 1)
    viewer.apply(encoder.encode(None, base), base, ALL)
    for ship in changed:
        ship.hp -= 1
        ship.name = "new"
    new = snapshot(world, 2)
    viewer.apply(encoder.encode(base, new), new, ALL)


def test_a_viewer_goes_from_a_view_to_everything_and_back() -> None:
    world = make_world()
    for i in range(10):
        world.spawn(Ship, x=i, name=str(i))
    encoder, viewer = DeltaEncoder(SCHEMA, TICK_HZ), Viewer(DeltaDecoder(SCHEMA, TICK_HZ))
    for tick, sees_all in enumerate([False, True, False, False, True, True], start=1):
        new = snapshot(world, tick)
        masks = tuple([np.arange(len(t)) % 3 == tick % 3 for t in new.tables])
        view: AnyView = ALL if sees_all else Views(new, tuple([mask[None] for mask in masks]), 1)[0]
        viewer.apply(encoder.encode(viewer.base, new, viewer.view, view), new, view)


def test_an_entity_that_replaces_another_with_equal_texts_and_lists_in_one_tick_comes_with_them() -> None:
    class Crew(Entity):
        name = Text(max_bytes=8)
        marks = List(Int(0, 9), 4)

    schema = Schema([Crew])
    world, encoder, decoder = World(schema), DeltaEncoder(schema, 20), DeltaDecoder(schema, 20)
    first = [world.spawn(Crew, name="Ada", marks=[1, 2]) for _ in range(2)]
    base = Snapshot(1, world.capture())
    held = decoder.apply(decoder.empty(), Message.of(encoder.encode(None, base), base, None))
    world.despawn(first[0])
    world.spawn(Crew, name="Ada", marks=[1, 2])
    new = Snapshot(2, world.capture())
    held = decoder.apply(held, Message.of(encoder.encode(base, new), new, base))
    assert [(crew.name, crew.marks) for crew in held.entities(Crew)] == [("Ada", [1, 2])] * 2
