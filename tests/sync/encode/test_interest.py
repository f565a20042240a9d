"""What a viewer sees follows from distance, with a border that does not flicker, and from the author's own rule."""

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
from tests.support.sync_world import snapshot

if TYPE_CHECKING:
    from gameserver.state.entity import EntityType
    from gameserver.state.table import Table
    from gameserver.sync.encode.views import Views

RADIUS, LEAVE = 100.0, 110.0


class Ship(Entity):
    """Visible within the room's radius."""

    x = Float(step=1 / 16)
    y = Float(step=1 / 16)


class Base(Entity):
    """Visible from further away in some tests."""

    x = Float(step=1)
    y = Float(step=1)


class Clock(Entity):
    """Has no position, so it is always visible."""

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


COORDINATE = st.floats(-300, 300)
POINT = st.tuples(COORDINATE, COORDINATE)


@given(st.lists(POINT, max_size=12), st.lists(POINT, max_size=12), st.lists(POINT, min_size=1, max_size=5))
def test_views_are_those_of_plain_arithmetic(
    first: list[tuple[float, float]], then: list[tuple[float, float]], viewpoints: list[tuple[float, float]]
) -> None:
    world = World(SCHEMA)
    ships = [world.spawn(Ship, x=x, y=y) for x, y in first]
    interest = rule()
    before = interest.views(snapshot(world), viewpoints)
    for i, viewpoint in enumerate(viewpoints):
        assert is_right(seen(before, i), ships, viewpoint, RADIUS, set())
    for ship, (x, y) in zip(ships[1:], then, strict=False):
        ship.x, ship.y = x, y
    for ship in ships[:1]:
        world.despawn(ship)
    fresh = world.spawn(Ship, x=0, y=0)
    now = interest.views(snapshot(world, 2), viewpoints, before)
    for i, viewpoint in enumerate(viewpoints):
        assert is_right(seen(now, i), [*ships[1:], fresh], viewpoint, RADIUS, set(seen(before, i)))


def is_right(ids: list[int], ships: list[Ship], viewpoint: tuple[float, float], radius: float, saw: set[int]) -> bool:
    """Return whether `ids` is right about each ship that is not within rounding of the border."""
    for ship in ships:
        far = math.dist((ship.x, ship.y), viewpoint)
        limit = LEAVE if ship.id in saw else radius
        if abs(far - limit) > 0.01 and (ship.id in ids) is not (far < limit):
            return False
    return True


def test_an_entity_at_the_border_does_not_come_and_go() -> None:
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


def test_the_leave_radius_applies_to_those_seen_before_when_others_come_and_go() -> None:
    world = World(SCHEMA)
    ships = [world.spawn(Ship, x=x) for x in (0, 99, 105)]
    before = rule().views(snapshot(world), [[0, 0]])
    assert seen(before) == [1, 2]
    world.despawn(ships[0])
    ships[1].x = 105
    world.spawn(Ship, x=105)
    assert seen(rule().views(snapshot(world, 2), [[0, 0]], before)) == [2]


def test_types_have_radii_of_their_own_and_what_has_no_position_is_always_visible() -> None:
    world = World(SCHEMA)
    world.spawn(Ship, x=200)
    world.spawn(Base, x=200)
    world.spawn(Clock)
    assert seen(rule().views(snapshot(world), [[0, 0]])) == [3]
    assert seen(rule(Base=250).views(snapshot(world), [[0, 0]])) == [2, 3]
    assert seen(rule(Base=Reach(199, 199), Ship=None).views(snapshot(world), [[0, 0]])) == [1, 3]


def test_a_viewer_sees_its_own_avatar_from_any_viewpoint() -> None:
    world = World(SCHEMA)
    ships = [world.spawn(Ship, x=1000 * i) for i in range(4)]
    views = rule().views(snapshot(world), [[0, 0], [0, 0], [1000, 0]], avatars=[ships[3].id, 0, 99])
    assert [seen(views, i) for i in range(3)] == [[1, 4], [1], [2]]


def test_a_viewer_without_a_viewpoint_sees_what_is_always_visible() -> None:
    world = World(SCHEMA)
    world.spawn(Ship)
    world.spawn(Clock)
    assert seen(rule().views(snapshot(world), [[math.nan, math.nan]])) == [2]


def test_the_author_s_rule_decides_about_everything_but_the_avatar() -> None:
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


def test_the_mask_that_the_author_s_rule_returns_is_not_written_to() -> None:
    world = World(SCHEMA)
    world.spawn(Ship)
    nobody = np.zeros((1, 1), np.bool_)
    views = rule().views(
        snapshot(world), [[0, 0]], avatars=[1], narrow=lambda _t, table, mask: nobody if len(table) else mask
    )
    assert seen(views) == [1]
    assert not nobody.any()


def test_a_mask_of_another_shape_is_refused_with_the_type_s_name() -> None:
    world = World(SCHEMA)
    world.spawn(Ship)
    with pytest.raises(StateError, match=r"the view of Ship was narrowed to shape \(1,\); it has to stay \(2, 1\)"):
        rule().views(snapshot(world), [[0, 0], [0, 0]], narrow=lambda _t, table, _m: table.ids > 3)


def test_positions_are_found_in_every_type() -> None:
    world = World(SCHEMA)
    world.spawn(Ship, x=1, y=2)
    world.spawn(Clock)
    world.spawn(Base, x=-3, y=4)
    positions = positions_of(SCHEMA, snapshot(world), [3, 1, 2, 77])
    assert positions[:2].tolist() == [[-3, 4], [1, 2]]
    assert np.isnan(positions[2:]).all()


@pytest.mark.parametrize(("radius", "leave"), [(0, None), (-1, None), (10, 9), (math.nan, None), (1, math.inf)])
def test_radii_that_do_not_fit_are_refused(radius: float, leave: float | None) -> None:
    with pytest.raises(DeclarationError, match="radius"):
        Interest(SCHEMA, radius, leave)


def test_views_computed_in_many_blocks_are_those_of_one(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(SCHEMA)
    for i in range(30):
        world.spawn(Ship, x=13 * i, y=7 * i)
    new = snapshot(world)
    viewpoints = [[11 * i, 9 * i] for i in range(20)]
    whole = rule().views(new, viewpoints)
    monkeypatch.setattr("gameserver.sync.encode.interest.BLOCK_CELLS", 100)
    assert np.array_equal(rule().views(new, viewpoints).masks[0], whole.masks[0])
