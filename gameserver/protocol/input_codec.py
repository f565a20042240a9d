"""A decoder of INPUT, compiled for a room's input fields. INPUT is the only message that every player sends every tick.

A msgspec tuple type checks types, ranges and length while decoding. What it refuses goes to the general decoder, which
runs the checks in order and gives the reason. A property test holds that both accept the same bytes.
"""

from collections.abc import Callable, Sequence
from typing import Annotated, Any, Final, Literal, TypeAlias, cast

import msgpack
import msgspec

from gameserver.protocol.constants import MAX_BEHIND, MAX_COUNTER, ClientMessage
from gameserver.protocol.items import Int, Item
from gameserver.protocol.messages import Input
from gameserver.protocol.specs import CLIENT_SPECS, MessageSpec

InputItems: TypeAlias = tuple[int, int, int, tuple[int, ...]]
"""The items of an INPUT: seq, ack, behind, codes."""

_SPEC: Final = CLIENT_SPECS[ClientMessage.INPUT]
_LONG_HEADER_BYTES: Final = 2  # that the header of an array of more than 15 items is longer than a short one


class InputCodec:
    """Decodes the input frames of one kind of room.

    Args:
        ranges: The lowest and highest code of each input field.
        names: The fields' names, for the reasons of refusals.
    """

    def __init__(self, ranges: Sequence[tuple[int, int]], names: Sequence[str] = ()) -> None:
        labels = names or [f"v{number}" for number in range(1, len(ranges) + 1)]
        codes = tuple(Item(name, Int(lo, hi)) for name, (lo, hi) in zip(labels, ranges, strict=True))
        self.spec: Final = MessageSpec(_SPEC.id, Input, (*_SPEC.items, *codes))
        self._decode: Final = _compile(self.spec)
        self.max_bytes: Final = _max_bytes(ranges)
        """The size of the largest INPUT."""
        types = [item.type for item in self.spec.items]
        self.item_ranges: Final = [(number.lo, number.hi) for number in types if isinstance(number, Int)]
        """The lowest and highest value of each item behind the message's id."""

    def try_decode(self, data: bytes) -> InputItems | None:
        """Return the frame if `data` is a valid INPUT of this room, None for any other message."""
        try:
            frame = self._decode(data)
        except msgspec.MsgspecError:
            return None
        return frame[1], frame[2], frame[3], frame[4:]


def _max_bytes(ranges: Sequence[tuple[int, int]]) -> int:
    codes = sum(max(len(msgpack.packb(lo)), len(msgpack.packb(hi))) for lo, hi in ranges)
    return len(msgpack.packb([int(_SPEC.id), MAX_COUNTER, MAX_COUNTER, MAX_BEHIND])) + codes + _LONG_HEADER_BYTES


def _compile(spec: MessageSpec) -> Callable[[bytes], Any]:
    """Return a decoder that accepts exactly this array of integers."""
    parts: list[object] = [Literal[int(spec.id)]]
    for item in spec.items:
        number = cast("Int", item.type)
        parts.append(Annotated[int, msgspec.Meta(ge=number.lo, le=number.hi)])
    shape = tuple.__class_getitem__(tuple(parts))
    return msgspec.msgpack.Decoder(cast("Any", shape)).decode
