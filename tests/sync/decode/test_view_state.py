"""A client reads entities by id, by class and by name, and their references lead to each other."""

import pytest

from gameserver.state.schema import Schema
from gameserver.sync.decode.view_state import ViewState
from tests.support.sync_world import SCHEMA, TYPES, Note, Ship, Shot, make_world, snapshot


def state() -> ViewState:
    world = make_world()
    first = world.spawn(Ship, x=1.5, name="Ada", mood="wary", armed=True, cargo=[1, 2])
    world.spawn(Ship, target=first)
    world.spawn(Note, text="hello")
    return ViewState(SCHEMA, 1, snapshot(world, 1).tables)


def test_entities_are_of_the_author_s_class_with_python_s_own_values() -> None:
    ship = state().entities(Ship)[0]
    assert isinstance(ship, Ship)
    assert (ship.id, ship.alive, ship.x, ship.name, ship.mood, ship.armed, ship.hp, ship.cargo) == (
        1, True, 1.5, "Ada", "wary", True, 50, [1, 2],
    )  # fmt: skip
    assert [type(value) for value in (ship.x, ship.hp, ship.armed, ship.mood)] == [float, int, bool, str]


def test_references_lead_to_entities_of_the_same_state() -> None:
    view = state()
    one, two = view.entities(Ship)
    assert two.target is one
    assert one.target is None


def test_a_reference_to_an_entity_out_of_view_is_none() -> None:
    whole = state().tables
    view = ViewState(SCHEMA, 1, (whole[0].part(whole[0].ids.argsort()[1:]), *whole[1:]))
    assert [ship.target for ship in view.entities(Ship)] == [None]


def test_it_is_a_collection_of_entities() -> None:
    view = state()
    assert len(view) == 3
    assert [entity.id for entity in view] == [1, 2, 3]
    assert 3 in view
    assert 4 not in view
    assert view.get(3) is view.entities("Note")[0]
    assert view.get(4) is None
    assert view.entities(Shot) == []


def test_a_type_of_another_room_is_refused_by_name() -> None:
    with pytest.raises(KeyError, match="Ship is not among the entity types of this room: Note"):
        ViewState(Schema([Note]), 0, ()).entities(Ship)


def test_a_client_without_classes_gets_entities_with_the_same_fields() -> None:
    foreign = Schema.from_wire(SCHEMA.to_wire())
    ship = ViewState(foreign, 1, state().tables).entities("Ship")[0]
    assert not isinstance(ship, Ship)
    assert {name: getattr(ship, name) for name in ("x", "name", "mood", "cargo")} == {
        "x": 1.5, "name": "Ada", "mood": "wary", "cargo": [1, 2],
    }  # fmt: skip
    assert [entity_type.name for entity_type in foreign.entities] == [cls.__name__ for cls in TYPES]
