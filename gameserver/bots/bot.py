"""One bot: a player without a screen, on the same client as everyone else. It asks a brain what to do with each
state, checks all that it is told, and keeps count.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import trio

from gameserver.bots.brains import Sight
from gameserver.bots.checks import Watch
from gameserver.bots.report import Report
from gameserver.client.errors import JoinFailed
from gameserver.client.replica import Options
from gameserver.client.session import Session
from gameserver.client.session_core import SessionCore
from gameserver.client.session_events import Desynced, Joined, SessionState, Status, Updated
from gameserver.protocol import messages as m
from gameserver.protocol.constants import CloseCode, Role

if TYPE_CHECKING:
    import random
    from collections.abc import Iterable

    from gameserver.bots.brains import Brain
    from gameserver.bots.checks import SpeedLimit
    from gameserver.client.dial import Opener
    from gameserver.client.session_events import SessionEvent
    from gameserver.client.state_reader import StateReader
    from gameserver.state.schema import Schema

log = logging.getLogger("gameserver.bot")

NAMES = (
    "Ada",
    "Bo",
    "Cleo",
    "Dot",
    "Edda",
    "Finn",
    "Gus",
    "Hal",
    "Ida",
    "Joss",
    "Kit",
    "Lou",
    "Moe",
    "Nell",
    "Otto",
    "Pip",
)


class Rules:
    """What bots may know of a game beyond its schema: how far things may move, and the step to predict their avatar
    with.
    """

    def __init__(self, limits: Iterable[SpeedLimit] = (), options: Options | None = None) -> None:
        self.limits = tuple(limits)
        self.options = options or Options(interpolate=False)
        self._watches: dict[tuple[int, float], tuple[Schema, Watch]] = {}

    def watch(self, schema: Schema, tick_s: float) -> Watch:
        """Return what looks at the states of a room; the same for all bots that share their views."""
        key = id(schema), tick_s
        if key not in self._watches:
            self._watches[key] = schema, Watch(schema, tick_s, self.limits)
        return self._watches[key][1]


class Bot:
    """One player. What it sees goes into `report`, from `measure` on."""

    def __init__(
        self,
        number: int,
        kind: str,
        open_socket: Opener,
        brain: Brain,
        rng: random.Random,
        *,
        rules: Rules | None = None,
        reader: StateReader | None = None,
    ) -> None:
        params = {"name": f"{NAMES[number % len(NAMES)]} {number // len(NAMES) + 1}", "bot": True}
        self._rules = rules or Rules()
        self.core = SessionCore(m.Join(kind, None, Role.PLAYER, params), self._rules.options, reader=reader)
        self.session = Session(self.core, open_socket, rng=rng, on_event=self._see, on_status=self._hear)
        self.report = Report(1)
        self.settled = trio.Event()
        """Set once it has joined, or has failed to."""
        self._brain = brain
        self._watch: Watch | None = None
        self._failed = False
        self._measured_from_s: float | None = None
        self._state_at_s: float | None = None
        self._before: tuple[int, int] = (0, 0)

    async def play(self) -> None:
        """Join and play until it is over; what goes wrong is in the report."""
        try:
            await self.session.run(task_status=trio.TASK_STATUS_IGNORED)
        except JoinFailed as failed:
            self.report.complain(f"could not join: {failed}")
        finally:
            self.settled.set()

    def measure(self, now_s: float) -> None:
        """Everybody is in: count from now on."""
        counters = self.core.counters
        self._measured_from_s = now_s
        self._before = counters.bytes_received, counters.corrections

    def finish(self, now_s: float) -> Report:
        """Return what was seen since `measure`."""
        report, counters = self.report, self.core.counters
        if self._measured_from_s is not None:
            report.seconds = report.client_seconds = now_s - self._measured_from_s
            report.bytes_received = counters.bytes_received - self._before[0]
            report.corrections = counters.corrections - self._before[1]
        report.desyncs = counters.desyncs
        return report

    # -- what the client tells ---------------------------------------------------------------------------------------

    def _see(self, event: SessionEvent) -> None:
        match event:
            case Joined():
                self._come_in()
            case Updated():
                self._follow(event)
            case Desynced(reason):
                self.report.problems[f"desync: {reason}"] += 1

    def _come_in(self) -> None:
        self.report.joined = 1
        self.settled.set()
        self._state_at_s = None
        replica = self.core.replica
        assert replica is not None
        self._watch = self._rules.watch(replica.schema, replica.tick_s)

    def _follow(self, event: Updated) -> None:
        now_s = trio.current_time()
        if self._watch is not None and event.span:
            finding = self._watch.look(event.before, event.view)
            self.report.changes += finding.changed
            for problem in finding.wrong:
                self.report.complain(problem)
        if self._measured_from_s is not None:
            self._count(event, now_s)
        self._state_at_s = now_s
        replica = self.core.replica
        assert replica is not None
        self._steer(Sight(event.view, replica.avatar_id, replica.schema.inputs))

    def _steer(self, sight: Sight) -> None:
        """Do what the brain says. One that fails is somebody's own: it is reported, and the bot takes its hands off."""
        try:
            self.core.set_controls(self._brain.decide(sight))
        except Exception as error:
            if not self._failed:
                log.exception("the brain of a bot failed")
            self._failed = True
            self.report.complain(f"the brain failed: {type(error).__name__}: {error}")
            self.core.set_controls(None)

    def _count(self, event: Updated, now_s: float) -> None:
        self.report.snapshots += 1
        if event.acked_after_s is not None:
            self.report.acks.add(event.acked_after_s)
        if self._state_at_s is not None:
            self.report.intervals.add(now_s - self._state_at_s)

    def _hear(self, change: Status) -> None:
        if change.state is SessionState.WAITING and self.report.joined:
            self.report.disconnects += 1
            self.report.problems[f"lost its link: {_end(change)}"] += 1
        elif change.state is SessionState.WAITING:
            self.report.problems[f"could not connect: {_end(change)}"] += 1
        elif change.state is SessionState.CLOSED and change.code != CloseCode.NORMAL:
            self.report.complain(f"was closed: {_end(change)}")


def _end(change: Status) -> str:
    return change.reason if change.code is None else f"{change.code} {change.reason}"
