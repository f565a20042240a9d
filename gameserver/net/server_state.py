"""What the connections and pages of one server share: settings, counters, and the links that are up.

`gameserver.net.server.Server` adds the tasks. Connections and pages see this class only, so that they need not import
the server that starts them.
"""

from __future__ import annotations

import contextlib
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

import trio

from gameserver.net.clients import Clients
from gameserver.net.counters import Counters
from gameserver.net.http.routes import Routes
from gameserver.net.listeners import Certificates, Pending
from gameserver.net.turnstile import Turnstile

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gameserver.hub.hub import Hub
    from gameserver.net.counters import Traffic
    from gameserver.net.handoff import Handoff
    from gameserver.net.poll_link import PollLink
    from gameserver.net.poller import RoomPoller
    from gameserver.net.settings import NetSettings


class OpenLink(Protocol):
    """A link that is up: a WebSocket, a stream, or a viewer that polls."""

    @property
    def close_code(self) -> int | None:
        """The code with which this side closed it; None: it has not."""

    @property
    def traffic(self) -> Traffic:
        """What counts its bytes and messages."""

    def check(self, now_s: float) -> None:
        """Apply time limits."""

    def final_code(self) -> int | None:
        """Return the code with which it ended; None: the connection broke."""


class ServerState:
    """One running server, without its tasks."""

    def __init__(self, hub: Hub, settings: NetSettings, handoff: Handoff | None) -> None:
        """Make the state of a server that has no links yet.

        Args:
            hub: the rooms of this process.
            settings: the operator's.
            handoff: finds each link's process, if this is one of several.

        Raises:
            OSError: the certificate cannot be read.
            ssl.SSLError: the certificate cannot be used.
        """
        self.hub = hub
        self.settings = settings
        self.handoff = handoff
        self.certificates = Certificates(settings)
        self.counters = Counters()
        self.pending = Pending(settings.limits.max_pending)
        self.clients = Clients(settings.limits)
        self.turnstile = Turnstile()
        self.routes = Routes()
        self.port = 0
        self.draining = False
        """Whether the server is stopping: no more links are let in."""
        self.polls: dict[bytes, PollLink] = {}
        """The viewers that poll, by the token of their next request."""
        self._links: dict[OpenLink, str] = {}  # with its limit key
        self._links_by_key: Counter[str] = Counter()
        self._last_link_gone = trio.Event()
        self._room_pollers: dict[str, RoomPoller] = {}

    def poller_of_room(self, room_id: str) -> RoomPoller | None:
        """Return what polls the links of a room; None: its links take the ordinary path."""
        return self._room_pollers.get(room_id)

    # -- links -------------------------------------------------------------------------------------------------------

    @property
    def links(self) -> tuple[OpenLink, ...]:
        """The links that are up."""
        return tuple(self._links)

    def links_from(self, address: str) -> int:
        """Return how many links an address has, for an IPv6 address its /64; 0 for one whose links are not counted."""
        key = self.settings.limit_key(address)
        return self._links_by_key[key] if key else 0

    @contextlib.contextmanager
    def registered(self, link: OpenLink, address: str) -> Iterator[None]:
        """Keep `link` among the links that are up during the block."""
        self.register(link, address)
        try:
            yield
        finally:
            self.unregister(link)

    def register(self, link: OpenLink, address: str) -> None:
        """Keep `link` among the links that are up, until `unregister`."""
        key = self.settings.limit_key(address)
        self._links[link] = key
        self._links_by_key[key] += 1
        self.counters.links += 1

    def unregister(self, link: OpenLink) -> None:
        """The link is over."""
        key = self._links.pop(link)
        self._links_by_key[key] -= 1
        if not self._links_by_key[key]:
            del self._links_by_key[key]
        if not self._links:
            self._last_link_gone.set()

    async def wait_until_no_links(self) -> None:
        """Return when no link is up."""
        while self._links:
            self._last_link_gone = trio.Event()
            await self._last_link_gone.wait()

    # -- counters ----------------------------------------------------------------------------------------------------

    def count_link(self, link: OpenLink) -> None:
        """Add the counts of a link that is over, and how it ended: the code that this side sent, `peer` when the client
        closed, whatever code it chose, and `lost` when the link broke."""
        if link.close_code is not None:
            self.counters.closes[str(int(link.close_code))] += 1
        else:
            self.counters.closes["lost" if link.final_code() is None else "peer"] += 1
        self.counters.add_traffic(link.traffic)

    def totals(self) -> Counters:
        """Return the counters, the links that are up included."""
        totals = replace(self.counters, evicted=self.pending.evicted)
        for link in self._links:
            totals.add_traffic(link.traffic)
        return totals
