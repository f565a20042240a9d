"""Decodes bytes into messages and encodes messages, both by the table in `specs`.

Decoding runs steps 3 to 6 of protocol.md §9 in order and raises `ProtocolError`, never anything else. Encoding raises
`ValueError` for a message that the other side would refuse: that is a bug on this side.
"""

from collections.abc import Container, Mapping, Sequence
from typing import Any, Final, cast

import msgpack

from gameserver.protocol.constants import (
    MAX_COUNTER,
    MAX_EVENT_BYTES,
    MAX_PAYLOAD_DEPTH,
    ClientMessage,
    CloseCode,
    Limits,
    ServerMessage,
)
from gameserver.protocol.errors import ProtocolError
from gameserver.protocol.input_codec import InputCodec
from gameserver.protocol.items import Item, Payload, is_integer
from gameserver.protocol.messages import ClientMsg, ServerMsg, WireMessage
from gameserver.protocol.payload import Problem, plain, storable_problem, text_place
from gameserver.protocol.specs import CLIENT_SPECS, SERVER_SPECS, SPEC_OF, MessageSpec
from gameserver.protocol.unpacking import holds_timestamp, unpack

__all__ = [
    "InputCodec",
    "check_payload",
    "check_storable",
    "decode_client",
    "decode_server",
    "encode_client",
    "encode_events",
    "encode_server",
    "encode_state",
    "pack_event",
    "shared_state_head",
]

_ANY_LENGTH: Final = Limits(
    max_depth=MAX_PAYLOAD_DEPTH,
    max_kind_bytes=MAX_COUNTER,
    max_room_id_bytes=MAX_COUNTER,
    max_name_bytes=MAX_COUNTER,
)  # for encoding: a client does not know the limits that a server's operator has set

_packer: Final = msgpack.Packer(default=plain)
_pack: Final = _packer.pack


# --- decoding


def decode_client(
    data: bytes,
    limits: Limits,
    inputs: InputCodec | None = None,
    *,
    allowed: Container[ClientMessage] | None = None,
) -> ClientMsg:
    """Decode a client's message.

    Args:
        data: One WebSocket message.
        limits: The server's limits for depth and lengths.
        inputs: Checks the codes of INPUT against a room's fields; without it any codes are accepted.
        allowed: The messages that are allowed in the link's state (step 5); None for all.

    Raises:
        ProtocolError: A check failed; carries the close code of the first one.
    """
    value = unpack(data, limits.max_values)
    try:
        array = _message_array(value)
        spec = _find_spec(array[0], CLIENT_SPECS)
        if allowed is not None and spec.id not in allowed:
            raise ProtocolError(CloseCode.OUT_OF_STATE, f"{spec.name} is not allowed in this state of the link")
        if inputs is not None and spec.id is ClientMessage.INPUT:
            spec = inputs.spec
        return cast("ClientMsg", _build(spec, array[1:], limits))
    except ProtocolError:
        _refuse_timestamps(value)
        raise


def decode_server(data: bytes) -> ServerMsg:
    """Decode a server's message. WELCOME keys that this version does not know are dropped.

    Raises:
        ProtocolError: A check failed.
    """
    value = unpack(data)
    try:
        array = _message_array(value)
        spec = _find_spec(array[0], SERVER_SPECS)
        return cast("ServerMsg", _build(spec, array[1:], _ANY_LENGTH))
    except ProtocolError:
        _refuse_timestamps(value)
        raise


def _message_array(value: Any) -> list[Any]:
    """Return a value that is an array and begins with an integer: step 4 of §9."""
    if not isinstance(value, list):
        raise ProtocolError(CloseCode.MALFORMED, "a message must be an array that begins with the message's id")
    if not value or not is_integer(value[0]):
        raise ProtocolError(CloseCode.MALFORMED, "the array's first item must be the message's id, an integer")
    return value


def _refuse_timestamps(value: object) -> None:
    """Check that a message is not refused for a timestamp, which no item may be: step 3 of §9 comes before the others.

    Raises:
        ProtocolError: MALFORMED; it holds one.
    """
    if holds_timestamp(value):
        raise ProtocolError(CloseCode.MALFORMED, "a timestamp, which is an extension") from None


def _find_spec(number: int, specs: Mapping[int, MessageSpec]) -> MessageSpec:
    """Return the message with this id: step 4 of §9."""
    spec = specs.get(number)
    if spec is None:
        raise ProtocolError(CloseCode.UNKNOWN_MESSAGE, f"message id {number} is none of {', '.join(map(str, specs))}")
    return spec


def _build(spec: MessageSpec, items: Sequence[Any], limits: Limits) -> WireMessage:
    """Check number, types, ranges and lengths of the items, and build the message: step 6 of §9."""
    wrong = _find_fault(spec, items, limits)
    if wrong is not None:
        raise ProtocolError(CloseCode.INVALID_FIELD, wrong)
    return spec.type.from_items(items)


def _find_fault(spec: MessageSpec, items: Sequence[Any], limits: Limits) -> str | None:
    """Return what is wrong with the first invalid item of a message, or None."""
    named = len(spec.items)
    if len(items) < named - spec.may_lack or (len(items) > named and spec.rest is None):
        return f"{spec.name}: must be an array of {_length(spec)}, got one of {len(items) + 1}"
    for number, value in enumerate(items):
        item = spec.items[number] if number < named else cast("Item", spec.rest)
        problem = item.type.problem(value, limits)
        if problem is not None:
            return f"{spec.name}: item {number + 2} '{item.name}'{_say(problem)}"
    broken = spec.rule(items) if spec.rule else None
    return broken and f"{spec.name}: {broken}"


def _length(spec: MessageSpec) -> str:
    most = len(spec.items) + 1
    return f"{most - spec.may_lack} or {most}" if spec.may_lack else f"{'at least ' if spec.rest else ''}{most}"


def _say(problem: Problem) -> str:
    return f"{problem.path} must be {problem.expected}, got {problem.got}"


# --- encoding


def encode_client(message: ClientMsg) -> bytes:
    """Encode a client's message.

    Raises:
        ValueError: Every server would refuse it, whatever its limits.
    """
    return _encode(message)


def encode_server(message: ServerMsg) -> bytes:
    """Encode a server's message.

    Raises:
        ValueError: A client would refuse it.
    """
    return _encode(message)


def _encode(message: WireMessage) -> bytes:
    spec = SPEC_OF[type(message)]
    items = message.to_items()
    try:
        wrong = _find_fault(spec, items, _ANY_LENGTH)
        if wrong is not None:
            raise ValueError(wrong)
        return _pack([int(spec.id), *items])
    except UnicodeEncodeError:
        raise ValueError(f"{spec.name} has half of a surrogate pair, which is no text") from None


def check_payload(payload: object) -> None:
    """Check that the wire can carry a payload.

    Raises:
        ValueError: It cannot; names the part that is wrong.
    """
    problem = Payload().problem(payload, _ANY_LENGTH)
    if problem is not None:
        raise ValueError(f"payload{_say(problem)}")


def check_storable(value: object) -> None:
    """Check that a recording can hold a value.

    Raises:
        ValueError: It cannot; names the part that is wrong.
    """
    problem = storable_problem(value, MAX_PAYLOAD_DEPTH)
    if problem is not None:
        raise ValueError(f"payload{_say(problem)}")
    _pack(value)  # a text may not be valid Unicode


def pack_event(tick: int, name: str, payload: object) -> bytes:
    """Pack one event. The bytes are the same for every viewer that gets it.

    Raises:
        ValueError: The wire cannot carry the payload, or it is too large.
    """
    if isinstance(payload, bytes | str) and len(payload) > MAX_EVENT_BYTES:  # spares copying something huge
        raise ValueError(f"payload must have at most {MAX_EVENT_BYTES} bytes, got {len(payload)}")
    check_payload(payload)
    try:
        packed = _pack([tick, name, payload])
    except UnicodeEncodeError:
        raise ValueError(f"{text_place(name, payload)} has half of a surrogate pair, which is no text") from None
    if len(packed) > MAX_EVENT_BYTES:
        raise ValueError(f"an event must have at most {MAX_EVENT_BYTES} bytes with its name, got {len(packed)}")
    return packed


_EVENTS_START: Final = bytes((0x94, ServerMessage.EVENTS))  # an array of 4


def encode_events(since: int, upto: int, packed: Sequence[bytes]) -> bytes:
    """Encode EVENTS from events packed by `pack_event`, oldest first."""
    header = _packer.pack_array_header(len(packed))
    return b"".join((_EVENTS_START, _pack(since), _pack(upto), header, *packed))


STATE_START: Final = bytes((0x99, ServerMessage.STATE))
"""The first bytes of every STATE: an array of 9, and the message's id."""


def shared_state_head(tick: int, span: int) -> bytes:
    """Return the part of a STATE's head that is the same for all viewers with the same base."""
    return STATE_START + _pack(tick) + _pack(span)


def encode_state(shared_head: bytes, seq: int, lead: int | None, body: bytes) -> bytes:
    """Join the parts of a STATE.

    Args:
        shared_head: What `shared_state_head` returned.
        seq: The newest input frame of this viewer that was consumed.
        lead: How long that frame waited, in 1/256 tick; None if none was consumed since the last STATE.
        body: The last four items, packed.
    """
    return b"".join((shared_head, _pack(seq), _pack(lead), body))
