"""One bot: a client without a screen. It asks a brain what to do with each state, checks all that it receives, and
counts.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import trio

from gameserver.bots.brains import Perception
from gameserver.bots.checks import StateChecker
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
    """What bots know of a game beyond its schema."""

    def __init__(self, limits: Iterable[SpeedLimit] = (), options: Options | None = None) -> None:
        """Describe a game to its bots.

        Args:
            limits: How fast its entities may move.
            options: How the bots' clients are set up, for example the shared step to predict with; None: no prediction
                and no interpolation.
        """
        self.limits = tuple(limits)
        self.options = options or Options(interpolate=False)
        self._checkers: dict[tuple[int, float], tuple[Schema, StateChecker]] = {}

    def checker(self, schema: Schema, tick_s: float) -> StateChecker:
        """Return what checks the states of a room; bots that share their views get the same one.

        Args:
            schema: The room's schema.
            tick_s: Length of the room's tick in seconds.

        Returns:
            The checker, with this game's limits.

        Raises:
            KeyError: A limit names an entity type that the schema does not have.
            ValueError: A limit names a field that its entity type does not have.
        """
        key = id(schema), tick_s
        if key not in self._checkers:
            self._checkers[key] = schema, StateChecker(schema, tick_s, self.limits)
        return self._checkers[key][1]


class Bot:
    """One bot. What it sees is in `report`; counts and times are taken from `start_counting` on."""

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
        self.session = Session(self.core, open_socket, rng=rng, on_event=self._on_event, on_status=self._on_status)
        self.report = Report(1)
        self.settled = trio.Event()
        """Set once the bot has joined, or has failed to."""
        self._brain = brain
        self._checker: StateChecker | None = None
        self._brain_failed = False
        self._counting_from_s: float | None = None
        self._last_state_s: float | None = None
        self._counters_at_start: tuple[int, int] = (0, 0)

    async def play(self) -> None:
        """Join and play until the session ends. Errors go into the report."""
        try:
            await self.session.run(task_status=trio.TASK_STATUS_IGNORED)
        except JoinFailed as failed:
            self.report.add_error(f"could not join: {failed}")
        finally:
            self.settled.set()

    def start_counting(self, now_s: float) -> None:
        """Count snapshots, bytes and times from now on. Called once all bots have joined."""
        counters = self.core.counters
        self._counting_from_s = now_s
        self._counters_at_start = counters.bytes_received, counters.corrections

    def report_at(self, now_s: float) -> Report:
        """Return the report, with what was counted since `start_counting`."""
        report, counters = self.report, self.core.counters
        if self._counting_from_s is not None:
            report.seconds = report.client_seconds = now_s - self._counting_from_s
            report.bytes_received = counters.bytes_received - self._counters_at_start[0]
            report.corrections = counters.corrections - self._counters_at_start[1]
        report.desyncs = counters.desyncs
        return report

    # -- called by the session -----------------------------------------------------------------------------------------

    def _on_event(self, event: SessionEvent) -> None:
        match event:
            case Joined():
                self._on_joined()
            case Updated():
                self._on_updated(event)
            case Desynced(reason):
                self.report.add_problem(f"desync: {reason}")

    def _on_joined(self) -> None:
        self.report.joined = 1
        self.settled.set()
        self._last_state_s = None
        replica = self.core.replica
        assert replica is not None
        self._checker = self._rules.checker(replica.schema, replica.tick_s)

    def _on_updated(self, event: Updated) -> None:
        now_s = trio.current_time()
        if self._checker is not None and event.span:
            finding = self._checker.check(event.before, event.view)
            self.report.changes += finding.changed
            for violation in finding.violations:
                self.report.add_error(violation)
        if self._counting_from_s is not None:
            self._count(event, now_s)
        self._last_state_s = now_s
        replica = self.core.replica
        assert replica is not None
        self._steer(Perception(event.view, replica.avatar_id, replica.schema.inputs))

    def _steer(self, perception: Perception) -> None:
        """Hold the controls that the brain decides on. A brain may be a user's: if it raises, that is reported, and no
        controls are held.
        """
        try:
            self.core.set_controls(self._brain.decide(perception))
        except Exception as error:
            if not self._brain_failed:
                log.exception("the brain of a bot failed")
            self._brain_failed = True
            self.report.add_error(f"the brain failed: {type(error).__name__}: {error}")
            self.core.set_controls(None)

    def _count(self, event: Updated, now_s: float) -> None:
        self.report.snapshots += 1
        if event.acked_after_s is not None:
            self.report.acks.add(event.acked_after_s)
        if self._last_state_s is not None:
            self.report.intervals.add(now_s - self._last_state_s)

    def _on_status(self, status: Status) -> None:
        if status.state is SessionState.WAITING and self.report.joined:
            self.report.disconnects += 1
            self.report.add_problem(f"lost its link: {_reason(status)}")
        elif status.state is SessionState.WAITING:
            self.report.add_problem(f"could not connect: {_reason(status)}")
        elif status.state is SessionState.CLOSED and status.code != CloseCode.NORMAL:
            self.report.add_error(f"was closed: {_reason(status)}")


def _reason(status: Status) -> str:
    return status.reason if status.code is None else f"{status.code} {status.reason}"
