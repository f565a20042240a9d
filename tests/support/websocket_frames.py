"""WebSocket bytes for tests, written from RFC 6455 §5.2 and not with the code that they test."""

from __future__ import annotations

from typing import NamedTuple

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
KEY = b"\x37\xfa\x21\x3d"  # the key of RFC 6455's own example


class Frame(NamedTuple):
    """One frame as it was read."""

    opcode: int
    payload: bytes
    fin: bool = True

    @property
    def close_code(self) -> int:
        """The code that a Close frame carries; 0 for none."""
        return int.from_bytes(self.payload[:2], "big")


def client_frame(
    payload: bytes, opcode: int = BINARY, *, fin: bool = True, key: bytes = KEY, masked: bool = True, rsv: int = 0
) -> bytes:
    """A frame as a client sends it."""
    first = (0x80 if fin else 0) | rsv << 4 | opcode
    mask_bit = 0x80 if masked else 0
    if len(payload) < 126:
        head = bytes([first, mask_bit | len(payload)])
    elif len(payload) < 65_536:
        head = bytes([first, mask_bit | 126]) + len(payload).to_bytes(2, "big")
    else:
        head = bytes([first, mask_bit | 127]) + len(payload).to_bytes(8, "big")
    if not masked:
        return head + payload
    return head + key + bytes(byte ^ key[at % 4] for at, byte in enumerate(payload))


def client_close(code: int, reason: str = "") -> bytes:
    """A client's Close frame."""
    return client_frame(code.to_bytes(2, "big") + reason.encode(), CLOSE)


def read_frames(data: bytes) -> tuple[list[Frame], bytes]:
    """The whole frames that `data` (a server's) begins with, and the rest. A masked one fails the test."""
    frames: list[Frame] = []
    while len(data) >= 2:
        assert not data[1] & 0x80, "a server's frames are not masked"
        size, at = data[1], 2
        if size >= 126:
            width = 2 if size == 126 else 8
            size, at = int.from_bytes(data[2 : 2 + width], "big"), 2 + width
        if len(data) < at + size:
            break
        frames.append(Frame(data[0] & 0x0F, data[at : at + size], bool(data[0] & 0x80)))
        data = data[at + size :]
    return frames, data
