"""The close code and the reason for every kind of invalid bytes, and the order of the checks."""

import math
from enum import StrEnum
from typing import Any

import msgpack
import pytest

from gameserver.protocol import (
    ClientMessage,
    CloseCode,
    InputCodec,
    Limits,
    ProtocolError,
    Role,
    check_payload,
    decode_client,
    decode_server,
    encode_client,
    encode_events,
    encode_server,
    encode_state,
    pack_event,
    shared_state_head,
)
from gameserver.protocol import messages as m
from gameserver.protocol.constants import ClientLimits

LIMITS = Limits()
TOKEN = bytes(range(24))

INF = math.inf
ROOM_FORMS = "JOIN: item 3 'room' must be a str, nil, or a map with code, create, options, where, reservation"


def packed(*items: object) -> bytes:
    data: bytes = msgpack.packb(items)
    return data


def refusal(data: bytes, **options: Any) -> ProtocolError:
    with pytest.raises(ProtocolError) as refused:
        decode_client(data, LIMITS, **options)
    return refused.value


def server_refusal(*items: object) -> ProtocolError:
    with pytest.raises(ProtocolError) as refused:
        decode_server(packed(*items))
    return refused.value


# --- steps 3 and 4


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (packed(4, "chat", b"\xff".decode("latin-1")).replace(b"\xc3\xbf", b"\xff\xff"), "UTF-8"),
        (bytes.fromhex("9304a161 8101c0"), "a map's key is not a str"),
        (bytes.fromhex("9304a161 81c40161c0"), "a map's key must be a str"),
        (bytes.fromhex("9304a161 8190c0"), "a map's key is not a str"),
        (bytes.fromhex("9304a161 82a161c0a161c0"), "a map has the same key twice"),
        (b"", "Input data was truncated"),
        (msgpack.packb({"id": 1}), "a message must be an array"),
        (msgpack.packb(5), "a message must be an array"),
        (packed(), "the array's first item must be the message's id"),
        (packed("JOIN"), "the array's first item must be the message's id"),
        (packed(True), "the array's first item must be the message's id"),
        (packed(3.0, 1, 0), "the array's first item must be the message's id"),
    ],
)
def test_what_is_no_message_is_malformed(data: bytes, reason: str) -> None:
    error = refusal(data)
    assert error.code is CloseCode.MALFORMED
    assert reason in error.reason


@pytest.mark.parametrize("number", [0, -1, 11, 16, 17, 2**64 - 1, -(2**63)])
def test_id_that_is_no_client_message_is_unknown(number: int) -> None:
    error = refusal(packed(number, "x", math.nan))
    assert error.code is CloseCode.UNKNOWN_MESSAGE
    assert str(number) in error.reason


# --- the order of the checks


def test_wellformedness_comes_before_the_id() -> None:
    assert refusal(packed(99) + b"\x00").code is CloseCode.MALFORMED


def test_state_of_the_link_comes_before_the_items() -> None:
    wrong_items = packed(ClientMessage.INPUT, "seq")
    assert refusal(wrong_items, allowed={ClientMessage.JOIN}).code is CloseCode.OUT_OF_STATE
    assert refusal(wrong_items, allowed={ClientMessage.INPUT}).code is CloseCode.INVALID_FIELD


def test_compiled_input_decoder_does_not_pass_by_the_state_of_the_link() -> None:
    inputs = InputCodec([(0, 1)])
    assert refusal(packed(3, 1, 0, 0, 1), inputs=inputs, allowed={ClientMessage.JOIN}).code is CloseCode.OUT_OF_STATE


def test_number_of_items_comes_before_their_types() -> None:
    assert refusal(packed(5, "nonce", 1)).reason == "PING: must be an array of 2, got one of 3"


def test_first_wrong_item_is_named() -> None:
    assert refusal(packed(2, b"", -1, -1)).reason.startswith("RESUME: item 2 'token' must be a 24-byte bin")


# --- step 6


@pytest.mark.parametrize(
    ("items", "reason"),
    [
        ((1, "arena", None, 0), "JOIN: must be an array of 5 or 6, got one of 4"),
        ((1, "arena", None, 0, {}, b"a" * 16, 0), "JOIN: must be an array of 5 or 6, got one of 7"),
        ((1, "arena", None, 0, {}, None), "JOIN: item 6 'attempt' must be a 16-byte bin, got nil"),
        ((1, "arena", None, 0, {}, b"a" * 15), "JOIN: item 6 'attempt' must be a 16-byte bin, got a 15-byte bin"),
        ((1, b"arena", None, 0, {}), "JOIN: item 2 'kind' must be a str of 1..64 bytes, got a 5-byte bin"),
        ((1, "", None, 0, {}), "JOIN: item 2 'kind' must be a str of 1..64 bytes, got a 0-byte str"),
        ((1, "ü" * 33, None, 0, {}), "JOIN: item 2 'kind' must be a str of 1..64 bytes, got a 66-byte str"),
        ((1, "a", "", 0, {}), "JOIN: item 3 'room' must be a str of 1..64 bytes or nil, got a 0-byte str"),
        ((1, "a", 7, 0, {}), f"{ROOM_FORMS}, got 7"),
        ((1, "a", {}, 0, {}), f"{ROOM_FORMS}, got a map of 0"),
        ((1, "a", {"id": "x"}, 0, {}), f"{ROOM_FORMS}, got a map of 1"),
        ((1, "a", {"create": {}, "code": "x"}, 0, {}), f"{ROOM_FORMS}, got a map of 2"),
        ((1, "a", {"reservation": b"a" * 16}, 0, {}), f"{ROOM_FORMS}, got a map of 1"),
        ((1, "a", {"room": "a", "reservation": "x"}, 0, {}),
         "JOIN: item 3 'room'.reservation must be a 16-byte bin, got a 1-byte str"),
        ((1, "a", {"code": None}, 0, {}), "JOIN: item 3 'room'.code must be a str of 1..64 bytes, got nil"),
        ((1, "a", {"create": None}, 0, {}), "JOIN: item 3 'room'.create must be a map, got nil"),
        ((1, "a", {"options": {"x": INF}}, 0, {}), "JOIN: item 3 'room'.options.x must be a finite number, got inf"),
        ((1, "a", None, 2, {}), "JOIN: item 4 'role' must be an integer 0..1, got 2"),
        ((1, "a", None, False, {}), "JOIN: item 4 'role' must be an integer 0..1, got a bool"),
        ((1, "a", None, 0, []), "JOIN: item 5 'params' must be a map, got an array of 0"),
        ((1, "a", None, 0, {"x": [0, math.nan]}), "JOIN: item 5 'params'.x[1] must be a finite number, got nan"),
        ((2, b"x" * 24, 0), "RESUME: must be an array of 4, got one of 3"),
        ((2, "x" * 24, 0, 0), "RESUME: item 2 'token' must be a 24-byte bin, got a 24-byte str"),
        ((3, 1), "INPUT: must be an array of at least 4, got one of 2"),
        ((3, 0, 0, 0), "INPUT: item 2 'seq' must be an integer 1..4294967295, got 0"),
        ((3, 1, "abc", 0), "INPUT: item 3 'ack' must be an integer 0..4294967295, got a 3-byte str"),
        ((3, 1, 0, 4096), "INPUT: item 4 'behind' must be an integer 0..4095, got 4096"),
        ((3, 1, 0, 0, 1.5), "INPUT: item 5 'v' must be an integer -1073741823..1073741823, got a float"),
        ((3, 1, 0, 0, 0, 2**30), "INPUT: item 6 'v' must be an integer -1073741823..1073741823, got 1073741824"),
        ((4, "", 1), "MESSAGE: item 2 'name' must be a str of 1..64 bytes, got a 0-byte str"),
        ((4, "a", math.inf), "MESSAGE: item 3 'payload' must be a finite number, got inf"),
        ((4, "a", {"two words": -math.inf}), "MESSAGE: item 3 'payload'{0} must be a finite number, got -inf"),
        ((5, -1), "PING: item 2 'nonce' must be an integer 0..4294967295, got -1"),
        ((6, 2**32), "PONG: item 2 'nonce' must be an integer 0..4294967295, got 4294967296"),
        ((7, None), "RESYNC: item 2 'tick' must be an integer 0..4294967295, got nil"),
        ((8, {}), "ACK: item 2 'tick' must be an integer 0..4294967295, got a map of 0"),
        ((9, 0), "LEAVE: must be an array of 1, got one of 2"),
    ],
)  # fmt: skip
def test_wrong_item_is_refused_in_words_that_a_developer_understands(items: tuple[object, ...], reason: str) -> None:
    error = refusal(packed(*items))
    assert error.code is CloseCode.INVALID_FIELD
    assert error.reason == reason


def test_input_is_held_to_the_fields_of_the_room() -> None:
    inputs = InputCodec([(-1, 1), (0, 1)], ["turn", "fire"])
    assert refusal(packed(3, 1, 0, 0, 2, 0), inputs=inputs).reason == (
        "INPUT: item 5 'turn' must be an integer -1..1, got 2"
    )
    assert refusal(packed(3, 1, 0, 0, 1), inputs=inputs).reason == "INPUT: must be an array of 6, got one of 5"
    assert decode_client(packed(3, 1, 0, 40, -1, 1), LIMITS, inputs) == m.Input(1, 0, 40, (-1, 1))


def test_limits_of_the_operator_count() -> None:
    strict = Limits(max_name_bytes=3, max_depth=1, max_values=5)
    assert decode_client(packed(4, "abc", [1]), strict) == m.Message("abc", [1])
    for refused in (packed(4, "abcd", 1), packed(4, "abc", [[]]), packed(4, "abc", [1, 1])):
        with pytest.raises(ProtocolError):
            decode_client(refused, strict)


def test_reason_never_echoes_what_could_be_long() -> None:
    error = refusal(packed(1, "a", None, 0, {"k" * 3000: {"l" * 500: math.nan}}))
    assert error.reason == "JOIN: item 5 'params'{0}{0} must be a finite number, got nan"


# --- the server's messages


@pytest.mark.parametrize(
    ("items", "reason"),
    [
        ((17, 5, 6, 0, None, [], [], [], []), "STATE: span must not be above tick"),
        ((17, 5, 5, 0, 65536, [], [], [], []), "STATE: item 5 'lead' must be an integer 0..65535 or nil, got 65536"),
        ((17, 5, 5, 0, 0, 3, [], [], []), "STATE: item 6 'leaves' must be an array, got 3"),
        ((17, 5, 5, 0, 0, [], None, [], []), "STATE: item 7 'enters' must be an array, got nil"),
        ((17, 5, 5, 0, 0, [], [], {}, []), "STATE: item 8 'changes' must be an array, got a map of 0"),
        ((17, 5, 5, 0, 0, [], [], [], b""), "STATE: item 9 'values' must be an array, got a 0-byte bin"),
        ((18, 5, 4, []), "EVENTS: upto must not be below since"),
        ((18, 4, 5, [[1, "hit"]]), "EVENTS: item 4 'items'[0] must be [tick, name, payload], got an array of 2"),
        ((16, {}), "WELCOME: item 2 'map'.server must be present, got nothing"),
        ((16, []), "WELCOME: item 2 'map' must be a map, got an array of 0"),
        ((19, 1, 1), "PING: must be an array of 2, got one of 3"),
        ((21, "x", None), "NOTICE: item 3 'map' must be a map, got nil"),
    ],
)  # fmt: skip
def test_client_refuses_wrong_items_of_the_server(items: tuple[object, ...], reason: str) -> None:
    error = server_refusal(*items)
    assert error.code is CloseCode.INVALID_FIELD
    assert error.reason == reason


def test_client_does_not_take_a_clients_message() -> None:
    assert server_refusal(5, 1).code is CloseCode.UNKNOWN_MESSAGE


def welcome(**changed: Any) -> m.Welcome:
    known: dict[str, Any] = {
        "server": "s1", "session": 1, "token": TOKEN, "resumed": False, "kind": "arena", "room": "r1",
        "role": Role.PLAYER, "tick": 0, "tick_hz": 60, "snapshot_every": 3, "grace_s": 20, "event": 0, "seq": 0,
        "schema": {}, "step": None, "limits": ClientLimits.of(Limits()),
    }  # fmt: skip
    return m.Welcome(**{**known, **changed})


def test_keys_that_a_later_server_adds_to_welcome_are_dropped() -> None:
    [mapping] = welcome().to_items()
    assert isinstance(mapping, dict)
    assert decode_server(packed(16, {**mapping, "colour": [1]})) == welcome()


@pytest.mark.parametrize(
    "changed", [{"tick_hz": 0}, {"tick_hz": 241}, {"grace_s": math.nan}, {"grace_s": -1}, {"step": 5}, {"resumed": 1}]
)
def test_welcome_is_checked_key_by_key(changed: dict[str, Any]) -> None:
    [name] = changed
    with pytest.raises(ValueError, match=rf"WELCOME: item 2 'map'\.{name} must be"):
        encode_server(welcome(**changed))


# --- encoding


def test_hot_state_encoder_writes_what_the_general_one_does() -> None:
    message = m.State(70_000, 3, 300, 200, [7, 1], [[0, [9], b"\x01", b"\x01"]], [], [[0, 2, None, ["Ada"]]])
    body = b"".join(map(msgpack.packb, (message.leaves, message.enters, message.changes, message.values)))
    assert encode_state(shared_state_head(70_000, 3), 300, 200, body) == encode_server(message)


@pytest.mark.parametrize("count", [0, 1, 16, 70_000])
def test_events_packed_once_are_what_the_general_encoder_writes(count: int) -> None:
    message = m.Events(5, 5 + count, (m.Event(9, "hit", {"by": 3}),) * count)
    assert encode_events(5, 5 + count, [pack_event(9, "hit", {"by": 3})] * count) == encode_server(message)


def test_encoder_refuses_what_the_other_side_would() -> None:
    with pytest.raises(ValueError, match="'seq' must be an integer 1"):
        encode_client(m.Input(0, 0, 0, ()))
    with pytest.raises(ValueError, match="span must not be above tick"):
        encode_server(m.State(1, 2, 0, None, [], [], [], []))


@pytest.mark.parametrize(
    ("payload", "words"),
    [
        ({"at": (1, math.nan)}, r"payload\.at\[1\] must be a finite number, got nan"),
        ({1: 2}, r"payload\{0\} must be a str as key, got 1"),
        ({"who": object()}, r"payload\.who must be nil, a bool, a number, .* got something of type object"),
        (2**53, r"payload must be an integer from -\(2\*\*53 - 1\) to 2\*\*53 - 1"),
        ([-(2**53)], r"payload\[0\] must be an integer from -\(2\*\*53 - 1\)"),
        (bytearray(3), "payload must be nil, a bool"),
    ],
)
def test_payload_that_the_wire_cannot_carry_is_refused_where_it_is_made(payload: object, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        check_payload(payload)
    with pytest.raises(ValueError, match=words):
        pack_event(1, "event", payload)


class Mood(StrEnum):
    """A payload that a game might send."""

    CHASE = "chase"


def test_members_of_enums_go_out_as_their_values() -> None:
    packed_event = pack_event(1, "mood", [Mood.CHASE, Role.SPECTATOR])
    assert msgpack.unpackb(packed_event) == [1, "mood", ["chase", 1]]


def test_payload_that_holds_itself_is_refused() -> None:
    loop: list[object] = []
    loop.append(loop)
    with pytest.raises(ValueError, match="nested less deeply"):
        check_payload(loop)


def test_failed_encoding_leaves_nothing_behind_for_the_next() -> None:
    with pytest.raises(ValueError, match="half of a surrogate pair"):
        encode_client(m.Message("a", ["fine", "\ud800"]))
    assert encode_client(m.Ping(7)) == bytes.fromhex("920507")
