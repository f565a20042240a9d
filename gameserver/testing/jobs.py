"""Functions that rules start with `Room.run` and `Room.effect`, in a game without an event loop: they run to their end
between ticks.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import trio

from gameserver.net.work_runner import WorkRunner

if TYPE_CHECKING:
    from gameserver.room.engine import RoomEngine
    from gameserver.room.outside_work import Effect, Job


class Jobs:
    """Jobs that wait until `run` is called."""

    def __init__(self) -> None:
        self._waiting: list[tuple[RoomEngine, Job]] = []
        self._effects: list[Effect] = []

    def add(self, engine: RoomEngine, job: Job) -> None:
        """Have a job run at the next `run`."""
        self._waiting.append((engine, job))

    def add_effect(self, effect: Effect) -> None:
        """Have an effect run at the next `run`."""
        self._effects.append(effect)

    def run(self) -> None:
        """Run what waits, to its end: its results come at the next tick."""
        if not (self._waiting or self._effects):
            return
        jobs, self._waiting = self._waiting, []
        effects, self._effects = self._effects, []
        if trio.lowlevel.in_trio_run():  # a test that is a trio task: another thread has room for a loop of its own
            thread = threading.Thread(target=trio.run, args=(_run_all, jobs, effects))
            thread.start()
            thread.join()
        else:
            trio.run(_run_all, jobs, effects)


async def _run_all(jobs: list[tuple[RoomEngine, Job]], effects: list[Effect]) -> None:
    """Run all at the same time, and report the outcomes in the order in which jobs and effects were added: trio's tasks
    end in another order each time, and the same game must be the same.
    """
    outcomes: dict[Job, tuple[Any, str | None] | None] = {}

    async def run(job: Job) -> None:
        outcomes[job] = None if job.is_over else await runner.run(job)

    async with trio.open_nursery() as nursery:
        runner = WorkRunner(nursery, first_wait_s=0.0)
        for job in (*[job for _, job in jobs], *effects):
            nursery.start_soon(run, job)
    for engine, job in jobs:
        if (outcome := outcomes[job]) is not None:
            engine.work.finish(job, *outcome)
    for effect in effects:
        if (outcome := outcomes[effect]) is not None:
            effect.report(*outcome)
