"""The server as tasks: in one nursery, a task for each connection and for each tick loop of rooms, and one that looks
at time limits."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import trio

from gameserver.net import poller
from gameserver.net.connection import Connection
from gameserver.net.garbage import pace_garbage
from gameserver.net.http.pages import Pages
from gameserver.net.http.static_files import StaticFiles
from gameserver.net.listeners import accept_forever, open_listeners
from gameserver.net.poller import RoomPoller
from gameserver.net.server_state import ServerState
from gameserver.net.tick_loop import TickLoop, phases
from gameserver.webroot import web_root

if TYPE_CHECKING:
    import socket
    from collections.abc import Mapping, Sequence

    from gameserver.hub.hub import Hub
    from gameserver.net.handoff import Handoff
    from gameserver.net.http.pages import Page
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
        hub.admission.uncounted_addresses = frozenset(settings.uncounted_addresses)
        self.pages = Pages(self, _static_files(settings), pages)
        self._nursery = nursery
        self._connections = 0
        self._phases = phases()
        self._tick_loops: dict[tuple[float, float], TickLoop] = {}

    # -- rooms -------------------------------------------------------------------------------------------------------

    def open_room(self, engine: RoomEngine) -> None:
        """Have a new room woken at its ticks, and give it links to drain."""
        links = None
        if poller.AVAILABLE and self.settings.transport == "drained":
            links = self._room_pollers[engine.id] = RoomPoller(on_close=lambda: self._room_pollers.pop(engine.id))
        beat = engine.tick_s, next(self._phases)
        if beat not in self._tick_loops:
            self._tick_loops[beat] = TickLoop(*beat, self.counters)
            self._nursery.start_soon(self._run_tick_loop, beat)
        self._tick_loops[beat].add(engine, links)

    async def _run_tick_loop(self, beat: tuple[float, float]) -> None:
        try:
            await self._tick_loops[beat].run()
        finally:
            del self._tick_loops[beat]

    # -- connections and links ---------------------------------------------------------------------------------------

    def take_connection(self, sock: socket.socket, peer: str, admitted: Admitted | None = None) -> bool:
        """Start a task for an accepted socket, unless there are too many (False). `admitted`: another worker has let it
        in.
        """
        if self._connections >= self.settings.limits.max_connections:
            self.counters.refused_connections += 1
            sock.close()
            return False
        self.counters.connections += admitted is None
        self._connections += 1
        self._nursery.start_soon(self._run_connection, Connection(self, self.pages, sock, peer, admitted))
        return True

    async def _run_connection(self, connection: Connection) -> None:
        try:
            await connection.run()
        finally:
            self._connections -= 1

    async def check_links(self) -> None:
        """Look at every link's time limits, for ever."""
        due_s = trio.current_time()
        while True:
            due_s = max(due_s + self.hub.limits.look_every_s, trio.current_time())
            await trio.sleep_until(due_s)
            now_s = trio.current_time()
            for link in self.links:
                link.check(now_s)

    # -- the end -----------------------------------------------------------------------------------------------------

    def stop_soon(self) -> None:
        """Begin to stop."""
        self._nursery.start_soon(self.stop)

    async def stop(self) -> None:
        """Let nobody in any more, tell everyone, close every link, and end `serve`. Takes at most `drain_s`."""
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
    """Serve `hub` until cancelled, or until the Server that `task_status` tells is stopped.

    `pages` are more paths than this package knows. `listeners` listen already; without them the settings' address is
    opened. `handoff` makes this process one of several workers. Raises OSError when it cannot listen.
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
                nursery.start_soon(pace_garbage, lambda: server.counters.connections)
            for listener in listeners:
                nursery.start_soon(accept_forever, listener, server.take_connection)
            task_status.started(server)


def _static_files(settings: NetSettings) -> StaticFiles | None:
    try:
        package = web_root()
    except FileNotFoundError:
        return None if settings.web_root is None else StaticFiles(settings.web_root)
    return StaticFiles(package) if settings.web_root is None else StaticFiles(settings.web_root, package)
