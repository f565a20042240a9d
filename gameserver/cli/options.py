"""Defaults and groups of options that several commands share.

A group is a dataclass whose fields are options of the command that takes it: `run` and `dev` read theirs from there.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path  # noqa: TC003 - the command line's parser reads the annotations
from typing import TYPE_CHECKING, Any, Final

from cyclopts import Parameter

from gameserver.cli.config import ORIGINS
from gameserver.cli.errors import check_port, fail
from gameserver.net.addresses import AddressError, read_host_name, read_network, read_origin
from gameserver.net.http.policy import AUTHOR, Coep, Coop, PagePolicy, PolicyError
from gameserver.net.network_simulator import NetworkConditions, read_conditions
from gameserver.net.settings import UNCOUNTED_ADDRESSES, TransportMode

if TYPE_CHECKING:
    from collections.abc import Callable

DEFAULT_ROOM: Final = "gameserver.games.arena:Arena"
SHIPPED_ROOMS: Final = (
    DEFAULT_ROOM,
    "gameserver.games.hockey:Hockey",
    "gameserver.games.board:Board",
    "gameserver.games.chat:Chat",
    "gameserver.games.dashboard:Dashboard",
    "gameserver.games.notifications:Notifications",
)
"""The rooms of the pages in `client_demo/gallery/`. The first has the page at the root, and the bots."""
DEFAULT_PORT: Final = 8000


def check_addresses(option: str, read: Callable[[str], object], texts: tuple[str, ...]) -> None:
    """Check each text of an option.

    Args:
        option: Its name, with underscores.
        read: Reads a text, or raises AddressError.
        texts: What the option has.

    Raises:
        SystemExit: One cannot be read.
    """
    for text in texts:
        try:
            read(text)
        except AddressError as error:
            fail(ORIGINS.describe(option, error, flag=True))


def check_least(option: str, value: int, least: int) -> None:
    """Check that a number is not too small.

    Raises:
        SystemExit: It is.
    """
    if value < least:
        fail(f"{ORIGINS.place(option, value)}: write a number from {least} up")


def check_file(option: str, path: Path | None) -> None:
    """Check that a file is there, if the option names one.

    Raises:
        SystemExit: It is not.
    """
    if path is not None and not path.is_file():
        fail(f"{ORIGINS.place(option, path)}: no such file")


def check_web(web: Path | None) -> None:
    """Check that the folder with the page is there, if the option names one.

    Raises:
        SystemExit: It is not.
    """
    if web is not None and not web.is_dir():
        fail(f"{ORIGINS.place('web', web)}: no such folder")


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class ListenOptions:
    """Where the server listens, and how it reads."""

    host: str = "127.0.0.1"
    """Address or name to listen on; 0.0.0.0 for all IPv4 addresses, :: for all of IPv6 and IPv4."""
    port: int = DEFAULT_PORT
    """TCP port for HTTP and WebSocket; 0 picks a free one."""
    cert: Path | None = None
    """PEM file with the TLS certificate chain, to serve https and wss. SIGHUP reads it again."""
    key: Path | None = None
    """PEM file with the certificate's private key."""
    transport: TransportMode = "polled"
    """How links are read: by their room once a tick, or by a task each, which is slower."""

    def check(self) -> None:
        """Check them.

        Raises:
            SystemExit: One has a value that cannot be, or names a file that is not there.
        """
        check_port(self.port)
        if (self.cert is None) != (self.key is None):
            fail("--cert and --key come together: give both, or neither")
        check_file("cert", self.cert)
        check_file("key", self.key)


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class AccessOptions:
    """Who may connect, and send commands."""

    origin: tuple[str, ...] = ()
    """Origin of a page that may connect, besides the server's own, such as https://play.example.org; * for all. Can be
    repeated."""
    host_name: tuple[str, ...] = ()
    """Name by which browsers know the server, such as play.example.org; * for any. Without it, this machine's own name.
    Addresses, localhost and the hosts of --origin are known in any case. Can be repeated."""
    auth: Path | None = None
    """TOML file with the token settings; see docs/guide/operate.md."""
    publish_key: Path | None = None
    """File with a secret of at least 32 bytes; whoever has it may send commands to rooms over HTTP, as
    `gameserver publish` does."""
    trusted_proxy: tuple[str, ...] = ()
    """Address of a proxy whose X-Forwarded-For is believed, or a network such as 10.0.0.0/8. Can be repeated."""
    uncounted_address: tuple[str, ...] = UNCOUNTED_ADDRESSES
    """Address or network without the limits for each address; loopback if none is given. Can be repeated."""

    def check(self) -> None:
        """Check them.

        Raises:
            SystemExit: One has a value that cannot be, or names a file that is not there.
        """
        check_addresses("origin", read_origin, self.origin)
        check_addresses("host_name", read_host_name, self.host_name)
        check_addresses("trusted_proxy", read_network, self.trusted_proxy)
        check_addresses("uncounted_address", read_network, self.uncounted_address)
        check_file("auth", self.auth)
        check_file("publish_key", self.publish_key)


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class PageOptions:
    """The author's page, and what it may do."""

    web: Path | None = None
    """Folder with your own page, served at /; the SDK stays at /sdk/."""
    csp: str | None = None
    """With --web: the page's Content-Security-Policy, or none; see docs/guide/operate.md."""
    coop: Coop | None = None
    """With --web: the page's Cross-Origin-Opener-Policy."""
    coep: Coep | None = None
    """With --web: the page's Cross-Origin-Embedder-Policy; require-corp, with --coop same-origin, for threads in
    WebAssembly."""

    def policy(self) -> PagePolicy:
        """Return what the page may do.

        Raises:
            SystemExit: There is no page, or a header that cannot be sent.
        """
        check_web(self.web)
        given = {"csp": self.csp, "coop": self.coop, "coep": self.coep}
        changes: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
        if changes and self.web is None:
            fail(f"--{next(iter(changes))} is for the page of --web")
        try:
            return replace(AUTHOR, **changes)
        except PolicyError as error:
            fail(f"--csp {error}")


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkOptions:
    """What links are slowed down by."""

    lag: float = 0.0
    """For development: milliseconds of latency added to every link, in each direction."""
    jitter: float = 0.0
    """For development: milliseconds by which the added latency varies, up and down."""
    stall: str | None = None
    """For development: MS/EVERY_S; 500/10 holds all data back for 500 ms every 10 s."""

    def conditions(self) -> NetworkConditions | None:
        """Return the conditions; None: links are as they are.

        Raises:
            SystemExit: An option has a value that cannot be.
        """
        try:
            return read_conditions(self.lag, self.jitter, self.stall)
        except ValueError as error:
            fail(ORIGINS.describe(next(filter(ORIGINS.has, ("lag", "jitter", "stall")), "lag"), error))
