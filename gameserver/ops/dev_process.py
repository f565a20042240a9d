"""One process of `gameserver dev`: `python -m gameserver.ops.dev_process CONTROL LISTENER…`.

It loads the code, says whether that worked, and waits. Meanwhile the process before still serves: an error in the new
code costs the players nothing. When that one has saved its rooms and has ended, this one restores them and serves, on
the same listening sockets, so that no connection is refused in between.
"""

from __future__ import annotations

import logging
import pickle
import signal
import socket
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import trio

from gameserver.loading import authors_files, load_room
from gameserver.ops.dev_lasting import DevLasting
from gameserver.ops.dev_messages import Failed, Loaded, Serve, Serving, Shown, Start, Stop, ToChild
from gameserver.ops.dev_pages import DevPages, FailedRules, problem_of
from gameserver.ops.game_server import open_hub
from gameserver.ops.logs import configure_logging
from gameserver.ops.options import make_hub, make_settings
from gameserver.room.kind import kind_of
from gameserver.state.assignments import check_assignments
from gameserver.store.sqlite import open_store, signing_key_of
from gameserver.workers.pipe import Pipe

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gameserver.hub.hub import Hub
    from gameserver.net.settings import NetSettings
    from gameserver.ops.game_server import GameServer
    from gameserver.ops.options import ServeOptions

RETRY_AFTER_S: Final = 0.05
"""Nobody else's clients come back with the author's: they need not be spread."""


def main() -> None:
    """Run the process that the command line's file descriptors belong to."""
    # Ctrl-C reaches the whole process group, and the command has its processes stop.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    control, *listeners = [socket.socket(fileno=int(argument)) for argument in sys.argv[1:]]
    control.setblocking(False)
    trio.run(_run, control, listeners)


async def _run(control: socket.socket, listeners: Sequence[socket.socket]) -> None:
    pipe = Pipe[ToChild](control, ToChild)
    received = await pipe.receive()
    if received is None:
        return  # the command has ended already
    start = received[0]
    assert isinstance(start, Start)
    options: ServeOptions = pickle.loads(start.options)
    configure_logging(options.log_level, options.log_format)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(pipe.send_posted)
        try:
            hub, settings = _load(options)
        except (Exception, SystemExit) as error:
            pipe.post(Failed(problem_of(error), authors_files()))
            await pipe.receive()  # the other end closes when it has read this
        else:
            pipe.post(Loaded(list(hub.kinds), authors_files()))
            await _serve_in_turn(pipe, hub, settings, options, listeners)
        nursery.cancel_scope.cancel()


def _load(options: ServeOptions) -> tuple[Hub, NetSettings]:
    """Load the code, and have a wrong value found where it is assigned. What this raises is the author's to mend."""
    hub = make_hub(options, [load_room(spec) for spec in options.rooms], options.seed)
    for kind in hub.all_kinds.values():
        check_assignments(kind.schema.entities)
    return hub, replace(make_settings(options), retry_after_s=RETRY_AFTER_S)


async def _serve_in_turn(
    pipe: Pipe[ToChild],
    hub: Hub,
    settings: NetSettings,
    options: ServeOptions,
    listeners: Sequence[socket.socket],
) -> None:
    received = await pipe.receive()
    if received is None or not isinstance(received[0], Serve):
        return  # the code has changed again
    pages = DevPages(received[0].shown, hub.kinds)
    logging.getLogger().addHandler(FailedRules(pages))
    data = options.data
    assert data is not None
    lasting = DevLasting(hub, open_store(data), signing_key_of(data))
    async with open_hub(hub, settings, lasting=lasting, pages=pages.table, listeners=listeners) as server:
        pipe.post(Serving(len(hub.rooms)))
        async with trio.open_nursery() as nursery:
            _start_bots(nursery, server, options, hub)
            await _obey(pipe, server, pages)
            nursery.cancel_scope.cancel()


def _start_bots(nursery: trio.Nursery, server: GameServer, options: ServeOptions, hub: Hub) -> None:
    if options.play_bots is not None and options.bots and hub.kinds:
        kind = kind_of(load_room(options.rooms[0]))
        nursery.start_soon(options.play_bots, server.websocket_url, kind, options.bots)


async def _obey(pipe: Pipe[ToChild], server: GameServer, pages: DevPages) -> None:
    """Do what the command says until the server has stopped; also when the command is gone."""
    while (received := await pipe.receive()) is not None:
        match received[0]:
            case Stop():
                break
            case Shown() as shown:
                pages.show(shown)
    await server.stop()


if __name__ == "__main__":
    main()
