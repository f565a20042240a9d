"""Object fields: whatever rules do to a text or a list, the capture has what freezing every value would give."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gameserver.state.entity import Entity
from gameserver.state.errors import StateError
from gameserver.state.fields import Float, List, Text
from gameserver.state.schema import Schema
from gameserver.state.world import World


class Stroke(Entity):
    label = Text(max_bytes=4)
    points = List(Float(step=0.5), max_items=4)


numbers = st.integers(-3, 3) | st.floats(-3, 3)
texts = st.text("aé\ud800", max_size=6)
Step = tuple[str, int, object]
steps = st.one_of(
    st.tuples(st.just("spawn"), st.just(0), st.lists(numbers, max_size=6)),
    st.tuples(st.sampled_from(["despawn", "clear", "reverse", "again", "capture"]), st.integers(0, 5), st.none()),
    st.tuples(st.just("append"), st.integers(0, 5), numbers),
    st.tuples(st.just("first"), st.integers(0, 5), numbers),
    st.tuples(st.just("assign"), st.integers(0, 5), st.lists(numbers, max_size=6) | st.tuples(numbers, numbers)),
    st.tuples(st.just("label"), st.integers(0, 5), texts),
)


def frozen(world: World) -> tuple[tuple[object, ...], ...]:
    """Return what freezing every value gives."""
    strokes = world.entities(Stroke)
    fields = Stroke.entity_type.objects.items()
    return tuple(tuple(field.freeze(getattr(stroke, name)) for stroke in strokes) for name, field in fields)


def apply(world: World, what: str, stroke: Stroke, value: object) -> None:
    """Change a stroke as rules may."""
    match what:
        case "despawn":
            world.despawn(stroke)
        case "clear":
            stroke.points.clear()
        case "reverse":
            stroke.points.reverse()
        case "again":
            stroke.points = list(stroke.points)
        case "append":
            stroke.points.append(value)  # type: ignore[arg-type]
        case "first":
            stroke.points[:1] = [value]  # type: ignore[list-item]
        case "assign":
            stroke.points = value  # type: ignore[assignment]
        case "label":
            stroke.label = value  # type: ignore[assignment]


@given(st.lists(steps, max_size=30))
def test_no_change_of_a_list_or_a_text_goes_unnoticed(history: list[Step]) -> None:
    world = World(Schema([Stroke]))
    for what, which, value in history:
        strokes = world.entities(Stroke)
        if what == "spawn":
            world.spawn(Stroke, points=value)
        elif what == "capture":
            expected = frozen(world)
            (table,) = world.capture()
            assert table.objects == expected
            assert frozen(world) == expected  # the attributes have the values that are replicated
        elif strokes and isinstance(strokes[which % len(strokes)].points, list):
            apply(world, what, strokes[which % len(strokes)], value)
    expected = frozen(world)
    assert world.capture()[0].objects == expected


def test_columns_of_entities_at_rest_are_the_same_object() -> None:
    world = World(Schema([Stroke]))
    strokes = [world.spawn(Stroke, label="ab", points=[1.0, 2.0]) for _ in range(3)]
    (first,) = world.capture()
    strokes[1].points[0] = 1.1  # rounds to the same value
    (second,) = world.capture()
    assert second.objects[1] is first.objects[1]
    assert strokes[1].points == [1.0, 2.0]
    strokes[1].points[0] = 2.0
    (third,) = world.capture()
    assert third.objects[0] is first.objects[0]
    assert third.objects[1] == ((2, 4), (4, 4), (2, 4))


def test_values_at_rest_are_not_frozen_again(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(Schema([Stroke]))
    strokes = [world.spawn(Stroke, points=[1.0] * 4) for _ in range(50)]
    world.capture()
    seen: list[object] = []
    field = Stroke.entity_type.objects["points"]
    freeze = field.freeze

    def seen_freeze(value: object) -> object:
        seen.append(value)
        return freeze(value)

    monkeypatch.setattr(field, "freeze", seen_freeze)
    world.despawn(strokes[0])
    strokes[7].points.append(3.0)
    world.spawn(Stroke, points=[2.0])
    world.capture()
    assert seen == [[1.0, 1.0, 1.0, 1.0, 3.0], [2.0]]
    assert strokes[7].points == [1.0] * 4


@pytest.mark.parametrize("bad", [7, None, [float("nan")], ["a"], "text"])
def test_a_value_that_cannot_be_frozen_is_named_and_changes_nothing(bad: object) -> None:
    world = World(Schema([Stroke]))
    one, other = world.spawn(Stroke, points=[1.0]), world.spawn(Stroke, points=[1.0])
    world.capture()
    one.points = [1.1]
    other.points = bad  # type: ignore[assignment]
    with pytest.raises(StateError, match=r"Stroke\.points of entity 2 "):
        world.capture()
    assert one.points == [1.1]
