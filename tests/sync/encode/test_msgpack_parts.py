"""Parts that are put together are what msgpack packs as a whole."""

import hypothesis.strategies as st
import msgpack
import numpy as np
import pytest
from hypothesis import given

from gameserver.sync.encode.msgpack_parts import PackedInts, array_header, bin_header

EDGES = [0, 127, 128, 255, 256, 65_535, 65_536, 2**32 - 1]


@given(st.lists(st.integers(0, 2**32 - 1) | st.integers(0, 300) | st.sampled_from(EDGES), max_size=40), st.data())
def test_any_run_of_integers_is_packed_as_an_array(values: list[int], data: st.DataObject) -> None:
    first = data.draw(st.integers(0, len(values)))
    end = data.draw(st.integers(first, len(values)))
    packed = PackedInts(np.array(values, np.int64)).array(first, end)
    assert packed == msgpack.packb(values[first:end])


@pytest.mark.parametrize("count", [0, 1, 15, 16, 65_535, 65_536])
def test_array_headers(count: int) -> None:
    assert array_header(count) + b"\xc0" * count == msgpack.packb([None] * count)


@pytest.mark.parametrize("size", [0, 1, 255, 256, 65_535, 65_536])
def test_bin_headers(size: int) -> None:
    assert bin_header(size) + bytes(size) == msgpack.packb(bytes(size))
