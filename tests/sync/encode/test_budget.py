"""What fits into a budget is chosen in order of urgency, over all entity types and for each viewer apart."""

from __future__ import annotations

import math
from typing import NamedTuple

import hypothesis.strategies as st
import numpy as np
from hypothesis import given

from gameserver.sync.encode.budget import choose_fitting, running_sums
from gameserver.sync.encode.candidates import LAST_CHANCE_FACTOR, Candidates
from gameserver.sync.encode.pairs import Pairs


class One(NamedTuple):
    """One candidate."""

    viewer: int
    weight: float
    cost: float
    age: int = 0
    wanted: bool = True
    required: bool = False


def candidates_of(ones: list[One], viewers: int) -> Candidates:
    """Return candidates of one type, which must be sorted by viewer."""
    seen = Pairs(np.array([one.viewer for one in ones], np.intp), np.arange(len(ones)), viewers)
    candidates = Candidates(seen, np.array([one.weight for one in ones], np.float32))
    candidates.cost = np.array([one.cost for one in ones], np.float32)
    candidates.ages = np.array([one.age for one in ones], np.uint8)
    candidates.wanted = np.array([one.wanted for one in ones], np.bool_)
    candidates.required = np.array([one.required for one in ones], np.bool_)
    return candidates


def fitting(types: list[list[One]], *available: float) -> list[list[bool]]:
    made = [candidates_of(ones, len(available)) for ones in types]
    return [flags.tolist() for flags in choose_fitting(made, np.array(available, np.float32))]


def test_everything_fits_without_a_limit() -> None:
    assert fitting([[One(0, 1, 1e6), One(1, 1, 1e6)]], math.inf, math.inf) == [[True, True]]


def test_what_is_not_wanted_is_not_chosen() -> None:
    assert fitting([[One(0, 1, 1, wanted=False), One(0, 1, 1)]], math.inf) == [[False, True]]


def test_the_more_urgent_of_all_types_are_chosen_until_the_budget_is_used_up() -> None:
    ships = [One(0, weight, 10) for weight in (0.1, 0.5, 0.9)]
    shots = [One(0, weight, 10) for weight in (0.7, 0.2)]
    assert fitting([ships, shots], 30) == [[False, True, True], [True, False]]


def test_each_viewer_has_a_budget_of_its_own() -> None:
    ones = [One(0, 1, 10), One(0, 0.5, 10), One(1, 1, 10), One(1, 0.5, 10)]
    assert fitting([ones], 10, 20) == [[True, False, True, True]]


def test_an_entity_that_was_left_out_gets_more_urgent_with_each_snapshot() -> None:
    near, far = One(0, 0.5, 10), One(0, 0.1, 10)
    assert fitting([[near, far]], 10) == [[True, False]]
    assert fitting([[near, far._replace(age=4)]], 10) == [[True, False]]
    assert fitting([[near, far._replace(age=5)]], 10) == [[False, True]]


def test_what_would_have_to_leave_the_view_is_more_urgent() -> None:
    near, far = One(0, 0.5, 10), One(0, 0.1, 10, required=True)
    assert LAST_CHANCE_FACTOR * far.weight > near.weight
    assert fitting([[near, far]], 10) == [[False, True]]


def test_an_avatar_goes_before_everything() -> None:
    others = [One(0, 1, 10, age=255, required=True)] * 3
    assert fitting([[*others, One(0, math.inf, 10)]], 10) == [[False, False, False, True]]


def test_the_most_urgent_is_chosen_even_if_it_does_not_fit() -> None:
    assert fitting([[One(0, 1, 1000), One(0, 0.5, 1)]], 5) == [[True, False]]


def test_without_types_nothing_is_chosen() -> None:
    assert fitting([], 100) == []


def urgency_of(one: One) -> float:
    return one.weight * (one.age + 1) * (LAST_CHANCE_FACTOR if one.required else 1)


ONES = st.tuples(
    st.integers(0, 2),
    st.floats(1 / 64, 1, width=32),
    st.integers(1, 50),
    st.integers(0, 20),
    st.just(True),
    st.booleans(),
).map(One._make)


@given(
    st.lists(st.lists(ONES, max_size=12), min_size=1, max_size=3), st.lists(st.integers(0, 200), min_size=3, max_size=3)
)
def test_no_viewer_gets_more_than_its_budget_or_one_candidate(types: list[list[One]], budgets: list[int]) -> None:
    types = [sorted(ones, key=lambda one: one.viewer) for ones in types]
    chosen = fitting(types, *budgets)
    for viewer, budget in enumerate(budgets):
        of_viewer = [
            (one, fits)
            for ones, flags in zip(types, chosen, strict=True)
            for one, fits in zip(ones, flags, strict=True)
            if one.viewer == viewer
        ]
        costs = [one.cost for one, fits in of_viewer if fits]
        assert sum(costs) <= budget or len(costs) == 1
        assert bool(costs) == bool(of_viewer)
        sent, left_out = ([urgency_of(one) for one, fits in of_viewer if fits is sent] for sent in (True, False))
        assert min(sent, default=0) >= max(left_out, default=0) * (1 - 1e-5)


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 100)), max_size=30))
def test_running_sums_begin_anew_in_each_group(values: list[tuple[int, int]]) -> None:
    values = sorted(values, key=lambda value: value[0])
    expected = [sum(v for group, v in values[: i + 1] if group == values[i][0]) for i in range(len(values))]
    groups, numbers = (np.array([value[column] for value in values]) for column in (0, 1))
    assert running_sums(numbers.astype(np.float32), groups.astype(np.intp)).tolist() == expected
