"""Pairs say the same as the matrix they were made of, and each viewer's `who` picks that viewer's selected pairs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import hypothesis.strategies as st
import msgpack
import numpy as np
import pytest
from hypothesis import given
from hypothesis.extra.numpy import array_shapes, arrays

from gameserver.sync.encode.pairs import Pairs, Selection, true_cells
from gameserver.sync.row_ids import decode_gaps, decode_who

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Flags = NDArray[np.bool_]

SHAPES = array_shapes(min_dims=2, max_dims=2, min_side=0, max_side=30)
MASKS = arrays(np.bool_, SHAPES) | arrays(np.bool_, SHAPES, elements=st.just(True), fill=st.just(False))


def as_list(pairs: Pairs) -> list[tuple[int, int]]:
    return list(zip(pairs.viewers.tolist(), pairs.rows.tolist(), strict=True))


def flags_for(pairs: Pairs, data: st.DataObject) -> Flags:
    """Draw which of the pairs are flagged."""
    return np.array(data.draw(st.lists(st.booleans(), min_size=len(pairs), max_size=len(pairs))), np.bool_)


@given(MASKS)
def test_pairs_are_the_true_cells_in_order_of_viewer_and_row(mask: Flags) -> None:
    pairs = Pairs.of(mask)
    assert as_list(pairs) == [tuple(cell) for cell in np.argwhere(mask).tolist()]
    assert len(pairs) == np.count_nonzero(mask)
    assert np.array_equal(pairs.mask(mask.shape[1]), mask)


@given(MASKS)
def test_the_slice_of_a_viewer_has_all_its_rows(mask: Flags) -> None:
    pairs = Pairs.of(mask)
    rows = {viewer: pairs.rows[first:end].tolist() for viewer, first, end in pairs.slices()}
    assert rows == {viewer: np.flatnonzero(row).tolist() for viewer, row in enumerate(mask) if row.any()}
    assert pairs.counts.tolist() == mask.sum(axis=1).tolist()
    assert pairs.bounds.tolist() == [0, *mask.sum(axis=1).cumsum().tolist()]


@given(MASKS, st.data())
def test_where_keeps_the_flagged_pairs(mask: Flags, data: st.DataObject) -> None:
    pairs = Pairs.of(mask)
    flags = flags_for(pairs, data)
    assert as_list(pairs.where(flags)) == [
        pair for pair, flag in zip(as_list(pairs), flags.tolist(), strict=True) if flag
    ]
    assert pairs.where(np.ones(len(pairs), np.bool_)) is pairs


def test_mapped_replaces_rows_and_keeps_viewers() -> None:
    pairs = Pairs.of(np.array([[True, False, True], [False, True, True]]))
    assert as_list(pairs.mapped(np.array([7, -1, 9]))) == [(0, 7), (0, 9), (1, -1), (1, 9)]
    assert pairs.mapped(None) is pairs


def test_a_pair_is_looked_up_in_a_matrix_and_row_minus_1_is_0() -> None:
    pairs = Pairs(np.array([0, 0, 1]), np.array([1, -1, 2]), 2)
    matrix = np.array([[10, 11, 12], [20, 21, 22]], np.uint8)
    assert pairs.look_up(matrix).tolist() == [11, 0, 22]
    assert pairs.look_up(matrix > 11).tolist() == [False, False, True]


def test_in_a_matrix_without_rows_every_pair_is_0() -> None:
    pairs = Pairs(np.array([0, 1]), np.array([-1, -1]), 2)
    assert pairs.look_up(np.empty((2, 0), np.uint8)).tolist() == [0, 0]


@given(MASKS, st.integers(1, 1000), st.integers(0, 10**6))
def test_the_gaps_of_each_viewer_lead_to_its_own_values(mask: Flags, step: int, first_id: int) -> None:
    pairs = Pairs.of(mask)
    ids = first_id + step * np.arange(mask.shape[1])
    gaps = pairs.gaps(ids[pairs.rows])
    for viewer, first, end in pairs.slices():
        raw = msgpack.unpackb(gaps.array(first, end))
        assert decode_gaps(raw, "ids", 0, 2**30).tolist() == ids[mask[viewer]].tolist()


@given(MASKS, st.data())
def test_the_who_of_each_viewer_picks_its_selected_pairs_from_its_own_list(mask: Flags, data: st.DataObject) -> None:
    pairs = Pairs.of(mask)
    flags = flags_for(pairs, data)
    selection = Selection(pairs, flags)
    picked = {}
    for viewer, first, end, who in selection.slices():
        own = pairs.rows[pairs.viewers == viewer]
        rows = decode_who(msgpack.unpackb(who), "who", len(own))
        picked[viewer] = (own if rows is None else own[rows]).tolist()
        assert picked[viewer] == selection.pairs.rows[first:end].tolist()
    selected = pairs.where(flags)
    assert picked == {viewer: selected.rows[first:end].tolist() for viewer, first, end in selected.slices()}


@pytest.mark.parametrize(
    ("picked", "who"), [(range(20), None), ([3], [3]), ([0, 19], [0, 19]), (range(10), b"\xff\x03\x00")]
)
def test_a_who_is_written_in_the_shortest_way(picked: list[int], who: object) -> None:
    flags = np.isin(np.arange(20), list(picked))
    written = [msgpack.unpackb(who) for *_, who in Selection(Pairs.of(np.ones((1, 20), np.bool_)), flags).slices()]
    assert written == [who]


def test_viewers_with_bit_strings_of_their_own_begin_at_whole_bytes() -> None:
    mask = np.ones((3, 9), np.bool_)
    flags = np.tile([True, True, True, False, False, False, False, False, True], 3)
    bit_strings = [who for *_, who in Selection(Pairs.of(mask), flags).slices()]
    assert bit_strings == [b"\xc4\x02\x07\x01"] * 3


@given(arrays(np.bool_, (20, 50)), st.floats(0, 1))
def test_true_cells_are_those_that_numpy_finds(mask: Flags, share: float) -> None:
    sparse = mask & (np.random.default_rng(1).random(mask.shape) < share)
    assert np.array_equal(true_cells(sparse), np.flatnonzero(sparse))


@pytest.mark.parametrize("count", [0, 20, 21, 60, 100, 101, 1000])
def test_true_cells_are_found_on_both_sides_of_each_limit(count: int) -> None:
    mask = np.zeros((20, 50), np.bool_)
    mask.ravel()[np.random.default_rng(count).permutation(1000)[:count]] = True
    assert np.array_equal(true_cells(mask), np.flatnonzero(mask))
