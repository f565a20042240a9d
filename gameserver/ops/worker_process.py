"""The process of one worker: `python -m gameserver.ops.worker_process CONTROL LISTENER…`.

The arguments are file descriptors that the director passed on. Everything else arrives over the control socket.
"""

from __future__ import annotations

import logging
import pickle
import random
import signal
import socket
import sys
from functools import partial
from typing import TYPE_CHECKING, Any

import trio

from gameserver.loading import load_room
from gameserver.net.server import Server, serve
from gameserver.ops.logs import configure_logging
from gameserver.ops.metrics import all_metrics
from gameserver.ops.options import (
    SEED_BITS,
    log_what_would_last,
    make_hub,
    make_lasting,
    make_recordings,
    make_settings,
    websocket_address_of,
)
from gameserver.ops.worker_metrics import workers_metrics_page
from gameserver.room.kind import kind_of
from gameserver.workers import messages
from gameserver.workers.director_client import DirectorClient
from gameserver.workers.handoff import Handoff
from gameserver.workers.orders import Orders
from gameserver.workers.pages import worker_pages
from gameserver.workers.pipe import Pipe, PipeBroken
from gameserver.workers.placement import id_prefix

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gameserver.net.server_state import ServerState
    from gameserver.ops.options import ServeOptions

log = logging.getLogger("gameserver.workers")


def main() -> None:
    """Run the worker that the command line's file descriptors belong to."""
    # Ctrl-C reaches the whole process group, and the director sends its workers the order to stop.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    control, *listeners = [socket.socket(fileno=int(argument)) for argument in sys.argv[1:]]
    control.setblocking(False)
    trio.run(_run, control, listeners)


async def _run(control: socket.socket, listeners: Sequence[socket.socket]) -> None:
    pipe = Pipe[messages.ToWorker](control, messages.ToWorker)
    received = await pipe.receive()
    if received is None:
        return  # the director has ended already
    start = received[0]
    assert isinstance(start, messages.Start)
    options: ServeOptions = pickle.loads(start.options)
    configure_logging(options.log_level, options.log_format)
    _add_to_log_records("worker", start.index)
    await _serve(pipe, start, options, listeners)
    pipe.close()


async def _serve(
    pipe: Pipe[messages.ToWorker], start: messages.Start, options: ServeOptions, listeners: Sequence[socket.socket]
) -> None:
    index = start.index
    kinds = [load_room(spec) for spec in options.rooms]
    hub = make_hub(options, kinds, seed_of(options.seed, index), id_prefix(index))
    settings = make_settings(options)
    # Each worker keeps its own folder within the bound on size.
    recordings = make_recordings(hub, None if options.record is None else options.record / f"worker-{index}")
    lasting = make_lasting(hub, options.data, index, start.workers)
    if lasting is not None:
        lasting.restore(trio.current_time())
    director = DirectorClient(pipe)
    handoff = Handoff(index, director, hub)
    run_server = partial(
        serve,
        hub,
        settings,
        pages=worker_pages(director, workers_metrics_page),
        listeners=listeners,
        handoff=handoff,
    )
    async with trio.open_nursery() as nursery:
        nursery.start_soon(pipe.send_posted)
        if recordings is not None:
            nursery.start_soon(recordings.run)
        if lasting is not None:
            nursery.start_soon(lasting.run)
        server: Server = await nursery.start(_run_until_stopped, run_server, nursery)
        director.post(messages.Ready(hub.tokens.prefixes))
        if index == 0 and lasting is None:
            log_what_would_last(hub)
        nursery.start_soon(_obey_director, Orders(director, handoff, server, partial(describe, server)), server)
        nursery.start_soon(handoff.report)
        nursery.start_soon(handoff.send_commands)
        nursery.start_soon(_obey_signals, server)
        bots = share_of(options.bots, index, start.workers)
        if bots and options.play_bots is not None:
            address = websocket_address_of(settings, start.port)
            nursery.start_soon(options.play_bots, address, kind_of(kinds[0]), bots)


async def _run_until_stopped(
    run_server: partial[Any], nursery: trio.Nursery, *, task_status: trio.TaskStatus[Server]
) -> None:
    await run_server(task_status=task_status)
    nursery.cancel_scope.cancel()


async def _obey_director(orders: Orders, server: Server) -> None:
    """Carry out the director's orders, and stop when it is gone: without it no link finds its room."""
    try:
        await orders.run()
    except PipeBroken:
        log.exception("the director sent an invalid message")
    log.error("the director is gone: this worker stops")
    await server.stop()


async def _obey_signals(server: Server) -> None:
    with trio.open_signal_receiver(signal.SIGTERM) as signals:
        async for _ in signals:
            server.stop_soon()


def describe(server: ServerState) -> messages.WorkerDescription:
    """Return what the pages of any worker show of this one."""
    return messages.WorkerDescription(server.hub.statistics(), all_metrics(server))


def seed_of(seed: int | None, index: int) -> int | None:
    """Return a worker's own seed: with the same one, all workers would make the same rooms."""
    return None if seed is None else random.Random(f"{seed}/{index}").getrandbits(SEED_BITS)


def share_of(count: int, index: int, workers: int) -> int:
    """Return how many of `count` bots play from this worker."""
    return count // workers + (index < count % workers)


def _add_to_log_records(name: str, value: object) -> None:
    """Give every log record of this process one more field."""
    make = logging.getLogRecordFactory()

    def make_record(*args: Any, **kwargs: Any) -> logging.LogRecord:
        record = make(*args, **kwargs)
        setattr(record, name, value)
        return record

    logging.setLogRecordFactory(make_record)


if __name__ == "__main__":
    main()
