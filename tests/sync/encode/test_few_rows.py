"""Tables of few rows are captured and compared without numpy: the same snapshots, values and bytes as those of many."""

from __future__ import annotations

from typing import TYPE_CHECKING

import hypothesis.strategies as st
from hypothesis import given, settings

from gameserver.state.store import codes_of, few_codes_of
from gameserver.state.table import FEW_ROWS, Table
from gameserver.sync.decode.decoder import DeltaDecoder
from gameserver.sync.encode.blocks import AnyBlock, WidthCache, split_blocks
from gameserver.sync.encode.encoder import DeltaEncoder
from gameserver.sync.encode.type_delta import TypeDelta
from gameserver.sync.encode.views import ALL
from gameserver.sync.motion import Motion
from tests.support.sync_viewer import Viewer
from tests.support.sync_world import SCHEMA, TICK_HZ, Ship, make_world, snapshot

if TYPE_CHECKING:
    from collections.abc import Sequence
    from random import Random

    from gameserver.state.entity import Entity
    from gameserver.state.world import World

SIZES = st.lists(st.integers(0, 6) | st.integers(max(0, FEW_ROWS - 3), FEW_ROWS + 3), min_size=2, max_size=8)
"""How many ships there are at each tick: growing and shrinking across the threshold."""
CHANCE = st.randoms(use_true_random=True)  # of one seed each: hundreds of rows are too many draws for Hypothesis

TYPE = Ship.entity_type
MOTION = Motion(TYPE, TICK_HZ)


def resize(world: World, count: int, chance: Random) -> None:
    """Spawn or despawn ships until there are `count`."""
    while len(world.entities(Ship)) < count:
        world.spawn(Ship, x=chance.uniform(-500, 500), vx=chance.uniform(-40, 40))
    ships = list(world.entities(Ship))
    for ship in chance.sample(ships, len(ships) - count):
        world.despawn(ship)


def play(world: World, chance: Random) -> None:
    """Change some of what ships have, some of it far."""
    ships = world.entities(Ship)
    for ship in chance.sample(ships, chance.randint(0, len(ships))):
        far = chance.choice([1e-3, 1.0, 1.0, 1.0, 1e12])
        ship.x += chance.uniform(-9, 9) * far
        ship.vy = chance.uniform(-400, 400)
        ship.heading = chance.uniform(-9, 9) * far
        ship.hp, ship.armed = chance.randint(-200, 200), chance.random() < 0.5
        ship.mood, ship.target = chance.choice(("calm", "wary", "angry")), chance.choice(ships)


def values_of(entities: Sequence[Entity]) -> list[list[object]]:
    return [[getattr(entity, name) for name in TYPE.numeric] for entity in entities]


def wire(blocks: Sequence[AnyBlock], count: int) -> list[tuple[object, bytes, bytes]]:
    return [(block.who(count), block.widths, block.packed()) for block in blocks]


@settings(deadline=None, max_examples=30)
@given(SIZES, CHANCE)
def test_a_capture_gives_the_codes_and_values_of_both_ways(sizes: list[int], chance: Random) -> None:
    world = make_world()
    for count in sizes:
        resize(world, count, chance)
        play(world, chance)
        ships, living = world.entities(Ship), {ship.id: ship for ship in world.entities(Ship)}
        codes = codes_of(TYPE, ships, living)
        packed = codes.astype("<i8").tobytes()
        copies, few_copies = [TYPE.copy(ship) for ship in ships], [TYPE.copy(ship) for ship in ships]
        TYPE.load(copies, codes, living)
        if ships:
            assert few_codes_of(TYPE, ships, living) == packed
            TYPE.load(few_copies, packed, living)
        table = snapshot(world).tables[0]
        assert table.same(Table(table.ids, codes, table.objects))
        assert table.packed_codes == packed
        assert repr(values_of(ships)) == repr(values_of(copies)) == repr(values_of(few_copies))


@settings(deadline=None, max_examples=30)
@given(SIZES, CHANCE, st.integers(1, 3))
def test_a_delta_has_the_bytes_of_many_rows_and_leads_to_the_snapshot(
    sizes: list[int], chance: Random, span: int
) -> None:
    world, encoder, viewer = make_world(), DeltaEncoder(SCHEMA, TICK_HZ), Viewer(DeltaDecoder(SCHEMA, TICK_HZ))
    cache, cache_of_many = WidthCache(), WidthCache()
    for number, count in enumerate([size for size in sizes for _ in range(2)]):
        resize(world, count, chance)
        play(world, chance)
        new = snapshot(world, (number + 1) * span)
        base = viewer.base
        viewer.apply(encoder.encode(base, new), new, ALL)
        if base is None:
            continue
        delta = TypeDelta(MOTION, base.tables[0], new.tables[0], span, cache)
        residuals = delta.residuals_from(base.tables[0].codes)
        many = split_blocks(residuals, cache_of_many, span) if delta.n_stay else []
        assert wire(delta.blocks, delta.n_stay) == wire(many, delta.n_stay)
