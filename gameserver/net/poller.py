"""Reads the links of a room at its tick, all with one epoll and without waiting: the fast path.

A task for each link, woken for each message, costs several times as much. `RoomPoller.poll` asks the kernel which
sockets have bytes and has their transports read them. A link may leave the poller at any time, or outlive it: then its
own task reads it again.
"""

from __future__ import annotations

import logging
import select
import time
from typing import TYPE_CHECKING

from gameserver.net.receive_clock import ReceiveClock

if TYPE_CHECKING:
    from collections.abc import Callable

    from gameserver.net.socket_transport import SocketTransport

log = logging.getLogger("gameserver.net")


def available() -> bool:
    """Return whether rooms can poll: on Linux. Elsewhere every link takes the ordinary path."""
    return hasattr(select, "epoll")


class RoomPoller:
    """The sockets that one room polls."""

    def __init__(self, on_close: Callable[[], object] | None = None) -> None:
        """Make a poller without sockets; `on_close` is called when it is closed."""
        self._on_close = on_close
        self._epoll = select.epoll()
        self._transports: dict[int, SocketTransport] = {}
        self._clock = ReceiveClock()

    def __len__(self) -> int:
        return len(self._transports)

    def add(self, transport: SocketTransport) -> None:
        """Poll `transport` from now on; it is not polled yet."""
        self._transports[transport.fd] = transport
        self._epoll.register(transport.fd, select.EPOLLIN)

    def remove(self, transport: SocketTransport) -> None:
        """Poll `transport` no more. Its socket must still be open."""
        del self._transports[transport.fd]
        self._epoll.unregister(transport.fd)

    def poll(self, now_s: float) -> None:
        """Read every socket that has bytes, and pass whole messages on with the time at which they arrived.

        A link whose transport or peer raises is broken off; the others are read all the same.

        Args:
            now_s: the current time on trio's clock, in seconds.
        """
        if not self._transports:
            return
        self._clock.begin_poll(now_s, time.time())
        for fd, _ in self._epoll.poll(0, len(self._transports)):
            transport = self._transports.get(fd)
            if transport is None:
                continue  # a message read earlier in this poll has ended this link
            try:
                transport.poll(self._clock)
            except Exception:
                log.exception("a link failed while its room polled it")
                transport.fail()

    def close(self) -> None:
        """Detach every link, so that its own task reads it again."""
        for transport in list(self._transports.values()):
            transport.detach()
        self._epoll.close()
        if self._on_close is not None:
            self._on_close()
