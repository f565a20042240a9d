"""Listening and accepted sockets, and TLS: all that is set on a socket before HTTP begins."""

from __future__ import annotations

import contextlib
import errno
import logging
import socket
import ssl
from functools import partial
from typing import TYPE_CHECKING, Any, Final, NoReturn

import trio

from gameserver.hub.waiting import Waiting
from gameserver.net.addresses import one_spelling

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from gameserver.net.settings import NetSettings

log = logging.getLogger("gameserver.net")

BACKLOG: Final = 1_024
"""Connections that the kernel keeps until they are accepted: many players come back at once after a restart."""

_ANY_IPV6: Final = "::"
_ANY_IPV4: Final = "0.0.0.0"
_ABSENT: Final = frozenset({errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL})
"""What says that this machine does not have an address, for example because IPv6 is turned off."""

_ACCEPTS_PER_WAKE: Final = 4
"""Ticks have their turn after so many: accepting one takes up to a millisecond."""
_EXHAUSTED: Final = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
_EXHAUSTED_PAUSE_S: Final = 0.1
"""How long to wait when file descriptors or memory run out: accepting again at once would fail until a connection
ends.
"""


async def open_listeners(settings: NetSettings) -> list[socket.socket]:
    """Listen on every address of the settings' host, on one port.

    `::` stands for all addresses of IPv6 and IPv4, each family on a socket of its own: one socket for both would report
    IPv4 clients in another spelling, and some systems have none. Of a host with several addresses, such as `localhost`,
    those that this machine does not have are left out.

    Returns:
        The listening sockets, at least one.

    Raises:
        OSError: the host has no address here, or one of its addresses cannot be listened on.
    """
    listeners: list[socket.socket] = []
    absent: OSError | None = None
    with contextlib.ExitStack() as stack:
        for family, address in await _addresses_of(settings.host, settings.port):
            port = settings.port or (listeners[0].getsockname()[1] if listeners else 0)
            try:
                listeners.append(_listen(family, (address[0], port, *address[2:])))
            except OSError as error:
                if error.errno not in _ABSENT:
                    raise
                absent = error
            else:
                stack.callback(listeners[-1].close)
        if absent is not None:
            if not listeners:
                raise absent
            log.info("not every address of %s is one of this machine: %s", settings.host, absent)
        stack.pop_all()
    return listeners


async def _addresses_of(host: str, port: int) -> list[tuple[int, tuple[Any, ...]]]:
    """Return the family and socket address of each address of `host`.

    Raises:
        OSError: there is none.
    """
    bare = host.removeprefix("[").removesuffix("]")
    names = (_ANY_IPV6, _ANY_IPV4) if one_spelling(bare) == _ANY_IPV6 else (bare or None,)
    found: list[tuple[int, tuple[Any, ...]]] = [
        (family, address)
        for name in names
        for family, _, _, _, address in await trio.socket.getaddrinfo(
            name, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
    ]
    return list(dict.fromkeys(found))


def _listen(family: int, address: tuple[Any, ...]) -> socket.socket:
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setblocking(False)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listener.bind(address)
        listener.listen(BACKLOG)
    except BaseException:
        listener.close()
        raise
    return listener


async def accept_forever(listener: socket.socket, take: Callable[[socket.socket, str], object]) -> NoReturn:
    """Accept connections, and call `take` with each socket (non-blocking) and the address at its other end."""
    while True:
        await trio.lowlevel.wait_readable(listener)
        try:
            for _ in range(_ACCEPTS_PER_WAKE):
                sock, address = listener.accept()
                sock.setblocking(False)
                take(sock, str(address[0]))
        except BlockingIOError:
            pass
        except OSError as error:
            # Other errors concern a connection that has ended already.
            if error.errno in _EXHAUSTED:
                log.error("cannot accept connections: %s", error)
                await trio.sleep(_EXHAUSTED_PAUSE_S)


def tune(sock: socket.socket, notsent_lowat_bytes: int) -> trio.SocketStream:
    """Configure a connection for small messages with low latency.

    Args:
        sock: accepted and non-blocking.
        notsent_lowat_bytes: how many unsent bytes the kernel takes.

    Returns:
        The socket as a stream.
    """
    stream = trio.SocketStream(trio.socket.from_stdlib_socket(sock))  # sets TCP_NODELAY
    lowat = getattr(socket, "TCP_NOTSENT_LOWAT", None)
    if lowat is not None:
        with contextlib.suppress(OSError):
            sock.setsockopt(socket.IPPROTO_TCP, lowat, notsent_lowat_bytes)
    return stream


class Certificates:
    """The TLS context of new connections, from files that can be read again while the server runs."""

    def __init__(self, settings: NetSettings) -> None:
        """Read the settings' files, if there are any.

        Raises:
            OSError: a file cannot be read, or not be used.
        """
        self._settings = settings
        self.context = self._load()
        """None: connections are not encrypted."""

    def reload(self) -> bool:
        """Read the files again. If they cannot be used, keep the old certificate and return False."""
        try:
            self.context = self._load()
        except OSError as error:
            log.error("the certificate was not reloaded, the old one stays in use: %s", error)
            return False
        log.info("certificate reloaded")
        return True

    def _load(self) -> ssl.SSLContext | None:
        cert, key = self._settings.cert, self._settings.key
        if cert is None or key is None:
            return None
        for path in (cert, key):
            path.read_bytes()  # its error names the file, which the ssl module's does not
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.options |= ssl.OP_NO_RENEGOTIATION  # a client would have the server work, and writes wait for reads
        context.set_alpn_protocols(["http/1.1"])
        try:
            context.load_cert_chain(cert, key)
        except ssl.SSLError as error:  # it names neither file
            problem = f"not a certificate chain in PEM, or {key} is not its private key ({error.reason or error})"
            raise OSError(errno.EINVAL, problem, str(cert)) from None
        return context


class Pending:
    """Bounds the connections that are no link yet. When there are too many, one is closed: of the address that has
    most, the one that has been silent for longest.

    An honest client becomes a link, or gets its page, in a short time, so the others are idle or half-open.
    """

    def __init__(self, limit: int) -> None:
        """Allow `limit` connections at once."""
        self._scopes: Waiting[trio.CancelScope] = Waiting(limit)
        self.evicted = 0

    def __len__(self) -> int:
        return len(self._scopes)

    def evict(self, key: str | None = None) -> bool:
        """Close one connection: of all, or of one address. Return False if there is none."""
        return self._end(self._scopes.pop(key))

    def _end(self, scope: trio.CancelScope | None) -> bool:
        if scope is None:
            return False
        scope.cancel()
        self.evicted += 1
        return True

    @contextlib.contextmanager
    def one(self, key: str) -> Iterator[Callable[[], None]]:
        """Count one connection during the block.

        Args:
            key: the limit key of its address; "": it is not limited.

        Yields:
            A function to call whenever the connection has shown that it is in use.

        Raises:
            trio.TooSlowError: the block was cancelled because a newer connection needed its place.
        """
        with trio.CancelScope() as scope:
            self._end(self._scopes.add(scope, key))
            try:
                yield partial(self._scopes.touch, scope)
            finally:
                self._scopes.discard(scope)
        if scope.cancelled_caught:
            raise trio.TooSlowError
