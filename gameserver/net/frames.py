"""WebSocket frames as far as the fast path needs them (RFC 6455 §5). No I/O.

Outgoing: binary messages become frames here, since a server's frames are two to ten bytes and the payload. Incoming:
`FrameScanner` follows the boundaries of a client's frames through any split of the byte stream. It takes out whole
unfragmented masked binary messages and passes every other byte on, frame by frame and unchanged, to the library that
speaks the whole protocol. It judges nothing: what it does not know, it passes on.
"""

from __future__ import annotations

from struct import Struct
from typing import Final

BINARY: Final = 0x2
CLOSE: Final = 0x8
_FIN: Final = 0x80
_MASKED: Final = 0x80
_WHOLE_BINARY: Final = _FIN | BINARY
_SHORT: Final = 126  # lengths below stand in the second byte
_LONG: Final = 127
_MAX_16_BITS: Final = 0xFFFF
_KEY_BYTES: Final = 4
_MIN_HEAD_BYTES: Final = 2

_head_16: Final = Struct(">BBH").pack
_head_64: Final = Struct(">BBQ").pack


def frame_head(size: int, opcode: int = BINARY) -> bytes:
    """The bytes before a server's unfragmented, unmasked payload of `size` bytes."""
    if size < _SHORT:
        return bytes((_FIN | opcode, size))
    if size <= _MAX_16_BITS:
        return _head_16(_FIN | opcode, _SHORT, size)
    return _head_64(_FIN | opcode, _LONG, size)


def binary_frames(messages: tuple[bytes, ...]) -> bytes:
    """These messages as one run of frames, in order."""
    if len(messages) == 1:
        message = messages[0]
        size = len(message)
        if _SHORT <= size <= _MAX_16_BITS:  # a snapshot; worth the shortest way
            return _head_16(_WHOLE_BINARY, _SHORT, size) + message
        return frame_head(size) + message
    return b"".join([part for message in messages for part in (frame_head(len(message)), message)])


def unmask(key: bytes, payload: bytes) -> bytes:
    """RFC 6455 §5.3: each byte XOR the key's byte in turn. As one big integer: many times faster than a loop."""
    size = len(payload)
    mask = (key * (size // _KEY_BYTES + 1))[:size]
    return (int.from_bytes(payload, "little") ^ int.from_bytes(mask, "little")).to_bytes(size, "little")


class FrameScanner:
    """Follows one client's frames.

    `feed` gives the messages that it took out; `passed` collects the pieces for the library, none of which spans two
    frames. A piece begins with a whole frame header or continues a payload. As long as the library still holds a
    message that came before (`delivered` says when it has given one out), nothing overtakes it.
    """

    __slots__ = (
        "_buffer",
        "_fragmented",
        "_lawless",
        "_max_bytes",
        "_owed",
        "_skip",
        "idle",
        "partial_frames",
        "passed",
        "peer_closed",
    )

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._buffer = b""  # begins at a frame's first byte; nobody has seen it yet
        self._skip = 0  # bytes of the current frame's payload still to pass on
        self._fragmented = False  # between a message's first fragment and its last
        self._owed = 0  # whole messages passed on and not yet delivered
        self._lawless = False  # after what can be no client's frame: there are no boundaries to follow
        self.partial_frames = 0
        """Control frames and fragments since whoever counts them set this to 0: no limit on messages sees them."""
        self.passed: list[bytes] = []
        self.peer_closed = False
        """The header of a Close frame has been seen."""
        self.idle = True
        """Between frames, with nothing held here or owed by the library: the next byte begins a frame that may be
        taken.
        """

    def delivered(self) -> None:
        """The library has given out one of the messages that were passed on."""
        if self._owed:
            self._owed -= 1
            self._note_idle()

    def feed(self, data: bytes, *, take: bool) -> list[bytes]:
        """Scan the stream's next bytes; with `take`, whole binary messages are taken out and returned, in order."""
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
        self.idle = not (self._buffer or self._skip or self._owed or self._fragmented or self._lawless)

    def _pass_payload(self, buffer: bytes, at: int) -> int:
        """Pass on what is left of the frame that is being passed on; return how many bytes that was."""
        if self._lawless:
            self.passed.append(buffer[at:])
            return len(buffer) - at
        if not self._skip:
            return 0
        piece = buffer[at : at + self._skip]
        self.passed.append(piece)
        self._skip -= len(piece)
        return len(piece)

    def _scan_frame(self, buffer: bytes, at: int, taken: list[bytes] | None) -> int:
        """Take or pass on the frame that begins at `at`; 0: more bytes are needed to tell."""
        head = frame_header(buffer, at)
        if head is None:
            return 0
        first, masked, head_bytes, payload_bytes = head
        takeable = first == _WHOLE_BINARY and masked and payload_bytes <= self._max_bytes
        if taken is None or not takeable or self._owed or self._fragmented:
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
        self._lawless = not masked
        if opcode >= CLOSE:
            self.partial_frames += 1
            self.peer_closed |= opcode == CLOSE
            return
        if self._fragmented or not whole:
            self.partial_frames += 1
        self._owed += whole
        self._fragmented = not whole


def frame_header(buffer: bytes, at: int) -> tuple[int, bool, int, int] | None:
    """First byte, whether masked, header and payload size of the frame at `at`; None if its header is not whole yet."""
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
