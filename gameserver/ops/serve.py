"""`gameserver run` with one process: from options to a running server, and from a signal to its end."""

from __future__ import annotations

import sys
from functools import partial
from typing import TYPE_CHECKING, TextIO

import trio

from gameserver.loading import load_room
from gameserver.net import poller
from gameserver.ops.game_server import open_hub
from gameserver.ops.logs import configure_logging
from gameserver.ops.options import make_hub, make_lasting, make_recordings, make_settings
from gameserver.room.kind import kind_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from gameserver.hub.hub import Hub
    from gameserver.net.settings import NetSettings
    from gameserver.ops.lasting import Lasting
    from gameserver.ops.options import ServeOptions
    from gameserver.ops.recording_files import Recordings


def serve_forever(options: ServeOptions) -> None:
    """Serve with this process until a signal stops it.

    Raises:
        LoadError: A room class cannot be loaded.
        DeclarationError: A room class cannot be used.
        AuthConfigError: The token settings cannot be used.
        OSError: A file cannot be used, or the server cannot listen.
        StoreError: The folder for data cannot be used.
    """
    kinds = [load_room(spec) for spec in options.rooms]
    hub = make_hub(options, kinds, options.seed)
    settings = make_settings(options)
    configure_logging(options.log_level, options.log_format)
    recordings = make_recordings(hub, options.record)
    lasting = make_lasting(hub, options.data)
    beside = _bots(options, kind_of(kinds[0]))
    trio.run(partial(run_hub, hub, settings, recordings=recordings, lasting=lasting, beside=beside))


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
    lasting: Lasting | None = None,
    beside: Callable[[str], Awaitable[object]] | None = None,
    title: str = "",
    query: str = "",
) -> None:
    """Serve a hub until a signal stops it.

    Args:
        hub: The rooms.
        settings: Where and how to serve.
        recordings: Written while the server runs.
        lasting: Keeps the rooms that last.
        beside: Run in a task of its own once the server listens, given its WebSocket address.
        title: What the printed line says is served; the hub's kinds if empty.
        query: Appended to the printed address.
    """
    async with open_hub(hub, settings, recordings, lasting) as server, trio.open_nursery() as nursery:
        # Signals are obeyed before the printed line says that there is a server.
        await nursery.start(server.serve_until_signal, partial(print_line, sys.stderr, "stopping"))
        title = title or f"serving {', '.join(hub.kinds)}"
        print_line(sys.stdout, f"{title} on {server.url}{query}")
        if settings.transport == "polled" and not poller.available():
            print_line(sys.stdout, f"{sys.platform} has no epoll: links use the ordinary transport, with more CPU")
        if settings.network_conditions is not None:
            print_line(sys.stdout, f"every link is slowed down: {settings.network_conditions}")
        if beside is not None:
            nursery.start_soon(beside, server.websocket_url)
        await server.wait_stopped()
        nursery.cancel_scope.cancel()


def print_line(stream: TextIO, line: str) -> None:
    """Write a line and flush it, so that the reader of a pipe gets it at once."""
    stream.write(line + "\n")
    stream.flush()
