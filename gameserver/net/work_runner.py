"""Runs the functions that rules start with `Room.run` and `Room.effect`, as tasks beside the rooms.

Bounded: a number of functions at a time in the whole process, the time of each, and all of a room's end with the room,
but for effects, which are tried again until they succeed or have been tried often enough.
Whatever a function raises is its outcome, and nothing else's. Plain functions run in threads, which cannot be stopped:
one that never ends keeps its thread. So these threads are counted by themselves, and files, recordings and async
functions have theirs however many of them hang.
"""

from __future__ import annotations

import inspect
import logging
import math
from typing import TYPE_CHECKING, Any, Final

import trio

from gameserver.escaping import escape_controls
from gameserver.net.author_errors import pass_on_cancelled
from gameserver.room.outside_work import Effect

if TYPE_CHECKING:
    from gameserver.room.engine import RoomEngine
    from gameserver.room.outside_work import Job

log = logging.getLogger("gameserver.room")

MAX_RUNNING: Final = 256
"""Async functions of one process that run at a time; more wait their turn, which counts for their time, but not for
that of effects."""

MAX_THREADS: Final = 64
"""Plain functions of one process that run at a time, those included that took too long and have not ended yet."""


FIRST_WAIT_S: Final = 1.0
"""Between the first and the second call of an effect; each further wait is twice as long, up to the next one."""
MAX_EFFECT_WAIT_S: Final = 60.0


class WorkRunner:
    """Runs jobs in one nursery.

    Args:
        nursery: Where they run.
        first_wait_s: Between the first and the second call of an effect, in seconds.
    """

    def __init__(self, nursery: trio.Nursery, first_wait_s: float = FIRST_WAIT_S) -> None:
        self._nursery = nursery
        self._first_wait_s = first_wait_s
        self._slots = trio.CapacityLimiter(MAX_RUNNING)
        self._threads = trio.CapacityLimiter(MAX_THREADS)

    def start(self, engine: RoomEngine, job: Job) -> None:
        """Run a job's function soon, and report its outcome to the room."""
        self._nursery.start_soon(self._run, engine, job)

    async def _run(self, engine: RoomEngine, job: Job) -> None:
        if not engine.closed and (outcome := await self.run(job)) is not None:
            engine.work.finish(job, *outcome)

    def start_effect(self, effect: Effect) -> None:
        """Run an effect soon, again and again until it succeeds, and report its outcome."""
        self._nursery.start_soon(self._run_effect, effect)

    async def _run_effect(self, effect: Effect) -> None:
        if not effect.is_over and (outcome := await self.run(effect)) is not None:
            effect.report(*outcome)

    async def run(self, job: Job) -> tuple[Any, str | None] | None:
        """Run a job's function, that of an effect until it succeeds or has been tried often enough.

        Returns:
            The result, and why there is none. None: the job was cancelled.
        """
        with trio.CancelScope() as scope:
            job.cancel = scope.cancel
            return await (self._last_outcome(job) if isinstance(job, Effect) else self._outcome(job))
        return None

    async def _last_outcome(self, effect: Effect) -> tuple[Any, str | None]:
        wait_s = self._first_wait_s
        result, error = await self._outcome(effect)
        for _ in range(effect.tries - 1):
            if error is None:
                break
            log.warning("effect %s is tried again in %g s: %s", effect.id, wait_s, escape_controls(error)[:300])
            await trio.sleep(wait_s)
            wait_s = min(2 * wait_s, MAX_EFFECT_WAIT_S)
            result, error = await self._outcome(effect)
        return result, error

    async def _outcome(self, job: Job) -> tuple[Any, str | None]:
        """Return the function's result, or why there is none. An effect waits for its turn as long as it takes: a try
        is a call."""
        call = _Call(job)
        waits_for_turn = isinstance(job, Effect)
        try:
            with trio.fail_after(math.inf if waits_for_turn else job.timeout_s) as timeout:
                call.timeout = timeout if waits_for_turn else None
                if inspect.iscoroutinefunction(job.work):
                    async with self._slots:
                        return await call.run(), None
                return await trio.to_thread.run_sync(call.run_sync, abandon_on_cancel=True, limiter=self._threads), None
        except trio.TooSlowError as error:
            return None, call.too_slow() if timeout.cancelled_caught else _text(error)
        except BaseException as error:
            pass_on_cancelled(error)
            return None, _text(error)


class _Call:
    """One call of a job's function, which may have to wait for its turn."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._has_begun = False
        self.timeout: trio.CancelScope | None = None
        """Where the time of the call begins with it; None: it has begun before."""

    async def run(self) -> Any:
        self._begin()
        return await self._job.work(*self._job.args_of_call())

    def run_sync(self) -> Any:
        if self.timeout is None:
            self._begin()
        else:
            trio.from_thread.run_sync(self._begin)
        return self._job.work(*self._job.args_of_call())

    def _begin(self) -> None:
        self._has_begun = True
        if self.timeout is not None:
            self.timeout.deadline = trio.current_time() + self._job.timeout_s

    def too_slow(self) -> str:
        """Return why there is no result when the time is over."""
        within = f"{self._job.timeout_s:g} s"
        if self._has_begun:
            return f"it took longer than {within}"
        return f"it could not begin within {within}: the functions of this process that run have not ended"


def _text(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"
