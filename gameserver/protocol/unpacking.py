"""Step 3 of protocol.md §9: reads exactly one msgpack value, strictly, at the speed of C libraries.

Rules kept here:
- Nothing is built before all lengths are known to be backed by bytes, so a message takes memory in proportion to its
  own size. An unpacker alone would take 33 MB and 20 ms to refuse 4 KB of array headers that each announce 4,095 items.
- A client's message has a limited number of values. Reading it ends soon after the limit, whatever the values are.
- Text is UTF-8, the keys of a map are str and occur once each, so that every language reads the same.

Timestamps, which are extensions that the unpacker reads by itself, come out as `msgpack.Timestamp`; no item of a
message may be one. `holds_timestamp` finds out whether a refused message has one.
"""

from collections.abc import Sequence
from typing import Any, Final, NoReturn

import msgpack
import msgspec

from gameserver.protocol.constants import CloseCode
from gameserver.protocol.errors import ProtocolError

_skip: Final = msgspec.msgpack.Decoder(msgspec.Raw).decode
"""Walks over one value and builds nothing. Raises DecodeError if the bytes are not exactly one value."""


def unpack(data: bytes, max_values: int | None = None) -> Any:
    """Read one value.

    Args:
        data: Exactly one msgpack value.
        max_values: The most values that it may have: arrays, maps, keys and all others; None for any number.

    Raises:
        ProtocolError: MALFORMED.
    """
    try:
        _skip(data)
        if max_values is None or len(data) <= max_values:  # a value has a byte at least
            return msgpack.unpackb(data, object_pairs_hook=unique_keys, ext_hook=_refuse_extension)
        counter = _ValueCounter(max_values)
        return msgpack.unpackb(
            data, list_hook=counter.take_list, object_pairs_hook=counter.take_map, ext_hook=_refuse_extension
        )
    except RecursionError:
        raise _malformed("arrays and maps are nested too deeply") from None
    except msgspec.DecodeError as error:
        raise _malformed(f"not exactly one msgpack value: {error}") from None
    except ValueError as error:  # includes UnicodeDecodeError; all else was checked by `_skip`
        raise _malformed("a str is not UTF-8, or a map's key is not a str") from error


def unique_keys(pairs: Sequence[tuple[object, object]]) -> dict[object, object]:
    """Build a map.

    Raises:
        ProtocolError: A key is no str, or occurs twice.
    """
    result = dict(pairs)
    if len(result) != len(pairs):
        raise _malformed("a map has the same key twice")
    for key in result:
        if type(key) is not str:
            raise _malformed("a map's key must be a str")
    return result


class _ValueCounter:
    """Counts the values of a message while it is read: each array and map as it is complete.

    A value is counted with the array or map that it is in. So that reading ends soon in any case, arrays and maps are
    also counted by themselves, since each is a value.
    """

    def __init__(self, max_values: int) -> None:
        self._most = max_values
        self._left = max_values - 1  # the outermost value is in no other
        self._wholes_left = max_values

    def take_list(self, values: list[object]) -> list[object]:
        """Count an array's values."""
        self._left -= len(values)
        self._wholes_left -= 1
        if self._left < 0 or self._wholes_left < 0:
            self._refuse()
        return values

    def take_map(self, pairs: Sequence[tuple[object, object]]) -> dict[object, object]:
        """Count a map's keys and values, and build it."""
        self._left -= 2 * len(pairs)
        self._wholes_left -= 1
        if self._left < 0 or self._wholes_left < 0:
            self._refuse()
        return unique_keys(pairs) if pairs else {}

    def _refuse(self) -> NoReturn:
        raise _malformed(f"a message has at most {self._most} values")


def holds_timestamp(value: object) -> bool:
    """Return whether a value is or contains a timestamp."""
    if isinstance(value, list):
        return any(map(holds_timestamp, value))
    if isinstance(value, dict):
        return any(map(holds_timestamp, value.values()))
    return isinstance(value, msgpack.Timestamp)


def _refuse_extension(code: int, data: bytes) -> NoReturn:
    raise _malformed(f"an extension (type {code}, {len(data)} bytes) begins no value of this protocol")


def _malformed(reason: str) -> ProtocolError:
    return ProtocolError(CloseCode.MALFORMED, reason)
