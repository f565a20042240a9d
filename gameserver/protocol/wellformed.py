"""Step 3 of protocol.md §9: checks that a message is one msgpack value, without extensions and not nested too deeply.

The check reads lengths only and builds nothing, so a message costs no more than its own bytes. An unpacker alone would
take 33 MB and 20 ms to refuse 4 KB of nested array headers that each announce 4,095 items.
"""

from typing import Final, NamedTuple

from gameserver.protocol.constants import CloseCode
from gameserver.protocol.errors import ProtocolError


class _Form(NamedTuple):
    """What follows the first byte of a value: a count, then that many bytes, values or pairs of values."""

    count_bytes: int  # the size of the count; 0: the count is `fixed`
    fixed: int
    values_each: int  # values per counted thing; 0: the count is of bytes


_BYTES: Final = 0
_VALUES: Final = 1
_PAIRS: Final = 2

# Refused are the bytes that are not here: 0xC1 (unused), 0xC7 to 0xC9 and 0xD4 to 0xD8 (extensions).
_FORMS: Final[dict[int, _Form]] = {
    **{byte: _Form(0, 0, _BYTES) for byte in (*range(0x80), *range(0xE0, 0x100))},  # small integers
    **{byte: _Form(0, 0, _BYTES) for byte in (0xC0, 0xC2, 0xC3)},  # nil, false, true
    **{0x80 + count: _Form(0, count, _PAIRS) for count in range(16)},  # small maps
    **{0x90 + count: _Form(0, count, _VALUES) for count in range(16)},  # small arrays
    **{0xA0 + count: _Form(0, count, _BYTES) for count in range(32)},  # small strs
    **{0xC4 + power: _Form(1 << power, 0, _BYTES) for power in range(3)},  # bin 8, 16, 32
    **{0xCA + power: _Form(0, 4 << power, _BYTES) for power in range(2)},  # float 32, 64
    **{0xCC + power: _Form(0, 1 << power, _BYTES) for power in range(4)},  # uint 8, 16, 32, 64
    **{0xD0 + power: _Form(0, 1 << power, _BYTES) for power in range(4)},  # int 8, 16, 32, 64
    **{0xD9 + power: _Form(1 << power, 0, _BYTES) for power in range(3)},  # str 8, 16, 32
    **{0xDC + power: _Form(2 << power, 0, _VALUES) for power in range(2)},  # array 16, 32
    **{0xDE + power: _Form(2 << power, 0, _PAIRS) for power in range(2)},  # map 16, 32
}
_FORM_OF: Final[tuple[_Form | None, ...]] = tuple(_FORMS.get(byte) for byte in range(256))


def check_wellformed(data: bytes, max_depth: int) -> None:
    """Check that `data` is exactly one msgpack value that the protocol allows.

    Takes time linear in `len(data)`, and memory linear in `max_depth`. Does not check that text is UTF-8; the unpacker
    does.

    Raises:
        ProtocolError: MALFORMED.
    """
    size = len(data)
    at = 0
    pending = [1]  # values still to come: of the message, then of each open array or map
    while pending:
        if not pending[-1]:
            pending.pop()
            continue
        pending[-1] -= 1
        if at >= size:
            raise _malformed(f"the message ends after {size} bytes, inside a value")
        form = _FORM_OF[data[at]]
        if form is None:
            raise _malformed(f"byte {at} (0x{data[at]:02x}) begins no value of this protocol")
        count_bytes, count, values_each = form
        at += 1 + count_bytes
        if count_bytes:
            count = int.from_bytes(data[at - count_bytes : at], "big")
        if values_each:
            if len(pending) > max_depth:
                raise _malformed(f"arrays and maps are nested deeper than {max_depth}")
            if count:
                pending.append(count * values_each)
        else:
            at += count
    if at != size:
        raise _malformed(_wrong_end(at, size))


def _wrong_end(at: int, size: int) -> str:
    """Return whether the value ends before or after the message does."""
    if at > size:
        return f"the message ends after {size} bytes, inside a value"
    return f"the message's value ends after {at} bytes, but the message has {size}"


def _malformed(reason: str) -> ProtocolError:
    return ProtocolError(CloseCode.MALFORMED, reason)
