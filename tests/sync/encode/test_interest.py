"""Who sees what is decided by distance, with a border that does not flicker, and by what the author says."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

from gameserver.state.entity import Entity
from gameserver.state.errors import DeclarationError, StateError
from gameserver.state.fields import Float, Int
from gameserver.state.schema import Schema
from gameserver.state.world import World
from gameserver.sync.encode.interest import Interest, Reach, positions_of
from gameserver.sync.encode.views import View, Views
from gameserver.sync.snapshot import Snapshot

if TYPE_CHECKING:
    from gameserver.state.entity import EntityType
    from gameserver.state.table import Table

RADIUS, LEAVE = 100.0, 110.0


class Ship(Entity):
    """Seen from near."""

    x = Float(step=1 / 16)
    y = Float(step=1 / 16)


class Base(Entity):
    """Seen from further away."""

    x = Float(step=1)
    y = Float(step=1)


class Clock(Entity):
    """Nowhere, so everywhere."""

    seconds = Int(0, 600)


SCHEMA = Schema([Ship, Base, Clock])


def rule(**types: float | Reach | None) -> Interest:
    own: dict[type[Entity], float | Reach | None] = {
        cls: types[cls.__name__] for cls in (Ship, Base, Clock) if cls.__name__ in types
    }
    return Interest(SCHEMA, RADIUS, LEAVE, types=own)


def seen(views: Views, row: int = 0) -> list[int]:
    """Return the ids that one viewer sees."""
    return sorted(entity_id for table in views[row].tables() for entity_id in table.ids.tolist())


def snapshot(world: World, tick: int = 1) -> Snapshot:
    return Snapshot(tick, world.capture())


COORDINATE = st.floats(-300, 300)
PLACE = st.tuples(COORDINATE, COORDINATE)


@given(st.lists(PLACE, max_size=12), st.lists(PLACE, max_size=12), st.lists(PLACE, min_size=1, max_size=5))
def test_views_are_those_of_plain_arithmetic(
    first: list[tuple[float, float]], then: list[tuple[float, float]], eyes: list[tuple[float, float]]
) -> None:
    world = World(SCHEMA)
    ships = [world.spawn(Ship, x=x, y=y) for x, y in first]
    interest = rule()
    before = interest.views(snapshot(world), eyes)
    for i, eye in enumerate(eyes):
        assert clear(seen(before, i), ships, eye, RADIUS, set())
    for ship, (x, y) in zip(ships[1:], then, strict=False):
        ship.x, ship.y = x, y
    for ship in ships[:1]:
        world.despawn(ship)
    fresh = world.spawn(Ship, x=0, y=0)
    now = interest.views(snapshot(world, 2), eyes, before)
    for i, eye in enumerate(eyes):
        assert clear(seen(now, i), [*ships[1:], fresh], eye, RADIUS, set(seen(before, i)))


def clear(ids: list[int], ships: list[Ship], eye: tuple[float, float], radius: float, saw: set[int]) -> bool:
    """Check each ship that is not within a hair of a border."""
    for ship in ships:
        far = math.dist((ship.x, ship.y), eye)
        limit = LEAVE if ship.id in saw else radius
        if abs(far - limit) > 0.01 and (ship.id in ids) is not (far < limit):
            return False
    return True


def test_one_on_the_border_does_not_come_and_go() -> None:
    world = World(SCHEMA)
    ship = world.spawn(Ship, x=99)
    interest, views, crossings = rule(), None, 0
    for tick in range(1, 40):
        ship.x = 105 + (6 if tick % 2 else -6) * (tick % 4 > 0)
        ship.x = min(ship.x, LEAVE - 1)
        now = interest.views(snapshot(world, tick), [[0, 0]], views)
        crossings += views is not None and seen(now) != seen(views)
        views = now
    assert crossings <= 1
    ship.x = LEAVE + 1
    assert seen(interest.views(snapshot(world, 41), [[0, 0]], views)) == []


def test_the_wider_border_holds_for_those_seen_before_when_others_come_and_go() -> None:
    world = World(SCHEMA)
    ships = [world.spawn(Ship, x=x) for x in (0, 99, 105)]
    before = rule().views(snapshot(world), [[0, 0]])
    assert seen(before) == [1, 2]
    world.despawn(ships[0])
    ships[1].x = 105
    world.spawn(Ship, x=105)
    assert seen(rule().views(snapshot(world, 2), [[0, 0]], before)) == [2]


def test_types_have_radii_of_their_own_and_what_has_no_place_is_always_seen() -> None:
    world = World(SCHEMA)
    world.spawn(Ship, x=200)
    world.spawn(Base, x=200)
    world.spawn(Clock)
    assert seen(rule().views(snapshot(world), [[0, 0]])) == [3]
    assert seen(rule(Base=250).views(snapshot(world), [[0, 0]])) == [2, 3]
    assert seen(rule(Base=Reach(199, 199), Ship=None).views(snapshot(world), [[0, 0]])) == [1, 3]


def test_a_viewer_sees_its_own_avatar_wherever_it_looks_from() -> None:
    world = World(SCHEMA)
    ships = [world.spawn(Ship, x=1000 * i) for i in range(4)]
    views = rule().views(snapshot(world), [[0, 0], [0, 0], [1000, 0]], avatars=[ships[3].id, 0, 99])
    assert [seen(views, i) for i in range(3)] == [[1, 4], [1], [2]]


def test_a_viewer_without_a_place_sees_what_is_always_visible() -> None:
    world = World(SCHEMA)
    world.spawn(Ship)
    world.spawn(Clock)
    assert seen(rule().views(snapshot(world), [[math.nan, math.nan]])) == [2]


def test_the_author_s_rule_has_the_last_word_but_for_the_avatar() -> None:
    world = World(SCHEMA)
    for i in range(4):
        world.spawn(Ship, x=i)

    def only_even(
        entity_type: EntityType, table: Table, mask: np.ndarray[tuple[int, int], np.dtype[np.bool_]]
    ) -> object:
        assert entity_type in SCHEMA.entities
        return mask & (table.ids % 2 == 0)

    views = rule().views(snapshot(world), [[0, 0]], avatars=[1], narrow=only_even)  # type: ignore[arg-type]
    assert seen(views) == [1, 2, 4]


def test_the_author_s_mask_stays_the_author_s() -> None:
    world = World(SCHEMA)
    world.spawn(Ship)
    nobody = np.zeros((1, 1), np.bool_)
    views = rule().views(
        snapshot(world), [[0, 0]], avatars=[1], narrow=lambda _t, table, mask: nobody if len(table) else mask
    )
    assert seen(views) == [1]
    assert not nobody.any()


def test_a_mask_of_another_shape_is_refused_by_name() -> None:
    world = World(SCHEMA)
    world.spawn(Ship)
    with pytest.raises(StateError, match=r"the view of Ship was narrowed to shape \(1,\); it has to stay \(2, 1\)"):
        rule().views(snapshot(world), [[0, 0], [0, 0]], narrow=lambda _t, table, _m: table.ids > 3)


def test_places_are_found_in_every_type() -> None:
    world = World(SCHEMA)
    world.spawn(Ship, x=1, y=2)
    world.spawn(Clock)
    world.spawn(Base, x=-3, y=4)
    places = positions_of(SCHEMA, snapshot(world), [3, 1, 2, 77])
    assert places[:2].tolist() == [[-3, 4], [1, 2]]
    assert np.isnan(places[2:]).all()


@pytest.mark.parametrize(("radius", "leave"), [(0, None), (-1, None), (10, 9), (math.nan, None), (1, math.inf)])
def test_radii_that_do_not_fit_are_refused(radius: float, leave: float | None) -> None:
    with pytest.raises(DeclarationError, match="radius"):
        Interest(SCHEMA, radius, leave)


def test_views_of_many_blocks_are_those_of_one(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(SCHEMA)
    for i in range(30):
        world.spawn(Ship, x=13 * i, y=7 * i)
    new = snapshot(world)
    eyes = [[11 * i, 9 * i] for i in range(20)]
    whole = rule().views(new, eyes)
    monkeypatch.setattr("gameserver.sync.encode.interest.BLOCK_CELLS", 100)
    assert np.array_equal(rule().views(new, eyes).masks[0], whole.masks[0])


def test_views_put_together_are_the_single_ones_in_order() -> None:
    world = World(SCHEMA)
    for i in range(5):
        world.spawn(Ship, x=60 * i)
    new = snapshot(world)
    one = rule().views(new, [[0, 0], [100, 0], [200, 0]])
    other = rule().views(new, [[60, 0]])
    assert Views.of([one[0], one[1], one[2]]) is one
    for chosen in ([one[2], one[0]], [one[1], other[0], one[1]], [View(other, 0)]):
        together = Views.of(chosen)
        assert [seen(together, i) for i in range(together.count)] == [seen(v.views, v.row) for v in chosen]
