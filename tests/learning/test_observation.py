"""What a client has received, as arrays of fixed sizes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from gameserver.learning.observation import Observer
from gameserver.state.schema import Schema
from gameserver.sync.decode.view_state import ViewState
from gameserver.testing import game
from tests.support.learning_rooms import RUN_SCHEMA, Run

if TYPE_CHECKING:
    from gameserver.learning.observation import Observation
    from gameserver.testing import Client, Game


def seen_by(client: Client, observer: Observer | None = None) -> Observation:
    me = client.me
    assert me is not None
    return (observer or Observer(client.view.schema)).observe(client.view, me.avatar_id)


def column(observation: Observation, name: str, type_name: str = "Runner") -> list[float]:
    """One column of the rows that are filled."""
    place = Observer(RUN_SCHEMA).rows[type_name].columns.index(name)
    filled = observation["mask"][type_name].astype(bool)
    values: list[float] = observation["entities"][type_name][filled, place].tolist()
    return values


def three(g: Game) -> list[Client]:
    """Three runners, at 10, 30 and 60 on both axes. A replay would not know that: `g` is not checked."""
    clients = [g.join() for _ in range(3)]
    for client, place in zip(clients, (10.0, 30.0, 60.0), strict=True):
        client.entity.x = client.entity.y = place
    g.ticks(2)
    return clients


def test_the_own_avatar_comes_first_and_then_the_nearest() -> None:
    g = game(Run)
    first, second, third = three(g)
    assert column(seen_by(first), "x") == [10, 30, 60]
    assert column(seen_by(second), "x") == [30, 10, 60]
    assert column(seen_by(third), "x") == [60, 30, 10]
    assert column(seen_by(third), "@own") == [1, 0, 0]


def test_without_an_avatar_entities_are_in_order_of_their_ids() -> None:
    g = game(Run)
    _, second, _ = three(g)
    second.player.avatar = None
    g.ticks(2)
    seen = seen_by(second)
    assert column(seen, "x") == [10, 30, 60]
    assert column(seen, "@own") == [0, 0, 0]
    assert column(seen, "@own", "Score") == [0, 0, 0]


def test_what_is_beyond_the_last_row_is_left_out_and_rows_without_entities_are_zero() -> None:
    g = game(Run)
    first, *_ = three(g)
    seen = seen_by(first, Observer(first.view.schema, {"Runner": 2, "Score": 5}))
    assert seen["entities"]["Runner"].shape == (2, 11)
    assert column(seen, "x") == [10, 30]
    assert seen["mask"]["Score"].tolist() == [1, 1, 1, 0, 0]
    assert not seen["entities"]["Score"][3:].any()


def test_columns_are_the_fields_as_numbers() -> None:
    g = game(Run)
    first, second, _ = three(g)
    first.controls(aim=1.0, mood="angry", fire=True)
    first.entity.chases, second.entity.chases = second.entity, first.entity
    second.entity.marks = [7, 8, 9]
    g.ticks(2)
    seen = seen_by(first)
    assert column(seen, "aim")[0] == np.float32(first.entity.aim)
    assert column(seen, "mood") == [1, 0, 0]
    assert column(seen, "fires") == [1, 0, 0]
    assert column(seen, "chases") == [-1, 1, 0], "another entity, the own avatar, nobody"
    assert [column(seen, name) for name in ("len(marks)", "marks[0]", "marks[2]")] == [[2, 3, 2], [3, 7, 3], [0, 9, 0]]
    assert {"jumps", "name"}.isdisjoint(Observer(RUN_SCHEMA).rows["Runner"].columns)


def test_the_own_entry_of_the_roster_comes_first_and_the_room_has_one_row() -> None:
    g = game(Run)
    *_, third = three(g)
    g.room.state.round = 4
    g.ticks(2)
    seen = seen_by(third)
    assert column(seen, "number", "Score") == [3, 1, 2]
    assert column(seen, "@own", "Score") == [1, 0, 0]
    assert seen["entities"]["Field"].tolist() == [[0, 4]]


def test_a_type_with_no_rows_is_left_out() -> None:
    observer = Observer(RUN_SCHEMA, {"Score": 0})
    empty = observer.observe(
        ViewState(RUN_SCHEMA, 0, tuple([each.empty_table() for each in RUN_SCHEMA.entities])), None
    )
    assert list(empty["entities"]) == list(empty["mask"]) == ["Field", "Runner"]
    assert not any(mask.any() for mask in empty["mask"].values())


def test_a_schema_from_the_wire_has_the_same_columns_and_ranges() -> None:
    own = Observer(RUN_SCHEMA).rows
    wire = Observer(Schema.from_wire(RUN_SCHEMA.to_wire())).rows
    assert {name: each.columns for name, each in own.items()} == {name: each.columns for name, each in wire.items()}
    for name, each in own.items():
        np.testing.assert_array_equal(each.low, wire[name].low)
        np.testing.assert_array_equal(each.high, wire[name].high)


@pytest.mark.parametrize(
    ("max_entities", "message"),
    [
        (-1, "max_entities of each type is -1; write how many rows there are, 0 or more"),
        ({"Runner": 1.5}, "max_entities Runner is 1.5"),
        ({"Runer": 1}, "max_entities has 'Runer'; the room's types are Score, Field, Runner"),
    ],
)
def test_a_wrong_number_of_rows_is_refused(max_entities: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Observer(RUN_SCHEMA, max_entities)  # type: ignore[arg-type]
