"""Bodies are small, shared where viewers see the same, and laid out as protocol.md §5 says."""

from __future__ import annotations

from typing import Any

import hypothesis.strategies as st
import msgpack
import numpy as np
import pytest
from hypothesis import given

from gameserver.state.entity import Entity
from gameserver.state.fields import Angle, Float, Int, List, Text
from gameserver.state.schema import Schema
from gameserver.state.world import World
from gameserver.sync.decode.decoder import DeltaDecoder
from gameserver.sync.encode.encoder import EMPTY_BODY, DeltaEncoder
from gameserver.sync.encode.views import ALL, AnyView, Views
from gameserver.sync.snapshot import Snapshot
from tests.support.single_view import encode_view
from tests.support.sync_viewer import Viewer
from tests.support.sync_world import (
    SCHEMA,
    TICK_HZ,
    Message,
    Ship,
    Shot,
    make_world,
    snapshot,
)


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
    random = np.random.default_rng(7)
    bodies = [world.spawn(Body, x=1000, y=1000) for _ in range(count)]
    base = Snapshot(1, world.capture())
    for body in bodies:
        body.vx, body.vy, body.angle = *random.uniform(-60, 60, 2), random.uniform(0, 6)
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
        viewer.apply(encode_view(encoder, viewer.base, new, viewer.view, view), new, view)


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


class Stroke(Entity):
    points = List(Int(0, 9), max_items=1000)


def test_a_list_that_grows_is_sent_as_what_is_added() -> None:
    world = World(Schema([Stroke]))
    encoder = DeltaEncoder(world.schema, TICK_HZ)
    stroke, other = world.spawn(Stroke, points=[1] * 900), world.spawn(Stroke, points=[2, 3])
    base = Snapshot(1, world.capture())
    stroke.points.append(7)
    new = Snapshot(2, world.capture())
    assert msgpack.unpackb(b"\x94" + encoder.encode(base, new))[3] == [[0, 0, [0], [[7]], [900]]]
    everything_of = [Views(each, (np.ones((2, 2), np.bool_),), 2) for each in (base, new)]
    for body in encoder.encode_views(base, new, *everything_of):
        assert msgpack.unpackb(b"\x94" + body)[3] == [[0, 0, [0], [[7]], [900]]]
    stroke.points[0] = 5
    other.points.append(4)
    newest = Snapshot(3, world.capture())
    values = msgpack.unpackb(b"\x94" + encoder.encode(new, newest))[3]
    assert values == [[0, 0, None, [[5, *[1] * 899, 7], [4]], [0, 2]]]


def test_who_sees_a_list_for_the_first_time_gets_all_of_it() -> None:
    world = World(Schema([Stroke]))
    stroke = world.spawn(Stroke, points=[1, 2])
    base = Snapshot(1, world.capture())
    stroke.points.append(3)
    new = Snapshot(2, world.capture())
    before, now = Views(base, (np.array([[True], [False]]),), 2), Views(new, (np.ones((2, 1), np.bool_),), 2)
    bodies = DeltaEncoder(world.schema, TICK_HZ).encode_views(base, new, before, now)
    values = [msgpack.unpackb(b"\x94" + body)[3] for body in bodies]
    assert values == [[[0, 0, None, [[3]], [2]]], [[0, 0, None, [[1, 2, 3]]]]]
