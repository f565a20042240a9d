"""The first message is read from any split of its bytes, and what is no JOIN or RESUME is left unread."""

from __future__ import annotations

from itertools import pairwise

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gameserver.protocol import messages as m
from gameserver.protocol.constants import ClientMessage as C
from gameserver.protocol.constants import Limits
from gameserver.protocol.constants import ServerMessage as S
from gameserver.workers.first_message import MAX_FRAMES, FirstMessage
from tests.support.websocket_frames import (
    BINARY,
    CLOSE,
    CONTINUATION,
    PING,
    PONG,
    TEXT,
    Frame,
    client_frame,
    read_frames,
)

JOIN = msgpack.packb([C.JOIN, "arena", None, 0, {}])
RESUME = msgpack.packb([C.RESUME, bytes(range(24)), 7, 3])


def fed(*chunks: bytes) -> FirstMessage:
    first = FirstMessage(Limits())
    for chunk in chunks:
        first.feed(chunk)
    return first


def cut(data: bytes, at: list[int]) -> list[bytes]:
    edges = [0, *sorted(edge % (len(data) + 1) for edge in at), len(data)]
    return [data[a:b] for a, b in pairwise(edges)]


@given(st.lists(st.integers(0, 200), max_size=5))
def test_a_join_is_found_through_any_split_and_stays_unread(at: list[int]) -> None:
    data = client_frame(JOIN)
    first = fed(*cut(data, at))
    assert first.decided
    assert isinstance(first.request, m.Join)
    assert first.request.kind == "arena"
    assert first.data == data


def test_a_resume_is_found_and_what_comes_behind_it_stays() -> None:
    data = client_frame(RESUME) + client_frame(b"\x92\x08\x01") + b"\x82"
    first = fed(data)
    assert isinstance(first.request, m.Resume)
    assert first.request.token == bytes(range(24))
    assert first.data == data


def test_fragments_are_put_together_and_pings_between_them_answered() -> None:
    begin, end = client_frame(JOIN[:5], fin=False), client_frame(JOIN[5:], CONTINUATION)
    first = fed(begin + client_frame(b"hello", PING), end)
    assert isinstance(first.request, m.Join)
    assert first.data == begin + end
    assert read_frames(first.replies) == ([Frame(PONG, b"hello")], b"")


def test_the_protocol_s_ping_is_answered_as_outside_a_room() -> None:
    first = fed(client_frame(msgpack.packb([C.PING, 9])) + client_frame(msgpack.packb([C.PONG, 9])))
    assert not first.decided
    (answer,), _ = read_frames(first.replies)
    assert msgpack.unpackb(answer.payload) == [S.PONG, 9, 0, 0, 0, 0]
    first.feed(client_frame(JOIN))
    assert isinstance(first.request, m.Join)
    assert client_frame(JOIN) in first.data


@pytest.mark.parametrize(
    "data",
    [
        client_frame(JOIN, TEXT),
        client_frame(JOIN, CONTINUATION),
        client_frame(b"", CLOSE),
        client_frame(JOIN, masked=False),
        client_frame(JOIN, rsv=4),
        client_frame(b"", PING, fin=False),
        client_frame(bytes(126), PING),
        client_frame(bytes(5_000))[:100],
        client_frame(bytes(4_000), fin=False) + client_frame(bytes(4_000), CONTINUATION)[:10],
        client_frame(b"\xc1"),
        client_frame(msgpack.packb([C.ACK, 1])),
        client_frame(b"", BINARY, fin=False) + client_frame(JOIN),
    ],
)
def test_what_is_no_join_is_left_to_the_link_unread(data: bytes) -> None:
    first = fed(data)
    assert first.decided
    assert first.request is None
    assert first.data == data
    assert first.replies == b""


def test_a_client_that_only_pings_is_left_to_the_link_s_limits() -> None:
    first = fed(*[client_frame(b"", PING)] * (MAX_FRAMES - 1))
    assert not first.decided
    first.feed(client_frame(b"", PING))
    assert first.decided
    assert first.request is None


@given(st.binary(max_size=300))
def test_any_bytes_are_decided_on_or_waited_for(data: bytes) -> None:
    first = fed(data)
    assert first.decided or len(first.data) <= len(data)
