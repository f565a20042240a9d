"""Bytes to messages and back, both by walking `specs`' table.

Decoding runs steps 3 to 6 of protocol.md §9 in their order and raises `ProtocolError`, never anything else. Encoding
refuses what the other side would refuse, with `ValueError`: that is a bug on this side, and loud.
"""

from collections.abc import Container, Iterable, Mapping, Sequence
from typing import Any, Final, cast

import msgpack

from gameserver.protocol.constants import (
    MAX_COUNTER,
    MAX_PAYLOAD_DEPTH,
    MAX_SERVER_DEPTH,
    ClientMessage,
    CloseCode,
    Limits,
    ServerMessage,
)
from gameserver.protocol.errors import ProtocolError
from gameserver.protocol.input_codec import InputCodec
from gameserver.protocol.items import Item, Payload, is_integer
from gameserver.protocol.messages import ClientMsg, Input, ServerMsg, WireMessage
from gameserver.protocol.payload import Problem
from gameserver.protocol.specs import CLIENT_SPECS, SERVER_SPECS, SPEC_OF, MessageSpec
from gameserver.protocol.wellformed import check_wellformed

__all__ = [
    "InputCodec",
    "check_payload",
    "decode_client",
    "decode_server",
    "encode_client",
    "encode_events",
    "encode_server",
    "encode_state",
    "pack_event",
    "state_head",
]

_ANY_LENGTH: Final = Limits(
    max_depth=MAX_PAYLOAD_DEPTH,
    max_kind_bytes=MAX_COUNTER,
    max_room_id_bytes=MAX_COUNTER,
    max_name_bytes=MAX_COUNTER,
)  # a client does not know what a server's operator allows, so its encoder holds it to no length

_packer: Final = msgpack.Packer()
_pack: Final = _packer.pack


# --- decoding


def decode_client(
    data: bytes,
    limits: Limits,
    inputs: InputCodec | None = None,
    *,
    allowed: Container[ClientMessage] | None = None,
) -> ClientMsg:
    """Decode a client's message, or raise `ProtocolError` with the close code of the first check that fails.

    `inputs` holds INPUT to a room's fields; without it any codes pass. `allowed` are the messages that the link's
    state takes (step 5), None: all.
    """
    if inputs is not None and (allowed is None or ClientMessage.INPUT in allowed):
        frame = inputs.match(data)
        if frame is not None:
            return Input(*frame)
    array = _read_array(data, limits.max_depth)
    spec = _find_spec(array[0], CLIENT_SPECS)
    if allowed is not None and spec.id not in allowed:
        raise ProtocolError(CloseCode.OUT_OF_STATE, f"{spec.name} is not allowed in this state of the link")
    if inputs is not None and spec.id is ClientMessage.INPUT:
        spec = inputs.spec
    return cast("ClientMsg", _build(spec, array[1:], limits))


def decode_server(data: bytes) -> ServerMsg:
    """Decode a server's message, or raise `ProtocolError`; WELCOME keys that this version does not know are dropped."""
    array = _read_array(data, MAX_SERVER_DEPTH)
    spec = _find_spec(array[0], SERVER_SPECS)
    return cast("ServerMsg", _build(spec, array[1:], _ANY_LENGTH))


def _read_array(data: bytes, max_depth: int) -> list[Any]:
    """Steps 3 and 4: one msgpack array that begins with an integer."""
    check_wellformed(data, max_depth)
    try:
        value = msgpack.unpackb(data, raw=False, strict_map_key=True, object_pairs_hook=_unique_keys)
    except ValueError as error:  # UnicodeDecodeError is one; the shape was checked above
        raise ProtocolError(CloseCode.MALFORMED, "a str is not UTF-8, or a map's key is not a str") from error
    if not isinstance(value, list):
        raise ProtocolError(CloseCode.MALFORMED, "a message is an array, its first item the message's id")
    if not value or not is_integer(value[0]):
        raise ProtocolError(CloseCode.MALFORMED, "the array's first item must be the message's id, an integer")
    return value


def _unique_keys(pairs: Iterable[tuple[object, object]]) -> dict[str, object]:
    """Build a map; its keys are str, each once, so that all languages read the same from it."""
    result: dict[str, object] = {}
    for key, value in pairs:
        if not isinstance(key, str):
            raise ProtocolError(CloseCode.MALFORMED, "a map's key must be a str")
        if key in result:
            raise ProtocolError(CloseCode.MALFORMED, "a map names a key twice")
        result[key] = value
    return result


def _find_spec(number: int, specs: Mapping[int, MessageSpec]) -> MessageSpec:
    """Step 4: the message of that id."""
    spec = specs.get(number)
    if spec is None:
        raise ProtocolError(CloseCode.UNKNOWN_MESSAGE, f"message id {number} is none of {', '.join(map(str, specs))}")
    return spec


def _build(spec: MessageSpec, items: Sequence[Any], limits: Limits) -> WireMessage:
    """Step 6: build the message if number, types, ranges and lengths of its items are right."""
    wrong = _find_fault(spec, items, limits)
    if wrong is not None:
        raise ProtocolError(CloseCode.INVALID_FIELD, wrong)
    return spec.type.from_items(items)


def _find_fault(spec: MessageSpec, items: Sequence[Any], limits: Limits) -> str | None:
    """Say what is wrong with the items of a message, first things first."""
    named = len(spec.items)
    if len(items) < named or (len(items) > named and spec.rest is None):
        return f"{spec.name}: must be an array of {_length(spec)}, got one of {len(items) + 1}"
    for number, value in enumerate(items):
        item = spec.items[number] if number < named else cast("Item", spec.rest)
        problem = item.type.problem(value, limits)
        if problem is not None:
            return f"{spec.name}: item {number + 2} '{item.name}'{_say(problem)}"
    broken = spec.rule(items) if spec.rule else None
    return broken and f"{spec.name}: {broken}"


def _length(spec: MessageSpec) -> str:
    return f"{'at least ' if spec.rest else ''}{len(spec.items) + 1}"


def _say(problem: Problem) -> str:
    return f"{problem.path} must be {problem.expected}, got {problem.got}"


# --- encoding


def encode_client(message: ClientMsg) -> bytes:
    """Encode a client's message; `ValueError` if a server would refuse it whatever its limits."""
    return _encode(message)


def encode_server(message: ServerMsg) -> bytes:
    """Encode a server's message; `ValueError` if a client would refuse it."""
    return _encode(message)


def _encode(message: WireMessage) -> bytes:
    spec = SPEC_OF[type(message)]
    items = message.to_items()
    wrong = _find_fault(spec, items, _ANY_LENGTH)
    if wrong is not None:
        raise ValueError(wrong)
    return _pack([int(spec.id), *items])


def check_payload(payload: object) -> None:
    """Raise `ValueError` that says where `payload` holds something the wire cannot carry."""
    problem = Payload().problem(payload, _ANY_LENGTH)
    if problem is not None:
        raise ValueError(f"payload{_say(problem)}")


def pack_event(tick: int, name: str, payload: object) -> bytes:
    """Pack one event once, for all viewers that are told of it; `ValueError` if the wire cannot carry it."""
    check_payload(payload)
    return _pack([tick, name, payload])


_EVENTS_START: Final = bytes((0x94, ServerMessage.EVENTS))  # an array of 4


def encode_events(since: int, upto: int, packed: Sequence[bytes]) -> bytes:
    """Encode EVENTS from events that `pack_event` packed, oldest first."""
    header = _packer.pack_array_header(len(packed))
    return b"".join((_EVENTS_START, _pack(since), _pack(upto), header, *packed))


STATE_START: Final = bytes((0x99, ServerMessage.STATE))
"""What every STATE begins with: an array of 9, and its id."""


def state_head(tick: int, span: int) -> bytes:
    """Return the first bytes of a STATE, the same for all viewers with the same base."""
    return STATE_START + _pack(tick) + _pack(span)


def encode_state(head: bytes, seq: int, lead: int | None, body: bytes) -> bytes:
    """Put a STATE together from `state_head`, this viewer's two numbers and the packed four last items."""
    return b"".join((head, _pack(seq), _pack(lead), body))
