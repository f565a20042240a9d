"""The parent process of several workers: opens the port, starts them, answers where links belong, starts those that
die again, and ends them all.

It runs no room and reads no game's bytes; of a link it sees the socket of one that goes from a worker to another.
"""

from __future__ import annotations

import logging
import pickle
import random
import secrets
import signal
import socket
import subprocess
import sys
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import trio

import gameserver
from gameserver.loading import LoadError, load_room
from gameserver.net.listeners import open_listeners
from gameserver.ops.logs import configure_logging
from gameserver.ops.serve import address_of, make_hub, make_settings, say
from gameserver.protocol.constants import Role
from gameserver.workers import messages as wire
from gameserver.workers.pipe import Pipe, PipeBroken
from gameserver.workers.placement import MAX_WORKERS, Placement, Seats

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gameserver.net.settings import NetSettings
    from gameserver.ops.serve import ServeOptions
    from gameserver.workers.placement import Place

log = logging.getLogger("gameserver.workers")

FIRST_PAUSE_S: Final = 0.25
MAX_PAUSE_S: Final = 16.0
"""A worker that dies again and again is started less and less often."""
STEADY_AFTER_S: Final = 30.0
"""Who has lived so long starts again at once."""
START_WITHIN_S: Final = 60.0
HUNG_AFTER_S: Final = 30.0
"""A worker says something every few seconds. Silent for so long, it is in an endless loop: it is killed."""
DESCRIBE_WITHIN_S: Final = 1.0
"""What a page waits for workers that are busy."""
END_WITHIN_S: Final = 3.0
"""What a worker gets on top of the drain to end its process."""


class WorkerFailed(Exception):
    """A worker ended before it ever served: it would only do so again."""


@dataclass(eq=False)
class Worker:
    """One process."""

    index: int
    process: trio.Process
    pipe: Pipe[wire.ToDirector]
    heard_s: float
    up: bool = False


@dataclass(eq=False)
class _Poll:
    """A question to all workers, and who has not answered."""

    waiting: set[int]
    parts: dict[int, dict[str, Any]] = field(default_factory=dict)
    over: trio.Event = field(default_factory=trio.Event)

    def take(self, index: int, about: dict[str, Any] | None) -> None:
        """An answer; None: that worker is gone."""
        if about is not None:
            self.parts[index] = about
        self.waiting.discard(index)
        if not self.waiting:
            self.over.set()


class Director:
    """See the module."""

    def __init__(
        self, options: ServeOptions, placement: Placement, listeners: Sequence[socket.socket], drain_s: float
    ) -> None:
        self.placement = placement
        self.draining = False
        self._options = pickle.dumps(options)
        self._count = options.workers
        self._listeners = listeners
        self._drain_s = drain_s
        self._workers: dict[int, Worker] = {}
        self._restarts = [0] * options.workers
        self._first_up = [trio.Event() for _ in range(options.workers)]
        self._polls: dict[int, _Poll] = {}
        self._last_poll = 0
        self._handovers = 0
        self._scope = trio.CancelScope()

    # -- processes -----------------------------------------------------------------------------------------------------

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Keep all workers running until stopped; `task_status` says when all are up. Raises WorkerFailed."""
        with self._scope:
            async with trio.open_nursery() as nursery:
                for index in range(self._count):
                    nursery.start_soon(self._keep, index)
                for event in self._first_up:
                    await event.wait()
                task_status.started()

    async def _keep(self, index: int) -> None:
        pause_s = FIRST_PAUSE_S
        while not self.draining:
            began_s = trio.current_time()
            status = await self._run_worker(index)
            if self.draining:
                return
            if not self._first_up[index].is_set():
                raise WorkerFailed(f"worker {index} ended with status {status} before it served")
            steady = trio.current_time() - began_s >= STEADY_AFTER_S
            pause_s = FIRST_PAUSE_S if steady else min(MAX_PAUSE_S, pause_s * 2)
            self._restarts[index] += 1
            log.error(
                "worker %d has ended with status %d, and its rooms with it; it starts again in %g s",
                index,
                status,
                pause_s,
            )
            await trio.sleep(pause_s)

    async def _run_worker(self, index: int) -> int:
        """Start a worker, and serve it until it is gone. Return its exit status."""
        worker = await self._start(index)
        self._workers[index] = worker
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(worker.pipe.send_posted)
                nursery.start_soon(self._watch, worker)
                await self._listen(worker, nursery)
                nursery.cancel_scope.cancel()
        finally:
            self._forget(worker)
            await _end(worker.process)
        status = worker.process.returncode
        return 0 if status is None else status

    async def _start(self, index: int) -> Worker:
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        passed = [theirs.fileno(), *(listener.fileno() for listener in self._listeners)]
        # A game's folder must not hide modules of Python's, as it would if it came first in the search path.
        safe = () if Path(gameserver.__file__).parent.parent == Path.cwd() else ("-P",)
        command = [sys.executable, *safe, "-m", "gameserver.workers.worker", *map(str, passed)]
        process = await trio.lowlevel.open_process(command, stdin=subprocess.DEVNULL, pass_fds=passed)
        theirs.close()
        worker = Worker(index, process, Pipe(ours, wire.ToDirector), trio.current_time())
        port = self._listeners[0].getsockname()[1]
        worker.pipe.post(wire.Start(index, self._count, port, self._options))
        return worker

    def _forget(self, worker: Worker) -> None:
        self._workers.pop(worker.index, None)
        self.placement.gone(worker.index)
        worker.pipe.close()
        for poll in self._polls.values():
            poll.take(worker.index, None)

    async def _watch(self, worker: Worker) -> None:
        while True:
            await trio.sleep(1.0)
            silent_s = trio.current_time() - worker.heard_s
            if silent_s > (HUNG_AFTER_S if worker.up else START_WITHIN_S):
                log.error("worker %d has said nothing for %d s and is killed", worker.index, silent_s)
                worker.process.kill()
                return

    async def stop(self) -> None:
        """Have all workers drain and end; whoever does not in time is killed."""
        self.draining = True
        for worker in self._workers.values():
            worker.pipe.post(wire.Stop())
        with trio.move_on_after(self._drain_s + END_WITHIN_S):
            for worker in list(self._workers.values()):
                await worker.process.wait()
        self.stop_now()

    def stop_now(self) -> None:
        """Kill what is left, and end `run`."""
        for worker in self._workers.values():
            if worker.process.poll() is None:
                log.error("worker %d did not end in time and is killed", worker.index)
                worker.process.kill()
        self._scope.cancel()

    def reload(self) -> None:
        """SIGHUP, for every worker."""
        for worker in self._workers.values():
            worker.pipe.post(wire.Reload())

    # -- what workers say ----------------------------------------------------------------------------------------------

    async def _listen(self, worker: Worker, nursery: trio.Nursery) -> None:
        try:
            while (received := await worker.pipe.receive()) is not None:
                worker.heard_s = trio.current_time()
                self._take(worker, nursery, *received)
        except PipeBroken:
            log.exception("worker %d said what cannot be, and is killed", worker.index)
            worker.process.kill()

    def _take(
        self, worker: Worker, nursery: trio.Nursery, message: wire.ToDirector, sock: socket.socket | None
    ) -> None:
        index = worker.index
        match message:
            case wire.Load():
                self.placement.heard(index, message)
            case wire.AskJoin(question, kind, room, role):
                self._answer(worker, question, self.placement.place_join(index, kind, room, Role(role)))
            case wire.AskResume(question, instance):
                self._answer(worker, question, self.placement.place_resume(index, instance))
            case wire.Give(to, link) if sock is not None:
                self._give(to, link, sock)
            case wire.AskAll(question):
                nursery.start_soon(self._describe_all, worker, question)
            case wire.Tell(question, about):
                if question in self._polls:
                    self._polls[question].take(index, about)
            case wire.Hello(instance):
                self.placement.came(index, instance)
                worker.up = True
                self._first_up[index].set()
            case _:
                raise PipeBroken(type(message).__name__)

    @staticmethod
    def _answer(worker: Worker, question: int, place: Place) -> None:
        worker.pipe.post(wire.Placed(question, *place))

    def _give(self, to: int, link: wire.HandedLink, sock: socket.socket) -> None:
        """Pass a socket on. To a worker that has died since: its client sees a broken link, and comes back."""
        target = self._workers.get(to)
        if target is None:
            sock.close()
            return
        target.pipe.post(wire.Take(link), sock)
        self._handovers += 1

    async def _describe_all(self, asker: Worker, question: int) -> None:
        poll = _Poll({worker.index for worker in self._workers.values() if worker.up})
        self._last_poll += 1
        number = self._last_poll
        self._polls[number] = poll
        try:
            for index in list(poll.waiting):
                self._workers[index].pipe.post(wire.Describe(number))
            with trio.move_on_after(DESCRIBE_WITHIN_S):
                await poll.over.wait()
        finally:
            del self._polls[number]
        states = [self._state(index, poll.parts.get(index)) for index in range(self._count)]
        asker.pipe.post(wire.Described(question, self._handovers, states))

    def _state(self, index: int, about: dict[str, Any] | None) -> wire.WorkerState:
        worker = self._workers.get(index)
        pid = 0 if worker is None else worker.process.pid
        return wire.WorkerState(pid, worker is not None and worker.up, self._restarts[index], about)


async def _end(process: trio.Process) -> None:
    """Wait for a process that is on its way out; make sure of it."""
    with trio.CancelScope(shield=True):
        with trio.move_on_after(END_WITHIN_S):
            await process.wait()
        if process.returncode is None:
            process.kill()
            await process.wait()


# -- the command -------------------------------------------------------------------------------------------------------


def direct_forever(options: ServeOptions) -> None:
    """Serve with several processes until a signal says to stop. Raises LoadError, DeclarationError or OSError for what
    cannot be served.
    """
    if not hasattr(socket, "SCM_RIGHTS"):
        raise LoadError("--workers needs a system on which processes can hand each other sockets")
    if options.workers > MAX_WORKERS:
        raise LoadError(f"--workers {options.workers}: at most {MAX_WORKERS}")
    if options.cert is not None:
        raise LoadError("--workers and --cert do not go together: let a proxy end TLS in front of the workers")
    settings = make_settings(options)
    hub = make_hub(options, [load_room(spec) for spec in options.rooms], 0)  # to find out now what is wrong with them
    rooms = {name: kind.room_class for name, kind in hub.kinds.items()}
    kinds = {name: Seats(room.max_players, room.max_spectators) for name, room in rooms.items()}
    configure_logging(options.log_level, options.log_format)
    failed: list[str] = []
    try:
        trio.run(_direct, options, settings, Placement(kinds, _random(options.seed)))
    except* WorkerFailed as group:
        failed += [str(error) for error in _leaves(group)]
    if failed:
        raise LoadError("; ".join(failed))


def _random(seed: int | None) -> random.Random:
    return random.Random(secrets.randbits(64) if seed is None else seed)


def _leaves(group: BaseExceptionGroup[WorkerFailed]) -> list[BaseException]:
    found: list[BaseException] = []
    for error in group.exceptions:
        found += _leaves(error) if isinstance(error, BaseExceptionGroup) else [error]
    return found


async def _direct(options: ServeOptions, settings: NetSettings, placement: Placement) -> None:
    listeners = await open_listeners(settings)
    async with trio.open_nursery() as nursery:
        director = Director(options, placement, listeners, settings.drain_s)
        nursery.start_soon(_obey_signals, director, nursery)
        await nursery.start(partial(_run, director, nursery))
        if not director.draining:
            where = address_of(settings, listeners[0].getsockname()[1], "http")
            say(sys.stdout, f"serving {', '.join(sorted(placement.kinds))} with {options.workers} workers on {where}")
    for listener in listeners:
        listener.close()


async def _run(director: Director, nursery: trio.Nursery, *, task_status: trio.TaskStatus[None]) -> None:
    await director.run(task_status=task_status)
    nursery.cancel_scope.cancel()


async def _obey_signals(director: Director, nursery: trio.Nursery) -> None:
    """SIGTERM and Ctrl-C drain all workers, a second one ends them at once; SIGHUP is passed on."""
    with trio.open_signal_receiver(signal.SIGTERM, signal.SIGINT, signal.SIGHUP) as signals:
        async for number in signals:
            if number == signal.SIGHUP:
                director.reload()
            elif director.draining:
                director.stop_now()
            else:
                say(sys.stderr, "stopping")
                nursery.start_soon(director.stop)


__all__ = ["Director", "WorkerFailed", "direct_forever"]
