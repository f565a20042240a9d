"""`gameserver run` with one process: from options to a running server, and from a signal to its end."""

from __future__ import annotations

import signal
import sys
from functools import partial
from typing import TYPE_CHECKING, TextIO

import trio

from gameserver.loading import load_room
from gameserver.net import poller
from gameserver.net.http.shared_page import SharedPage
from gameserver.net.server import Server, serve
from gameserver.ops.logs import configure_logging
from gameserver.ops.metrics import metrics_page
from gameserver.ops.options import address_of, make_hub, make_recordings, make_settings, websocket_address_of
from gameserver.room.kind import kind_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from gameserver.hub.hub import Hub
    from gameserver.net.settings import NetSettings
    from gameserver.ops.options import ServeOptions
    from gameserver.ops.recording_files import Recordings


def serve_forever(options: ServeOptions) -> None:
    """Serve with this process until a signal stops it.

    Raises:
        LoadError: A room class cannot be loaded.
        DeclarationError: A room class cannot be used.
        AuthConfigError: The token settings cannot be used.
        OSError: A file cannot be used, or the server cannot listen.
    """
    kinds = [load_room(spec) for spec in options.rooms]
    hub = make_hub(options, kinds, options.seed)
    settings = make_settings(options)
    configure_logging(options.log_level, options.log_format)
    recordings = make_recordings(hub, options.record)
    beside = _bots(options, kind_of(kinds[0]))
    trio.run(partial(run_hub, hub, settings, recordings=recordings, beside=beside))


def _bots(options: ServeOptions, kind: str) -> Callable[[str], Awaitable[object]] | None:
    """Return what plays the bots, given the server's WebSocket address; None for no bots."""
    play_bots = options.play_bots
    if play_bots is None or not options.bots:
        return None
    return lambda address: play_bots(address, kind, options.bots)


async def run_hub(
    hub: Hub,
    settings: NetSettings,
    *,
    recordings: Recordings | None = None,
    beside: Callable[[str], Awaitable[object]] | None = None,
    title: str = "",
    query: str = "",
) -> None:
    """Serve a hub until a signal stops it.

    Args:
        hub: The rooms.
        settings: Where and how to serve.
        recordings: Written while the server runs.
        beside: Run in a task of its own once the server listens, given its WebSocket address.
        title: What the printed line says is served; the hub's kinds if empty.
        query: Appended to the printed address.
    """
    async with trio.open_nursery() as nursery:
        if recordings is not None:
            nursery.start_soon(recordings.run)
        server = await nursery.start(partial(_serve_until_stopped, hub, settings, nursery))
        await nursery.start(_obey_signals, server, nursery)  # before the printed line says that there is a server
        title = title or f"serving {', '.join(hub.kinds)}"
        print_line(sys.stdout, f"{title} on {address_of(settings, server.port, 'http')}{query}")
        if settings.transport == "polled" and not poller.available():
            print_line(sys.stdout, f"{sys.platform} has no epoll: links use the ordinary transport, with more CPU")
        if settings.network_conditions is not None:
            print_line(sys.stdout, f"every link is slowed down: {settings.network_conditions}")
        if beside is not None:
            nursery.start_soon(beside, websocket_address_of(settings, server.port))


async def _serve_until_stopped(
    hub: Hub, settings: NetSettings, nursery: trio.Nursery, *, task_status: trio.TaskStatus[Server]
) -> None:
    await serve(hub, settings, pages={"/metrics": SharedPage(metrics_page)}, task_status=task_status)
    nursery.cancel_scope.cancel()


async def _obey_signals(server: Server, nursery: trio.Nursery, *, task_status: trio.TaskStatus[None]) -> None:
    """SIGTERM or Ctrl-C drains the server, a second one ends it at once; SIGHUP reads the certificate again."""
    watched = [signal.SIGTERM, signal.SIGINT]
    if hasattr(signal, "SIGHUP"):
        watched.append(signal.SIGHUP)
    with trio.open_signal_receiver(*watched) as signals:
        task_status.started()
        async for number in signals:
            if hasattr(signal, "SIGHUP") and number == signal.SIGHUP:
                server.certificates.reload()
            elif server.draining:
                nursery.cancel_scope.cancel()
            else:
                print_line(sys.stderr, "stopping")
                nursery.start_soon(server.stop)


def print_line(stream: TextIO, line: str) -> None:
    """Write a line and flush it, so that the reader of a pipe gets it at once."""
    stream.write(line + "\n")
    stream.flush()
