"""The parent process of several workers: starts them, answers where links belong, restarts those that die, and stops
them all.

It runs no room and reads no game's bytes. Of a link it handles only the socket of one that is handed over.
"""

from __future__ import annotations

import logging
import socket
import subprocess
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import trio

from gameserver.hub.distant_travel import TravelAnswer, TravelRequest
from gameserver.protocol.constants import CloseCode, Role
from gameserver.workers import messages
from gameserver.workers.pipe import Pipe, PipeBroken

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gameserver.hub.directory import RoomRow
    from gameserver.hub.distant_travel import TravelMessage
    from gameserver.workers.placement import Place, Placement

log = logging.getLogger("gameserver.workers")

FIRST_PAUSE_S: Final = 0.25
MAX_PAUSE_S: Final = 16.0
"""The pause before a restart doubles, up to this, for a worker that dies again and again."""
STEADY_AFTER_S: Final = 30.0
"""After this long a worker counts as steady: the pause begins at `FIRST_PAUSE_S` again."""
START_WITHIN_S: Final = 60.0
HUNG_AFTER_S: Final = 30.0
"""A worker reports every few seconds. One that has sent nothing for this long is in an endless loop, and is killed."""
DESCRIBE_WITHIN_S: Final = 1.0
"""How long a page waits for workers that are busy."""
END_WITHIN_S: Final = 3.0
"""Time to end its process that a worker gets on top of the drain."""


class WorkerFailed(Exception):
    """A worker ended before it served anything. Starting it again would fail in the same way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerSettings:
    """How the director starts and stops its workers."""

    count: int
    command: tuple[str, ...]
    """Starts a worker process. File descriptors are appended: the control socket, then the listeners."""
    options: bytes
    """Sent to each worker unread, in `messages.Start`."""
    drain_s: float
    """How long a worker may take to drain."""


@dataclass(eq=False)
class WorkerProcess:
    """One worker, seen from the director."""

    index: int
    process: trio.Process
    pipe: Pipe[messages.ToDirector]
    last_message_s: float
    """When it last sent anything, on trio's clock."""
    up: bool = False
    unsent_rooms: dict[str, RoomRow | None] = field(default_factory=dict)
    """The newest rows of other workers' rooms that this one has not been sent, by id; None: the room has ended."""


@dataclass(eq=False)
class _PendingDescriptions:
    """The descriptions that have arrived for one request, and the workers that have not answered yet."""

    waiting: set[int]
    arrived: dict[int, messages.WorkerDescription] = field(default_factory=dict)
    complete: trio.Event = field(default_factory=trio.Event)

    def receive(self, index: int, description: messages.WorkerDescription | None) -> None:
        """Take a worker's answer; None if the worker is gone."""
        if description is not None:
            self.arrived[index] = description
        self.waiting.discard(index)
        if not self.waiting:
            self.complete.set()


class Director:
    """Runs the workers and answers their requests."""

    def __init__(
        self,
        settings: WorkerSettings,
        placement: Placement,
        listeners: Sequence[socket.socket],
        *,
        inherited: Sequence[int] = (),
        keeps_rooms: bool = False,
    ) -> None:
        """Prepare to start workers; `run` starts them.

        Args:
            settings: How to start and stop them.
            placement: Decides where links belong; without workers yet.
            listeners: Listening sockets, at least one, which every worker inherits.
            inherited: Other file descriptors that stay open in every worker.
            keeps_rooms: Whether a worker that is started again restores its rooms that last.
        """
        self._inherited = inherited
        self._keeps_rooms = keeps_rooms
        self.placement = placement
        self.draining = False
        self._settings = settings
        self._listeners = listeners
        self._workers: dict[int, WorkerProcess] = {}
        self._restarts = [0] * settings.count
        self._first_up = [trio.Event() for _ in range(settings.count)]
        self._pending: dict[int, _PendingDescriptions] = {}
        self._last_request = 0
        self._handovers = 0
        self._scope = trio.CancelScope()

    # -- processes -----------------------------------------------------------------------------------------------------

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Keep all workers running until stopped.

        Args:
            task_status: Started once all workers are up.

        Raises:
            WorkerFailed: A worker ended before it served anything.
        """
        with self._scope:
            async with trio.open_nursery() as nursery:
                for index in range(self._settings.count):
                    nursery.start_soon(self._keep_running, index)
                for event in self._first_up:
                    await event.wait()
                task_status.started()

    async def _keep_running(self, index: int) -> None:
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
            log.error("worker %d and its rooms ended with status %d; it restarts in %g s", index, status, pause_s)
            await trio.sleep(pause_s)

    async def _run_worker(self, index: int) -> int:
        """Start a worker and handle its messages until it is gone. Returns its exit status."""
        worker = await self._start(index)
        self._workers[index] = worker
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(worker.pipe.send_posted)
                nursery.start_soon(self._watch, worker)
                await self._receive_all(worker, nursery)
                nursery.cancel_scope.cancel()
        finally:
            self._forget(worker)
            await _end(worker.process)
        status = worker.process.returncode
        return 0 if status is None else status

    async def _start(self, index: int) -> WorkerProcess:
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        passed = [theirs.fileno(), *(listener.fileno() for listener in self._listeners)]
        command = [*self._settings.command, *map(str, passed)]
        process = await trio.lowlevel.open_process(
            command, stdin=subprocess.DEVNULL, pass_fds=[*passed, *self._inherited]
        )
        theirs.close()
        worker = WorkerProcess(index, process, Pipe(ours, messages.ToDirector), trio.current_time())
        port = self._listeners[0].getsockname()[1]
        worker.pipe.post(messages.Start(index, self._settings.count, port, self._settings.options))
        return worker

    def _pass_rooms_on(self, index: int, rooms: list[RoomRow], closed: list[str]) -> None:
        """Inform the other workers of changed rooms of a worker."""
        changed: dict[str, RoomRow | None] = {**{row.id: row for row in rooms}, **dict.fromkeys(closed)}
        for worker in self._workers.values():
            if worker.up and worker.index != index:
                worker.unsent_rooms |= changed
                self._send_rooms(worker)

    @staticmethod
    def _send_rooms(worker: WorkerProcess) -> None:
        """Send a worker the rows that it lacks. One that does not read now gets the newest ones later."""
        if worker.unsent_rooms:
            rows = [row for row in worker.unsent_rooms.values() if row is not None]
            closed = [room_id for room_id, row in worker.unsent_rooms.items() if row is None]
            if worker.pipe.post(messages.OtherRooms(rows, closed)):
                worker.unsent_rooms.clear()

    def _forget(self, worker: WorkerProcess) -> None:
        self._workers.pop(worker.index, None)
        self._pass_rooms_on(worker.index, [], [row.id for row in self.placement.rows(worker.index)])
        self.placement.remove_worker(worker.index, comes_back=self._keeps_rooms)
        worker.pipe.close()
        for pending in self._pending.values():
            pending.receive(worker.index, None)

    async def _watch(self, worker: WorkerProcess) -> None:
        """Kill a worker that sends nothing for too long."""
        while True:
            await trio.sleep(1.0)
            self._send_rooms(worker)
            silent_s = trio.current_time() - worker.last_message_s
            if silent_s > (HUNG_AFTER_S if worker.up else START_WITHIN_S):
                log.error("worker %d has sent nothing for %d s and is killed", worker.index, silent_s)
                worker.process.kill()
                return

    async def stop(self) -> None:
        """Have all workers drain and end, and kill those that do not in time."""
        self.draining = True
        for worker in self._workers.values():
            worker.pipe.post(messages.Stop())
        with trio.move_on_after(self._settings.drain_s + END_WITHIN_S):
            for worker in list(self._workers.values()):
                await worker.process.wait()
        self.stop_now()

    def stop_now(self) -> None:
        """Kill the workers that still run, and end `run`."""
        for worker in self._workers.values():
            if worker.process.poll() is None:
                log.error("worker %d did not end in time and is killed", worker.index)
                worker.process.kill()
        self._scope.cancel()

    def reload(self) -> None:
        """Have every worker do what it does on SIGHUP."""
        for worker in self._workers.values():
            worker.pipe.post(messages.Reload())

    # -- messages from workers -----------------------------------------------------------------------------------------

    async def _receive_all(self, worker: WorkerProcess, nursery: trio.Nursery) -> None:
        try:
            while (received := await worker.pipe.receive()) is not None:
                worker.last_message_s = trio.current_time()
                self._receive(worker, nursery, *received)
        except PipeBroken:
            log.exception("worker %d sent an invalid message and is killed", worker.index)
            worker.process.kill()

    def _receive(
        self, worker: WorkerProcess, nursery: trio.Nursery, message: messages.ToDirector, sock: socket.socket | None
    ) -> None:
        index = worker.index
        match message:
            case messages.LoadReport(rooms, closed):
                self.placement.update(index, message, trio.current_time())
                self._pass_rooms_on(index, rooms, closed)
            case messages.PlaceJoin(request, kind, room, role, create, where, attempt):
                place = self.placement.place_join(
                    index, kind, room, Role(role), trio.current_time(), create=create, where=where, attempt=attempt
                )
                self._answer(worker, request, place)
            case messages.PlaceResume(request, prefix):
                self._answer(worker, request, self.placement.place_resume(index, prefix))
            case messages.HandOver(to, handed):
                self._hand_over(to, handed, sock)
            case messages.PassOn(to, about):
                self._pass_on(worker, to, about)
            case messages.DescribeAll(request):
                nursery.start_soon(self._describe_all, worker, request)
            case messages.Described(request, description):
                if request in self._pending:
                    self._pending[request].receive(index, description)
            case messages.Ready(prefixes):
                self.placement.add_worker(index, prefixes)
                worker.up = True
                worker.pipe.post(messages.OtherRooms(self.placement.rows(), []))
                self._first_up[index].set()
            case _:
                raise PipeBroken(type(message).__name__)

    @staticmethod
    def _answer(worker: WorkerProcess, request: int, place: Place) -> None:
        worker.pipe.post(messages.Placed(request, *place))

    def _hand_over(
        self, to: int, handed: messages.HandedLink | messages.HandedRequest, sock: socket.socket | None
    ) -> None:
        """Pass a socket on. If it or that worker is gone, the link ends and the client reconnects; its reservation
        expires."""
        target = self._workers.get(to)
        if sock is None:
            log.error("a link was lost on its way to worker %d: too many files are open", to)
            return
        if target is None:
            sock.close()
            return
        target.pipe.post(messages.TakeOver(handed), sock)
        self._handovers += 1

    def _pass_on(self, worker: WorkerProcess, to: int, message: TravelMessage | messages.RoomCommand) -> None:
        """Pass a message for another worker on. What is asked of one that is gone is answered here."""
        if isinstance(message, TravelRequest):  # the sender goes by the room's id, which another worker may have made
            to = self.placement.worker_of(message.room, to)
        target = self._workers.get(to)
        if target is not None and target.up and target is not worker:
            target.pipe.post(messages.PassedOn(worker.index, message))
        elif isinstance(message, TravelRequest):
            answer = TravelAnswer(message.move, int(CloseCode.ROOM_NOT_FOUND), "no such room")
            worker.pipe.post(messages.PassedOn(to, answer))

    async def _describe_all(self, asker: WorkerProcess, request: int) -> None:
        pending = _PendingDescriptions({worker.index for worker in self._workers.values() if worker.up})
        self._last_request += 1
        number = self._last_request
        self._pending[number] = pending
        try:
            for index in list(pending.waiting):
                self._workers[index].pipe.post(messages.Describe(number))
            with trio.move_on_after(DESCRIBE_WITHIN_S):
                await pending.complete.wait()
        finally:
            del self._pending[number]
        states = [self._state(index, pending.arrived.get(index)) for index in range(self._settings.count)]
        asker.pipe.post(messages.AllDescribed(request, self._handovers, states))

    def _state(self, index: int, description: messages.WorkerDescription | None) -> messages.WorkerState:
        worker = self._workers.get(index)
        pid = 0 if worker is None else worker.process.pid
        return messages.WorkerState(pid, worker is not None and worker.up, self._restarts[index], description)


async def _end(process: trio.Process) -> None:
    """Wait for a process that is ending, and kill it if it does not."""
    with trio.CancelScope(shield=True):
        with trio.move_on_after(END_WITHIN_S):
            await process.wait()
        if process.returncode is None:
            process.kill()
            await process.wait()
