"""Ascending lists on the wire: what is written is read, and what is not an ascending list is refused."""

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

from gameserver.protocol.errors import DeltaError
from gameserver.sync.row_ids import decode_gaps, decode_who, encode_gaps, encode_who

MAX_ID = 2**30 - 1


@given(st.sets(st.integers(1, MAX_ID)))
def test_gaps_give_the_list_back(values: set[int]) -> None:
    ascending = sorted(values)
    assert decode_gaps(encode_gaps(ascending), "ids", 1, MAX_ID).tolist() == ascending


def test_the_page_s_example() -> None:
    assert encode_gaps([7, 8, 12]) == [7, 1, 4]
    assert encode_gaps([]) == []


@pytest.mark.parametrize("raw", [[0], [1, 0], [2, -1], [MAX_ID, 1], [MAX_ID + 1], [1.0], [True], ["1"], None, 3, "1"])
def test_what_is_no_ascending_list_in_range_is_refused(raw: object) -> None:
    with pytest.raises(DeltaError):
        decode_gaps(raw, "ids", 1, MAX_ID)


@given(st.integers(0, 200), st.data())
def test_who_picks_the_same_rows_when_read(count: int, data: st.DataObject) -> None:
    flags = data.draw(st.lists(st.booleans(), min_size=count, max_size=count))
    rows = np.flatnonzero(np.array(flags, np.bool_))
    raw = encode_who(rows, count)
    picked = decode_who(raw, "who", count)
    assert (list(range(count)) if picked is None else picked.tolist()) == rows.tolist()


def test_who_is_written_in_the_shorter_way() -> None:
    assert encode_who(np.arange(5), 5) is None
    assert encode_who(np.array([40]), 50) == [40]
    assert encode_who(np.arange(49), 50) == b"\xff\xff\xff\xff\xff\xff\x01"
