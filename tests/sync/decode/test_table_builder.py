"""A table builder applies a message to one table, step by step, and never writes to the table before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

from gameserver.protocol.errors import DeltaError
from gameserver.state.table import Table
from gameserver.sync.bits import pack, widths_of, zigzag
from gameserver.sync.decode.table_builder import TableBuilder
from gameserver.sync.motion import Motion
from gameserver.sync.row_ids import encode_gaps
from tests.support.sync_world import Craft

if TYPE_CHECKING:
    from collections.abc import Sequence


TYPE = Craft.entity_type
MOTION = Motion(TYPE, 1)
NAME, BAG = 3, 4  # indexes of the object fields


def table() -> Table:
    """Return crafts 2, 5 and 9, of which 5 moves."""
    codes = np.array([[10, 20, 30], [0, 4, 0], [0, 8, 15]])
    return Table(np.array([2, 5, 9]), codes, (("a", "b", "c"), ((1,), (2,), ())))


def builder(before: Table | None = None) -> TableBuilder:
    return TableBuilder(TYPE, MOTION, table() if before is None else before)


def packed(*rows: Sequence[int]) -> tuple[bytes, bytes]:
    """Return the widths and rows of entities with these residuals."""
    codes = zigzag(np.array(rows, np.int64).reshape(len(rows), 3).T)
    widths = widths_of(codes)
    return bytes(widths), pack(codes, widths).tobytes()


def content(made: Table) -> dict[int, tuple[object, ...]]:
    return {number: made.values_at(row) for row, number in enumerate(made.ids.tolist())}


def test_without_a_message_the_table_before_is_returned_unless_something_moves() -> None:
    still = Table(np.array([2]), np.array([[10], [0], [0]]), (("a",), ((),)))
    empty = TYPE.empty_table()
    for before in (still, empty):
        unchanged = builder(before)
        unchanged.advance(1)
        assert unchanged.build().ids is before.ids
        assert unchanged.build().objects is before.objects
        assert unchanged.build().same(before)


def test_entities_that_stay_move_by_their_rates() -> None:
    moving = builder()
    moving.advance(3)
    assert content(moving.build())[5] == (20 + 3 * 4, 4, 8, "b", (2,))


def test_entities_that_leave_are_counted_and_gone() -> None:
    leaving = builder()
    assert leaving.leave(np.array([1, 5, 10])) == 1
    leaving.advance(1)
    assert content(leaving.build()) == {2: (10, 0, 0, "a", (1,)), 9: (30, 0, 15, "c", ())}


def test_entities_that_enter_stand_in_order_of_id_with_empty_objects() -> None:
    entering = builder()
    entering.enter(encode_gaps([1, 7]), *packed((-3, 1, 2), (5, 0, 3)))
    entering.advance(1)
    made = entering.build()
    assert made.ids.tolist() == [1, 2, 5, 7, 9]
    assert content(made)[1] == (-3, 1, 2, "", ())
    assert content(made)[7] == (5, 0, 3, "", ())
    assert content(made)[9] == (30, 0, 15, "c", ())


def test_what_enters_does_not_move_in_the_same_message() -> None:
    entering = builder(TYPE.empty_table())
    entering.enter([3], *packed((5, 2, 0)))
    entering.advance(10)
    assert content(entering.build()) == {3: (5, 2, 0, "", ())}


def test_changes_count_those_that_stay_and_add_up() -> None:
    changing = builder()
    changing.leave(np.array([2]))
    changing.change([1], *packed((3, 0, 2)))
    changing.change(None, *packed((1, 0, 0), (1, 0, 0)))
    changing.advance(1)
    assert content(changing.build()) == {5: (25, 4, 8, "b", (2,)), 9: (34, 0, 1, "c", ())}


def test_values_count_those_that_stay_and_those_that_entered() -> None:
    setting = builder()
    setting.leave(np.array([2]))
    setting.enter([7], *packed((0, 0, 0)))
    setting.advance(1)
    setting.set_values(NAME, [1], ["new"])
    setting.set_values(BAG, None, [[3], [4, 5], []])
    objects = {number: values[3:] for number, values in content(setting.build()).items()}
    assert objects == {5: ("b", (3,)), 7: ("new", (4, 5)), 9: ("c", ())}


REFUSED: dict[str, tuple[str, tuple[Any, ...]]] = {
    "a second block of enters": ("enter", ([8], *packed((0, 0, 0)))),
    "ids that are no gaps": ("enter", ([0], *packed((0, 0, 0)))),
    "a width too few": ("change", (None, b"\x00\x00", b"")),
    "a width too many": ("change", (None, b"\x00\x00\x00\x00", b"")),
    "a width above 32": ("change", ([0], b"\x21\x00\x00", bytes(5))),
    "widths that are no bytes": ("change", (None, [0, 0, 0], b"")),
    "rows that are no bytes": ("change", (None, b"\x00\x00\x00", "")),
    "rows that are too short": ("change", (None, b"\x08\x00\x00", b"\x01\x01")),
    "rows that are too long": ("change", (None, b"\x08\x00\x00", b"\x01\x01\x01\x01")),
    "a row that does not stay": ("change", ([3], *packed((0, 0, 1)))),
    "values of a numeric field": ("set_values", (0, None, [1, 2, 3])),
    "values of no field": ("set_values", (None, None, [])),
    "values of a field that is no integer": ("set_values", (3.0, None, ["", "", "", ""])),
    "too few values": ("set_values", (NAME, None, ["", "", ""])),
    "a value too many": ("set_values", (NAME, [0], ["", ""])),
    "a text that is too long": ("set_values", (NAME, [0], ["12345"])),
    "a list whose code is out of range": ("set_values", (BAG, [0], [[10]])),
}


@pytest.mark.parametrize(("step", "arguments"), REFUSED.values(), ids=REFUSED.keys())
def test_what_does_not_fit_is_refused_and_leaves_the_table_before(step: str, arguments: tuple[Any, ...]) -> None:
    before = table()
    refusing = builder(before)
    refusing.enter([7], *packed((0, 0, 0)))
    if step == "set_values":
        refusing.advance(1)
    with pytest.raises(DeltaError):
        getattr(refusing, step)(*arguments)
    assert before.same(table())


@pytest.mark.parametrize("codes", [(101, 0, 0), (-101, 0, 0), (0, 2**30, 0), (0, 0, 16), (0, 0, -1)])
def test_a_code_that_enters_has_to_be_in_its_range(codes: tuple[int, int, int]) -> None:
    with pytest.raises(DeltaError, match="Craft is out of its range"):
        builder().enter([7], *packed(codes))


def test_a_code_that_stays_has_to_be_in_its_range_after_all_residuals() -> None:
    leaving, returning = builder(), builder()
    for one in (leaving, returning):
        one.change([0], *packed((95, 0, 0)))
    returning.change([0], *packed((-95, 0, 0)))
    returning.advance(1)
    assert content(returning.build())[2][0] == 10
    with pytest.raises(DeltaError, match="Craft is out of its range"):
        leaving.advance(1)


ROWS = st.tuples(st.integers(-100, 100), st.integers(-9, 9), st.integers(0, 15))
CRAFTS = st.dictionaries(st.integers(1, 30), ROWS, max_size=8)


def table_of(crafts: dict[int, tuple[int, int, int]]) -> Table:
    ids = sorted(crafts)
    codes = np.array([crafts[number] for number in ids], np.int64).reshape(len(ids), 3).T.copy()
    names = tuple(str(number)[:4] for number in ids)
    return Table(np.array(ids, np.int64), codes, (names, ((),) * len(ids)))


@given(CRAFTS, CRAFTS, st.integers(1, 4))
def test_leaves_enters_and_residuals_lead_from_any_table_to_any_other(
    before: dict[int, tuple[int, int, int]], after: dict[int, tuple[int, int, int]], span: int
) -> None:
    old, new = table_of(before), table_of(after)
    made = TableBuilder(TYPE, MOTION, old)
    leaves, enters = sorted(before.keys() - after.keys()), sorted(after.keys() - before.keys())
    assert made.leave(np.array(leaves, np.int64)) == len(leaves)
    if enters:
        made.enter(encode_gaps(enters), *packed(*[after[number] for number in enters]))
    stay_old, stay_new = np.isin(old.ids, new.ids), np.isin(new.ids, old.ids)
    residuals = MOTION.residuals(old.codes[:, stay_old], new.codes[:, stay_new], span)
    made.change(None, *packed(*residuals.T.tolist()))
    made.advance(span)
    made.set_values(NAME, None, list(new.objects[0]))
    assert made.build().same(new)
    assert old.same(table_of(before))
