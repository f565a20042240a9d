"""File descriptors: how many this process may have, and how many of them connections may take."""

from __future__ import annotations

import logging
import sys
from typing import Final

log = logging.getLogger("gameserver.net")

RESERVED_FILES: Final = 64
"""Kept from connections and rooms: listeners, event loop, log, files that are being sent, pipes between processes,
sockets on their way from one process to another.
"""
PER_ROOM: Final = 2
"""A room's poller, and its recording."""
SHARE_OF_ROOMS: Final = 0.5
"""Rooms take at most this share of what is left: clients that make one after the other leave it empty for a time, and
whoever comes then still needs a connection.
"""
MIN_FOR_CONNECTIONS: Final = 8
"""A server that may have hardly any descriptors serves somebody, too."""


def max_open_files() -> int:
    """Return how many file descriptors this process may have, as `ulimit -n` says."""
    if sys.platform == "win32":
        return sys.maxsize
    import resource

    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return sys.maxsize if soft == resource.RLIM_INFINITY else soft


class Descriptors:
    """Divides the file descriptors of a process among connections, rooms, and a reserve for everything else."""

    def __init__(self, max_files: int, max_connections: int) -> None:
        """Divide them.

        Args:
            max_files: how many this process may have.
            max_connections: the operator's limit, which holds as well.
        """
        self._for_all = max_files - RESERVED_FILES
        self._max_connections = max_connections

    def max_connections(self, rooms: int) -> int:
        """Return how many connections there may be beside so many rooms."""
        return min(self._max_connections, max(MIN_FOR_CONNECTIONS, self._for_all - PER_ROOM * rooms))

    @property
    def max_rooms(self) -> int:
        """How many rooms there may be, at least one."""
        return max(1, int(self._for_all * SHARE_OF_ROOMS) // PER_ROOM)

    def log_if_fewer(self) -> None:
        """Say so when the system allows fewer connections than the operator."""
        allowed = self.max_connections(0)
        if allowed < self._max_connections:
            log.warning(
                "the limit on open files (ulimit -n) allows %d connections, less %d for each of at most %d rooms: "
                "fewer than max_connections (%d)",
                *(allowed, PER_ROOM, self.max_rooms, self._max_connections),
            )
