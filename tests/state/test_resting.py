"""Types that rest: an entity at rest is not captured, and anything that may change it wakes it first."""

from __future__ import annotations

import copy
import gc
import weakref
from typing import TYPE_CHECKING

import numpy as np
import pytest

from gameserver.state.entity import Entity
from gameserver.state.errors import DeclarationError, StateError
from gameserver.state.fields import Float, Int, List, Ref, Text
from gameserver.state.resting_store import RESTS_AFTER
from gameserver.state.schema import Schema
from gameserver.state.table import MAX_PATCH_ROWS, Change, Table
from gameserver.state.world import World

if TYPE_CHECKING:
    from collections.abc import Callable


class Rock(Entity):
    """A type that is captured whole."""


class Stroke(Entity, rests=True):
    x = Float(step=1)
    width = Int(1, 9, default=2)
    label = Text(max_bytes=8)
    points = List(Int(0, 99), max_items=200)
    on: Ref[Rock] = Ref(Rock)

    def move(self) -> None:
        """Write from a method."""
        self.x += 1


class Runner(Entity, rests=True):
    x = Float(step=1)
    vx = Float(step=1, rate_of="x")


def world_with(count: int = 3) -> tuple[World, list[Stroke]]:
    """Return a world with strokes that all rest."""
    world = World(Schema([Stroke, Rock, Runner]))
    strokes = [world.spawn(Stroke, x=float(i), points=[i, i + 1]) for i in range(count)]
    rest(world)
    assert not any(map(is_awake, strokes))
    return world, strokes


def rest(world: World) -> tuple[Table, ...]:
    """Let ticks pass in which nothing changes."""
    for _ in range(RESTS_AFTER + 2):
        tables = world.capture()
    return tables


def is_awake(entity: Entity) -> bool:
    return type(entity) is entity.entity_type.cls


WAYS: dict[str, Callable[[Stroke], object]] = {
    "assign": lambda stroke: setattr(stroke, "x", 50.0),
    "assign a text": lambda stroke: setattr(stroke, "label", "new"),
    "assign a list": lambda stroke: setattr(stroke, "points", [5]),
    "append": lambda stroke: stroke.points.append(7),
    "change an item": lambda stroke: stroke.points.__setitem__(0, 9),
    "list.append": lambda stroke: list.append(stroke.points, 7),
    "getattr": lambda stroke: getattr(stroke, "points").extend([1, 2]),  # noqa: B009
    "object.__setattr__": lambda stroke: object.__setattr__(stroke, "x", 50.0),
    "vars": lambda stroke: vars(stroke).update(x=50.0),
    "a method": lambda stroke: stroke.move(),
    "delete": lambda stroke: delattr(stroke, "x"),
}


@pytest.mark.parametrize("way", WAYS)
def test_whatever_changes_an_entity_at_rest_is_captured(way: str) -> None:
    world, strokes = world_with()
    before = world.capture()[0]
    WAYS[way](strokes[1])
    assert is_awake(strokes[1])
    after = world.capture()[0]
    assert after.values_at(1) != before.values_at(1)
    assert (after.values_at(0), after.values_at(2)) == (before.values_at(0), before.values_at(2))


def test_a_list_that_rules_keep_may_be_changed_in_any_later_tick() -> None:
    world, strokes = world_with()
    kept = strokes[0].points
    rest(world)
    kept.append(9)
    assert world.capture()[0].objects[1][0] == (0, 1, 9)


def test_a_list_in_a_container_or_an_iterator_is_kept_too() -> None:
    world, strokes = world_with()
    kept = {"points": strokes[0].points}
    walk = iter(strokes[1].points)
    rest(world)
    kept["points"].append(9)
    assert next(walk) == 1
    assert world.capture()[0].objects[1][0] == (0, 1, 9)


def test_an_entity_rests_again_once_its_list_is_let_go() -> None:
    world, strokes = world_with()
    kept = strokes[0].points
    rest(world)
    assert is_awake(strokes[0])
    del kept
    rest(world)
    assert not is_awake(strokes[0])


def test_reading_numbers_and_texts_wakes_nothing() -> None:
    _, strokes = world_with()
    assert (strokes[1].x, strokes[1].width, strokes[1].label, strokes[1].on) == (1.0, 2, "", None)
    assert not is_awake(strokes[1])


def test_an_attribute_of_the_games_own_wakes_nothing() -> None:
    _, strokes = world_with()
    strokes[0].drawn_by = "Ada"  # type: ignore[attr-defined]
    assert not is_awake(strokes[0])
    assert vars(strokes[0])["drawn_by"] == "Ada"


def test_a_world_at_rest_gives_the_same_table_again() -> None:
    world, _ = world_with()
    assert world.capture()[0] is world.capture()[0]


def test_only_entities_that_are_awake_are_gathered(monkeypatch: pytest.MonkeyPatch) -> None:
    world, strokes = world_with(50)
    seen: list[int] = []
    gather = Stroke.entity_type.gather

    def seen_gather(entities: list[Entity], living: dict[int, Entity]) -> bytes:
        seen.extend(entity.id for entity in entities)
        return gather(entities, living)

    monkeypatch.setattr(Stroke.entity_type, "gather", seen_gather)
    strokes[7].x = 3.0
    strokes[3].points.append(3)
    world.capture()
    assert seen == [4, 8]


def test_a_reference_to_an_entity_that_is_despawned_becomes_none_at_rest_too() -> None:
    world, strokes = world_with()
    rock = world.spawn(Rock)
    strokes[0].on = rock
    rest(world)
    assert not is_awake(strokes[0])
    world.despawn(rock)
    assert world.capture()[0].codes[-1].tolist() == [0, 0, 0]
    assert strokes[0].on is None


def test_what_moves_by_a_rate_never_rests() -> None:
    world = World(Schema([Runner]))
    runner = world.spawn(Runner, vx=1.0)
    rest(world)
    assert is_awake(runner)
    runner.vx = 0.0
    rest(world)
    assert not is_awake(runner)


def test_a_despawned_entity_is_awake_and_free_of_the_room() -> None:
    world, strokes = world_with()
    gone = strokes[0]
    world.despawn(gone)
    gone.points.append(3)
    assert (gone.alive, is_awake(gone)) == (False, True)
    assert not [name for name in vars(gone) if name.startswith("_")]
    assert world.capture()[0].ids.tolist() == [2, 3]


def test_a_copy_of_an_entity_at_rest_changes_nothing_in_the_room() -> None:
    world, strokes = world_with()
    for other in (copy.copy(strokes[0]), copy.deepcopy(strokes[1]), Stroke.entity_type.copy(strokes[2])):
        other.x = 77.0
        assert other.x == 77.0
    assert world.capture()[0].codes[0].tolist() == [0, 1, 2]


def test_a_value_without_a_code_is_named() -> None:
    world, strokes = world_with()
    strokes[1].x = float("nan")
    with pytest.raises(StateError, match=r"Stroke\.x of entity 2 is nan"):
        world.capture()


def test_tables_share_what_did_not_change() -> None:
    world, strokes = world_with(1000)
    first = world.capture()[0]
    strokes[5].x = 500.0
    second = world.capture()[0]
    strokes[9].points.append(1)
    third = world.capture()[0]
    assert third.ids is first.ids
    changed = [table.changed_since(first) for table in (first, second, third)]
    assert [None if ids is None else ids.tolist() for ids in changed] == [[], [6], [6, 10]]
    assert third._codes is None  # nothing has needed all rows
    assert third.codes_at(np.array([4, 5, 9])).tolist()[0] == [4, 500, 9]
    assert third.values_of(1, [8, 9]) == [(8, 9), (9, 10, 1)]
    assert third.codes[0].tolist() == [*range(5), 500, *range(6, 1000)]


def test_many_changes_make_a_table_with_all_rows_of_its_own() -> None:
    world, strokes = world_with(MAX_PATCH_ROWS + 50)
    for stroke in strokes:
        stroke.x += 1
    table = world.capture()[0]
    assert table._patch is None
    assert table.codes[0].tolist() == [int(stroke.x) for stroke in strokes]


def test_changes_that_no_table_leads_to_are_freed() -> None:
    world, strokes = world_with()
    table = world.capture()[0]
    old = weakref.ref(table.codes)
    strokes[0].x = 50.0
    world.capture()
    strokes[0].width = 3
    for _ in range(MAX_PATCH_ROWS):
        world.spawn(Stroke)
    world.capture()
    del table
    gc.collect()
    assert old() is None


def test_a_type_cannot_rest_and_be_kept_in_columns() -> None:
    with pytest.raises(DeclarationError, match="columns=True and rests=True"):

        class Dust(Entity, columns=True, rests=True):
            x = Float(step=1)


def test_a_type_with_slots_cannot_rest() -> None:
    with pytest.raises(DeclarationError, match="cannot rest, since it or a base has __slots__"):

        class Tight(Entity, rests=True):
            __slots__ = ("own",)
            x = Float(step=1)


def test_a_class_of_a_type_that_rests_is_seen_once_by_init_subclass() -> None:
    seen = []

    class Registered(Entity):
        def __init_subclass__(cls, **options: bool) -> None:
            super().__init_subclass__(**options)
            seen.append(cls)

    class Wall(Registered, rests=True):
        x = Float(step=1)

    assert seen == [Wall]
    assert issubclass(Wall.entity_type.at_rest, Wall)


def test_the_class_of_an_entity_at_rest_names_its_type() -> None:
    world, strokes = world_with()
    cls = type(strokes[0])
    made = world.spawn(cls, x=9.0)
    assert is_awake(made)
    assert world.entities(cls) == world.entities(Stroke)


def test_changes_that_no_table_leads_to_are_freed_however_often_the_same_entity_changes() -> None:
    world = World(Schema([Stroke]))
    strokes = [world.spawn(Stroke, x=number) for number in range(20)]
    for _ in range(RESTS_AFTER + 2):
        world.capture()
    for tick in range(300):
        strokes[0].x = tick % 50
        world.capture()
    gc.collect()
    assert sum(isinstance(each, Change) for each in gc.get_objects()) < 20
