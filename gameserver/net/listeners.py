"""Listening sockets, accepted ones, and TLS: everything that is set on a socket before anybody speaks on it."""

from __future__ import annotations

import contextlib
import errno
import logging
import socket
import ssl
from typing import TYPE_CHECKING, Final, NoReturn

import trio

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from gameserver.net.settings import NetSettings

log = logging.getLogger("gameserver.net")

BACKLOG: Final = 1_024
"""Connections that the kernel keeps until they are accepted: a rush of players after a restart."""

_ACCEPTS_PER_WAKE: Final = 64
_EXHAUSTED: Final = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
_EXHAUSTED_PAUSE_S: Final = 0.1
"""Out of file descriptors: accepting again at once would only spin until a connection ends."""


async def open_listeners(settings: NetSettings) -> list[socket.socket]:
    """Bind every address that the host's name has, all on one port. Raises OSError when none, or one of them, cannot
    be had.
    """
    found = await trio.socket.getaddrinfo(
        settings.host or None, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )
    listeners: list[socket.socket] = []
    try:
        port = settings.port
        for family, address in dict.fromkeys((family, address) for family, _, _, _, address in found):
            listeners.append(_listen(family, (address[0], port, *address[2:])))
            port = port or listeners[0].getsockname()[1]
    except BaseException:
        for listener in listeners:
            listener.close()
        raise
    return listeners


def _listen(family: int, address: tuple[str | int, ...]) -> socket.socket:
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
    """Hand each accepted socket (non-blocking) and its peer's address to `take`."""
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
            # All else that accept() reports is about a connection that is gone already.
            if error.errno in _EXHAUSTED:
                log.error("cannot accept: %s", error)
                await trio.sleep(_EXHAUSTED_PAUSE_S)


def tune(sock: socket.socket, notsent_lowat_bytes: int) -> trio.SocketStream:
    """Set a connection up for small messages that must not wait, and wrap it."""
    stream = trio.SocketStream(trio.socket.from_stdlib_socket(sock))  # sets TCP_NODELAY
    lowat = getattr(socket, "TCP_NOTSENT_LOWAT", None)
    if lowat is not None:
        with contextlib.suppress(OSError):
            sock.setsockopt(socket.IPPROTO_TCP, lowat, notsent_lowat_bytes)
    return stream


class Certificates:
    """The TLS context for new connections, from files that can be read again while the server runs."""

    def __init__(self, settings: NetSettings) -> None:
        """Raises OSError or ssl.SSLError when the files cannot be used."""
        self._settings = settings
        self.context = self._load()

    def reload(self) -> bool:
        """Read the files again. When they cannot be used, the old certificate stays, and False is returned."""
        try:
            self.context = self._load()
        except (OSError, ssl.SSLError) as error:
            log.error("the certificate was not reloaded: %s", error)
            return False
        log.info("certificate reloaded")
        return True

    def _load(self) -> ssl.SSLContext | None:
        cert, key = self._settings.cert, self._settings.key
        if cert is None or key is None:
            return None
        for path in (cert, key):
            path.read_bytes()  # raises with the file's name, which the ssl module does not say
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.set_alpn_protocols(["http/1.1"])
        context.load_cert_chain(cert, key)
        return context


class Pending:
    """Who holds a connection open without saying anything loses it first when there are too many: who means well is
    through in no time.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._scopes: dict[trio.CancelScope, None] = {}  # oldest first
        self.evicted = 0

    def __len__(self) -> int:
        return len(self._scopes)

    @contextlib.contextmanager
    def one(self) -> Iterator[None]:
        """Hold one place. Evicted, the block is cancelled and ends with trio.TooSlowError."""
        if len(self._scopes) >= self._limit:
            oldest = next(iter(self._scopes))
            del self._scopes[oldest]
            oldest.cancel()
            self.evicted += 1
        with trio.CancelScope() as scope:
            self._scopes[scope] = None
            try:
                yield
            finally:
                self._scopes.pop(scope, None)
        if scope.cancelled_caught:
            raise trio.TooSlowError
