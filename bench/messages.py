"""Micro-benchmark of the check of a client's message: what a message of the largest size costs to take or to refuse.

    python -m bench.messages

Each line is one message that fills `Limits.max_message_bytes` as expensively as it can: many small values, nested ones,
keys, floats; as many as fit, or as many as `Limits.max_values` allows; and the same with a fault at its very end. The
figure is the best of many runs, in microseconds.
"""

from __future__ import annotations

import argparse
from time import process_time
from typing import TYPE_CHECKING, Final

import msgpack

from gameserver.protocol.codec import decode_client
from gameserver.protocol.constants import Limits
from gameserver.protocol.errors import ProtocolError

if TYPE_CHECKING:
    from collections.abc import Iterator

LIMITS: Final = Limits()
SIZE: Final = LIMITS.max_message_bytes
TARGET_US: Final = 300
HEADS: Final = {"MESSAGE": bytes.fromhex("9304a16d"), "JOIN": bytes.fromhex("9501a172c000")}
"""The beginning of a message up to its payload or params."""

PARTS: Final = {
    "ints of 1 byte": b"\x01",
    "ints of 9 bytes": b"\xcf" + bytes(7) + b"\x01",
    "floats": b"\xcb" + bytes(8),
    "floats of 32 bits": b"\xca" + bytes(4),
    "nil": b"\xc0",
    "empty text": b"\xa0",
    "text of 1 byte": b"\xa1a",
    "text of 2 bytes, one character": b"\xa2\xc3\xa9",
    "empty bin": b"\xc4\x00",
    "empty arrays": b"\x90",
    "empty maps": b"\x80",
    "[1]": b"\x91\x01",
    "[[[[1]]]]": b"\x91\x91\x91\x91\x01",
    "{'a': 1}": b"\x81\xa1a\x01",
    "{'': {'': {'': 1}}}": b"\x81\xa0\x81\xa0\x81\xa0\x01",
}
"""What is repeated in an array until the message is full."""

FAULTS: Final = {
    "an extension": b"\xd4\x00\x00",
    "text that is not UTF-8": b"\xa1\xff",
    "NaN": b"\xca\x7f\xc0\x00\x00",
    "a key twice": b"\x82\xa0\x01\xa0\x01",
    "an int as key": b"\x81\x01\x01",
    "too deep": b"\x91" * 9 + b"\x01",
    "a made-up length": b"\xdd\xff\xff\xff\xff",
}


def values_in(value: object) -> int:
    """Return the number of values that `Limits.max_values` counts."""
    if isinstance(value, list):
        return 1 + sum(map(values_in, value))
    return 1 + sum(1 + values_in(one) for one in value.values()) if isinstance(value, dict) else 1


def array_of(part: bytes, size: int, end: bytes = b"", most: int = SIZE) -> bytes:
    """Return an array of at most `size` bytes and `most` values that repeats `part`, with `end` as its last value."""
    each = values_in(msgpack.unpackb(part))
    count = min((size - 3 - len(end)) // len(part), most // each)
    return msgpack.Packer().pack_array_header(count + bool(end)) + part * count + end


def padded(value: bytes, size: int) -> bytes:
    """Return an array of `value` and a text, of about `size` bytes."""
    return b"\x92" + value + msgpack.packb("x" * max(0, size - len(value) - 4))


def map_of(value: bytes, size: int) -> bytes:
    """Return a map of at most `size` bytes with keys as short as they can be and each once."""
    pairs: list[bytes] = []
    while size > 8:
        key = msgpack.packb(format(len(pairs), "x"))
        size -= len(key) + len(value)
        pairs.append(key + value)
    return msgpack.Packer().pack_map_header(len(pairs)) + b"".join(pairs)


def payloads(size: int) -> Iterator[tuple[str, bytes]]:
    """Yield what the messages are filled with: a name, and a packed value of at most `size` bytes."""
    most = LIMITS.max_values - 12  # the message itself and the values around the array
    for name, part in PARTS.items():
        yield f"{name}, full", array_of(part, size)
        yield name, padded(array_of(part, size - 5, most=most), size)
    yield "one text", msgpack.packb("x" * (size - 3))
    yield "one text, not ASCII", msgpack.packb("é" * (size // 2 - 3))
    yield "a map of keys", map_of(b"\x01", size // 4)
    yield "headers that promise", b"\xdc\x0f\xff" * (size // 3)
    yield "arrays in each other", b"\x91" * (size - 1) + b"\x01"
    for fault, end in FAULTS.items():
        for name in ("ints of 1 byte", "empty maps", "[[[[1]]]]"):
            yield f"{name}, then {fault}", padded(array_of(PARTS[name], size - 5, end, most), size)


def messages() -> Iterator[tuple[str, bytes]]:
    """Yield the messages: a name, and the bytes."""
    for kind, head in HEADS.items():
        wrap = b"" if kind == "MESSAGE" else b"\x81\xa0"  # params are a map
        for name, payload in payloads(SIZE - len(head) - len(wrap)):
            yield f"{kind}: {name}", head + wrap + payload


def cost_us(data: bytes, rounds: int) -> tuple[float, str]:
    """Return the least time that a message took, in microseconds, and what came of it."""
    best, result = float("inf"), ""
    for _ in range(rounds):
        began = process_time()
        try:
            decode_client(data, LIMITS)
            result = "taken"
        except ProtocolError as error:
            result = str(int(error.code))
        best = min(best, process_time() - began)
    return best * 1e6, result


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rounds", type=int, default=50)
    rounds = parser.parse_args().rounds
    print(f"{'':<42}{'us':>8}  result   (target: below {TARGET_US} us)")
    worst = 0.0
    for name, data in messages():
        us, result = cost_us(data, rounds)
        worst = max(worst, us)
        print(f"{name:<42}{us:8.0f}  {result}")
    print(f"{'the most expensive':<42}{worst:8.0f}")


if __name__ == "__main__":
    main()
