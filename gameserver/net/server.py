"""The server's tasks: one for each listener, connection and tick loop, and one that checks time limits."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, NoReturn

import trio

from gameserver.net import poller
from gameserver.net.connection import Connection
from gameserver.net.descriptors import Descriptors, max_open_files
from gameserver.net.garbage import pace_garbage
from gameserver.net.http.pages import Pages
from gameserver.net.http.static_files import DEVELOPMENT_SCRIPT, DevelopmentFiles, StaticFiles
from gameserver.net.listeners import accept_forever, open_listeners
from gameserver.net.poller import RoomPoller
from gameserver.net.server_state import ServerState
from gameserver.net.tick_loop import TickLoop, phases
from gameserver.net.work_runner import WorkRunner
from gameserver.webroot import web_root

if TYPE_CHECKING:
    import socket
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from gameserver.hub.hub import Hub
    from gameserver.net.handoff import Handoff
    from gameserver.net.http.pages import Page
    from gameserver.net.http.routes import Handler
    from gameserver.net.http.upgrade import Admitted
    from gameserver.net.settings import NetSettings
    from gameserver.room.engine import RoomEngine


class Server(ServerState):
    """One running server with its tasks, made by `serve`."""

    def __init__(
        self,
        hub: Hub,
        settings: NetSettings,
        nursery: trio.Nursery,
        pages: Mapping[str, Page],
        handoff: Handoff | None = None,
    ) -> None:
        """Make a server that does nothing yet; its tasks will run in `nursery`.

        Args:
            hub: the rooms of this process.
            settings: the operator's.
            nursery: ends when the server stops.
            pages: more paths than this package knows.
            handoff: finds each link's process, if this is one of several.

        Raises:
            OSError: the certificate cannot be read.
            ssl.SSLError: the certificate cannot be used.
        """
        super().__init__(hub, settings, handoff)
        hub.admission.limit_key = settings.limit_key
        self.pages = Pages(self, _static_files(settings), pages, _development_files(settings))
        self._nursery = nursery
        self._connections = 0
        self._descriptors = Descriptors(max_open_files(), settings.limits.max_connections)
        self._descriptors.log_if_fewer()
        hub.admission.lower_max_rooms(self._descriptors.max_rooms)
        self._phases = phases()
        self._reading_budget = poller.ReadingBudget()
        self._tick_loops: dict[tuple[float, float], TickLoop] = {}
        runner = WorkRunner(nursery)
        hub.run_work = runner.start
        hub.run_effects_with(runner.start_effect)

    # -- rooms -------------------------------------------------------------------------------------------------------

    def open_room(self, engine: RoomEngine) -> None:
        """Add a new room to the tick loop of its tick and phase, with a poller for its links."""
        room_poller = None
        if poller.available() and self.settings.transport == "polled":
            room_poller = RoomPoller(lambda: self._room_pollers.pop(engine.id), engine.tick_s, self._reading_budget)
            self._room_pollers[engine.id] = room_poller
        tick_and_phase = engine.tick_s, next(self._phases)
        if tick_and_phase not in self._tick_loops:
            self._tick_loops[tick_and_phase] = TickLoop(*tick_and_phase, self.counters)
            self._nursery.start_soon(self._run_tick_loop, tick_and_phase)
        self._tick_loops[tick_and_phase].add(engine, room_poller)

    async def _run_tick_loop(self, tick_and_phase: tuple[float, float]) -> None:
        try:
            await self._tick_loops[tick_and_phase].run()
        finally:
            del self._tick_loops[tick_and_phase]

    # -- connections and links ---------------------------------------------------------------------------------------

    def take_connection(
        self, sock: socket.socket, remote: str, admitted: Admitted | None = None, begun: bytes = b""
    ) -> bool:
        """Start the task of an accepted socket.

        Args:
            sock: accepted and non-blocking.
            remote: the address at the other end of the TCP connection.
            admitted: the link on this socket, when another process has let it in and handed it over.
            begun: what another process has read of it before it handed it over: a request.

        Returns:
            False when there are too many connections, of this address or in all: the socket is closed.
        """
        is_new = admitted is None and not begun
        key = self.settings.connection_key(remote) if is_new else ""
        tls = self.certificates.context is not None
        if not self._has_place_for(key) or not self.clients.connect(key, trio.current_time(), tls=tls):
            self.counters.refused_connections += 1
            sock.close()
            return False
        self.counters.connections += is_new
        self._connections += 1
        connection = Connection(self, self.pages, sock, remote, key, admitted, begun)
        self._nursery.start_soon(self._run_connection, connection, key)
        return True

    def _has_place_for(self, key: str) -> bool:
        """Whether there is a place for one more connection; one that is no link may have been closed for it."""
        limits = self.settings.limits
        if key and self.clients.connections(key) >= limits.max_connections_per_address:
            return self.pending.evict(key)
        allowed = self._descriptors.max_connections(len(self.hub.rooms))
        return self._connections < allowed or self.pending.evict()

    async def _run_connection(self, connection: Connection, key: str) -> None:
        try:
            await connection.run()
        finally:
            self._connections -= 1
            self.clients.disconnect(key)

    async def check_links(self) -> NoReturn:
        """Have every link apply its time limits, again and again."""
        due_s = trio.current_time()
        while True:
            due_s = max(due_s + self.hub.limits.check_every_s, trio.current_time())
            await trio.sleep_until(due_s)
            now_s = trio.current_time()
            for link in self.links:
                link.check(now_s)

    # -- routes ------------------------------------------------------------------------------------------------------

    def add_route(self, method: str, path: str, handler: Handler, *, token: bool) -> None:
        """Answer requests with a handler of the author's own; see `Routes.add`.

        Raises:
            TypeError: the handler is no async function.
            ValueError: the method or path cannot be, or is taken.
        """
        if self.pages.owns(path):
            raise ValueError(f"the server itself answers at {path}")
        self.routes.add(method, path, handler, token=token)

    # -- stopping ----------------------------------------------------------------------------------------------------

    def stop_now(self) -> None:
        """End `serve` at once."""
        self.draining = True
        self._nursery.cancel_scope.cancel()

    def stop_soon(self) -> None:
        """Start to stop, and return at once."""
        self._nursery.start_soon(self.stop)

    async def stop(self) -> None:
        """Let no more links in, send NOTICE `draining`, close every link, and end `serve`: all within `drain_s`."""
        if self.draining:
            return
        self.draining = True
        with trio.move_on_after(self.settings.drain_s):
            self.hub.drain(self.settings.retry_after_s)
            await self.wait_until_no_links()
        self._nursery.cancel_scope.cancel()


async def serve(
    hub: Hub,
    settings: NetSettings,
    *,
    pages: Mapping[str, Page] | None = None,
    listeners: Sequence[socket.socket] | None = None,
    handoff: Handoff | None = None,
    task_status: trio.TaskStatus[Server] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Serve `hub` until cancelled, or until the server is stopped.

    Args:
        hub: the rooms of this process.
        settings: the operator's.
        pages: more paths than this package knows.
        listeners: sockets that listen already; without them, those of the settings' address are opened.
        handoff: finds each link's process, if this is one of several.
        task_status: gets the Server once it accepts connections.

    Raises:
        OSError: an address cannot be listened on, or the certificate cannot be read.
        ssl.SSLError: the certificate cannot be used.
    """
    if listeners is None:
        listeners = await open_listeners(settings)
    with contextlib.ExitStack() as stack:
        for listener in listeners:
            stack.callback(listener.close)
        async with trio.open_nursery() as nursery:
            server = Server(hub, settings, nursery, pages or {}, handoff)
            server.port = listeners[0].getsockname()[1]
            hub.on_room_opened = server.open_room
            for engine in hub.rooms.values():
                server.open_room(engine)
            nursery.start_soon(server.check_links)
            if settings.pace_garbage:
                nursery.start_soon(pace_garbage, lambda: server.counters.connections, lambda: len(server.links))
            for listener in listeners:
                nursery.start_soon(accept_forever, listener, server.take_connection)
            task_status.started(server)


def _package_root() -> Path | None:
    try:
        return web_root()
    except FileNotFoundError:
        return None


def _static_files(settings: NetSettings) -> StaticFiles | None:
    package = _package_root()
    script = DEVELOPMENT_SCRIPT if settings.development and package is not None else ""
    if settings.web_root is not None:
        return StaticFiles(settings.web_root, settings.page_policy, package=package, script=script)
    return None if package is None else StaticFiles(package, script=script)


def _development_files(settings: NetSettings) -> DevelopmentFiles | None:
    package = _package_root() if settings.development else None
    return None if package is None else DevelopmentFiles(package)
