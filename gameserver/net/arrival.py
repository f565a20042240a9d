"""When bytes arrived, though they are read later: the kernel's note of it, on trio's clock."""

from __future__ import annotations

import logging
import socket
import struct
from typing import Final

log = logging.getLogger("gameserver.net")

_SO_TIMESTAMPNS: Final = 35  # asm-generic/socket.h; the socket module does not name it
_timespec: Final = struct.Struct("@ll")
_unpack_timespec: Final = _timespec.unpack
TIMESTAMP_SPACE: Final = socket.CMSG_SPACE(_timespec.size)
"""How much room recvmsg needs for the note."""


def stamp_arrivals(sock: socket.socket) -> None:
    """Have the kernel note when bytes arrive. Not every socket can (a Unix socket's reader gets none): then the
    drain's time counts.
    """
    try:
        sock.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
    except OSError:
        log.debug("no arrival times from this kernel")


class ArrivalClock:
    """From the kernel's time of arrival (CLOCK_REALTIME) to trio's clock.

    The offset between the two is taken at each drain, so a step of the wall clock spoils at most one drain's times;
    those are held between the drain before and this one.
    """

    __slots__ = ("_earliest_s", "_offset_s", "now_s")

    def __init__(self) -> None:
        self.now_s = float("-inf")
        self._earliest_s = float("-inf")
        self._offset_s = 0.0

    def set(self, now_s: float, wall_s: float) -> None:
        """A drain begins: the same moment on trio's clock and on the wall's."""
        self._earliest_s, self.now_s = self.now_s, now_s
        self._offset_s = now_s - wall_s

    def convert(self, ancillary: list[tuple[int, int, bytes]]) -> float:
        """When the last byte of a read arrived, by the only control message that our sockets ask for."""
        seconds, nanoseconds = _unpack_timespec(ancillary[0][2])
        at_s: float = seconds + nanoseconds * 1e-9 + self._offset_s
        if at_s > self.now_s:
            return self.now_s
        return max(self._earliest_s, at_s)
