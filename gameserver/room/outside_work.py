"""Outside work: functions that rules start and that run beside the room, such as a look-up in a database.

Rules are synchronous and deterministic, so a result comes back as a command at a later tick. Recordings hold that
command: a replay gets the same results at the same ticks and runs nothing again. Nothing here runs a function; whoever
has tasks does (`OutsideWork.run_with`), and reports the outcome with `finish`.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import msgpack

from gameserver.escaping import escape_controls
from gameserver.protocol.codec import check_storable
from gameserver.protocol.payload import plain_payload
from gameserver.room import commands

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gameserver.room.session import Session

log = logging.getLogger("gameserver.room")

MAX_JOBS: Final = 64
"""Jobs of one room that run or wait to run. Another one fails."""

MAX_EFFECTS: Final = 64
"""Effects of one room that have no outcome yet. Another one fails."""

MAX_ERROR_CHARS: Final = 300


class WorkFailed(Exception):
    """A job gave no result: its function raised, took too long, or could not be started; the text says which."""


@dataclass(eq=False, slots=True)
class Job:
    """A function that runs beside the room. Returned by `Room.run`.

    Args:
        number: Its number in the room, from 1.
        work: The function.
        args: Its arguments.
        timeout_s: How long it may take, in seconds.
        then: Called with its result.
        failed: Called when there is no result.
        session: The session whose seat waits for this job, since `on_auth` returned it.
        cancel: Stops the function, if it runs: set by whoever runs it.
    """

    number: int
    work: Callable[..., Any]
    args: tuple[object, ...]
    timeout_s: float
    then: Callable[[Any], object] | None
    failed: Callable[[WorkFailed], object] | None
    session: Session | None = None
    cancel: Callable[[], None] = field(default=lambda: None)
    is_over: bool = False
    """Whether it has an outcome, or was cancelled."""

    def args_of_call(self) -> tuple[object, ...]:
        """Prepare a call of its function.

        Returns:
            What it is called with.
        """
        return self.args


@dataclass(eq=False, slots=True)
class Effect(Job):
    """A job that must not get lost: it is run once its request has been stored, and again until it succeeds.

    Args:
        id: The idempotency key: the same each time. Its function gets it before its arguments.
        packed: The list of its arguments, packed: what one call changes, the next one and a checkpoint do not get.
        tries: How often its function is called at most, until it returns.
        refused: Whether the room had too many: it is never run.
        runs: Whether it has been started.
        is_left: Whether its room has ended.
        is_ignored: Whether nobody carries it out, as where a room is only played through: then it counts for nothing.
        report: Takes the result, or why there is none.
    """

    id: str = ""
    packed: bytes = b""
    tries: int = 1
    refused: bool = False
    runs: bool = False
    is_left: bool = False
    is_ignored: bool = False
    report: Callable[[Any, str | None], None] = field(default=lambda _result, _error: None)

    def args_of_call(self) -> tuple[object, ...]:
        """Prepare a call of its function.

        Returns:
            What it is called with: the id, and copies of its arguments, lists for tuples too.
        """
        return self.id, *msgpack.unpackb(self.packed)


class OutsideWork:
    """The jobs of one room, effects among them."""

    def __init__(self, room_id: str, queue: Callable[[commands.Command], None]) -> None:
        """Begin without jobs.

        Args:
            room_id: For the log.
            queue: Queues a command for the next tick.
        """
        self._runner: Callable[[Job], None] | None = None
        self._room_id = room_id
        self._queue = queue
        self._jobs: dict[int, Job] = {}
        self._last_number = 0
        self.left: list[Effect] = []
        """Effects without an outcome when the room ended."""

    def __len__(self) -> int:
        return len(self._jobs)

    def run_with(self, runner: Callable[[Job], None]) -> None:
        """Run the jobs from now on, those that wait already included. In a replay nothing runs them.

        Args:
            runner: Runs a job and calls `finish` once, or `report` of an effect, unless the job is cancelled before.
        """
        self._runner = runner
        for job in self.running():
            if not job.is_over:
                self._run(job)

    def start(
        self,
        work: Callable[..., Any],
        args: tuple[object, ...],
        *,
        then: Callable[[Any], object] | None,
        failed: Callable[[WorkFailed], object] | None,
        timeout_s: float,
    ) -> Job:
        """Start a job. One too many fails at the next tick.

        Raises:
            TypeError: `work`, `then` or `failed` cannot be called, or `timeout_s` is not a number.
            ValueError: `timeout_s` is not above 0.
        """
        check_job("run", work, then, failed, timeout_s)
        self._last_number += 1
        job = Job(self._last_number, work, args, timeout_s, then, failed)
        has_place = sum(not isinstance(job, Effect) for job in self._jobs.values()) < MAX_JOBS
        self._jobs[job.number] = job
        if self._runner is not None:
            if has_place:
                self._runner(job)
            else:
                self.finish(job, None, f"the room has {MAX_JOBS} jobs already")
        return job

    def start_effect(self, effect: Effect) -> None:
        """Start an effect, whose number is the next one. One too many fails at the next tick."""
        self._last_number = effect.number
        effects = [job for job in self._jobs.values() if isinstance(job, Effect)]
        ignored = [job.number for job in effects if job.is_ignored]
        for number in ignored:
            del self._jobs[number]
        effect.refused = len(effects) - len(ignored) >= MAX_EFFECTS
        effect.report = partial(self.finish, effect)
        self._jobs[effect.number] = effect
        if self._runner is not None:
            self._run(effect)

    def _run(self, job: Job) -> None:
        if isinstance(job, Effect) and job.refused:
            job.report(None, f"the room has {MAX_EFFECTS} effects already")
        elif self._runner is not None:
            self._runner(job)

    def finish(self, job: Job, result: object, error: str | None) -> None:
        """Queue the outcome of a job for the next tick.

        Args:
            job: The job.
            result: What its function returned: a payload, so that recordings can hold it; anything else is None of an
                effect, and a failure of others.
            error: Why there is no result; None: there is one.
        """
        if error is None:
            try:
                check_storable(result)
                result = plain_payload(result)
            except ValueError as problem:
                result, error = self._without_result(job, f"its result is not plain data: {problem}")
        if error is not None:
            result, error = None, escape_controls(error)[:MAX_ERROR_CHARS]
        job.is_over = True
        self._queue(commands.WorkDone(job.number, result, error))

    def _without_result(self, job: Job, problem: str) -> tuple[None, str | None]:
        """Return the outcome of a function that has returned something unusable. What an effect was to do is done, and
        its rules must not do it once more: it has succeeded."""
        if not isinstance(job, Effect):
            return None, problem
        log.error("effect %s of room %s is done, but %s; it counts as None", job.id, self._room_id, problem)
        return None, None

    @property
    def last_number(self) -> int:
        """The number of the newest job."""
        return self._last_number

    def running(self) -> list[Job]:
        """The jobs that have no outcome yet, in order."""
        return list(self._jobs.values())

    def restore(self, last_number: int, jobs: Sequence[Job]) -> None:
        """Go on with the jobs of a checkpoint; nothing runs them yet.

        Args:
            last_number: The number of the newest job.
            jobs: Those that had no outcome yet.
        """
        self._last_number = last_number
        self._jobs = {job.number: job for job in jobs}
        for job in jobs:
            if isinstance(job, Effect):
                job.report = partial(self.finish, job)

    def abandon(self) -> None:
        """Let all jobs but effects fail at the next tick: what ran them is gone."""
        for job in self.running():
            if not isinstance(job, Effect):
                self.finish(job, None, "the server was restarted while it ran")

    def session_of(self, command: commands.WorkDone) -> Session | None:
        """The session whose seat waits for the job that a command is about, if one does."""
        job = self._jobs.get(command.job)
        return None if job is None else job.session

    def take(self, command: commands.WorkDone) -> None:
        """Take out the job that a command is about, and call what its author gave for the outcome.

        Raises:
            WorkFailed: It failed, a seat waits for it, and its author gave nothing for that.
        """
        job = self._jobs.pop(command.job, None)
        if job is None:
            return
        if command.error is None:
            if job.then is not None:
                job.then(command.result)
            return
        failure = WorkFailed(command.error)
        if job.failed is not None:
            job.failed(failure)
        elif job.session is not None:
            raise failure
        else:
            log.error("work of room %s failed: %s", self._room_id, command.error)

    def cancel_of(self, session: Session) -> None:
        """A session has ended: stop the job that its seat waited for, if there is one; its outcome does not arrive."""
        for number in [number for number, job in self._jobs.items() if job.session is session]:
            _cancel(self._jobs.pop(number))

    def cancel_all(self) -> None:
        """Stop every job, because the room goes on elsewhere or is no more; no outcome arrives. Idempotent."""
        jobs, self._jobs = self._jobs, {}
        for job in jobs.values():
            _cancel(job)

    def end(self) -> None:
        """The room has ended: stop every job but effects, which go on; no outcome arrives. Idempotent."""
        effects = [job for job in self._jobs.values() if isinstance(job, Effect) and not (job.is_over or job.refused)]
        for effect in effects:
            del self._jobs[effect.number]
            effect.is_left, effect.then, effect.failed = True, None, None
            effect.report = partial(self._report_left, effect)
        self.left += effects
        self.cancel_all()

    def _report_left(self, effect: Effect, result: object, error: str | None) -> None:
        effect.is_over = True
        if error is not None:
            log_failed(effect.id, self._room_id, error)


def _cancel(job: Job) -> None:
    job.is_over = True
    job.cancel()


def log_failed(effect_id: str, room_id: str, error: str) -> None:
    """Say that an effect has failed whose room cannot hear of it any more."""
    said = escape_controls(error)[:MAX_ERROR_CHARS]
    log.error("effect %s of room %s, which has ended, failed: %s", effect_id, room_id, said)


def check_job(method: str, work: Any, then: Any, failed: Any, timeout_s: Any) -> None:
    """Check what rules start.

    Args:
        method: What they call, for the error.
        work: A function.
        then: A function, or None.
        failed: A function, or None.
        timeout_s: How long it may take, in seconds.

    Raises:
        TypeError: A function cannot be called, or `timeout_s` is not a number.
        ValueError: `timeout_s` is not above 0.
    """
    if not callable(work):
        raise TypeError(
            f"work is {work!r}; write the function itself, and its arguments after it: {method}(load, name)"
        )
    for name, call in (("then", then), ("failed", failed)):
        if call is not None and not callable(call):
            raise TypeError(f"{name} is {call!r}; write the function itself, such as self.loaded, without parentheses")
    if isinstance(timeout_s, bool) or not isinstance(timeout_s, int | float):
        raise TypeError(f"timeout_s is {timeout_s!r}; write a number of seconds, or math.inf")
    if not timeout_s > 0:
        raise ValueError(f"timeout_s is {timeout_s!r}; write a number of seconds above 0")
