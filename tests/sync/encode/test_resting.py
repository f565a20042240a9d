"""Types that rest: whatever rules do, their tables and deltas are those of a type that is captured whole each tick."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import hypothesis.strategies as st
import numpy as np
from hypothesis import given, settings

from gameserver.protocol.constants import MAX_CODE
from gameserver.state.schema import Schema
from gameserver.state.world import World
from gameserver.sync.encode.encoder import DeltaEncoder
from gameserver.sync.encode.views import Views
from gameserver.sync.snapshot import Snapshot, StateHash
from tests.support.any_room.schemas import make_types, random_types, random_value
from tests.support.single_view import everything
from tests.support.sync_world import same

if TYPE_CHECKING:
    from collections.abc import Callable

    from gameserver.state.entity import Entity

TICK_HZ = 20
KEPT = 12  # snapshots that deltas start from


class Twins:
    """Two rooms with the same entities, which rest in one of them, and to which the same is done."""

    def __init__(self, dice: random.Random) -> None:
        self.dice = dice
        specs = [
            {**spec, "columns": False, "fields": with_more(spec["fields"], dice)} for spec in random_types(dice)[:2]
        ]
        self.types = [make_types([{**spec, "rests": rests} for spec in specs]) for rests in (True, False)]
        schemas = [Schema(types) for types in self.types]
        assert schemas[0].fingerprint == schemas[1].fingerprint
        self.worlds = [World(schema) for schema in schemas]
        self.encoders = [DeltaEncoder(schema, TICK_HZ) for schema in schemas]
        self.snapshots: list[list[Snapshot]] = [[], []]
        self.hashes = [StateHash(), StateHash()]
        self.held: list[list[list[Any]]] = [[], []]
        """Lists that rules keep for later ticks, which may be those of entities."""
        self.tick = 0

    def both(self, act: Callable[[int, World, random.Random], object]) -> None:
        """Do the same in both rooms, with the same dice."""
        seed = self.dice.getrandbits(32)
        for side, world in enumerate(self.worlds):
            act(side, world, random.Random(seed))

    def some(self, world: World, dice: random.Random) -> Entity | None:
        ids = [
            entity.id for entity in map(world.get, range(1, MAX_CODE + 1 - world.ids_left + 1)) if entity is not None
        ]
        return world.get(dice.choice(ids)) if ids else None

    def spawn(self, side: int, world: World, dice: random.Random) -> None:
        cls = dice.choice(self.types[side])
        for _ in range(dice.randint(1, 3)):
            world.spawn(cls)
            self.assign(side, world, dice)

    def despawn(self, _side: int, world: World, dice: random.Random) -> None:
        entity = self.some(world, dice)
        if entity is not None:
            world.despawn(entity)

    def assign(self, side: int, world: World, dice: random.Random) -> None:
        """Assign anything to a field: by its attribute, by the dict, or a list that rules keep."""
        entity = self.some(world, dice)
        if entity is None or not entity.entity_type.fields:
            return
        name, field = dice.choice(list(entity.entity_type.fields.items()))
        ids = [dice.randint(1, 20) for _ in range(3)]
        value = random_value(field, dice, [found for found in map(world.get, ids) if found is not None])
        if dice.random() < 0.2:
            vars(entity)[name] = value
        else:
            setattr(entity, name, value)
        if isinstance(value, list) and dice.random() < 0.3:
            self.held[side].append(value)

    def edit(self, side: int, world: World, dice: random.Random) -> None:
        """Change a list in place, one that an entity has or one that was kept from earlier."""
        entity = self.some(world, dice)
        names = [] if entity is None else list(entity.entity_type.list_names)
        if entity is not None and names and dice.random() < 0.6:
            value = getattr(entity, dice.choice(names))
            if dice.random() < 0.2:
                self.held[side].append(value)
        elif self.held[side]:
            value = dice.choice(self.held[side])
        else:
            return
        match dice.randrange(5) if isinstance(value, list) else -1:
            case 0:
                value.clear()
            case 1:
                value.reverse()
            case 2:
                value.extend(value[:2])
            case 3:
                value[:1] = value[-1:]
            case 4 if value:
                list.append(value, value[0])

    def forget(self, side: int, _world: World, dice: random.Random) -> None:
        """Keep fewer lists."""
        del self.held[side][: dice.randint(0, 3)]

    def read(self, _side: int, world: World, dice: random.Random) -> None:
        entity = self.some(world, dice)
        assert entity is None or repr(entity)

    def drift(self, _side: int, world: World, dice: random.Random) -> None:
        """Move an entity by its rates, so that clients expect where it is."""
        entity = self.some(world, dice)
        for name, field in ({} if entity is None else entity.entity_type.fields).items():
            if field.rate_of is not None:
                moved = getattr(entity, field.rate_of) + getattr(entity, name) / TICK_HZ
                setattr(entity, field.rate_of, max(-1e15, min(1e15, moved)))

    def pass_ticks(self) -> None:
        for _ in range(self.dice.choice((1, 1, 2, 4))):
            self.tick += 1
            for world, encoder, snapshots in zip(self.worlds, self.encoders, self.snapshots, strict=True):
                snapshots.append(Snapshot(self.tick, world.capture()))
                encoder.prepare(snapshots[-1])
                del snapshots[:-KEPT]
            one, other = (snapshots[-1] for snapshots in self.snapshots)
            assert same(one.tables, other.tables)
            assert self.hashes[0].of(one) == self.hashes[1].of(other) == other.hash()

    def compare_deltas(self) -> None:
        """Encode the newest snapshot for viewers of everything and of a part, from nothing and from older ones."""
        at = self.dice.randrange(len(self.snapshots[0]))
        seed = self.dice.getrandbits(32)
        bodies = []
        for encoder, snapshots in zip(self.encoders, self.snapshots, strict=True):
            base, new, dice = snapshots[at], snapshots[-1], np.random.default_rng(seed)
            before, now = some_views(base, dice), some_views(new, dice)
            bodies.append([
                encoder.encode(None, new),
                *([] if base is new else [
                    encoder.encode(base, new),
                    *encoder.encode_views(base, new, everything(base, 2), everything(new, 2)),
                    *encoder.encode_views(base, new, before, now),
                ]),
            ])  # fmt: skip
        assert bodies[0] == bodies[1]


def with_more(fields: dict[str, Any], dice: random.Random) -> dict[str, Any]:
    """Return the fields of a type, mostly without rates and with a list and a reference."""
    if dice.random() < 0.7:
        fields = {name: spec for name, spec in list(fields.items())[:6] if "rate_of" not in spec}
    own = {
        "own_list": {"type": "list", "of": {"type": "int", "lo": 0, "hi": 9}, "max_items": 6},
        "own_ref": {"type": "ref"},
    }
    return {**fields, **own} if dice.random() < 0.7 else fields


def some_views(snapshot: Snapshot, dice: np.random.Generator) -> Views:
    """Views of two viewers who each see about half."""
    return Views(snapshot, tuple([dice.random((2, len(table))) < 0.5 for table in snapshot.tables]), 2)


STEPS = st.sampled_from(
    ["spawn", "despawn", "assign", "assign", "edit", "edit", "forget", "read", "drift", *["tick"] * 5]
)


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 2**32), st.lists(STEPS, min_size=30, max_size=60))
def test_tables_and_deltas_are_those_of_a_type_that_is_captured_whole(seed: int, history: list[str]) -> None:
    twins = Twins(random.Random(seed))
    twins.both(twins.spawn)
    for what in history:
        if what == "tick":
            twins.pass_ticks()
            if twins.dice.random() < 0.4:
                twins.compare_deltas()
        else:
            twins.both(getattr(twins, what))
    twins.pass_ticks()
    twins.compare_deltas()
