"""What step 3 accepts and refuses, and that it costs no more than the bytes of the message."""

import tracemalloc
from typing import Any

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.messages import messages
from gameserver.protocol.codec import decode_client
from gameserver.protocol.constants import CloseCode, Limits
from gameserver.protocol.errors import ProtocolError
from gameserver.protocol.unpacking import holds_timestamp, unpack
from tests.support.nominal_time import decode_cost_s

MANY = 10_000

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False) | st.text()
    | st.binary(max_size=300),
    lambda inner: st.lists(inner, max_size=20) | st.dictionaries(st.text(max_size=3), inner, max_size=20),
    max_leaves=40,
)  # fmt: skip


def refusal(data: bytes, max_values: int | None = MANY) -> str:
    with pytest.raises(ProtocolError) as refused:
        unpack(data, max_values)
    assert refused.value.code is CloseCode.MALFORMED
    return refused.value.reason


def count(value: Any) -> int:
    """The number of values, by protocol.md §11."""
    if isinstance(value, list):
        return 1 + sum(map(count, value))
    return 1 + sum(1 + count(one) for one in value.values()) if isinstance(value, dict) else 1


@given(VALUES)
def test_whatever_msgpack_packs_is_read(value: object) -> None:
    assert unpack(msgpack.packb(value)) == value
    assert unpack(msgpack.packb(value), MANY) == value


@pytest.mark.parametrize(
    ("packed", "value"),
    [
        ("d9 01 61", "a"), ("da 00 01 61", "a"), ("db 00 00 00 01 61", "a"), ("c4 00", b""), ("c5 00 01 00", b"\0"),
        ("c6 00 00 00 01 00", b"\0"), ("dc 00 01 c0", [None]), ("dd 00 00 00 01 c0", [None]),
        ("de 00 01 a0 c0", {"": None}), ("df 00 00 00 01 a0 c0", {"": None}), ("d3 00 00 00 00 00 00 00 01", 1),
        ("ca 3f 80 00 00", 1.0), ("e0", -32), ("7f", 127), ("90", []), ("80", {}),
    ],
)  # fmt: skip
def test_every_length_form_is_read(packed: str, value: object) -> None:
    assert unpack(bytes.fromhex(packed), MANY) == value


@given(VALUES, st.data())
def test_a_message_that_is_cut_is_refused(value: object, data: st.DataObject) -> None:
    packed = msgpack.packb(value)
    cut = data.draw(st.integers(0, len(packed) - 1))
    assert "truncated" in refusal(packed[:cut])


@given(VALUES, st.binary(min_size=1, max_size=5))
def test_bytes_behind_the_value_are_refused(value: object, more: bytes) -> None:
    packed = msgpack.packb(value)
    assert "trailing" in refusal(packed + more)


@pytest.mark.parametrize("first", [0xC1, 0xC7, 0xC8, 0xC9, 0xD4, 0xD5, 0xD6, 0xD7, 0xD8])
@pytest.mark.parametrize("around", [b"", b"\x91", b"\x81\xa0", b"\x91\x81\xa0"])
@pytest.mark.parametrize("max_values", [2, MANY, None])
def test_extensions_and_the_unused_byte_are_refused_wherever_they_stand(
    first: int, around: bytes, max_values: int | None
) -> None:
    size = {0xC7: 1, 0xC8: 2, 0xC9: 4}.get(first, 0)
    length = (8).to_bytes(size) if size else b""
    body = b"\x05" + bytes(8 if size else 1 << (first - 0xD4) if first != 0xC1 else 0)
    refusal(around + bytes((first,)) + length + body, max_values)


@pytest.mark.parametrize("packed", ["d6 ff 00000000", "d7 ff" + "00" * 8, "c7 0c ff" + "00" * 12])
@pytest.mark.parametrize("around", ["93 04 a1 6d", "93 04 a1 6d 91", "93 04 a1 6d 81 a0", "92 63", "91", "92 05", ""])
def test_timestamp_is_malformed_whatever_else_the_message_is(around: str, packed: str) -> None:
    data = bytes.fromhex(around + packed)
    assert holds_timestamp(unpack(data))
    with pytest.raises(ProtocolError) as refused:
        decode_client(data, Limits())
    assert refused.value.code is CloseCode.MALFORMED


@pytest.mark.parametrize("max_values", [6, MANY, None])
@pytest.mark.parametrize(
    ("packed", "reason"),
    [
        ("a1 ff", "UTF-8"), ("91 a3 eda080", "UTF-8"), ("81 a1 ff c0", "UTF-8"),
        ("81 01 02", "key is not a str"), ("81 c0 02", "key is not a str"), ("81 c4 01 61 02", "key must be a str"),
        ("82 a1 61 01 a1 61 02", "same key twice"), ("91 82 a0 01 a0 02", "same key twice"),
    ],
)  # fmt: skip
def test_text_is_utf8_and_keys_are_text_and_differ(packed: str, reason: str, max_values: int | None) -> None:
    assert reason in refusal(bytes.fromhex(packed), max_values)


@given(VALUES, st.integers(1, 60))
def test_as_many_values_are_read_as_the_limit_says(value: object, limit: int) -> None:
    packed = msgpack.packb(value)
    if count(value) <= limit:
        assert unpack(packed, limit) == value
    else:
        assert refusal(packed, limit) == f"a message has at most {limit} values"


def test_headers_that_promise_much_reserve_nothing() -> None:
    headers = b"\xdc\x0f\xff"
    for bomb in (headers * 1300, headers * 7 + b"\xdd\xff\xff\xff\xff" + b"\xc0" * 4000, b"\x91" * 4096):
        tracemalloc.start()
        try:
            refusal(bomb)
            _, peak_bytes = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert peak_bytes < 40_000


def test_no_message_costs_much() -> None:
    limits = Limits()
    costs = {name: decode_cost_s(data, limits) for name, data in messages()}
    assert len(costs) > 100
    assert {name: cost_s for name, cost_s in costs.items() if cost_s > 0.3e-3} == {}
