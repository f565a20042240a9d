"""Receive timestamps: when bytes reached the kernel, on trio's clock, however much later they are read."""

from __future__ import annotations

import logging
import socket
import struct
from typing import Final

log = logging.getLogger("gameserver.net")

_SO_TIMESTAMPNS: Final = 35  # asm-generic/socket.h; the socket module does not name it
_timespec: Final = struct.Struct("@ll")
_unpack_timespec: Final = _timespec.unpack
TIMESTAMP_SPACE: Final = socket.CMSG_SPACE(_timespec.size) if hasattr(socket, "CMSG_SPACE") else 0
"""Ancillary bytes that recvmsg needs for one timestamp; 0 on Windows, which has no recvmsg."""


def enable_timestamps(sock: socket.socket) -> None:
    """Have the kernel stamp what `sock` receives. Sockets that cannot (Unix sockets) are read without stamps: the time
    of the poll counts.
    """
    try:
        sock.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
    except OSError:
        log.debug("the kernel gives no receive timestamps")


class ReceiveClock:
    """Converts the kernel's timestamps (CLOCK_REALTIME) to trio's clock.

    The offset between the two clocks is measured at each poll, so a step of the wall clock spoils the times of one
    poll at most. Those are clamped to the time between the previous poll and this one.
    """

    __slots__ = ("earliest_s", "now_s", "offset_s")

    def __init__(self) -> None:
        self.now_s = float("-inf")
        """When the current poll began, on trio's clock."""
        self.earliest_s = float("-inf")
        """When the poll before began."""
        self.offset_s = 0.0
        """What a time on the wall clock lacks of the time on trio's clock."""

    def begin_poll(self, now_s: float, wall_s: float) -> None:
        """Measure the offset: `now_s` on trio's clock and `wall_s` on the wall clock are the same moment."""
        self.earliest_s, self.now_s = self.now_s, now_s
        self.offset_s = now_s - wall_s

    def received_at_s(self, ancillary: list[tuple[int, int, bytes]]) -> float:
        """Return when the last byte of a read arrived.

        Args:
            ancillary: what recvmsg returned: exactly one control message, the timestamp.

        Returns:
            Seconds on trio's clock.
        """
        seconds, nanoseconds = _unpack_timespec(ancillary[0][2])
        at_s: float = seconds + nanoseconds * 1e-9 + self.offset_s
        if at_s > self.now_s:
            return self.now_s
        return max(self.earliest_s, at_s)
