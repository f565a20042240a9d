"""Any bytes decode to a message or raise `ProtocolError`; a message survives encoding; both INPUT decoders agree."""

from collections.abc import Callable

import msgpack
from hypothesis import given
from hypothesis import strategies as st

from gameserver.protocol import (
    InputCodec,
    Limits,
    ProtocolError,
    Role,
    decode_client,
    decode_server,
    encode_client,
    encode_server,
)
from gameserver.protocol import messages as m
from gameserver.protocol.constants import (
    MAX_BEHIND,
    MAX_CODE,
    MAX_COUNTER,
    MAX_LEAD,
    MAX_REASON_BYTES,
    MAX_TICK_HZ,
    ClientLimits,
)

LIMITS = Limits(max_message_bytes=2**20, max_depth=12, max_values=2**20)
INPUTS = InputCodec([(-1, 1), (0, 1), (-MAX_CODE, MAX_CODE)])

counters = st.integers(0, MAX_COUNTER)
behinds = st.integers(0, MAX_BEHIND)
codes = st.integers(-MAX_CODE, MAX_CODE)
names = st.text(min_size=1, max_size=16)
tokens = st.binary(min_size=24, max_size=24)
payloads = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53 - 1), 2**53 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20)
    | st.binary(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
maps = st.dictionaries(st.text(max_size=8), payloads, max_size=4)
roles = st.sampled_from(Role)

client_messages: st.SearchStrategy[m.ClientMsg] = st.one_of(
    st.builds(m.Join, kind=names, room=st.none() | names, role=roles, params=maps),
    st.builds(m.Resume, token=tokens, tick=counters, event=st.none() | counters),
    st.builds(
        m.Input,
        seq=st.integers(1, MAX_COUNTER),
        ack=counters,
        behind=behinds,
        codes=st.lists(codes, max_size=20).map(tuple),
    ),
    st.builds(m.Message, name=names, payload=payloads),
    st.builds(m.Ping, nonce=counters),
    st.builds(m.Pong, nonce=counters),
    st.builds(m.Resync, tick=counters),
    st.builds(m.Ack, tick=counters),
    st.just(m.Leave()),
)


def gaps(first: int) -> st.SearchStrategy[list[int]]:
    return st.just([]) | st.builds(
        lambda head, tail: [head, *tail], st.integers(first, 300), st.lists(st.integers(1, 300), max_size=20)
    )


indexes = st.integers(0, MAX_CODE)
rows = st.binary(max_size=30)
who = st.none() | st.binary(max_size=5) | gaps(0)


def row(*parts: st.SearchStrategy[object]) -> st.SearchStrategy[list[object]]:
    return st.tuples(*parts).map(list)


def blocks(*parts: st.SearchStrategy[object]) -> st.SearchStrategy[list[list[object]]]:
    return st.lists(row(*parts), max_size=3)


states = st.builds(
    m.State,
    tick=st.integers(1000, MAX_COUNTER),
    span=st.integers(0, 1000),
    seq=counters,
    lead=st.none() | st.integers(0, MAX_LEAD),
    leaves=gaps(1),
    enters=blocks(indexes, gaps(1), rows, rows),
    changes=blocks(indexes, who, rows, rows),
    values=blocks(indexes, indexes, who, st.lists(payloads, max_size=3)),
)
welcomes = st.builds(
    m.Welcome,
    server=names,
    session=st.integers(1, MAX_COUNTER),
    token=tokens,
    resumed=st.booleans(),
    kind=names,
    room=names,
    role=roles,
    tick=counters,
    tick_hz=st.integers(1, MAX_TICK_HZ),
    snapshot_every=st.integers(1, MAX_COUNTER),
    grace_s=st.floats(0, 1e9) | st.integers(0, 10**6),
    event=counters,
    seq=counters,
    schema=maps,
    step=st.none() | st.text(max_size=20),
    limits=st.builds(
        ClientLimits,
        *[st.integers(1, MAX_COUNTER)] * 4,
        *[st.floats(0, 1e9) | st.integers(0, 10**6)] * 6,
    ),
)
server_messages: st.SearchStrategy[m.ServerMsg] = st.one_of(
    welcomes,
    states,
    st.builds(
        lambda since, more, items: m.Events(since, since + more, tuple(items)),
        st.integers(0, 10**6),
        st.integers(0, 10**6),
        st.lists(st.builds(m.Event, tick=counters, name=names, payload=payloads), max_size=4),
    ),
    st.builds(m.ServerPing, nonce=counters),
    st.builds(
        m.ServerPong, nonce=counters, tick=counters, held=st.integers(0, MAX_LEAD), missed=counters, trimmed=counters
    ),
    st.builds(m.Notice, name=names, detail=maps),
)


@given(client_messages)
def test_client_message_comes_back_as_it_went(message: m.ClientMsg) -> None:
    assert decode_client(encode_client(message), LIMITS) == message


@given(server_messages)
def test_server_message_comes_back_as_it_went(message: m.ServerMsg) -> None:
    assert decode_server(encode_server(message)) == message


def outcome(decode: Callable[[bytes], object], data: bytes) -> object:
    """Return the message or the refusal; any other exception fails the test."""
    try:
        return decode(data)
    except ProtocolError as error:
        refused = error
    assert 0 < len(refused.reason.encode()) <= MAX_REASON_BYTES
    return refused.code


def decode_both(data: bytes) -> None:
    outcome(lambda raw: decode_client(raw, LIMITS, INPUTS), data)
    outcome(decode_server, data)


@given(st.binary(max_size=200))
def test_any_bytes_are_a_message_or_a_protocol_error(data: bytes) -> None:
    decode_both(data)


@given(st.integers(0, 22) | payloads, st.lists(payloads, max_size=9))
def test_any_items_are_a_message_or_a_protocol_error(number: object, items: list[object]) -> None:
    decode_both(msgpack.packb([number, *items]))


@given(client_messages.map(encode_client) | server_messages.map(encode_server), st.data())
def test_message_with_damaged_bytes_is_a_message_or_a_protocol_error(data: bytes, draw: st.DataObject) -> None:
    damaged = bytearray(data)
    for at in draw.draw(st.lists(st.integers(0, len(data) - 1), max_size=4)):
        damaged[at] = draw.draw(st.integers(0, 255))
    decode_both(bytes(damaged))


odd_numbers = st.integers(-2, 3) | codes | st.sampled_from([MAX_COUNTER, MAX_COUNTER + 1, 2**63, -(2**63)])
odd_items = odd_numbers | st.booleans() | st.none() | st.floats() | st.text(max_size=2)


@given(st.lists(st.integers(0, 3) | odd_items, min_size=5, max_size=8))
def test_compiled_input_decoder_takes_exactly_what_the_general_one_takes(items: list[object]) -> None:
    data = msgpack.packb([3, *items])
    frame = INPUTS.try_decode(data)
    general = outcome(lambda raw: decode_client(raw, LIMITS, INPUTS), data)
    assert (frame is not None) == isinstance(general, m.Input)
    if frame is not None:
        assert outcome(lambda raw: decode_client(raw, LIMITS), data) == m.Input(*frame)


@given(st.lists(codes, max_size=16), st.integers(1, MAX_COUNTER), counters, behinds)
def test_compiled_input_decoder_reads_every_frame_of_its_room(
    values: list[int], seq: int, ack: int, behind: int
) -> None:
    inputs = InputCodec([(-MAX_CODE, MAX_CODE)] * len(values))
    assert inputs.try_decode(encode_client(m.Input(seq, ack, behind, tuple(values)))) == (
        seq,
        ack,
        behind,
        tuple(values),
    )
