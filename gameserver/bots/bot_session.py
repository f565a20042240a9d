"""A bot in one room: what its script does there, and the checks and counts of what it receives."""

from __future__ import annotations

import logging
from collections import deque
from typing import TYPE_CHECKING, Any

import trio

from gameserver.bots.brains import Perception
from gameserver.client.session import Session, new_attempt
from gameserver.client.session_core import SessionCore
from gameserver.client.session_events import Desynced, Joined, SessionState, Status, Updated
from gameserver.protocol import messages as m

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

    from gameserver.bots.brains import Brain
    from gameserver.bots.checks import StateChecker
    from gameserver.bots.report import Report
    from gameserver.bots.rules import Rules
    from gameserver.client.dial import Opener
    from gameserver.client.session_events import SessionEvent
    from gameserver.client.state_reader import StateReader
    from gameserver.state.inputs import Inputs
    from gameserver.sync.decode.view_state import ViewState

log = logging.getLogger("gameserver.bot")

MAX_BRAIN_EVENTS = 1024
"""Events that a brain has not been given yet: it gets them with the next state, and the oldest are dropped."""


class RoomEnded(Exception):
    """A bot is no longer in its room: the room ended, or the server removed the bot.

    Args:
        code: The close code; None for a link that broke.
        reason: The reason that the server gave.
    """

    def __init__(self, code: int | None, reason: str) -> None:
        super().__init__(reason if code is None else f"{code} {reason}")
        self.code = code
        self.reason = reason


class BotSession:
    """A bot in one room. `Bot.join` makes it.

    Args:
        join: What to join with.
        open_socket: Opens a WebSocket.
        rng: Source of the jitter of the waits between attempts.
        rules: What the states are checked against.
        reader: Decodes states.
        report: Gets what is counted and found.
        on_joined: Called at each WELCOME.
        brain: Decides on the controls at each state; None: the script does.
    """

    def __init__(
        self,
        join: m.Join,
        open_socket: Opener,
        rng: random.Random,
        *,
        rules: Rules,
        reader: StateReader,
        report: Report,
        on_joined: Callable[[], object],
        brain: Brain | None = None,
    ) -> None:
        self.core = SessionCore(join, rules.options, reader=reader, new_attempt=new_attempt)
        self.session = Session(self.core, open_socket, rng=rng, on_event=self._on_event, on_status=self._on_status)
        self._events = self.session.events()
        self._rules = rules
        self._report = report
        self._on_joined_once = on_joined
        self._brain = brain
        self._brains_events: deque[m.Event] = deque(maxlen=MAX_BRAIN_EVENTS)
        self._brain_failed = False
        self._checker: StateChecker | None = None
        self._changed = trio.Event()
        self._end: Status | None = None
        self._counting = False
        self._counted_before = (0, 0)
        self._last_state_s: float | None = None

    # -- what a script does --------------------------------------------------------------------------------------------

    def send(self, name: str, payload: Any = None) -> bool:
        """Send a message of the game's own.

        Args:
            name: What the room's `on_message` gets as the name.
            payload: Any value that msgpack holds.

        Returns:
            False while the link is down: the message was not sent.

        Raises:
            ValueError: The message is longer, or nested deeper, than a server takes.
        """
        sent = self.session.send(name, payload)
        self._report.messages += sent
        return sent

    def set_controls(self, controls: Inputs | None = None, /, **values: Any) -> None:
        """Hold these controls from the next tick on, until others are set.

        Args:
            controls: An instance of the room's input class.
            values: Or its fields by name; those left out are neutral.

        Raises:
            TypeError: The room's inputs have no field of that name.
            StateError: A field cannot hold its value.
        """
        self.session.set_controls(controls, **values)

    @property
    def view(self) -> ViewState:
        """The newest state."""
        return self.session.view

    @property
    def avatar(self) -> Any:
        """The entity that the bot steers, in the newest state; None without one."""
        avatar_id = self.session.avatar_id
        return None if avatar_id is None else self.view.get(avatar_id)

    async def updated(self) -> ViewState:
        """Wait for the next state.

        Returns:
            What is known of the room after it.

        Raises:
            RoomEnded: The bot is no longer in the room.
        """
        await self._changed.wait()
        self._raise_if_ended()
        return self.view

    async def event(self, *names: str) -> m.Event:
        """Wait for an event of the room. Events before it that have other names are skipped.

        Args:
            names: Names of events; any event without them.

        Returns:
            The event: its `tick`, `name` and `payload`.

        Raises:
            RoomEnded: The bot is no longer in the room.
            EventsMissed: More events have come since the last call than are kept.
        """
        async for event in self._events:
            if not names or event.name in names:
                return event
        self._raise_if_ended()
        raise AssertionError("the stream of events ends with the session")

    async def until_ended(self) -> None:
        """Wait until the bot is no longer in the room.

        Raises:
            RoomEnded: It is not.
        """
        while True:
            await self.updated()

    def _raise_if_ended(self) -> None:
        if self._end is not None:
            raise RoomEnded(self._end.code, self._end.reason)

    # -- counts --------------------------------------------------------------------------------------------------------

    def start_counting(self) -> None:
        """Count snapshots, bytes and times from now on."""
        counters = self.core.counters
        self._counting = True
        self._counted_before = counters.bytes_received, counters.corrections

    def counted(self) -> tuple[int, int, int]:
        """Return the session's counts.

        Returns:
            Bytes received and corrections since `start_counting`, and desyncs since the join.
        """
        counters = self.core.counters
        if not self._counting:
            return 0, 0, counters.desyncs
        received, corrections = self._counted_before
        return counters.bytes_received - received, counters.corrections - corrections, counters.desyncs

    # -- called by the session -----------------------------------------------------------------------------------------

    def _on_event(self, event: SessionEvent) -> None:
        match event:
            case Joined():
                self._on_joined()
            case Updated():
                self._on_updated(event)
            case m.Event():
                self._report.events += self._counting
                self._brains_events.append(event)
            case Desynced(reason):
                self._report.add_problem(f"desync: {reason}")

    def _on_joined(self) -> None:
        self._last_state_s = None
        replica = self.core.replica
        assert replica is not None
        self._checker = self._rules.checker(replica.schema, replica.tick_s)
        self._on_joined_once()

    def _on_updated(self, event: Updated) -> None:
        now_s = trio.current_time()
        if self._checker is not None and event.span:
            finding = self._checker.check(event.before, event.view)
            self._report.changes += finding.changed
            for violation in finding.violations:
                self._report.add_error(violation)
        if self._counting:
            self._count(event, now_s)
        self._last_state_s = now_s
        if self._brain is not None:
            self._ask(self._brain, event.view)
        self._wake()

    def _ask(self, brain: Brain, view: ViewState) -> None:
        """Hold the controls that the brain decides on. A brain may be a user's: if it raises, that is reported, and no
        controls are held.
        """
        replica = self.core.replica
        assert replica is not None
        events = tuple(self._brains_events)
        self._brains_events.clear()
        perception = Perception(view, replica.avatar_id, replica.schema.inputs, events, self.send)
        try:
            self.core.set_controls(brain.decide(perception))
        except Exception as error:
            if not self._brain_failed:
                log.exception("the brain of a bot failed")
            self._brain_failed = True
            self._report.add_error(f"the brain failed: {type(error).__name__}: {error}")
            self.core.set_controls(None)

    def _count(self, event: Updated, now_s: float) -> None:
        self._report.snapshots += 1
        if event.acked_after_s is not None:
            self._report.acks.add(event.acked_after_s)
        if self._last_state_s is not None:
            self._report.intervals.add(now_s - self._last_state_s)

    def _on_status(self, status: Status) -> None:
        if status.state is SessionState.WAITING and self._report.joined:
            self._report.disconnects += 1
            self._report.add_problem(f"lost its link: {reason_of(status)}")
        elif status.state is SessionState.WAITING:
            self._report.add_problem(f"could not connect: {reason_of(status)}")
        elif status.state is SessionState.CLOSED:
            self._end = status
            self._wake()

    def _wake(self) -> None:
        done = self._changed
        if self._end is None:
            self._changed = trio.Event()
        done.set()


def reason_of(status: Status) -> str:
    """Return why a link ended, in words."""
    return status.reason if status.code is None else f"{status.code} {status.reason}"
