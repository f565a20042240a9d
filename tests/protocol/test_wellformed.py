"""What the check of step 3 accepts, and that it costs no more than the bytes of the message."""

import tracemalloc

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gameserver.protocol.constants import CloseCode
from gameserver.protocol.errors import ProtocolError
from gameserver.protocol.wellformed import check_wellformed

DEPTH = 8

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats() | st.text() | st.binary(max_size=300),
    lambda inner: st.lists(inner, max_size=20) | st.dictionaries(st.text(max_size=3), inner, max_size=20),
    max_leaves=40,
)


def refusal(data: bytes, depth: int = DEPTH) -> str:
    with pytest.raises(ProtocolError) as refused:
        check_wellformed(data, depth)
    assert refused.value.code is CloseCode.MALFORMED
    return refused.value.reason


@given(VALUES)
def test_whatever_msgpack_packs_is_wellformed(value: object) -> None:
    check_wellformed(msgpack.packb(value), max_depth=100)


@pytest.mark.parametrize(
    "packed",
    [
        "d9 01 61", "da 00 01 61", "db 00 00 00 01 61", "c4 00", "c5 00 01 00", "c6 00 00 00 01 00",
        "dc 00 01 c0", "dd 00 00 00 01 c0", "de 00 01 a0 c0", "df 00 00 00 01 a0 c0", "d3 00 00 00 00 00 00 00 01",
        "ca 3f 80 00 00", "e0", "7f", "90", "80",
    ],
)  # fmt: skip
def test_every_length_form_is_taken(packed: str) -> None:
    check_wellformed(bytes.fromhex(packed), DEPTH)


@given(VALUES, st.data())
def test_a_message_that_is_cut_is_refused(value: object, data: st.DataObject) -> None:
    packed = msgpack.packb(value)
    cut = data.draw(st.integers(0, len(packed) - 1))
    assert "inside a value" in refusal(packed[:cut], depth=100)


@given(VALUES, st.binary(min_size=1, max_size=5))
def test_bytes_behind_the_value_are_refused(value: object, more: bytes) -> None:
    packed = msgpack.packb(value)
    assert refusal(packed + more, depth=100) == (
        f"the message's value ends after {len(packed)} bytes, but the message has {len(packed) + len(more)}"
    )


@pytest.mark.parametrize("first", [0xC1, 0xC7, 0xC8, 0xC9, 0xD4, 0xD5, 0xD6, 0xD7, 0xD8])
def test_extensions_and_the_unused_byte_are_refused_wherever_they_stand(first: int) -> None:
    assert refusal(bytes((0x92, 0x01, first)) + bytes(20)) == (
        f"byte 2 (0x{first:02x}) begins no value of this protocol"
    )


@pytest.mark.parametrize(("array", "innermost"), [(b"\x91", b"\x90"), (b"\x81\xa0", b"\x80")])
def test_depth_counts_every_array_and_map_also_an_empty_one(array: bytes, innermost: bytes) -> None:
    check_wellformed(array * (DEPTH - 1) + innermost, DEPTH)
    assert refusal(array * DEPTH + innermost) == f"arrays and maps are nested deeper than {DEPTH}"


def test_headers_that_promise_much_reserve_nothing() -> None:
    bomb = b"\xdc\x0f\xff" * (DEPTH - 1) + b"\xdd\xff\xff\xff\xff" + b"\xc0" * 4000
    tracemalloc.start()
    try:
        refusal(bomb)
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak_bytes < 20_000
