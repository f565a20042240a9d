"""From a room class to its kind, or an error that says what to write instead."""

import re
from typing import Any

import pytest

from gameserver.games import arena
from gameserver.games.arena_flight import Ship
from gameserver.hub.hub import Hub
from gameserver.room.kind import default_snapshot_hz, entities_of, inputs_of, make_kind, predictable_types
from gameserver.room.room import Room
from gameserver.shared_step import shared
from gameserver.state.entity import Entity
from gameserver.state.errors import DeclarationError
from gameserver.state.fields import Float
from gameserver.state.inputs import Inputs
from tests.support.field_room import Dot, Push


class _Moving(Entity):
    x = Float(step=1)


class Mover(_Moving):
    pass


class AllOfItsModule(Room[Push]):
    pass


class PushRoom(Room[Push]):
    entities = (Dot,)


@shared
def push(dot: Any, controls: Push, dt: float) -> None:
    dot.x += controls.dx * dt


@shared
def push_deep(dot: Any, controls: Any, dt: float) -> None:
    dot.depth += controls.dx * dt


@shared
def push_up(dot: Any, controls: Any, dt: float) -> None:
    dot.x += controls.dy * dt


@shared
def shove(me: Any, other: Any, dt: float) -> None:
    if me.x < other.x:
        me.x -= dt


@shared
def shove_both(me: Any, other: Any, dt: float) -> None:
    me.x -= dt
    other.x += dt


@shared
def shove_deep(me: Any, other: Any, dt: float) -> None:
    me.x += other.depth


def test_entity_types_are_found_in_the_modules_of_the_room_and_of_its_base() -> None:
    class Mine(arena.Arena):
        pass

    types = (Ship, arena.Shot, arena.Pickup, arena.Wall)
    assert entities_of(arena.Arena) == types
    assert entities_of(Mine) == (Ship, Dot, Mover, *types[1:])


def test_the_input_class_is_that_in_the_brackets_of_the_room_or_of_its_base() -> None:
    class A(Room[Push]):
        pass

    class B(A):
        pass

    class C(Room):
        pass

    assert inputs_of(A) is inputs_of(B) is Push
    assert inputs_of(C) is Inputs


def test_a_kind_has_its_schema_and_its_step() -> None:
    class Plain(Room[Push]):
        entities = (Dot,)
        predict = push

    kind = make_kind(Plain)
    assert kind.name == "plain"
    assert kind.step is not None
    assert "export { push as predict };" in kind.step.text
    assert kind.step_path == f"step/plain-{kind.step.fingerprint}.js"
    assert [t.name for t in predictable_types(push, kind.schema)] == ["Dot"]


@pytest.mark.parametrize("name", ["a b", "a#b", "a?b", "a/b", "a%b", "käse", "../up", "-flag", ".", "a\n"])
def test_a_name_that_would_need_quoting_somewhere_is_refused_for_a_kind(name: str) -> None:
    with pytest.raises(DeclarationError, match="write 1 to 64 of the characters"):
        make_kind(type("Plain", (PushRoom,), {"kind": name}))
    with pytest.raises(DeclarationError, match="give 1 to 64 of the characters"):
        make_kind(PushRoom, name)


def test_a_class_whose_name_is_no_name_for_a_kind_is_asked_for_one() -> None:
    with pytest.raises(DeclarationError, match="Größe is no name for a kind of room; write kind = "):
        make_kind(type("Größe", (PushRoom,), {}))
    assert make_kind(type("Größe", (PushRoom,), {"kind": "size"})).name == "size"


@pytest.mark.parametrize("name", ["a", "Tag-2", "a.b_c", "9"])
def test_a_kind_has_its_step_at_a_path_that_needs_no_quoting(name: str) -> None:
    kind = make_kind(type("Plain", (PushRoom,), {"predict": push, "kind": name}))
    assert kind.step_path is not None
    assert re.fullmatch(r"step/[A-Za-z0-9_-]+\.js", kind.step_path)


def test_entity_classes_whose_name_begins_with_an_underscore_are_bases_only() -> None:
    assert Mover in entities_of(AllOfItsModule)
    assert _Moving not in entities_of(AllOfItsModule)


def test_the_contact_rule_is_exported_beside_the_step_and_changes_its_fingerprint() -> None:
    step = make_kind(type("Plain", (PushRoom,), {"predict": push})).step
    both = make_kind(type("Plain", (PushRoom,), {"predict": push, "predict_contact": shove})).step
    assert step is not None
    assert both is not None
    assert "export { push as predict, shove as contact };" in both.text
    assert both.fingerprint != step.fingerprint


@pytest.mark.parametrize(
    ("tick_hz", "snapshot_hz"),
    [(1, 1), (10, 10), (15, 15), (20, 20), (30, 15), (50, 10), (60, 20), (64, 16), (144, 18), (240, 20), (23, 23)],
)
def test_snapshots_follow_the_tick_rate_unless_a_room_says_otherwise(tick_hz: int, snapshot_hz: int) -> None:
    room: type[Room] = type("Plain", (Room,), {"tick_hz": tick_hz})
    assert make_kind(room).snapshot_every == tick_hz // snapshot_hz
    assert make_kind(type("Often", (room,), {"snapshot_hz": tick_hz})).snapshot_every == 1


def test_every_tick_rate_has_a_rate_of_snapshots() -> None:
    for tick_hz in range(1, 241):
        snapshot_hz = default_snapshot_hz(tick_hz)
        assert tick_hz % snapshot_hz == 0
        assert snapshot_hz >= min(tick_hz, 10)


@pytest.mark.parametrize(
    ("attributes", "message"),
    [
        ({"tick_hz": 0}, "tick_hz is 0; write a whole number from 1 to 240"),
        ({"tick_hz": 60.0}, "tick_hz is 60.0"),
        ({"tick_hz": 60, "snapshot_hz": 25}, "write a divisor of tick_hz"),
        ({"max_players": 0}, "max_players is 0"),
        ({"kind": "x" * 65}, "write 1 to 64 of the characters"),
        ({"predict": push_deep}, "no entity type of the room has all the fields that push_deep uses: depth"),
        ({"predict": push_up}, "push_up uses dy of its controls, but Push has dx"),
        ({"predict_contact": shove}, "write predict = your_step beside it"),
        ({"predict": push, "predict_contact": shove_both}, "shove_both changes x of its second argument"),
        ({"predict": push, "predict_contact": shove_deep}, "all the fields that shove_deep uses: depth, x"),
    ],
)
def test_the_error_of_a_wrong_declaration_says_what_to_write(attributes: dict[str, Any], message: str) -> None:
    with pytest.raises(DeclarationError, match="Wrong") as refused:
        make_kind(type("Wrong", (PushRoom,), attributes))
    assert message in str(refused.value)


def test_two_rooms_of_one_name_are_refused() -> None:
    one = type("Same", (Room,), {})
    with pytest.raises(DeclarationError, match="give Same a `kind` of its own"):
        Hub([one, type("Same", (Room,), {})], token_bytes=bytes, seed=1)


@pytest.mark.parametrize("given", ["reach:Reach", Dot, None])
def test_what_is_no_room_is_refused(given: Any) -> None:
    with pytest.raises(DeclarationError, match=f"^{re.escape(repr(given))} is no room; give the class itself"):
        make_kind(given)


def test_what_is_no_class_of_inputs_is_refused() -> None:
    number: Any = int

    class Odd(Room[number]):
        pass

    with pytest.raises(DeclarationError, match=r"Odd: int is no class of inputs; write Room\[YourInputs\]"):
        make_kind(Odd)


@shared
def too_few(dot: Any, dt: float) -> None:
    dot.x += dt


def test_steps_with_other_arguments_are_refused() -> None:
    for name, wanted in (("predict", "entity, controls, dt"), ("predict_contact", "me, other, dt")):
        room = type("Odd", (PushRoom,), {"predict": push, name: too_few})
        with pytest.raises(DeclarationError, match=f"Odd.{name}: too_few takes 2 arguments; write {wanted}"):
            make_kind(room)
