"""One function for each decoder that is fuzzed. It takes any bytes, permits no error but `ProtocolError`, and checks
the result.

The functions run under atheris (`run`), under Hypothesis and over the stored corpus (`test_targets`).
"""

from collections.abc import Callable
from typing import Any, Final

import msgpack

from gameserver.protocol import (
    InputCodec,
    Limits,
    ProtocolError,
    decode_client,
    decode_server,
    encode_client,
    encode_server,
)
from gameserver.protocol import messages as m
from gameserver.state.schema import Schema
from gameserver.sync.decode.decoder import DeltaDecoder
from gameserver.sync.decode.view_state import ViewState
from tests.support.foreign import view as foreign_view
from tests.support.vectors.story import Scene, Story
from tests.support.vectors.types import Dot, Flock, Ship, Sign, ship

Target = Callable[[bytes], bool]
"""Takes any bytes and returns whether they were accepted."""

LIMITS: Final = Limits()
INPUTS: Final = InputCodec([(-1, 1), (0, 1), (0, 1023)])
TICK_HZ: Final = 20
TICK: Final = 10
SCHEMA: Final = Schema([Ship, Dot, Sign, Flock])
SCENE: Final[Scene] = {
    Ship: {3: ship(name="Ada", x=1590, vx=320, path=[1]), 4: ship(angle=1000, spin=640, target=3)},
    Dot: {number: (number * 90, number - 7) for number in range(10, 22)},
    Sign: {30: ("exit",)},
    Flock: {40: (5,), 41: (1000,)},
}


def client(data: bytes) -> bool:
    """Decode a message from a client, as the peer of a link in a room does."""
    try:
        message = decode_client(data, LIMITS, INPUTS)
    except ProtocolError:
        return False
    assert decode_client(encode_client(message), LIMITS, INPUTS) == message
    return True


def inputs(data: bytes) -> bool:
    """Decode an INPUT with its compiled decoder, which must accept exactly what the general one accepts."""
    frame = INPUTS.try_decode(data)
    try:
        message = decode_client(data, LIMITS, INPUTS)
    except ProtocolError:
        assert frame is None
        return False
    assert (frame is None) is not isinstance(message, m.Input)
    return frame is not None


def server(data: bytes) -> bool:
    """Decode a message from a server."""
    try:
        message = decode_server(data)
    except ProtocolError:
        return False
    assert decode_server(encode_server(message)) == message
    return True


def schema(data: bytes) -> bool:
    """Read the schema in WELCOME."""
    try:
        made = Schema.from_wire(_unpack(data))
    except ProtocolError:
        return False
    assert Schema.from_wire(made.to_wire()).fingerprint == made.fingerprint
    return True


def _unpack(data: bytes) -> object:
    """Return the value that the codec would pass on to the schema; None for bytes that it would refuse."""
    try:
        value: object = msgpack.unpackb(data, ext_hook=lambda *_: None)
    except (ValueError, RecursionError):
        return None
    return value


def delta(data: bytes) -> bool:
    """Apply a STATE to a view: our decoder and the one written from protocol.md must agree."""
    try:
        message = decode_server(data)
    except ProtocolError:
        return False
    if not isinstance(message, m.State):
        return False
    try:
        view: ViewState | None = DECODER.apply(BASE, message)
    except ProtocolError:
        view = None
    assert _content(view) == _foreign_content(message)
    return view is not None


def begun() -> Story:
    """Return a story whose first scene is the view that fuzzed deltas are applied to."""
    story = Story("fuzz", TICK_HZ, [Ship, Dot, Sign, Flock])
    story.show(TICK, SCENE)
    return story


def _base_message() -> m.State:
    message = decode_server(bytes.fromhex(begun().steps[0]["hex"]))
    assert isinstance(message, m.State)
    return message


def _content(view: ViewState | None) -> list[Any] | None:
    """Return a view's entities in a form that both decoders have."""
    if view is None:
        return None
    content: list[Any] = []
    for index, (entity_type, table) in enumerate(zip(view.schema.entities, view.tables, strict=True)):
        assert table.ids.tolist() == sorted(set(table.ids.tolist()))
        for row, number in enumerate(table.ids.tolist()):
            values = dict(zip((*entity_type.numeric, *entity_type.objects), table.values_at(row), strict=True))
            codes = [list(code) if isinstance(code, tuple) else code for code in map(values.get, entity_type.fields)]
            content.append((number, index, codes))
    return sorted(content)


def _foreign_content(message: m.State) -> list[Any] | None:
    try:
        view = foreign_view.apply_state(FOREIGN_TYPES, TICK_HZ, FOREIGN_BASE, message.to_items())
    except foreign_view.Misfit:
        return None
    return sorted((number, one.type, one.codes) for number, one in view.entities.items())


DECODER: Final = DeltaDecoder(SCHEMA, TICK_HZ)
BASE_MESSAGE: Final = _base_message()
BASE: Final = DECODER.apply(DECODER.empty(), BASE_MESSAGE)
FOREIGN_TYPES: Final = foreign_view.read_schema(SCHEMA.to_wire())
FOREIGN_BASE: Final = foreign_view.apply_state(FOREIGN_TYPES, TICK_HZ, foreign_view.View(), BASE_MESSAGE.to_items())

TARGETS: Final[dict[str, Target]] = {
    "client": client,
    "inputs": inputs,
    "server": server,
    "schema": schema,
    "delta": delta,
}
