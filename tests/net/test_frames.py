"""FrameScanner: any split of a client's bytes gives the same messages, and all other bytes are passed on unchanged."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gameserver.net.frames import FrameScanner, binary_frames, frame_header, unmask
from tests.support.websocket_frames import (
    BINARY,
    CLOSE,
    CONTINUATION,
    KEY,
    PING,
    PONG,
    TEXT,
    Frame,
    client_close,
    client_frame,
    read_frames,
)

MAX_BYTES = 1_000

payloads = st.one_of(st.binary(max_size=200), st.integers(120, 130).map(bytes), st.integers(990, 1_010).map(bytes))
keys = st.binary(min_size=4, max_size=4)
controls = st.builds(client_frame, st.binary(max_size=20), st.sampled_from((PING, PONG)), key=keys)
wholes = st.builds(client_frame, payloads, st.sampled_from((BINARY, TEXT)), key=keys)
fragmented = st.lists(st.one_of(st.binary(max_size=30)), min_size=2, max_size=4).map(
    lambda parts: b"".join(
        client_frame(part, BINARY if at == 0 else CONTINUATION, fin=at == len(parts) - 1)
        for at, part in enumerate(parts)
    )
)
streams = st.lists(st.one_of(controls, wholes, wholes, fragmented), max_size=12).map(b"".join)


def scan(scanner: FrameScanner, pieces: list[bytes], *, take: bool = True) -> tuple[list[bytes], bytes]:
    """Feed pieces, and return the messages that were taken and the bytes that were passed on."""
    taken: list[bytes] = []
    passed = b""
    for piece in pieces:
        taken += scanner.feed(piece, take=take)
        passed += b"".join(scanner.passed)
        scanner.passed.clear()
    return taken, passed


def split(data: bytes, cuts: list[int]) -> list[bytes]:
    places = sorted({cut % (len(data) + 1) for cut in cuts})
    return [data[a:b] for a, b in zip([0, *places], [*places, len(data)], strict=True)]


@given(payloads)
def test_a_server_s_frames_are_read_back(payload: bytes) -> None:
    frames, rest = read_frames(binary_frames((payload, b"", payload)))
    assert frames == [Frame(BINARY, payload), Frame(BINARY, b""), Frame(BINARY, payload)]
    assert rest == b""


@pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 65_535, 65_536])
def test_every_form_of_length_is_read_back(size: int) -> None:
    assert read_frames(binary_frames((bytes(size),))) == ([Frame(BINARY, bytes(size))], b"")
    assert frame_header(client_frame(bytes(size)), 0) == (0x82, True, len(client_frame(bytes(size))) - size, size)


@given(st.binary(max_size=300), keys)
def test_unmasking_is_xor_with_the_key_in_turn(payload: bytes, key: bytes) -> None:
    assert unmask(key, payload) == bytes(byte ^ key[at % 4] for at, byte in enumerate(payload))


@given(st.lists(st.tuples(payloads, keys), max_size=8), st.lists(st.integers(0), max_size=8))
def test_any_split_of_whole_messages_gives_the_same_messages(
    messages: list[tuple[bytes, bytes]], cuts: list[int]
) -> None:
    data = b"".join(client_frame(payload, key=key) for payload, key in messages)
    scanner = FrameScanner(2_000)
    assert scan(scanner, split(data, cuts)) == ([payload for payload, _ in messages], b"")
    assert scanner.idle


def test_a_cut_at_every_byte_of_a_frame_changes_nothing() -> None:
    data = client_frame(bytes(range(200))) + client_frame(b"next")
    for cut in range(len(data) + 1):
        assert scan(FrameScanner(MAX_BYTES), [data[:cut], data[cut:]]) == ([bytes(range(200)), b"next"], b"")


@given(streams, st.lists(st.integers(0), max_size=10))
def test_any_split_passes_on_the_same_bytes(stream: bytes, cuts: list[int]) -> None:
    """While trio-websocket returns nothing, all splits are handled alike."""
    assert scan(FrameScanner(MAX_BYTES), split(stream, cuts)) == scan(FrameScanner(MAX_BYTES), [stream])


@given(streams, st.lists(st.integers(0), max_size=10))
def test_without_take_everything_is_passed_on(stream: bytes, cuts: list[int]) -> None:
    taken, passed = scan(FrameScanner(MAX_BYTES), split(stream, cuts), take=False)
    assert taken == []
    assert passed == stream


@given(st.binary(max_size=200), st.lists(st.integers(0), max_size=10))
def test_of_arbitrary_bytes_at_most_a_frame_s_header_is_held_back(data: bytes, cuts: list[int]) -> None:
    taken, passed = scan(FrameScanner(MAX_BYTES), split(data, cuts), take=False)
    assert taken == []
    assert data.startswith(passed)
    assert len(data) - len(passed) < 14


def test_each_piece_holds_bytes_of_one_frame_only() -> None:
    scanner = FrameScanner(MAX_BYTES)
    frames = [client_frame(b"a", PING), client_frame(b"text", TEXT), client_frame(b"b", PONG), client_close(1000)]
    scanner.feed(b"".join(frames), take=True)
    assert scanner.passed == frames


def test_nothing_overtakes_a_message_that_trio_websocket_has_not_returned() -> None:
    scanner = FrameScanner(MAX_BYTES)
    start, end = client_frame(b"fir", fin=False), client_frame(b"st", CONTINUATION)
    assert scanner.feed(start + end + client_frame(b"second"), take=True) == []
    scanner.note_returned()
    assert scanner.feed(client_frame(b"third"), take=True) == [], "trio-websocket has not returned the second"
    scanner.note_returned()
    scanner.note_returned()
    assert scanner.feed(client_frame(b"fourth"), take=True) == [b"fourth"]


def test_a_ping_between_messages_delays_nothing() -> None:
    scanner = FrameScanner(MAX_BYTES)
    ping = client_frame(b"?", PING)
    assert scanner.feed(client_frame(b"one") + ping + client_frame(b"two"), take=True) == [b"one", b"two"]
    assert scanner.passed == [ping]
    assert scanner.partial_frames == 1


def test_a_ping_inside_a_fragmented_message_does_not_end_it() -> None:
    scanner = FrameScanner(MAX_BYTES)
    data = client_frame(b"a", fin=False) + client_frame(b"?", PING) + client_frame(b"not taken", CONTINUATION)
    assert scanner.feed(data, take=True) == []
    assert scanner.partial_frames == 3


def test_a_whole_message_inside_a_fragmented_one_is_passed_on() -> None:
    scanner = FrameScanner(MAX_BYTES)
    start, whole = client_frame(b"a", fin=False), client_frame(b"wrong")
    assert scanner.feed(start + whole, take=True) == []
    assert scanner.passed == [start, whole]


def test_a_message_above_the_limit_is_passed_on_at_once() -> None:
    scanner = FrameScanner(MAX_BYTES)
    data = client_frame(bytes(MAX_BYTES + 1))
    assert scanner.feed(data[:500], take=True) == []
    assert b"".join(scanner.passed) == data[:500]


def test_after_an_unmasked_frame_nothing_is_taken_any_more() -> None:
    scanner = FrameScanner(MAX_BYTES)
    bad = client_frame(b"bad", masked=False)
    assert scanner.feed(bad + client_frame(b"good"), take=True) == []
    assert scanner.feed(client_frame(b"good"), take=True) == []
    assert not scanner.idle


def test_a_frame_with_reserved_bits_is_passed_on() -> None:
    scanner = FrameScanner(MAX_BYTES)
    assert scanner.feed(client_frame(b"x", rsv=4), take=True) == []
    assert scanner.passed == [client_frame(b"x", rsv=4)]


def test_a_close_frame_is_noticed_and_passed_on() -> None:
    scanner = FrameScanner(MAX_BYTES)
    close = client_frame(b"\x03\xe8", CLOSE)
    assert scanner.feed(close[:1], take=True) == []
    assert not scanner.close_seen
    scanner.feed(close[1:], take=True)
    assert scanner.close_seen
    assert b"".join(scanner.passed) == close


def test_taking_may_begin_within_a_frame() -> None:
    message = client_frame(bytes(range(100)), key=KEY)
    for cut in range(1, len(message)):
        scanner = FrameScanner(MAX_BYTES)
        taken = scanner.feed(message[:cut], take=False) + scanner.feed(message[cut:], take=True)
        whole_to_one = taken == [bytes(range(100))] or b"".join(scanner.passed) == message
        assert whole_to_one, f"cut at {cut}"
        scanner.note_returned()
        assert scanner.feed(client_frame(b"next"), take=True) == [b"next"]
