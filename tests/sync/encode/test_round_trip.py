"""A decoder that applies an encoder's bodies holds exactly what the viewer sees, whatever happened between."""

from __future__ import annotations

from typing import TypeVar

import hypothesis.strategies as st
import numpy as np
from hypothesis import given, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from gameserver.state.entity import Entity
from gameserver.sync.decode.decoder import DeltaDecoder
from gameserver.sync.encode.encoder import DeltaEncoder
from gameserver.sync.encode.views import ALL, View, Views
from tests.support.single_view import encode_view
from tests.support.sync_viewer import Viewer
from tests.support.sync_world import (
    SCHEMA,
    TICK_HZ,
    Dust,
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

    @precondition(lambda self: self.world.entities(Ship))
    @rule(data=st.data(), more=st.lists(st.integers(-5, 5), min_size=1, max_size=2))
    def load_more(self, data: st.DataObject, more: list[int]) -> None:
        """A list that grows is sent as what is added, but to those who see it for the first time."""
        data.draw(st.sampled_from(self.world.entities(Ship))).cargo.extend(more)

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
                alone = encode_view(self.encoder, base, self.new, viewer.view, now[i])
                assert body == alone, "a viewer's bytes do not depend on the other viewers"
                viewer.apply(body, self.new, now[i])

    def due(self, data: st.DataObject, viewers: list[Viewer]) -> list[Viewer]:
        behind = [v for v in viewers if v.base is None or v.base.tick < self.tick]
        return [v for v in behind if data.draw(st.booleans())]

    def views(self, data: st.DataObject, count: int) -> Views:
        seed = data.draw(st.integers(0, 2**32))
        fraction = data.draw(st.sampled_from([0.0, 0.1, 0.5, 0.9, 1.0]))
        random = np.random.default_rng(seed)
        return Views(self.new, tuple([random.random((count, len(t))) < fraction for t in self.new.tables]), count)

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
        self.random = np.random.default_rng(seed)
        self.world = make_world()
        for _ in range(12):
            self.world.spawn(Ship, x=self.random.uniform(-500, 500), name="new")
            self.world.spawn(Shot, vx=self.random.uniform(-50, 50))
            self.world.spawn(Note)
        self.world.table(Dust).spawn_many(20, x=self.random.uniform(0, 100, 20), vx=2)

    def some(self, cls: type[E], fraction: float) -> list[E]:
        return [entity for entity in self.world.entities(cls) if self.random.random() < fraction]

    def step(self) -> None:
        random, world = self.random, self.world
        for ship in world.entities(Ship):
            ship.x += ship.vx / TICK_HZ
            ship.heading += ship.spin / TICK_HZ
        for ship in self.some(Ship, random.random()):
            ship.vx += random.normal(0, 20)
            ship.spin = random.normal(0, 5)
        for ship in self.some(Ship, 0.1):
            ship.x, ship.hp, ship.name = (
                random.uniform(-900, 900),
                int(random.integers(-100, 100)),
                str(random.random()),
            )
            ship.target = next(iter(self.some(Ship, 0.2)), None)
        for note in self.some(Note, 0.1):
            note.text = str(random.random())
        for entity in [*self.some(Shot, 0.2), *self.some(Ship, 0.03), *self.some(Note, 0.03)]:
            world.despawn(entity)
        for _ in range(random.integers(0, 4)):
            world.spawn(Shot, x=random.uniform(-9, 9), vx=random.uniform(-50, 50))
            world.spawn(Ship)
        dust = world.table(Dust)
        dust.x += random.normal(0, 1, len(dust))
        dust.despawn(dust.ids[random.random(len(dust)) < 0.05])
        dust.spawn_many(int(random.integers(0, 3)), x=50)


@given(st.integers(0, 2**32), st.floats(0.2, 1), st.floats(0, 1))
def test_each_viewer_of_a_crowd_gets_exactly_what_it_sees(seed: int, keeps_up: float, fraction: float) -> None:
    """All views flicker, some viewers miss ticks, and those with the same base are encoded together."""
    game = Melee(seed)
    encoder, decoder = DeltaEncoder(SCHEMA, TICK_HZ), DeltaDecoder(SCHEMA, TICK_HZ)
    viewers = [Viewer(decoder) for _ in range(6)]
    for tick in range(1, 8):
        game.step()
        new = snapshot(game.world, tick)
        due = [viewer for viewer in viewers if game.random.random() < keeps_up]
        for base in {viewer.base for viewer in due}:
            group = [viewer for viewer in due if viewer.base is base]
            masks = tuple([game.random.random((len(group), len(table))) < fraction for table in new.tables])
            now = Views(new, masks, len(group))
            views = [viewer.view for viewer in group if isinstance(viewer.view, View)]
            bodies = encoder.encode_views(base, new, Views.of(views) if views else None, now)
            for row, (viewer, body) in enumerate(zip(group, bodies, strict=True)):
                viewer.apply(body, new, now[row])


TestAnyGame = AnyGame.TestCase
TestAnyGame.settings = settings(stateful_step_count=25)
