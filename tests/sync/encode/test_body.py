"""Each viewer's body holds the leaves, enters, changes and values of that viewer, and nothing of the others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgpack
import numpy as np
import pytest
from hypothesis import given
from hypothesis.extra.numpy import arrays

from gameserver.state.table import Table
from gameserver.sync.bits import row_bytes, unpack, unzigzag, zigzag
from gameserver.sync.encode.blocks import Block
from gameserver.sync.encode.body import BodyWriter
from gameserver.sync.encode.pairs import Pairs
from gameserver.sync.encode.type_delta import EnterRows
from gameserver.sync.row_ids import decode_gaps, decode_who

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Flags = NDArray[np.bool_]

VIEWERS, ENTITIES, TYPE = 3, 12, 5
IDS = np.array([1, 2, 3, 70, 71, 72, 200, 201, 500, 501, 90_000, 2**30 - 1])
CODES = np.array([[3, -2, 0, 7, 1, 0, 9, -9, 4, 0, 2, 1000], [0] * ENTITIES])
TEXTS = tuple(f"text {row}" for row in range(ENTITIES))
TABLE = Table(IDS, CODES, (TEXTS,))
MASKS = arrays(np.bool_, (VIEWERS, ENTITIES))


def items(writer: BodyWriter) -> list[list[Any]]:
    """Return leaves, enters, changes and values of each viewer."""
    return [msgpack.unpackb(b"\x94" + body) for body in writer.bodies()]


def block_of(residuals: list[int]) -> Block:
    """Return a block with one residual of 8 bits for each entity."""
    codes = zigzag(np.array([residuals]))
    return Block(codes[0] != 0, [8], codes.T.astype(np.uint8))


def rows_of(mask: Flags) -> list[list[int]]:
    return [np.flatnonzero(viewer).tolist() for viewer in mask]


def test_without_anything_added_every_body_is_four_empty_arrays() -> None:
    assert BodyWriter(2).bodies() == [b"\x90\x90\x90\x90"] * 2


@given(MASKS)
def test_each_viewer_gets_the_gaps_of_its_own_leaves(mask: Flags) -> None:
    writer = BodyWriter(VIEWERS)
    writer.add_leaves(IDS, Pairs.of(mask))
    for (leaves, *others), viewer in zip(items(writer), mask, strict=True):
        assert decode_gaps(leaves, "leaves", 1, 2**30).tolist() == IDS[viewer].tolist()
        assert others == [[], [], []]


def test_the_leaves_of_several_types_are_one_ascending_list() -> None:
    writer = BodyWriter(2)
    writer.add_leaves(np.array([4, 9]), Pairs.of(np.array([[True, True], [False, True]])))
    writer.add_leaves(np.array([2, 7]), Pairs.of(np.array([[True, True], [False, False]])))
    assert [leaves for leaves, *_ in items(writer)] == [[2, 2, 3, 2], [9]]


@given(MASKS)
def test_each_viewer_gets_the_rows_that_enter_its_own_view(mask: Flags) -> None:
    writer = BodyWriter(VIEWERS)
    writer.add_enters(TYPE, EnterRows(TABLE), Pairs.of(mask))
    for (leaves, enters, changes, values), rows in zip(items(writer), rows_of(mask), strict=True):
        assert (leaves, changes, values) == ([], [], [])
        assert len(enters) == (1 if rows else 0)
        for index, ids, widths, packed in enters:
            assert index == TYPE
            assert decode_gaps(ids, "ids", 1, 2**30).tolist() == IDS[rows].tolist()
            assert unzigzag(unpack(packed, widths, len(rows))).tolist() == CODES[:, rows].tolist()


@given(MASKS, MASKS)
def test_each_viewer_gets_the_residuals_of_those_chosen_that_have_one(mask: Flags, chosen: Flags) -> None:
    """`who` counts the entities that stay in the viewer's own view, not all of them."""
    staying = Pairs.of(mask)
    block = block_of([5, 0, -3, 0, 1, 2, 0, 0, 7, -8, 0, 100])
    writer = BodyWriter(VIEWERS)
    writer.add_changes(TYPE, [block], staying, chosen[staying.viewers, staying.rows])
    for (_, _, changes, _), own, wanted in zip(items(writer), rows_of(mask), chosen, strict=True):
        expected = [row for row in own if wanted[row] and block.present[row]]
        assert len(changes) == (1 if expected else 0)
        for index, who, widths, packed in changes:
            picked = decode_who(who, "who", len(own))
            assert (index, widths) == (TYPE, b"\x08")
            assert [own[place] for place in (range(len(own)) if picked is None else picked.tolist())] == expected
            assert packed == block.rows[expected].tobytes()


def test_without_a_choice_all_residuals_are_sent_block_by_block() -> None:
    blocks = [block_of([1] * ENTITIES), block_of([0, 2, *[0] * (ENTITIES - 2)])]
    writer = BodyWriter(1)
    writer.add_changes(TYPE, blocks, Pairs.of(np.ones((1, ENTITIES), np.bool_)))
    (body,) = items(writer)
    assert body[2] == [[TYPE, None, b"\x08", b"\x02" * ENTITIES], [TYPE, [1], b"\x08", b"\x04"]]


@given(MASKS, MASKS)
def test_each_viewer_gets_the_values_of_those_chosen_in_its_own_view(mask: Flags, chosen: Flags) -> None:
    seen = Pairs.of(mask)
    writer = BodyWriter(VIEWERS)
    writer.add_values(TYPE, 2, TEXTS, seen, chosen[seen.viewers, seen.rows])
    for (_, _, _, values), own, wanted in zip(items(writer), rows_of(mask), chosen, strict=True):
        expected = [row for row in own if wanted[row]]
        assert len(values) == (1 if expected else 0)
        for index, field, who, sent in values:
            picked = decode_who(who, "who", len(own))
            assert (index, field) == (TYPE, 2)
            assert [own[place] for place in (range(len(own)) if picked is None else picked.tolist())] == expected
            assert sent == [TEXTS[row] for row in expected]


def test_blocks_of_several_types_stand_in_the_order_in_which_they_were_added() -> None:
    writer = BodyWriter(1)
    everyone = Pairs.of(np.ones((1, ENTITIES), np.bool_))
    for index in (1, 4):
        writer.add_enters(index, EnterRows(TABLE), everyone)
        writer.add_values(index, 0, TEXTS, everyone, np.ones(ENTITIES, np.bool_))
    (body,) = items(writer)
    assert [[block[0] for block in item] for item in body] == [[], [1, 4], [], [1, 4]]


@pytest.mark.parametrize("count", [15, 16, 300, 70_000])
def test_lists_of_any_length_have_the_right_headers(count: int) -> None:
    """15, 16 and 65,536 are where msgpack's headers of arrays and bins get longer."""
    table = Table(np.arange(1, count + 1), np.full((1, count), 3), (("",) * count,))
    writer = BodyWriter(1)
    everyone = Pairs.of(np.ones((1, count), np.bool_))
    writer.add_leaves(table.ids, everyone)
    writer.add_enters(0, EnterRows(table), everyone)
    writer.add_values(0, 1, table.objects[0], everyone, np.ones(count, np.bool_))
    ((leaves, ((_, ids, widths, rows),), _, ((_, _, _, values),)),) = items(writer)
    assert (len(leaves), len(ids), len(values)) == (count, count, count)
    assert len(rows) == count * row_bytes(widths)


def test_a_type_without_numeric_fields_enters_with_empty_rows() -> None:
    table = Table(np.array([3]), np.empty((0, 1), np.int64), (("hello",),))
    writer = BodyWriter(1)
    writer.add_enters(0, EnterRows(table), Pairs.of(np.ones((1, 1), np.bool_)))
    assert items(writer) == [[[], [[0, [3], b"", b""]], [], []]]
