"""`gameserver run --workers N`: the parent process, which opens the port and runs the director."""

from __future__ import annotations

import pickle
import random
import secrets
import signal
import socket
import sys
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import msgpack
import trio

import gameserver
from gameserver.hub.tokens import prefix_of
from gameserver.loading import LoadError, load_room
from gameserver.match.lobby import LOBBY_PREFIX
from gameserver.net.listeners import open_listeners
from gameserver.ops.logs import configure_logging
from gameserver.ops.options import address_of, make_hub, make_settings
from gameserver.ops.serve import print_line
from gameserver.room.checkpoint import named_by_seats
from gameserver.store.entries import unpacked
from gameserver.store.sqlite import FolderLock, open_store, signing_key_of
from gameserver.workers.director import Director, WorkerFailed, WorkerSettings
from gameserver.workers.placement import MAX_WORKERS, Placement, SeatLimits

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gameserver.net.settings import NetSettings
    from gameserver.ops.options import ServeOptions
    from gameserver.store.api import SavedProcess


def serve_with_workers(options: ServeOptions) -> None:
    """Serve with several processes until a signal stops them.

    Raises:
        LoadError: A room class cannot be loaded, an option does not go with workers, or a worker fails at its start.
        DeclarationError: A room class cannot be used.
        AuthConfigError: The token settings cannot be used.
        OSError: A file cannot be used, or the server cannot listen.
        StoreError: The folder for data cannot be used.
    """
    _check_options(options)
    settings = make_settings(options)
    # The director runs no room; making a hub here finds out now what is wrong with the room classes.
    hub = make_hub(options, [load_room(spec) for spec in options.rooms], 0)
    rooms = {name: kind.room_class for name, kind in hub.all_kinds.items()}
    kinds = {
        name: SeatLimits(room.max_players, room.max_spectators, room.listing, room.single, room.lasting)
        for name, room in rooms.items()
    }
    configure_logging(options.log_level, options.log_format)
    rng = random.Random(secrets.randbits(64) if options.seed is None else options.seed)
    placement = Placement(kinds, rng)
    failures: list[str] = []
    lock = FolderLock(None) if options.data is None else _await_rooms(placement, options.data, options.workers)
    try:
        trio.run(_direct, options, settings, placement, lock)
    except* WorkerFailed as group:
        failures += _messages_of(group)
    finally:
        lock.release()
    if failures:
        raise LoadError("; ".join(failures))


def _await_rooms(placement: Placement, folder: Path, workers: int) -> FolderLock:
    """Take the folder, and have links wait that belong to rooms which the workers are about to restore.

    Raises:
        StoreError: The folder cannot be used.
    """
    store = open_store(folder)
    try:
        signing_key_of(folder)
        for process in store.processes():
            placement.await_worker(process.slot % workers, _prefixes_of(process), dict(process.rooms))
    except BaseException:
        store.close()
        raise
    store.disconnect()
    return store.lock


def _prefixes_of(process: SavedProcess) -> list[bytes]:
    """Return what the resume tokens begin with that a process has issued, and those of its rooms that it has not."""
    prefixes = [] if process.instance is None else [process.instance]
    for seats in process.seats:
        with suppress(ValueError, LookupError, msgpack.UnpackException):  # the worker says what is damaged
            named = named_by_seats(unpacked(seats))
            prefixes += [prefix_of(instance, key) for instance, key in named if instance != process.instance]
    return prefixes


def _check_options(options: ServeOptions) -> None:
    if options.cert is not None:
        raise LoadError("--workers and --cert do not go together: let a proxy end TLS in front of the workers")
    if options.network_conditions is not None:
        raise LoadError("--workers and --lag do not go together: slow down the links of one process")
    if not hands_over_sockets():
        raise LoadError(
            f"--workers needs Linux: on {sys.platform} a process cannot hand a player's socket to another one safely. "
            "Leave it out, and start more servers behind a proxy"
        )
    if options.workers > MAX_WORKERS:
        raise LoadError(f"--workers {options.workers}: at most {MAX_WORKERS}")


def hands_over_sockets() -> bool:
    """Return whether processes can send each other sockets that no third process inherits: not on macOS or Windows."""
    return hasattr(socket, "SCM_RIGHTS") and hasattr(socket, "MSG_CMSG_CLOEXEC")


def _messages_of(group: BaseExceptionGroup[WorkerFailed]) -> Iterable[str]:
    for error in group.exceptions:
        if isinstance(error, BaseExceptionGroup):
            yield from _messages_of(error)
        else:
            yield str(error)


def worker_settings(options: ServeOptions, settings: NetSettings) -> WorkerSettings:
    """Return how the director starts and stops its workers."""
    # A module in the game's folder must not hide one of Python's, as it would from the front of the search path.
    safe_path = () if Path(gameserver.__file__).parent.parent == Path.cwd() else ("-P",)
    return WorkerSettings(
        count=options.workers,
        command=(sys.executable, *safe_path, "-m", "gameserver.ops.worker_process"),
        options=pickle.dumps(options),
        drain_s=settings.drain_s,
    )


async def _direct(options: ServeOptions, settings: NetSettings, placement: Placement, lock: FolderLock) -> None:
    listeners = await open_listeners(settings)
    async with trio.open_nursery() as nursery:
        director = Director(
            worker_settings(options, settings),
            placement,
            listeners,
            inherited=() if lock.handle is None else (lock.handle,),
            keeps_rooms=options.data is not None,
        )
        nursery.start_soon(_obey_signals, director, nursery)
        await nursery.start(partial(_run_until_stopped, director, nursery))
        if not director.draining:
            address = address_of(settings, listeners[0].getsockname()[1], "http")
            kinds = ", ".join(sorted(kind for kind in placement.kinds if not kind.startswith(LOBBY_PREFIX)))
            print_line(sys.stdout, f"serving {kinds} with {options.workers} workers on {address}")
    for listener in listeners:
        listener.close()


async def _run_until_stopped(director: Director, nursery: trio.Nursery, *, task_status: trio.TaskStatus[None]) -> None:
    await director.run(task_status=task_status)
    nursery.cancel_scope.cancel()


async def _obey_signals(director: Director, nursery: trio.Nursery) -> None:
    """SIGTERM or Ctrl-C drains all workers, a second one ends them at once; SIGHUP is passed on."""
    with trio.open_signal_receiver(signal.SIGTERM, signal.SIGINT, signal.SIGHUP) as signals:
        async for number in signals:
            if number == signal.SIGHUP:
                director.reload()
            elif director.draining:
                director.stop_now()
            else:
                print_line(sys.stderr, "stopping")
                nursery.start_soon(director.stop)
