"""Reads the links of a room at its tick, all with one epoll and without waiting: the fast path.

A task for each link, woken for each message, costs several times as much. `RoomPoller.poll` asks the kernel which
sockets have bytes and has their transports read them. A link may leave the poller at any time, or outlive it: then its
own task reads it again.
"""

from __future__ import annotations

import logging
import select
import time
from collections import deque
from math import inf
from typing import TYPE_CHECKING, Final

from gameserver import native
from gameserver.net.receive_clock import ReceiveClock
from gameserver.net.socket_transport import FIRST_READ_BYTES

if TYPE_CHECKING:
    from collections.abc import Callable

    from gameserver.native import LinkReader
    from gameserver.net.socket_transport import SocketTransport

log = logging.getLogger("gameserver.net")

MORE_SHARE: Final = 0.2
"""The share of the time for which polls may read on from links of which more had come than one read takes, in all rooms
of the process together. Clients that send all they may at the same moment, in many rooms too, would otherwise halt
every room for a fraction of a second. Their bytes wait with the kernel.
"""


def available() -> bool:
    """Return whether rooms can poll: on Linux. Elsewhere every link takes the ordinary path."""
    return hasattr(select, "epoll")


class ReadingBudget:
    """How long the polls of a process may still read on. One poll gets at most MORE_SHARE of its room's tick, and all
    of them together no more than that share of the time."""

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        """Begin with a full budget; `clock` returns seconds."""
        self.clock = clock
        self._left_s = inf
        self._at_s = clock()

    def take(self, tick_s: float) -> float:
        """Return how many seconds a poll of a room with ticks of this length may read on."""
        now_s = self.clock()
        self._left_s = min(self._left_s + (now_s - self._at_s) * MORE_SHARE, MORE_SHARE * tick_s)
        self._at_s = now_s
        return self._left_s

    def spend(self, seconds: float) -> None:
        """A poll has read on for so long."""
        self._left_s = max(0.0, self._left_s - seconds)


class RoomPoller:
    """The sockets that one room polls."""

    def __init__(
        self,
        on_close: Callable[[], object] | None = None,
        tick_s: float = 0.05,
        budget: ReadingBudget | None = None,
    ) -> None:
        """Make a poller without sockets.

        Args:
            on_close: Called when it is closed.
            tick_s: The length of the room's ticks, in seconds.
            budget: What all pollers of the process share; None: it has one of its own.
        """
        self._on_close = on_close
        self._tick_s = tick_s
        self._budget = budget or ReadingBudget()
        self._behind: set[SocketTransport] = set()
        """Of these, there was more in the last poll than was read."""
        self._polls_of_more = 0
        self._epoll = select.epoll()
        self._transports: dict[int, SocketTransport] = {}
        """All of them, by file descriptor."""
        self._in_epoll: set[SocketTransport] = set()
        """Those that have no reader."""
        self._read_by: dict[SocketTransport, LinkReader] = {}
        """The readers of the others."""
        self._to_read: tuple[list[SocketTransport], list[LinkReader]] | None = None
        """The same as two lists, which stay as they are while a poll runs; None: they have to be made again."""
        self._more: list[SocketTransport] = []
        """Of these, more has come than this poll has read."""
        self._clock = ReceiveClock()

    def __len__(self) -> int:
        return len(self._transports)

    def add(self, transport: SocketTransport) -> None:
        """Poll `transport` from now on; it is not polled yet."""
        self._transports[transport.fd] = transport
        if transport.reader is None:
            self._in_epoll.add(transport)
            self._epoll.register(transport.fd, select.EPOLLIN)
        else:
            transport.reader.start(transport.fd)
            self._read_by[transport] = transport.reader
            self._to_read = None

    def remove(self, transport: SocketTransport) -> None:
        """Poll `transport` no more. Its socket must still be open."""
        del self._transports[transport.fd]
        if transport.reader is None:
            self._in_epoll.discard(transport)
            self._epoll.unregister(transport.fd)
        else:
            transport.reader.stop()
            del self._read_by[transport]
            self._to_read = None

    def poll(self, now_s: float) -> None:
        """Read every socket that has bytes, and pass whole messages on with the time at which they arrived.

        A link whose transport or peer raises is broken off; the others are read all the same.

        Args:
            now_s: the current time on trio's clock, in seconds.
        """
        if not self._transports:
            return
        self._clock.begin_poll(now_s, time.time())
        if self._read_by:
            if self._to_read is None:
                self._to_read = list(self._read_by), list(self._read_by.values())
            native.links.read_links(*self._to_read, self, self._clock)
        if self._in_epoll:
            for fd, _ in self._epoll.poll(0, len(self._transports)):
                transport = self._transports.get(fd)
                if transport is not None:  # else a message read earlier in this poll has ended this link
                    self.poll_slowly(transport)
        more, self._more = self._more, []
        if more or self._behind:
            self._poll_more(deque(more))

    def poll_slowly(self, transport: SocketTransport) -> None:
        """Have a transport read its socket itself."""
        if transport in self._behind:
            self._more.append(transport)
            return
        try:
            if transport.poll(self._clock):
                self._more.append(transport)
        except Exception:
            self.note_failed(transport)

    def take_rest(self, transport: SocketTransport, data: bytes, at_s: float, size: int) -> None:
        """Pass on what a link's reader has read and does not handle.

        Args:
            transport: The link's.
            data: The last bytes of a read.
            at_s: When they arrived.
            size: How many bytes the read has returned; 0 at the end of the connection.
        """
        if data or not size:
            transport.take_rest(data, at_s)
        if size == FIRST_READ_BYTES:
            self._more.append(transport)

    def _poll_more(self, waiting: deque[SocketTransport]) -> None:
        """Read on in turns, for some time, and at least once; the next poll begins with another link."""
        budget = self._budget
        left_s = budget.take(self._tick_s)
        began_s = budget.clock()
        self._polls_of_more += 1
        waiting.rotate(-self._polls_of_more)
        while waiting:
            transport = waiting.popleft()
            try:
                if transport.poll_more(self._clock):
                    waiting.append(transport)
            except Exception:
                self.note_failed(transport)
            if budget.clock() - began_s >= left_s:
                break
        budget.spend(budget.clock() - began_s)
        self._behind = set(waiting)
        for transport in waiting:
            if transport.reader is not None:
                transport.reader.idle = False  # so that `poll_slowly` decides when it is read

    def note_failed(self, transport: SocketTransport) -> None:
        """Break a link off that has raised; call it in the `except` block."""
        log.exception("a link failed while its room polled it")
        transport.fail()

    def close(self) -> None:
        """Detach every link, so that its own task reads it again."""
        for transport in list(self._transports.values()):
            transport.detach()
        self._epoll.close()
        if self._on_close is not None:
            self._on_close()
