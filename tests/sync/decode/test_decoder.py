"""A message is applied as a whole or not at all: what does not fit is refused and changes nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import hypothesis.strategies as st
import pytest
from hypothesis import given

from gameserver.state.entity import Entity
from gameserver.state.fields import Int
from gameserver.state.schema import Schema
from gameserver.sync.decode.decoder import DeltaDecoder, DeltaError
from gameserver.sync.encode.encoder import DeltaEncoder
from tests.support.sync_world import SCHEMA, TICK_HZ, Craft, Message, Note, Ship, Shot, make_world, same, snapshot

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gameserver.sync.decode.view_state import ViewState


class Rock(Entity):
    """A second type."""

    size = Int(0, 7)


TINY = Schema([Craft, Rock])
DECODER = DeltaDecoder(TINY, 1)
NONE = bytes(3)  # widths of nothing
X_ONLY = b"\x08\x00\x00"


def craft(*xs: int) -> list[object]:
    """Return the block of `enters` for crafts 1, 2, … at `xs`."""
    return [0, [1] * len(xs), X_ONLY, bytes([2 * x if x >= 0 else -2 * x - 1 for x in xs])]


def held() -> ViewState:
    """Return a client's state at tick 10: crafts 1, 2, 3 at x = 10, 20, 30, rock 9."""
    values = [[0, 3, None, ["a", "b", "c"]], [0, 4, None, [[1], [2], []]]]
    enters = [craft(10, 20, 30), [1, [9], b"\x04", b"\x0e"]]
    return DECODER.apply(DECODER.empty(), Message(10, 0, [], enters, [], values))


def message(**items: Any) -> Message:
    """Return a delta from tick 10 to 11."""
    return replace(Message(11, 1, [], [], [], []), **items)


def xs(state: ViewState) -> list[float]:
    """Return where the crafts are."""
    return [each.x for each in state.entities(Craft)]


def test_a_whole_message_is_applied() -> None:
    state = DECODER.apply(
        held(),
        message(
            leaves=[2],
            enters=[[0, [4], X_ONLY, b"\x50"]],
            changes=[[0, b"\x02", b"\x03\x00\x00", b"\x06"], [0, [0], b"\x00\x03\x00", b"\x05"]],
            values=[[0, 3, [2], ["new"]]],
        ),
    )
    assert [(each.id, each.x, each.vx, each.name, each.bag) for each in state.entities(Craft)] == [
        (1, 7.0, -3.0, "a", [1]),
        (3, 33.0, 0.0, "c", []),
        (4, 40.0, 0.0, "new", []),
    ]
    assert [rock.size for rock in state.entities(Rock)] == [7]


def test_residuals_of_several_blocks_add_up() -> None:
    twice = [[0, None, b"\x02\x00\x00", b"\x02\x02\x02"], [0, [1], b"\x04\x00\x00", b"\x0a"]]
    assert xs(DECODER.apply(held(), message(changes=twice))) == [11, 26, 31]


def test_an_entity_about_which_no_values_came_has_empty_ones() -> None:
    state = DECODER.apply(DECODER.empty(), Message(1, 0, [], [craft(5)], [], []))
    assert [(each.name, each.bag) for each in state.entities(Craft)] == [("", [])]


def test_span_0_starts_from_nothing() -> None:
    state = DECODER.apply(held(), Message(3, 0, [], [craft(5)], [], []))
    assert (state.tick, xs(state), state.entities(Rock)) == (3, [5], [])


def test_a_delta_from_another_tick_is_refused() -> None:
    with pytest.raises(DeltaError, match="from tick 9, to a client that holds tick 10"):
        DECODER.apply(held(), Message(11, 2, [], [], [], []))


MISFITS = {
    "leaves of an unknown id": message(leaves=[4]),
    "leaves of the same id twice": message(leaves=[2, 0]),
    "leaves that descend": message(leaves=[3, -1]),
    "leaves of id 0": message(leaves=[0]),
    "leaves that are no array": message(leaves=7),
    "leaves of no integers": message(leaves=[1.0]),
    "leaves of a bool": message(leaves=[True]),
    "leaves beyond any id": message(leaves=[2**80]),
    "enters of an id that is there": message(enters=[craft(1)]),
    "enters of an id of another type": message(enters=[[0, [9], NONE, b""]]),
    "enters of an id that just left": message(leaves=[1], enters=[craft(1)]),
    "enters of an id in two types": message(enters=[[0, [20], NONE, b""], [1, [20], b"\x00", b""]]),
    "enters of a type twice": message(enters=[[0, [20], NONE, b""], [0, [21], NONE, b""]]),
    "enters of an unknown type": message(enters=[[2, [20], NONE, b""]]),
    "enters of a negative type": message(enters=[[-1, [20], b"\x00", b""]]),
    "enters of a type that is no integer": message(enters=[[False, [20], NONE, b""]]),
    "enters with too few items": message(enters=[[0, [20], NONE]]),
    "enters that are no array": message(enters={0: 1}),
    "enters with a width missing": message(enters=[[0, [20], b"\x00\x00", b""]]),
    "enters with a width above 32": message(enters=[[0, [20], b"\x21\x00\x00", bytes(5)]]),
    "enters with widths that are no bin": message(enters=[[0, [20], [8, 0, 0], b"\x01"]]),
    "enters with rows too short": message(enters=[[0, [20, 1], X_ONLY, b"\x01"]]),
    "enters with rows too long": message(enters=[[0, [20], X_ONLY, b"\x01\x01"]]),
    "enters with rows that are no bin": message(enters=[[0, [20], X_ONLY, "a"]]),
    "enters with a code out of range": message(enters=[[0, [20], b"\x08\x00\x00", b"\xca"]]),
    "enters with an angle out of range": message(enters=[[0, [20], b"\x00\x00\x06", b"\x20"]]),
    "changes that leave the range": message(changes=[[0, None, b"\x08\x00\x00", b"\xb8\xb8\xb8"]]),
    "changes of an unknown type": message(changes=[[7, None, NONE, b""]]),
    "changes with a short bit string": message(changes=[[0, b"", NONE, b""]]),
    "changes with a long bit string": message(changes=[[0, b"\x01\x00", NONE, b""]]),
    "changes with a bit too many": message(changes=[[0, b"\x08", NONE, b""]]),
    "changes with an index too high": message(changes=[[0, [3], NONE, b""]]),
    "changes with an index twice": message(changes=[[0, [1, 0], NONE, b""]]),
    "changes of those who just left": message(leaves=[3], changes=[[0, [2], NONE, b""]]),
    "changes with a who of another kind": message(changes=[[0, 1, NONE, b""]]),
    "values of a numeric field": message(values=[[0, 0, None, [1, 2, 3]]]),
    "values of a field that is not there": message(values=[[0, 5, None, ["", "", ""]]]),
    "values that are too few": message(values=[[0, 3, None, ["", ""]]]),
    "values that are no array": message(values=[[0, 3, None, "abc"]]),
    "values of no text": message(values=[[0, 3, [0], [1]]]),
    "values of bytes": message(values=[[0, 3, [0], [b"a"]]]),
    "values too long": message(values=[[0, 3, [0], ["ééé"]]]),
    "values of a list too long": message(values=[[0, 4, [0], [[1, 2, 3]]]]),
    "values of a list's code out of range": message(values=[[0, 4, [0], [[10]]]]),
    "values of a list's item of another type": message(values=[[0, 4, [0], [[True]]]]),
}


@pytest.mark.parametrize("wrong", MISFITS.values(), ids=MISFITS.keys())
def test_what_does_not_fit_is_refused_and_changes_nothing(wrong: Message) -> None:
    state = held()
    with pytest.raises(DeltaError):
        DECODER.apply(state, wrong)
    assert same(state.tables, held().tables)
    assert DECODER.apply(state, message()).tick == 11


def test_a_residual_may_lead_back_into_the_range() -> None:
    """One block alone would leave the range; their sum does not."""
    blocks = [[0, None, b"\x08\x00\x00", b"\xc8\xc8\xc8"], [0, None, b"\x08\x00\x00", b"\xc7\xc7\xc7"]]
    assert xs(DECODER.apply(held(), message(changes=blocks))) == [10, 20, 30]


def spoil(item: Any, choose: Any) -> Iterator[Any]:
    """Yield copies of a message's item in which one value is replaced, added or removed."""
    odd: st.SearchStrategy[Any] = st.sampled_from(
        [None, 0, 1, -1, 2, 2**31, 1.5, "", "x", b"", b"\x00", b"\xff\xff", [], [1], {}, True]
    )
    yield choose(odd)
    if isinstance(item, list):
        for i, part in enumerate(item):
            yield [*item[:i], *item[i + 1 :]]
            yield [*item[:i], choose(odd), *item[i:]]
            yield from ([*item[:i], spoiled, *item[i + 1 :]] for spoiled in spoil(part, choose))
    if isinstance(item, bytes) and item:
        at = choose(st.integers(0, len(item) - 1))
        yield item[:at] + bytes([choose(st.integers(0, 255))]) + item[at + 1 :]
        yield item[:at]
        yield item + b"\x01"
    if isinstance(item, int):
        yield choose(st.integers(-3, 40))


@given(st.data())
def test_a_spoiled_message_is_applied_or_refused_and_leaves_a_legal_state(data: st.DataObject) -> None:
    """A spoiled message may be a valid one; then every code is in its range, and all entities can be read."""
    world = make_world()
    ships = [world.spawn(Ship, x=i, name=str(i), cargo=[1]) for i in range(4)]
    notes = [world.spawn(Note, text="hello"), world.spawn(Shot, vx=4)]
    encoder, decoder = DeltaEncoder(SCHEMA, TICK_HZ), DeltaDecoder(SCHEMA, TICK_HZ)
    base = snapshot(world, 1)
    state = decoder.apply(decoder.empty(), Message.of(encoder.encode(None, base), base, None))
    world.despawn(ships[0])
    world.spawn(Ship, name="late")
    ships[1].x, ships[2].heading, ships[2].name, ships[3].spin = 400, 2, "two", 3
    new = snapshot(world, 2)
    good = Message.of(encoder.encode(base, new), new, base)
    which = data.draw(st.sampled_from(["leaves", "enters", "changes", "values"]))
    bad = data.draw(st.sampled_from(list(spoil(getattr(good, which), data.draw))))
    try:
        after = decoder.apply(state, replace(good, **{which: bad}))
    except DeltaError:
        pass
    else:
        assert_legal(after)
    assert same(state.tables, base.tables)
    assert same(decoder.apply(state, good).tables, new.tables)
    assert notes


def assert_legal(state: ViewState) -> None:
    """Check that a server could have this state: codes in range, ids ascending and unique, all entities readable."""
    ids = [entity_id for table in state.tables for entity_id in table.ids.tolist()]
    assert len(set(ids)) == len(ids)
    for entity_type, table in zip(SCHEMA.entities, state.tables, strict=True):
        assert table.ids.tolist() == sorted(table.ids.tolist())
        assert ((table.codes >= entity_type.lo) & (table.codes <= entity_type.hi)).all()
        assert table.codes.shape == (len(entity_type.numeric), len(table))
        assert all(len(column) == len(table) for column in table.objects)
    assert len(list(state)) == len(ids) == len(state)


def test_nothing_of_a_message_is_kept_by_reference() -> None:
    """The network library may reuse its lists."""
    values: list[list[Any]] = [["a"], [[1]]]
    raw = Message(1, 0, [], [craft(5)], [], [[0, 3, None, values[0]], [0, 4, None, values[1]]])
    state = DECODER.apply(DECODER.empty(), raw)
    values[0][0], values[1][0] = "changed", [9]
    assert [(each.name, each.bag) for each in state.entities(Craft)] == [("a", [1])]


def test_what_did_not_change_is_shared_between_states() -> None:
    state = held()
    after = DECODER.apply(state, message(changes=[[0, None, b"\x02\x00\x00", b"\x02\x02\x02"]]))
    assert after.tables[1] is state.tables[1]
    assert after.tables[0].ids is state.tables[0].ids
    assert after.tables[0].objects is state.tables[0].objects
