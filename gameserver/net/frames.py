"""WebSocket frames (RFC 6455 §5) as far as the fast path needs them. No I/O.

Outgoing: `binary_frames` makes frames of binary messages, a header of two to ten bytes and the payload. Incoming:
`FrameScanner` follows the boundaries of a client's frames, however the byte stream is split. It takes out whole
unfragmented masked binary messages. All other bytes are passed on unchanged, frame by frame, to trio-websocket, which
implements the whole protocol; unrecognised frames too.
"""

from __future__ import annotations

from struct import Struct
from typing import Final

BINARY: Final = 0x2
CLOSE: Final = 0x8
_FIN: Final = 0x80
_MASKED: Final = 0x80
_WHOLE_BINARY: Final = _FIN | BINARY
_SHORT: Final = 126  # smaller lengths stand in the second byte
_LONG: Final = 127
_MAX_16_BITS: Final = 0xFFFF
_KEY_BYTES: Final = 4
_MIN_HEAD_BYTES: Final = 2

_head_16: Final = Struct(">BBH").pack
_head_64: Final = Struct(">BBQ").pack


def frame_head(size: int, opcode: int = BINARY) -> bytes:
    """Return the header of a server's frame: unfragmented, unmasked, with a payload of `size` bytes."""
    if size < _SHORT:
        return bytes((_FIN | opcode, size))
    if size <= _MAX_16_BITS:
        return _head_16(_FIN | opcode, _SHORT, size)
    return _head_64(_FIN | opcode, _LONG, size)


def close_frame(code: int, reason: str) -> bytes:
    """Return a Close of the server with a reason of at most 123 bytes of UTF-8."""
    payload = code.to_bytes(2) + reason.encode()
    return frame_head(len(payload), CLOSE) + payload


def binary_frames(messages: tuple[bytes, ...]) -> bytes:
    """Return these messages as frames, one after the other."""
    if len(messages) == 1:
        message = messages[0]
        size = len(message)
        if _SHORT <= size <= _MAX_16_BITS:  # a snapshot, which is what most messages are
            return _head_16(_WHOLE_BINARY, _SHORT, size) + message
        return frame_head(size) + message
    return b"".join([part for message in messages for part in (frame_head(len(message)), message)])


def unmask(key: bytes, payload: bytes) -> bytes:
    """Return each byte of `payload` XOR the key's bytes in turn, RFC 6455 §5.3.

    Computed on one big integer, which is many times faster than a loop.
    """
    size = len(payload)
    mask = (key * (size // _KEY_BYTES + 1))[:size]
    return (int.from_bytes(payload, "little") ^ int.from_bytes(mask, "little")).to_bytes(size, "little")


class FrameScanner:
    """Follows one client's frames.

    `feed` returns the messages that it took out; `passed` collects the pieces for trio-websocket, none of which spans
    two frames. A piece begins with a whole frame header or continues a payload. Messages keep their order: while
    trio-websocket holds one (`note_returned` is called when it has returned one), later ones are passed on as well.
    """

    __slots__ = (
        "_buffer",
        "_fragmented",
        "_invalid",
        "_max_bytes",
        "_skip",
        "_unreturned",
        "close_seen",
        "idle",
        "partial_frames",
        "passed",
    )

    def __init__(self, max_bytes: int) -> None:
        """Begin at the first byte of a frame; messages of more than `max_bytes` are passed on."""
        self._max_bytes = max_bytes
        self._buffer = b""  # an incomplete frame from its first byte on; not passed on yet
        self._skip = 0  # bytes of the current frame's payload still to pass on
        self._fragmented = False  # between a message's first fragment and its last
        self._unreturned = 0  # whole messages passed on that trio-websocket has not returned
        self._invalid = False  # after an unmasked frame, which no client may send: all that follows is passed on
        self.partial_frames = 0
        """Control frames and fragments, which the limits on messages do not count. The caller sets it back to 0."""
        self.passed: list[bytes] = []
        """Pieces for trio-websocket, in order. The caller empties it."""
        self.close_seen = False
        """Whether the header of a Close frame has been seen."""
        self.idle = True
        """Whether the next byte begins a frame that may be taken: nothing is held here or by trio-websocket."""

    def note_returned(self) -> None:
        """Note that trio-websocket has returned one of the messages that were passed on."""
        if self._unreturned:
            self._unreturned -= 1
            self._note_idle()

    def feed(self, data: bytes, *, take: bool) -> list[bytes]:
        """Scan the next bytes of the stream.

        Args:
            data: any number of bytes.
            take: whether to take out whole binary messages; otherwise all is passed on.

        Returns:
            The payloads of the messages that were taken out, in order.
        """
        buffer = self._buffer + data if self._buffer else data
        taken: list[bytes] = []
        at, size = 0, len(buffer)
        while at < size:
            step = self._pass_payload(buffer, at) or self._scan_frame(buffer, at, taken if take else None)
            if not step:
                break
            at += step
        self._buffer = buffer[at:]
        self._note_idle()
        return taken

    def _note_idle(self) -> None:
        self.idle = not (self._buffer or self._skip or self._unreturned or self._fragmented or self._invalid)

    def _pass_payload(self, buffer: bytes, at: int) -> int:
        """Pass on more of a frame that is being passed on; return how many bytes that was."""
        if self._invalid:
            self.passed.append(buffer[at:])
            return len(buffer) - at
        if not self._skip:
            return 0
        piece = buffer[at : at + self._skip]
        self.passed.append(piece)
        self._skip -= len(piece)
        return len(piece)

    def _scan_frame(self, buffer: bytes, at: int, taken: list[bytes] | None) -> int:
        """Take or pass on the frame that begins at `at`.

        Returns:
            How many bytes of `buffer` that used; 0 when the frame cannot be handled without more bytes.
        """
        head = frame_header(buffer, at)
        if head is None:
            return 0
        first, masked, head_bytes, payload_bytes = head
        takeable = first == _WHOLE_BINARY and masked and payload_bytes <= self._max_bytes
        if taken is None or not takeable or self._unreturned or self._fragmented:
            self._note_passed(first, masked)
            piece = buffer[at : at + head_bytes + payload_bytes]
            self.passed.append(piece)
            self._skip = head_bytes + payload_bytes - len(piece)
            return len(piece)
        end = at + head_bytes + payload_bytes
        if len(buffer) < end:
            return 0
        start = at + head_bytes
        taken.append(unmask(buffer[start - _KEY_BYTES : start], buffer[start:end]))
        return end - at

    def _note_passed(self, first: int, masked: bool) -> None:
        opcode, whole = first & 0x0F, bool(first & _FIN)
        self._invalid = not masked
        if opcode >= CLOSE:
            self.partial_frames += 1
            self.close_seen |= opcode == CLOSE
            return
        if self._fragmented or not whole:
            self.partial_frames += 1
        self._unreturned += whole
        self._fragmented = not whole


def frame_header(buffer: bytes, at: int) -> tuple[int, bool, int, int] | None:
    """Read the header of the frame that begins at `at`.

    Returns:
        Its first byte, whether it is masked, and the sizes of header and payload; None if the header is not whole yet.
    """
    available = len(buffer) - at
    if available < _MIN_HEAD_BYTES:
        return None
    first, second = buffer[at], buffer[at + 1]
    size, extended = second & 0x7F, 0
    if size >= _SHORT:
        extended = 2 if size == _SHORT else 8
    head_bytes = 2 + extended + (_KEY_BYTES if second & _MASKED else 0)
    if available < head_bytes:
        return None
    if extended:
        size = int.from_bytes(buffer[at + 2 : at + 2 + extended], "big")
    return first, bool(second & _MASKED), head_bytes, size
