"""Ascending lists on the wire: what is written is read, and what is not an ascending list is refused."""

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

from gameserver.protocol.errors import DeltaError
from gameserver.sync.row_ids import gaps, read_gaps, read_who, who

MAX_ID = 2**30 - 1


@given(st.sets(st.integers(1, MAX_ID)))
def test_gaps_give_the_list_back(values: set[int]) -> None:
    ascending = sorted(values)
    assert read_gaps(gaps(ascending), "ids", 1, MAX_ID).tolist() == ascending


def test_the_page_s_example() -> None:
    assert gaps([7, 8, 12]) == [7, 1, 4]
    assert gaps([]) == []


@pytest.mark.parametrize("raw", [[0], [1, 0], [2, -1], [MAX_ID, 1], [MAX_ID + 1], [1.0], [True], ["1"], None, 3, "1"])
def test_what_is_no_ascending_list_in_range_is_refused(raw: object) -> None:
    with pytest.raises(DeltaError):
        read_gaps(raw, "ids", 1, MAX_ID)


@given(st.integers(0, 200), st.data())
def test_who_names_the_same_places_when_read(count: int, data: st.DataObject) -> None:
    flags = data.draw(st.lists(st.booleans(), min_size=count, max_size=count))
    places = np.flatnonzero(np.array(flags, np.bool_))
    raw = who(places, count)
    named = read_who(raw, "who", count)
    assert (list(range(count)) if named is None else named.tolist()) == places.tolist()


def test_who_is_written_in_the_shorter_way() -> None:
    assert who(np.arange(5), 5) is None
    assert who(np.array([40]), 50) == [40]
    assert who(np.arange(49), 50) == b"\xff\xff\xff\xff\xff\xff\x01"
