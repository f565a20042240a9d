"""Runs the functions that rules start with `Room.run`, as tasks beside the rooms.

Bounded: a number of functions at a time in the whole process, the time of each, and all of a room's end with the room.
Whatever a function raises is its outcome, and nothing else's.
"""

from __future__ import annotations

import inspect
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import trio

if TYPE_CHECKING:
    from gameserver.room.engine import RoomEngine
    from gameserver.room.outside_work import Job

MAX_RUNNING: Final = 256
"""Functions of one process that run at a time; more wait their turn, which counts for their time."""


class WorkRunner:
    """Runs jobs in one nursery."""

    def __init__(self, nursery: trio.Nursery) -> None:
        self._nursery = nursery
        self._slots = trio.CapacityLimiter(MAX_RUNNING)

    def start(self, engine: RoomEngine, job: Job) -> None:
        """Run a job's function soon, and report its outcome to the room."""
        self._nursery.start_soon(self._run, engine, job)

    async def _run(self, engine: RoomEngine, job: Job) -> None:
        if engine.closed:
            return
        with trio.CancelScope() as scope:
            job.cancel = scope.cancel
            result, error = await self._outcome(job)
            engine.work.finish(job, result, error)

    async def _outcome(self, job: Job) -> tuple[Any, str | None]:
        """Return the function's result, or why there is none."""
        try:
            with trio.fail_after(job.timeout_s) as timeout:
                async with self._slots:
                    return await _call(job), None
        except trio.TooSlowError as error:
            own = timeout.cancelled_caught
            return None, f"it took longer than {job.timeout_s:g} s" if own else _text(error)
        except (Exception, SystemExit, KeyboardInterrupt) as error:
            return None, _text(error)


async def _call(job: Job) -> Any:
    """Call an async function here, and any other in a thread of its own."""
    if inspect.iscoroutinefunction(job.work):
        return await job.work(*job.args)
    return await trio.to_thread.run_sync(partial(job.work, *job.args), abandon_on_cancel=True)


def _text(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"
