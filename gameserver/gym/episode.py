"""One room in memory and the players in it, from their joins to the end of the room: what an environment steps.

The engine is the server's own. Each player has a link in memory that decodes what the room sends, so that a player
knows what its client would know, at the ticks at which that would get it.
"""

from __future__ import annotations

import math
import threading
from typing import TYPE_CHECKING, Any, Final

from gameserver.client.errors import JoinFailed
from gameserver.client.state_reader import SharedStateReader
from gameserver.protocol import messages as m
from gameserver.protocol.constants import (
    AVATAR_EVENT,
    BEHIND_UNITS_PER_TICK,
    PROTOCOL_EVENT_PREFIX,
    CloseCode,
    Limits,
    Role,
)
from gameserver.room.author_store import MemoryEntries
from gameserver.room.engine import RoomEngine
from gameserver.room.moves import MoveFailed
from gameserver.room.outside_work import Effect
from gameserver.sync.decode.decoder import DeltaDecoder
from gameserver.sync.decode.view_state import ViewState
from gameserver.testing.client import ENTER_WITHIN_S
from gameserver.testing.jobs import Jobs
from gameserver.testing.links import ServerLink

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from gameserver.room.kind import Kind
    from gameserver.room.moves import Move
    from gameserver.room.outside_work import Job
    from gameserver.room.player import Player
    from gameserver.room.room import Room
    from gameserver.room.session import Session

    Codes = tuple[int, ...]

ROOM_ID: Final = "environment"


class AgentLink(ServerLink):
    """One player's end of its link: it decodes what it is sent."""

    def __init__(self, reader: SharedStateReader, decoder: DeltaDecoder) -> None:
        super().__init__()
        self._reader = reader
        self._decoder = decoder
        self.view: ViewState = decoder.empty()
        """What the player sees, as of the newest snapshot."""
        self.avatar_id: int | None = None
        """The id of the entity that it steers; None while there is none."""
        self.events: list[tuple[str, Any]] = []
        """Name and payload of the game's events since the list was last emptied."""

    def carry(self, message: bytes) -> None:
        """Read a message. The WELCOME is empty here: what it says is known."""
        if not message:
            return
        decoded = self._reader.decode(message)
        if isinstance(decoded, m.State):
            self.view = self._reader.apply(self._decoder, self.view, decoded)
        elif isinstance(decoded, m.Events):
            for event in decoded.items:
                self._take_event(event)

    def _take_event(self, event: m.Event) -> None:
        if event.name == AVATAR_EVENT:
            self.avatar_id = event.payload
        elif not event.name.startswith(PROTOCOL_EVENT_PREFIX):
            self.events.append((event.name, event.payload))


class AgentPeer:
    """The server side of a player's link, as a room needs it."""

    claims: Mapping[str, object] | None = None

    def __init__(self, link: AgentLink) -> None:
        self.link = link

    def close(self, code: CloseCode, reason: str) -> None:
        """Close the link."""
        self.link.close(code, reason)

    def replaced(self) -> None:
        """Do nothing: no other link takes over."""

    def release_session(self) -> None:
        """Do nothing: nobody else uses the link."""


class Agent:
    """One player of an episode, as the word is used in PettingZoo.

    Args:
        link: Its end of its link.
        session: Its session in the room.
    """

    def __init__(self, link: AgentLink, session: Session) -> None:
        self.link = link
        self._session = session

    @property
    def player(self) -> Player:
        """The player that the room's rules know."""
        return self._session.player

    def push(self, codes: Codes, tick: int, now_s: float) -> None:
        """Give the room the inputs of a tick, made in view of what the player sees now."""
        self._session.input_queue.push(tick, codes, now_s, self.link.view.tick * BEHIND_UNITS_PER_TICK)


class Episode:
    """A room that runs, and its players.

    Args:
        kind: The room's kind.
        params: What each player joins with; as many as there are players.
        seed: Of the room's random numbers.
        options: What the room is created with.
        after_rules: Called in each tick once its rules have run, while everyone is still in the room.

    Raises:
        JoinFailed: The rules refuse a player.
        OptionsInvalid: A declared option cannot have its value.
        RuntimeError: The rules raised; what they raised is the cause.
    """

    def __init__(
        self,
        kind: Kind,
        params: Sequence[Mapping[str, Any]],
        *,
        seed: int,
        options: Mapping[str, Any],
        after_rules: Callable[[Episode], None],
    ) -> None:
        self._engine = RoomEngine(
            kind, ROOM_ID, seed=seed, options=options, limits=Limits(), welcome=lambda _engine, _session, _resumed: b""
        )
        self._after_rules = after_rules
        self._error: Exception | None = None
        self._jobs = Jobs()
        self._reader = SharedStateReader()
        self._decoder = DeltaDecoder(kind.schema, self._engine.tick_hz)
        self._connect()
        self.agents = [self._join(number, each) for number, each in enumerate(params, start=1)]
        """The players, in order of joining."""
        self._wait_until_joined()

    def _connect(self) -> None:
        """Give the room what a server gives it."""
        engine = self._engine
        engine.work.run_with(self._run)
        engine.store_calls.entries = MemoryEntries(threading.Lock())
        engine.moves.carry_with(self._refuse_move)
        engine.record(self)

    def _run(self, job: Job) -> None:
        """Run a function that the rules have started. An effect is for the world outside, which a game that is only
        played for learning must not change: it has no outcome."""
        if isinstance(job, Effect):
            job.is_ignored = True
        else:
            self._jobs.add(self._engine, job)

    def _refuse_move(self, move: Move) -> None:
        move.failure = MoveFailed(CloseCode.ROOM_NOT_FOUND, "an environment has one room")
        self._engine.moves.decide(move)

    def _join(self, key: int, params: Mapping[str, Any]) -> Agent:
        link = AgentLink(self._reader, self._decoder)
        session = self._engine.seats.join(AgentPeer(link), Role.PLAYER, params, key=key, secret=b"")
        session.window.stay_open()  # what the link is offered has arrived
        return Agent(link, session)

    def _wait_until_joined(self) -> None:
        ticks = math.ceil(ENTER_WITHIN_S * self._engine.tick_hz)
        while not all(agent.link.view.tick for agent in self.agents):
            closed = next((agent.link.closed for agent in self.agents if agent.link.closed is not None), None)
            if closed is not None:
                raise JoinFailed(*closed)
            if self._engine.tick_number >= ticks:
                raise JoinFailed(None, f"no state of the room within {ENTER_WITHIN_S:g} s")
            self._tick()

    # -- play ----------------------------------------------------------------------------------------------------------

    @property
    def room(self) -> Room[Any]:
        """The author's room."""
        return self._engine.room

    @property
    def over(self) -> bool:
        """Whether the room has ended."""
        return self._engine.closed

    @property
    def view(self) -> ViewState:
        """All of the room at its newest tick."""
        newest = self._engine.history.newest
        return self._decoder.empty() if newest is None else ViewState(self._decoder.schema, newest.tick, newest.tables)

    def tick(self, codes: Sequence[Codes]) -> None:
        """Run one tick.

        Args:
            codes: Each player's inputs.

        Raises:
            RuntimeError: The rules raised; what they raised is the cause.
        """
        tick, now_s = self._engine.tick_number + 1, self._now_s
        for agent, its_codes in zip(self.agents, codes, strict=True):
            if agent.link.closed is None:
                agent.push(its_codes, tick, now_s)
        self._tick()

    @property
    def _now_s(self) -> float:
        return (self._engine.tick_number + 1) * self._engine.tick_s

    def _tick(self) -> None:
        engine = self._engine
        self._jobs.run()
        engine.tick(self._now_s)
        if engine.error is not None:
            text = f"{type(engine.error).__name__}: {engine.error}"
            raise RuntimeError(f"{engine.kind.name}: the rules raised {text} (tick {engine.tick_number})") from (
                engine.error
            )
        if self._error is not None:
            raise self._error

    def put(self, *_: object) -> None:
        """Called by the room in each tick once its rules have run, as a recorder is."""
        if self._error is None:
            try:
                self._after_rules(self)
            except Exception as error:  # an error of a recorder only ends the recording
                self._error = error

    def close(self) -> None:
        """End the room, if it has not ended. Idempotent."""
        self._engine.close(CloseCode.ROOM_CLOSED, "the episode is over")
