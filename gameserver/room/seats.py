"""The seats of one room: who plays or watches, who is on the way in, and whose link is lost.

What clients ask for is queued here as commands; `apply` lets them take effect at a tick and calls the author's hooks.
Between ticks links change hands, and a join takes its seat at once, so that nobody else can. In live play this is also
the room's `Source` of commands and inputs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gameserver.protocol.constants import AVATAR_EVENT, CloseCode, Role
from gameserver.room import commands
from gameserver.room.outside_work import WorkFailed
from gameserver.room.player import JoinRefused, Player
from gameserver.room.session import Session
from gameserver.sync.encode.views import ALL
from gameserver.sync.inputs import InputQueue
from gameserver.sync.window import Window

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from gameserver.protocol.constants import Limits
    from gameserver.room.commands import Command, WorkDone
    from gameserver.room.kind import Kind
    from gameserver.room.outside_work import OutsideWork
    from gameserver.room.room import Room
    from gameserver.room.session import SessionPeer
    from gameserver.state.world import World
    from gameserver.sync.events import EventLog
    from gameserver.sync.history import History

    Codes = tuple[int, ...]


class Seats:
    """The sessions of one room, by number, in order of joining."""

    def __init__(
        self,
        kind: Kind,
        room_id: str,
        limits: Limits,
        *,
        room: Room[Any],
        world: World,
        history: History,
        events: EventLog,
        work: OutsideWork,
        welcome: Callable[[Session, bool], bytes],
        log_event: Callable[[str, object, frozenset[int] | None], None],
    ) -> None:
        """Make the empty seats of a room.

        Args:
            kind: Says how many seats there are.
            room_id: The room's id.
            limits: The server's limits.
            room: The author's rules, whose hooks are called.
            world: Loses what a leaving player owns.
            history: Holds the base for a resumed session.
            events: Says where a new session's event cursor begins.
            work: The jobs that joins may wait for.
            welcome: Encodes the WELCOME of a session; the flag says whether it resumed.
            log_event: Logs one of the protocol's own events: name, payload, receivers.
        """
        self.sessions: dict[int, Session] = {}
        self._kind = kind
        self._room_id = room_id
        self._limits = limits
        self._room = room
        self._world = world
        self._history = history
        self._events = events
        self._work = work
        self._welcome = welcome
        self._log_event = log_event
        self._commands: list[Command] = []
        self.last_number = 0
        """The number of the newest session."""
        grace_s = kind.room_class.resume_grace_s
        self.grace_s: float = limits.resume_grace_s if grace_s is None else grace_s
        away_s = kind.room_class.going_away_grace_s
        self._going_away_grace_s = min(self.grace_s, limits.going_away_grace_s if away_s is None else away_s)

    @property
    def players(self) -> list[Player]:
        """The seated players, suspended ones included."""
        return [s.player for s in self.sessions.values() if s.seated and s.is_player]

    @property
    def spectators(self) -> list[Player]:
        """The seated spectators, suspended ones included."""
        return [s.player for s in self.sessions.values() if s.seated and not s.is_player]

    @property
    def taken(self) -> tuple[int, int]:
        """How many seats of players and of spectators are taken: joining, seated or suspended."""
        players = sum(session.is_player for session in self.sessions.values())
        return players, len(self.sessions) - players

    def has_free(self, role: Role) -> bool:
        """Whether a seat for this role is free."""
        players, spectators = self.taken
        if role is Role.PLAYER:
            return players < self._kind.room_class.max_players
        return spectators < self._kind.room_class.max_spectators

    # -- requests between ticks ----------------------------------------------------------------------------------------

    def join(self, peer: SessionPeer, role: Role, params: Mapping[str, object], *, key: int, secret: bytes) -> Session:
        """Take a seat for a peer's client; its hooks run and its WELCOME goes out at the next tick."""
        self.last_number += 1
        player = Player(self.last_number, role, params, peer.claims)
        room_class, limits = self._kind.room_class, self._limits
        inputs = InputQueue(
            hold_s=limits.input_hold_s, tick_hz=room_class.tick_hz, neutral=self._kind.inputs.neutral_codes
        )
        window = Window(limits.max_unacked_snapshots, room_class.tick_hz, self._kind.snapshot_every)
        session = Session(player, self._room_id, inputs, window, key=key, secret=secret)
        self.sessions[session.number] = session
        session.attach(peer)
        self._commands.append(commands.Join(session))
        return session

    def resume(self, session: Session, peer: SessionPeer, tick: int, event: int) -> None:
        """Continue a session over another peer's link, and close the link that it had, if any."""
        if session.peer is not None:
            session.peer.replaced()
        session.attach(peer)
        self._commands.append(commands.Resume(session, tick, event, peer.link))

    def lose_link(self, session: Session, now_s: float, code: int | None) -> None:
        """Suspend a session whose link is gone; end it if its client closed normally or was not seated yet.

        Args:
            session: The session.
            now_s: The time now.
            code: The close code of the client; None for a broken link. After 1001 the grace time is short.
        """
        session.detach(now_s, going_away=code == CloseCode.GOING_AWAY)
        if code == CloseCode.NORMAL or not session.seated:
            self.leave(session)
        elif not session.leaving:
            self._commands.append(commands.Suspend(session))

    def leave(self, session: Session) -> None:
        """End a session. Idempotent."""
        if not session.leaving:
            session.leaving = True
            self._commands.append(commands.Leave(session))

    def message(self, session: Session, name: str, payload: object) -> None:
        """Queue a client's MESSAGE."""
        self._commands.append(commands.Message(session, name, payload))

    # -- the source of a live room -------------------------------------------------------------------------------------

    def commands(self, now_s: float) -> list[Command]:
        """Take the commands of the tick that begins now, in order of arrival. Sessions out of grace leave with it."""
        for session in self.sessions.values():
            if session.lost_at_s is not None:
                grace_s = self._going_away_grace_s if session.going_away else self.grace_s
                if now_s - session.lost_at_s > grace_s:
                    self.leave(session)
        queued, self._commands = self._commands, []
        return [command for command in queued if not _is_outdated(command)]

    def inputs(self, now_s: float, tick: int) -> list[tuple[Session, Codes]]:
        """Take one input frame of each player for this tick, in order of joining."""
        return [(s, s.inputs.take(now_s, tick)) for s in self.sessions.values() if s.steers]

    def lag_of(self, player: Player) -> int:
        """How far behind the room the player saw the others in its newest consumed frame, in 1/16 tick."""
        session = self.sessions.get(player.number)
        return 0 if session is None else session.inputs.lag

    # -- at the tick ---------------------------------------------------------------------------------------------------

    def apply(self, batch: Iterable[Command]) -> None:
        """Let commands take effect, in order. What the author's hooks raise comes through."""
        for command in batch:
            match command:
                case commands.Join(session):
                    self._seat(session)
                case commands.Resume(session, tick, event):
                    self._resume(session, tick, event)
                case commands.Suspend(session):
                    self._suspend(session)
                case commands.Leave(session):
                    self._unseat(session)
                case commands.Message(session, name, payload):
                    if session.seated:
                        self._room.on_message(session.player, name, payload)
                case commands.WorkDone():
                    self._finish_work(command)

    def queue(self, command: Command) -> None:
        """Queue a command for the next tick."""
        self._commands.append(command)

    def _seat(self, session: Session) -> None:
        self.sessions[session.number] = session
        player = session.player
        player._on_avatar = self._send_avatar
        player._kick = self._kick
        self._events.open(session.number)
        session.event_cursor = session.event_scan = self._events.newest
        try:
            job = self._room.on_auth(player)
            if job is not None:
                job.session = session  # the seat is kept; `_finish_work` goes on
                return
            self._enter(session)
        except JoinRefused as refusal:
            self._refuse(session, str(refusal))

    def _enter(self, session: Session) -> None:
        """Let a session into the room. What `on_join` or `on_spectate` raises comes through."""
        session.seated = True
        if session.is_player:
            self._room.on_join(session.player)
        else:
            self._room.on_spectate(session.player)
        self._send_welcome(session, resumed=False)

    def _finish_work(self, command: WorkDone) -> None:
        """Call what the rules gave for the outcome, and go on with the join that waited for it, if one did."""
        session = self._work.session_of(command)
        try:
            self._work.take(command)
            if session is not None and session.number in self.sessions:
                self._enter(session)
        except JoinRefused as refusal:
            if session is None:
                raise
            self._refuse(session, str(refusal))
        except WorkFailed as failure:
            if session is None:
                raise
            self._refuse(session, f"the game could not decide: {failure}")

    def _send_welcome(self, session: Session, *, resumed: bool) -> None:
        if session.link is not None:  # a replayed session has no link
            session.link.send(self._welcome(session, resumed))
            session.link.join_room(self._room_id)

    def _refuse(self, session: Session, reason: str) -> None:
        peer = session.peer
        self._free(session)
        if peer is not None:
            peer.close(CloseCode.JOIN_REFUSED, reason or "the game refuses")

    def _resume(self, session: Session, tick: int, event: int) -> None:
        if session.number not in self.sessions:
            return
        if event < self._events.oldest_cursor(session.number):
            self._send_avatar(session.player)  # the event that said so may be among those that are lost
        session.event_cursor = session.event_scan = self._events.resume_cursor(session.number, event)
        session.base = None if self._has_own_view(session) else self._history.get(tick)
        session.view = ALL
        self._send_welcome(session, resumed=True)
        if not session.player.connected:
            session.player.connected = True
            self._room.on_resume(session.player)

    def _has_own_view(self, session: Session) -> bool:
        """Whether it sees a part of the room only: what the client holds of an earlier tick is then not known."""
        return session.is_player and self._kind.room_class.interest is not None

    def _suspend(self, session: Session) -> None:
        if session.number in self.sessions and session.player.connected:
            session.player.connected = False
            self._room.on_suspend(session.player)

    def _unseat(self, session: Session) -> None:
        if session.number not in self.sessions:
            return
        if session.seated:
            self._room.on_leave(session.player)
        self._free(session)

    def _free(self, session: Session) -> None:
        """Free the seat, and despawn what its player still owns."""
        session.seated = False
        self.remove(session)
        for entity in self._world.owned_by(session.player):
            self._world.despawn(entity)

    def empty(self) -> None:
        """Call `on_leave` for everyone, because the room ends; their links stay. What the hook raises comes through."""
        for session in list(self.sessions.values()):
            if session.seated:
                self._room.on_leave(session.player)
                session.seated = False

    def remove(self, session: Session) -> None:
        """Forget a session, without hooks. Its link, if it has one, belongs to no session from now on."""
        self.sessions.pop(session.number, None)
        self._events.close(session.number)
        peer, session.peer, session.link = session.peer, None, None
        if peer is not None:
            peer.release_session()
        if session.on_gone is not None:
            session.on_gone(session)

    # -- what the author does with a player ----------------------------------------------------------------------------

    def _send_avatar(self, player: Player) -> None:
        """Log the event that says which entity a player steers from this tick on."""
        avatar = player.avatar
        self._log_event(AVATAR_EVENT, None if avatar is None else avatar.id, frozenset((player.number,)))

    def _kick(self, player: Player, reason: str) -> None:
        session = self.sessions.get(player.number)
        if session is None:
            return
        if session.peer is not None:
            session.peer.close(CloseCode.KICKED, reason)
        self.leave(session)


def _is_outdated(command: Command) -> bool:
    """Whether the link that a Join or Resume came over is gone or replaced; a later command in the queue handles that
    session."""
    match command:
        case commands.Join(session):
            return session.link is None
        case commands.Resume(session):
            return session.link is None or session.link is not command.link
        case _:
            return False
