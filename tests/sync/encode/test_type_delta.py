"""The difference of two tables of one type names who left, entered and stayed, and what changed of them."""

from __future__ import annotations

import hypothesis.strategies as st
import numpy as np
from hypothesis import given

from gameserver.state.entity import Entity
from gameserver.state.fields import Float, Text
from gameserver.state.table import Table
from gameserver.sync.bits import unpack, unzigzag
from gameserver.sync.encode.blocks import WidthCache
from gameserver.sync.encode.type_delta import EnterRows, TypeDelta
from gameserver.sync.motion import Motion


class Ship(Entity):
    x = Float(step=1)
    vx = Float(step=1, rate_of="x")
    name = Text(max_bytes=8)


MOTION = Motion(Ship.entity_type, 1)
Ships = dict[int, tuple[int, int, str]]
"""The x, vx and name of ships, by id."""

SHIPS = st.dictionaries(
    st.integers(1, 12), st.tuples(st.integers(-50, 50), st.integers(-5, 5), st.sampled_from(["", "Ada", "Bo"]))
)


def table_of(ships: Ships) -> Table:
    ids = sorted(ships)
    codes = np.array([[ships[number][field] for number in ids] for field in (0, 1)], np.int64).reshape(2, len(ids))
    return Table(np.array(ids, np.int64), codes, (tuple(ships[number][2] for number in ids),))


@given(SHIPS, SHIPS)
def test_rows_are_sorted_into_left_entered_and_staying(before: Ships, after: Ships) -> None:
    old, new = table_of(before), table_of(after)
    delta = TypeDelta(MOTION, old, new, 1, WidthCache())
    assert old.ids[delta.left].tolist() == sorted(before.keys() - after.keys())
    assert new.ids[delta.entered].tolist() == sorted(after.keys() - before.keys())
    assert delta.n_stay == len(before.keys() & after.keys())
    assert delta.is_empty is (not before and not after)


@given(SHIPS, SHIPS)
def test_each_row_is_found_in_the_other_table_and_among_those_that_stay(before: Ships, after: Ships) -> None:
    old, new = table_of(before), table_of(after)
    delta = TypeDelta(MOTION, old, new, 1, WidthCache())
    staying = sorted(before.keys() & after.keys())
    for rows, ids, others in (
        (delta.to_new, old.ids, new.ids.tolist()),
        (delta.to_base, new.ids, old.ids.tolist()),
        (delta.to_stay, new.ids, staying),
    ):
        found = range(len(ids)) if rows is None else rows.tolist()
        expected = [others.index(number) if number in others else -1 for number in ids.tolist()]
        assert list(found) == expected


@given(SHIPS, SHIPS, st.integers(1, 5))
def test_the_residuals_lead_from_the_base_to_the_new_codes(before: Ships, after: Ships, span: int) -> None:
    old, new = table_of(before), table_of(after)
    delta = TypeDelta(MOTION, old, new, span, WidthCache())
    stay_old, stay_new = np.isin(old.ids, new.ids), np.isin(new.ids, old.ids)
    residuals = np.zeros((2, delta.n_stay), np.int64)
    for block in delta.blocks:
        residuals += unzigzag(unpack(block.rows.tobytes(), block.widths, delta.n_stay))
    moved = MOTION.advance(old.codes[:, stay_old], residuals, span)
    assert np.array_equal(moved, new.codes[:, stay_new])


def test_a_viewer_that_holds_other_codes_than_the_base_gets_residuals_from_those() -> None:
    old, new = table_of({1: (0, 0, ""), 2: (0, 0, "")}), table_of({2: (7, 0, "")})
    held = np.array([[0, 5], [0, 0]])
    residuals = unzigzag(TypeDelta(MOTION, old, new, 1, WidthCache()).residuals_from(held))
    assert residuals.tolist() == [[2], [0]]


def test_a_type_that_moves_as_expected_has_no_blocks() -> None:
    assert TypeDelta(MOTION, table_of({1: (10, 3, "")}), table_of({1: (16, 3, "")}), 2, WidthCache()).blocks == []


@given(SHIPS, SHIPS)
def test_changed_objects_are_those_that_are_new_or_have_another_value(before: Ships, after: Ships) -> None:
    new = table_of(after)
    (changed,) = TypeDelta(MOTION, table_of(before), new, 1, WidthCache()).changed_objects
    expected = [number not in before or before[number][2] != after[number][2] for number in new.ids.tolist()]
    assert ([] if changed is None else changed.tolist()) == expected


def test_a_column_that_is_the_same_object_is_not_compared() -> None:
    old = table_of({1: (0, 0, "Ada")})
    assert TypeDelta(MOTION, old, Table(old.ids, old.codes + 1, old.objects), 1, WidthCache()).changed_objects == [None]


def test_a_column_that_is_the_same_object_is_compared_when_its_rows_are_of_other_ships() -> None:
    old = table_of({1: (0, 0, "Ada"), 2: (0, 0, "Bo")})
    new = Table(np.array([2, 3]), old.codes, old.objects)
    (changed,) = TypeDelta(MOTION, old, new, 1, WidthCache()).changed_objects
    assert changed is not None
    assert changed.tolist() == [True, True]


@given(SHIPS)
def test_enter_rows_hold_all_codes_and_know_about_how_many_bytes_each_takes(ships: Ships) -> None:
    table = table_of(ships)
    rows = EnterRows(table)
    assert np.array_equal(unzigzag(unpack(rows.rows.tobytes(), rows.widths, len(ships))), table.codes)
    assert rows.sizes.tolist() == [rows.rows.shape[1] + len(ships[number][2]) + 1 for number in sorted(ships)]
