"""Views of single viewers and of many are the same, whichever way they were put together."""

from __future__ import annotations

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

from gameserver.sync.encode.views import View, Views
from tests.support.single_view import everything
from tests.support.sync_world import Dust, Note, Ship, make_world, same, snapshot

WORLD = make_world()
for number in range(5):
    WORLD.spawn(Ship, x=number, name=str(number))
WORLD.spawn(Note, text="hello")
WORLD.table(Dust).spawn_many(3, x=1)
SNAPSHOT = snapshot(WORLD, 1)


def views_of(count: int, seed: int, *, aged: bool) -> Views:
    """Return views at random of `count` viewers."""
    random = np.random.default_rng(seed)
    shapes = [(count, len(table)) for table in SNAPSHOT.tables]
    ages = tuple([random.integers(0, 20, shape).astype(np.uint8) for shape in shapes]) if aged else None
    return Views(SNAPSHOT, tuple([random.random(shape) < 0.5 for shape in shapes]), count, ages)


def content(view: View) -> list[tuple[list[bool], list[int]]]:
    """Return what a view says about every entity, type by type."""
    return [(mask.tolist(), age.tolist()) for mask, age in zip(view.masks, view.ages, strict=True)]


@given(
    st.lists(st.tuples(st.integers(0, 1), st.integers(0, 3)), min_size=1, max_size=8), st.integers(0, 99), st.booleans()
)
def test_views_put_together_are_the_single_ones_in_order(chosen: list[tuple[int, int]], seed: int, aged: bool) -> None:
    parents = views_of(4, seed, aged=aged), views_of(4, seed + 1, aged=aged)
    single = [parents[which][row] for which, row in chosen]
    together = Views.of(single)
    assert together.count == len(single)
    assert [content(together[row]) for row in range(together.count)] == [content(view) for view in single]


def test_views_of_whole_matrices_in_order_are_not_copied() -> None:
    views = views_of(3, 1, aged=True)
    assert Views.of([views[0], views[1], views[2]]) is views
    assert Views.of([views[0], views[1]]) is not views
    assert Views.of([views[1], views[0], views[2]]) is not views


def test_the_ages_of_one_of_several_views_are_kept() -> None:
    aged, fresh = views_of(1, 1, aged=True), views_of(1, 2, aged=False)
    together = Views.of([aged[0], fresh[0]])
    assert [content(together[0]), content(together[1])] == [content(aged[0]), content(fresh[0])]


def test_without_ages_all_are_0() -> None:
    assert [age.tolist() for age in views_of(2, 1, aged=False)[1].ages] == [[0] * len(t) for t in SNAPSHOT.tables]


def test_the_tables_of_a_view_hold_what_it_sees() -> None:
    masks = tuple([np.arange(len(table))[None] % 2 == 0 for table in SNAPSHOT.tables])
    ships, shots, notes, dust = Views(SNAPSHOT, masks, 1)[0].tables()
    assert (ships.ids.tolist(), ships.objects[0]) == ([1, 3, 5], ("0", "2", "4"))
    assert (len(shots), notes.ids.tolist(), dust.ids.tolist()) == (0, [6], [7, 9])


def test_a_view_of_everything_has_the_tables_of_the_snapshot() -> None:
    views = everything(SNAPSHOT, 2)
    assert views.count == 2
    assert same(views[1].tables(), SNAPSHOT.tables)


def test_pairs_are_those_of_the_matrix_and_are_made_once() -> None:
    views = views_of(4, 7, aged=False)
    pairs = views.pairs(0)
    assert np.array_equal(pairs.mask(5), views.masks[0])
    assert views.pairs(0) is pairs


@pytest.mark.parametrize("index", range(4))
def test_a_type_without_entities_has_no_pairs(index: int) -> None:
    empty = everything(snapshot(make_world(), 1), 3)
    assert len(empty.pairs(index)) == 0
