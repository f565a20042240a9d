"""What the operator decides about sockets, HTTP and links. Frozen: a running server's settings never change under it.

Limits of the protocol itself (message size, rates, time-outs of a session) are `gameserver.protocol.constants.Limits`;
here stand those that exist only because there are sockets.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from pathlib import Path

    from gameserver.net.http.auth import Authenticator
    from gameserver.net.network_simulator import Lag

Transport: TypeAlias = Literal["drained", "ordinary"]
"""How a link in a room is read: by its room once a tick, or by a task of its own."""


@dataclass(frozen=True, slots=True)
class NetLimits:
    """What a client can make grow before and below the protocol. Units are in the names."""

    max_head_bytes: int = 16_384
    """Request line and headers. A JWT and cookies fit; browsers' own limit is higher, attackers' lower."""
    head_timeout_s: float = 5.0
    """From the first byte of a request to the end of its head. A slow network needs two round trips."""
    idle_timeout_s: float = 15.0
    """How long a kept-alive HTTP connection may wait for its next request."""
    response_timeout_s: float = 30.0
    """How long a response may take to leave: 100 KB at 3 KB/s."""
    tls_timeout_s: float = 5.0
    """The TLS handshake."""
    upgrade_timeout_s: float = 5.0
    """From an accepted upgrade request to a WebSocket, the authenticator's answer included."""
    close_timeout_s: float = 2.0
    """How long a link may take to finish closing, whatever its peer does."""
    max_requests: int = 100
    """Requests on one kept-alive connection."""
    max_connections: int = 10_000
    """Sockets at once, of any kind. Beyond it, new ones are closed unread."""
    max_pending: int = 1_024
    """Connections at once that are not links: reading heads, answering HTTP, shaking hands. Beyond it, new ones are
    closed.
    """
    max_links_per_address: int = 64
    """Links from one address; `NetSettings.uncounted_addresses` are free of it."""
    max_wire_message_bytes: int = 65_536
    """What the WebSocket layer takes before it closes with 1009. Between `Limits.max_message_bytes` and this, the
    protocol's own 4006 tells the developer more.
    """
    max_partial_frames_per_s: float = 50.0
    """Pings, pongs and fragments from one link: they cost time, and no message limit sees them."""
    max_partial_frames_burst: float = 200.0
    max_queued_bytes: int = 131_072
    """Bytes of messages that must not be lost, waiting for a link to take them. Beyond it: TOO_SLOW."""


@dataclass(frozen=True, slots=True)
class NetSettings:
    """Where to listen, what to serve, whom to let in."""

    host: str = "127.0.0.1"
    port: int = 8000
    """0: the operating system chooses; the server says which."""
    cert: Path | None = None
    """PEM file with the certificate chain. With `key`, https and wss are served instead of http and ws."""
    key: Path | None = None
    transport: Transport = "drained"
    pace_garbage: bool = False
    """Whether this server decides when Python's garbage collector runs, which is a matter of the whole process."""
    lag: Lag | None = None
    """For development: latency that every link gets on top of its own."""
    origins: tuple[str, ...] = ()
    """Origins (`https://example.org`) whose pages may connect, besides the server's own. `*` lets in all."""
    authenticator: Authenticator | None = None
    """Who may open a link; None: everyone."""
    web_root: Path | None = None
    """The folder served at `/`, with the package's `/sdk/` and `/vendor/` beside it; None: the package's own page."""
    limits: NetLimits = NetLimits()
    uncounted_addresses: tuple[str, ...] = ("127.0.0.1", "::1")
    """Addresses that `max_links_per_address` leaves alone: a proxy's, and this machine's."""
    trusted_proxies: tuple[str, ...] = ()
    """Addresses whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed."""
    drain_s: float = 5.0
    """From SIGTERM to the end of the process, at most."""
    retry_after_s: float = 2.0
    """When clients are told to come back after a drain."""
    notsent_lowat_bytes: int = 4_096
    """Unsent bytes the kernel takes for one link: what waits there is stale when it leaves. See docs/decisions/0007."""

    def __post_init__(self) -> None:
        if (self.cert is None) != (self.key is None):
            raise ValueError("cert and key come together: give both, or neither")
