"""One of several workers, as a process: `python -m gameserver.workers.worker CONTROL LISTENER…` with file
descriptors that the director passed on. Everything else it is told over the control socket.
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
from gameserver.ops.serve import SEED_BITS, address_of, make_hub, make_settings, play_bots, record_hub
from gameserver.room.kind import kind_of
from gameserver.workers import messages as wire
from gameserver.workers.handoff import Handoff
from gameserver.workers.pages import worker_pages
from gameserver.workers.pipe import Pipe, PipeBroken
from gameserver.workers.placement import id_prefix

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gameserver.hub.hub import Hub
    from gameserver.net.settings import NetSettings
    from gameserver.ops.serve import ServeOptions

log = logging.getLogger("gameserver.workers")


def main() -> None:
    """The process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the director says when to stop
    control, *listeners = [socket.socket(fileno=int(argument)) for argument in sys.argv[1:]]
    control.setblocking(False)
    trio.run(_work, control, listeners)


async def _work(control: socket.socket, listeners: Sequence[socket.socket]) -> None:
    pipe = Pipe[wire.ToWorker](control, wire.ToWorker)
    received = await pipe.receive()
    if received is None:
        return  # the director has ended before it said anything
    start = received[0]
    assert isinstance(start, wire.Start)
    options: ServeOptions = pickle.loads(start.options)
    configure_logging(options.log_level, options.log_format)
    _log_as(start.index)
    await _serve(pipe, start, options, listeners)
    pipe.close()


async def _serve(
    pipe: Pipe[wire.ToWorker], start: wire.Start, options: ServeOptions, listeners: Sequence[socket.socket]
) -> None:
    index = start.index
    kinds = [load_room(spec) for spec in options.rooms]
    hub = make_hub(options, kinds, seed_of(options.seed, index), id_prefix(index))
    settings = make_settings(options)
    # Each worker keeps its own folder within bounds.
    recordings = record_hub(hub, None if options.record is None else options.record / f"worker-{index}")
    async with trio.open_nursery() as nursery:
        nursery.start_soon(pipe.send_posted)
        if recordings is not None:
            nursery.start_soon(recordings.run)
        handoff = Handoff(index, pipe, hub)
        server = await nursery.start(partial(_serve_until_stopped, hub, settings, handoff, listeners, nursery))
        pipe.post(wire.Hello(hub.tokens.instance))
        nursery.start_soon(_obey_director, handoff, server)
        nursery.start_soon(handoff.report)
        nursery.start_soon(_obey_signals, server)
        bots = share(options.bots, index, start.workers)
        if bots:
            url = address_of(settings, start.port, "ws") + "ws"
            nursery.start_soon(play_bots, url, kind_of(kinds[0]), bots)


async def _serve_until_stopped(
    hub: Hub,
    settings: NetSettings,
    handoff: Handoff,
    listeners: Sequence[socket.socket],
    nursery: trio.Nursery,
    *,
    task_status: trio.TaskStatus[Server],
) -> None:
    pages = worker_pages(handoff)
    await serve(hub, settings, pages=pages, listeners=listeners, handoff=handoff, task_status=task_status)
    nursery.cancel_scope.cancel()


async def _obey_director(handoff: Handoff, server: Server) -> None:
    """Until the director is gone: without it nobody knows where links belong, so this process ends too."""
    try:
        await handoff.obey(server, partial(describe, server))
    except PipeBroken:
        log.exception("the director said what cannot be")
    log.error("the director is gone: this worker stops")
    await server.stop()


async def _obey_signals(server: Server) -> None:
    with trio.open_signal_receiver(signal.SIGTERM) as signals:
        async for _ in signals:
            server.stop_soon()


def describe(server: Server) -> dict[str, Any]:
    """What the pages of any worker show of this one."""
    return {"statistics": server.hub.statistics(), "metrics": all_metrics(server)}


def seed_of(seed: int | None, index: int) -> int | None:
    """A seed for each worker: the same one would make the same rooms."""
    return None if seed is None else random.Random(f"{seed}/{index}").getrandbits(SEED_BITS)


def share(count: int, index: int, workers: int) -> int:
    """How many of `count` bots play from this worker."""
    return count // workers + (index < count % workers)


def _log_as(index: int) -> None:
    """Have every log line say which worker it is of."""
    make = logging.getLogRecordFactory()

    def make_record(*args: Any, **kwargs: Any) -> logging.LogRecord:
        record = make(*args, **kwargs)
        record.worker = index
        return record

    logging.setLogRecordFactory(make_record)


if __name__ == "__main__":
    main()
