"""A server that runs inside of a program, and what the program gets of it."""

from __future__ import annotations

import math
import signal
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Final

import trio

from gameserver.hub.room_handles import Rooms
from gameserver.net.http.shared_page import SharedPage
from gameserver.net.identities import read_identity
from gameserver.net.server import serve
from gameserver.ops.metrics import metrics_page
from gameserver.ops.options import address_of, log_what_would_last, websocket_address_of
from gameserver.room.player import check_ban_time

if TYPE_CHECKING:
    import socket
    from collections.abc import AsyncIterator, Callable, Mapping, Sequence
    from typing import TypeVar

    from gameserver.hub.bans import Ban
    from gameserver.hub.hub import Hub
    from gameserver.net.http.pages import Page
    from gameserver.net.http.routes import Handler
    from gameserver.net.server import Server
    from gameserver.net.settings import NetSettings
    from gameserver.ops.lasting import Lasting
    from gameserver.ops.recording_files import Recordings

    H = TypeVar("H", bound=Handler)

BY_PROGRAM: Final = "program"
"""Who bans, in the audit log, where the program that the server is a part of does."""


class GameServer:
    """A server that runs. Made by `open_server`.

    Args:
        server: Its tasks.
        settings: The operator's.
        stopped: Set when it has ended.
    """

    def __init__(self, server: Server, settings: NetSettings, stopped: trio.Event) -> None:
        self._server = server
        self._settings = settings
        self._stopped = stopped
        self.rooms = Rooms(server.hub)
        """The rooms: find one, make one, send one a command."""

    @property
    def port(self) -> int:
        """The port on which it listens."""
        return self._server.port

    @property
    def url(self) -> str:
        """The address of its pages, as a browser on this machine finds them; it ends with `/`."""
        return address_of(self._settings, self.port, "http")

    @property
    def websocket_url(self) -> str:
        """The address to which clients on this machine connect."""
        return websocket_address_of(self._settings, self.port)

    @property
    def stopping(self) -> bool:
        """Whether it has begun to stop: nobody new comes in."""
        return self._server.draining

    def ban(self, who: str, reason: str = "", seconds: float | None = None) -> None:
        """Ban a player: remove it from its rooms, and refuse it. With `data` the ban outlives the process.

        Args:
            who: `sub:NAME`, the subject of its token; or `address:ADDRESS`, which keeps out all who share it.
            reason: What the player is sent.
            seconds: For how long; None: for good.

        Raises:
            TypeError: `seconds` is not a number.
            ValueError: `who` is none of these, or `seconds` is not above 0.
        """
        banned_s = check_ban_time(seconds)
        for_s = None if banned_s == math.inf else banned_s
        self._server.hub.moderation.ban(read_identity(who), reason, for_s, BY_PROGRAM)

    def unban(self, who: str) -> bool:
        """Let a player in again.

        Args:
            who: Whom, as `ban` takes it.

        Returns:
            Whether it was banned.

        Raises:
            ValueError: `who` is neither a subject nor an address.
        """
        return self._server.hub.moderation.bans.unban(read_identity(who), BY_PROGRAM)

    def bans(self) -> list[Ban]:
        """Return the bans that are in force; those that end first come first.

        Returns:
            Each with `who`, `reason` and `until`: seconds since 1970, or None for good.
        """
        return self._server.hub.moderation.bans.in_force()

    def route(self, method: str, path: str, *, token: bool = True) -> Callable[[H], H]:
        """Have an async function answer requests: `@server.route("POST", "/hooks/score")`.

        The function gets a `Request`, and returns a text, bytes, what JSON can hold, a `Response`, or None. What it
        raises is logged, and the client gets 500. It is cancelled when the client leaves or the server stops.

        Args:
            method: GET, POST, PUT, PATCH or DELETE; GET also answers HEAD.
            path: The path, exactly, without a query.
            token: Whether a request needs a valid token where `auth` is set, as players do. False for those who have
                none, such as another service: check `request.headers` yourself.

        Returns:
            What takes the function, and returns it unchanged.

        Raises:
            TypeError: The function is not async.
            ValueError: The method or path cannot be, or is taken.
        """

        def add(handler: H) -> H:
            self._server.add_route(method, path, handler, token=token)
            return handler

        return add

    async def stop(self) -> None:
        """Stop: let nobody in, notify all clients, close all links, and free the port; within five seconds."""
        self._stop_soon()
        await self._stopped.wait()

    def _stop_soon(self) -> None:
        """Begin to stop, in the server's own tasks: it goes on if the caller is cancelled."""
        if not (self._stopped.is_set() or self._server.draining):
            self._server.stop_soon()

    async def wait_stopped(self) -> None:
        """Return when the server has stopped."""
        await self._stopped.wait()

    async def serve_until_signal(
        self,
        on_stop: Callable[[], object] | None = None,
        *,
        task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED,
    ) -> None:
        """Serve until the process gets SIGTERM or Ctrl-C, and stop.

        A second signal ends the server at once; SIGHUP reads its certificate again.

        Args:
            on_stop: Called when it begins to stop because of a signal; None: nothing is.
            task_status: Started when signals are obeyed.
        """
        async with trio.open_nursery() as nursery:
            await nursery.start(self._obey_signals, on_stop)
            task_status.started()
            await self._stopped.wait()
            nursery.cancel_scope.cancel()

    async def _obey_signals(self, on_stop: Callable[[], object] | None, *, task_status: trio.TaskStatus[None]) -> None:
        server = self._server
        watched = [signal.SIGTERM, signal.SIGINT]
        if hasattr(signal, "SIGHUP"):
            watched.append(signal.SIGHUP)
        with trio.open_signal_receiver(*watched) as signals:
            task_status.started()
            async for number in signals:
                if hasattr(signal, "SIGHUP") and number == signal.SIGHUP:
                    server.certificates.reload()
                elif server.draining:
                    server.stop_now()
                else:
                    if on_stop is not None:
                        on_stop()
                    self._stop_soon()


@asynccontextmanager
async def open_hub(
    hub: Hub,
    settings: NetSettings,
    recordings: Recordings | None = None,
    lasting: Lasting | None = None,
    *,
    pages: Mapping[str, Page] | None = None,
    listeners: Sequence[socket.socket] | None = None,
) -> AsyncIterator[GameServer]:
    """Serve a hub during the block. At its end the server stops: at once if the block raises, else as `stop` does.

    Args:
        hub: The rooms.
        settings: Where and how to serve.
        recordings: Written while the server runs.
        lasting: Restores the rooms that last, before anybody connects, and keeps them while the server runs.
        pages: More paths that are answered.
        listeners: Sockets that listen already; without them, those of the settings' address are opened.

    Yields:
        The server, which accepts connections.

    Raises:
        OSError: The server cannot listen, or a file cannot be read.
        StoreError: What was stored cannot be read.
    """
    if lasting is not None:
        lasting.restore(trio.current_time())
    stopped = trio.Event()
    failure: BaseException | None = None
    async with trio.open_nursery() as nursery:
        if recordings is not None:
            nursery.start_soon(recordings.run)
        if lasting is not None:
            nursery.start_soon(lasting.run)
        try:
            run = partial(_serve, hub, settings, stopped, pages or {}, listeners)
            server = GameServer(await nursery.start(run), settings, stopped)
            if lasting is None:
                log_what_would_last(hub)
            yield server
            await server.stop()
        except trio.Cancelled:
            raise
        except BaseException as error:  # leaves as it is, and not in the nursery's group
            failure = error
        nursery.cancel_scope.cancel()
    if failure is not None:
        raise failure


async def _serve(
    hub: Hub,
    settings: NetSettings,
    stopped: trio.Event,
    pages: Mapping[str, Page],
    listeners: Sequence[socket.socket] | None,
    *,
    task_status: trio.TaskStatus[Server],
) -> None:
    more: dict[str, Page] = {"/metrics": SharedPage(metrics_page), **pages}
    try:
        await serve(hub, settings, pages=more, listeners=listeners, task_status=task_status)
    finally:
        stopped.set()
