"""The operator's settings for sockets, HTTP and links. They are frozen: nothing changes while a server runs.

Limits of the protocol (message size, rates, time-outs of a session) are `gameserver.protocol.constants.Limits`; here
are the limits below it: sockets, HTTP and WebSocket frames.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from gameserver.net.addresses import HostNames, Networks, client_key, read_origin
from gameserver.net.http.policy import AUTHOR, PagePolicy
from gameserver.protocol.constants import check_limits

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from gameserver.net.http.auth import Authenticator
    from gameserver.net.network_simulator import NetworkConditions

TransportMode: TypeAlias = Literal["polled", "ordinary"]
"""How the links of a room are read: `polled` by their room once a tick, or `ordinary`, each by its own task."""

UNCOUNTED_ADDRESSES: Final = ("127.0.0.1", "::1")
"""This machine's: many clients may come from there, through a proxy that is not named to the server."""


@dataclass(frozen=True, slots=True)
class NetLimits:
    """Limits on what a client can make grow below the protocol. Units are in the names.

    Raises:
        LimitError: A limit is not a finite number above 0.
    """

    max_head_bytes: int = 16_384
    """Request line and headers. A JWT and cookies fit."""
    head_timeout_s: float = 5.0
    """From the first byte of a request to the end of its head. A slow network needs two round trips."""
    idle_timeout_s: float = 15.0
    """How long a kept-alive HTTP connection may wait for its next request."""
    max_body_bytes: int = 65_536
    """The body of a command, or of a request to a route of the author's own. Other requests must have none."""
    body_timeout_s: float = 10.0
    """From the end of a request's head to the end of its body."""
    handler_timeout_s: float = 30.0
    """How long a handler of the author's own may take. Then it is cancelled, and the request answered with 503."""
    max_handlers: int = 256
    """Handlers that run at once. Beyond it, requests are answered with 503."""
    max_handlers_per_address: int = 32
    """Handlers that run at once for one address. Beyond it, requests are answered with 429."""
    response_timeout_s: float = 30.0
    """How long a response may take to leave: 100 KB at 3 KB/s. For files over 1 MB, each 64 KiB."""
    tls_timeout_s: float = 5.0
    """The TLS handshake."""
    upgrade_timeout_s: float = 5.0
    """The check of an upgrade request, the authenticator included; and once more, the WebSocket handshake."""
    close_timeout_s: float = 2.0
    """How long a link may take to close, whatever the client does."""
    max_requests: int = 100
    """Requests on one kept-alive connection."""
    max_connections: int = 10_000
    """Sockets at once. Beyond it, one that is no link is closed, as with `max_pending`; when all are links, the new one
    is closed unread.
    """
    max_pending: int = 1_024
    """Connections at once that are no links: TLS and WebSocket handshakes, HTTP. Beyond it, one is closed: of the
    address that has most of them, the one that has been silent for longest.
    """
    max_connections_per_address: int = 256
    """Connections of any kind from one IPv4 address or IPv6 /64. Beyond it, the one that has been silent for longest is
    closed. Browsers open six for a page. Not for proxies, whose connections are of many clients.
    """
    max_requests_per_s_per_address: float = 100.0
    """HTTP requests and new connections from one address; an upgrade to a WebSocket counts as ten. Those beyond the
    burst wait for their turn, up to five seconds; beyond that, requests are answered with 429, and connections closed.
    """
    max_requests_burst_per_address: float = 2_000.0
    """At once, after a pause: twenty people behind one address open a page with a hundred files."""
    max_links_per_address: int = 64
    """Links from one IPv4 address or IPv6 /64; those from `NetSettings.uncounted_addresses` are not limited."""
    max_wire_message_bytes: int = 65_536
    """The largest message that the WebSocket layer takes; it closes larger ones with 1009. Messages between this and
    `Limits.max_message_bytes` are closed with the protocol's 4006, which says more to a developer.
    """
    max_partial_frames_per_s: float = 50.0
    """Pings, pongs and fragments from one link: they take time, and the limits on messages do not count them."""
    max_partial_frames_burst: float = 200.0
    """The same at once, after silence."""
    poll_seat_s: float = 15.0
    """How long a viewer that polls keeps its seat without a request."""
    max_queued_bytes: int = 131_072
    """Bytes of messages that must not be lost and that wait to leave. Beyond it, the link is closed with TOO_SLOW."""

    def __post_init__(self) -> None:
        check_limits(self)


@dataclass(frozen=True, slots=True)
class NetSettings:
    """Where to listen, what to serve, and who may connect."""

    host: str = "127.0.0.1"
    port: int = 8000
    """0: the operating system chooses; `Server.port` has the number."""
    cert: Path | None = None
    """PEM file with the certificate chain. With `key`, https and wss are served instead of http and ws."""
    key: Path | None = None
    """PEM file with the certificate's private key."""
    transport: TransportMode = "polled"
    pace_garbage: bool = False
    """Whether this server runs Python's garbage collector (net/garbage.py), which affects the whole process."""
    network_conditions: NetworkConditions | None = None
    """For development: latency added to every link; None: none."""
    origins: tuple[str, ...] = ()
    """Origins (`https://example.org`) whose pages may connect, besides the server's own. `*` allows all. Any spelling
    is taken; this attribute has the one that browsers send.
    """
    host_names: tuple[str, ...] = ()
    """Names of this server (`play.example.org`), besides `host`, `localhost`, those in `origins`, and all addresses: a
    request that names another host is refused. `*` allows all.
    """
    authenticator: Authenticator | None = None
    """Who may open a link; None: everyone."""
    publish_key: bytes | None = None
    """What a service may send commands to rooms with, as `Authorization: Bearer`; None: only with a token."""
    close_expired_after_s: float | None = None
    """How long after the `exp` of its token's claims a link is closed; None: it stays."""
    web_root: Path | None = None
    """The folder served at `/`, with the package's `/sdk/` beside it; None: the package's own page."""
    page_policy: PagePolicy = AUTHOR
    """What the pages of `web_root` may do."""
    development: bool = False
    """Whether pages get the script that shows what is wrong with the code, and the page for any room is at /dev/. Not
    for players: it shows all that a room replicates, and its author's file names.
    """
    limits: NetLimits = NetLimits()
    uncounted_addresses: tuple[str, ...] = UNCOUNTED_ADDRESSES
    """Addresses and networks without limits for each address: a proxy's, and this machine's."""
    trusted_proxies: tuple[str, ...] = ()
    """Addresses and networks (`10.0.0.0/8`) of proxies whose `X-Forwarded-For` is believed."""
    drain_s: float = 5.0
    """How long stopping may take, from SIGTERM to the end of the process."""
    retry_after_s: float = 2.0
    """How long clients wait before they connect again after the server has stopped."""
    notsent_lowat_bytes: int = 4_096
    """Unsent bytes that the kernel takes for one link. More would be out of date when it leaves: docs/decisions/0007.
    """
    _uncounted: Networks = field(init=False, repr=False, compare=False)
    _trusted: Networks = field(init=False, repr=False, compare=False)
    _host_names: HostNames = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Check what goes together, and read origins and addresses.

        Raises:
            AddressError: an origin, address or network is none.
            ValueError: `cert` without `key`, or the other way round.
        """
        if (self.cert is None) != (self.key is None):
            raise ValueError("cert and key come together: give both, or neither")
        for name, value in (
            ("origins", tuple(map(read_origin, self.origins))),
            ("_uncounted", Networks(self.uncounted_addresses)),
            ("_trusted", Networks(self.trusted_proxies)),
        ):
            object.__setattr__(self, name, value)
        names = HostNames(self.host_names, bound=self.host, origins=self.origins)  # the origins as they were read
        object.__setattr__(self, "_host_names", names)

    def client_address(self, remote: str, hops: Sequence[str]) -> str:
        """Return a client's address in its usual spelling.

        Args:
            remote: the address at the other end of the TCP connection.
            hops: the entries of the request's X-Forwarded-For, in order. Only those of trusted proxies are believed.
        """
        return self._trusted.client_among(remote, hops)

    def answers_to(self, host: str) -> bool:
        """Return whether a request's Host is this server; `host` may have a port."""
        return host in self._host_names

    def connection_key(self, remote: str) -> str:
        """Return the limit key of a connection, before it is known whether a proxy's."""
        return "" if remote in self._trusted else self.limit_key(remote)

    def limit_key(self, address: str) -> str:
        """Return the limit key of a client's address: what the limits for each address count it by, for an IPv6 address
        its /64. "": it is not limited."""
        return "" if address in self._uncounted else client_key(address)
