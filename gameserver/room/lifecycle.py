"""The life of a room's sessions, as its ticks go: commands take effect, and the author's hooks are called.

A session begins with `Seats.join` (a seat, between ticks), `_seat` (`on_auth`) and `_enter` (`on_join`, the WELCOME),
or ends there with `_refuse`. Later it ends with `Seats.leave` (the request, between ticks), then `_unseat`
(`on_leave`), `_free` (its entities are despawned) and `remove` (its number, its events and its link).

One that moves begins in the room there with `Seats.expect` (a seat, between ticks) and `_seat` (`on_auth`), ends here
with `_depart` (`on_leave`), and goes on there with `Seats.arrive` (between ticks) and `_arrive` (`on_join`, the
WELCOME).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from gameserver.protocol.codec import encode_server
from gameserver.protocol.constants import AVATAR_EVENT, PROTOCOL_EVENT_PREFIX, CloseCode
from gameserver.protocol.errors import banned_reason
from gameserver.protocol.messages import Notice
from gameserver.room import commands
from gameserver.room.declared import MessageInvalid
from gameserver.room.moves import MoveFailed
from gameserver.room.outside_work import Job, WorkFailed
from gameserver.room.player import JoinRefused
from gameserver.sync.encode.views import ALL

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gameserver.room.commands import BackfillsListed, Command, External, Message, Moved, RoomsListed, WorkDone
    from gameserver.room.kind import Kind
    from gameserver.room.moves import Move, Moves
    from gameserver.room.outside_work import OutsideWork
    from gameserver.room.player import Player
    from gameserver.room.room import Room
    from gameserver.room.roster import Roster
    from gameserver.room.seats import Seats
    from gameserver.room.session import LinkHandle, Session
    from gameserver.state.world import World
    from gameserver.sync.events import EventLog
    from gameserver.sync.history import History


class Lifecycle:
    """Lets commands take effect on the seats of one room, and calls the rules' hooks."""

    def __init__(
        self,
        kind: Kind,
        seats: Seats,
        *,
        room: Room[Any],
        world: World,
        history: History,
        events: EventLog,
        work: OutsideWork,
        moves: Moves,
        roster: Roster[Any] | None,
        welcome: Callable[[Session, bool], bytes],
        log_event: Callable[[str, object, frozenset[int] | None], None],
    ) -> None:
        """Make it for an empty room.

        Args:
            kind: Says whether sessions have views of their own.
            seats: The room's.
            room: The author's rules, whose hooks are called.
            world: Loses what a leaving player owns.
            history: Holds the base for a resumed session.
            events: Says where a new session's event cursor begins.
            work: The jobs that joins may wait for.
            moves: The moves to other rooms that the rules have asked for.
            roster: Is kept up to date; None: the room has none.
            welcome: Encodes the WELCOME of a session; the flag says whether it resumed.
            log_event: Logs one of the protocol's own events: name, payload, receivers.
        """
        self._kind = kind
        self._seats = seats
        self._room = room
        self._world = world
        self._history = history
        self._events = events
        self._work = work
        self._moves = moves
        self._roster = roster
        self._welcome = welcome
        self._log_event = log_event
        self.on_removed: Callable[[Session, str, float | None], None] | None = None
        """Called when the rules have removed a participant, with the reason, and with for how many seconds it is banned
        if it is; None: nobody wants to know, as in a replay."""

    def apply(self, batch: Sequence[Command]) -> None:
        """Let commands take effect, in order. What the author's hooks raise comes through."""
        self._note_joining(batch)
        for command in batch:
            match command:
                case commands.Join(session):
                    self._seat(session)
                case commands.Expect() | commands.Arrive() | commands.Moved():
                    self._apply_move(command)
                case commands.Resume(session, tick, event, _, resumed):
                    self._resume(session, tick, event, resumed=resumed)
                case commands.Suspend(session):
                    self._suspend(session)
                case commands.Leave(session):
                    self._unseat(session)
                case commands.WorkDone():
                    self._finish_work(command)
                case commands.Reserve():
                    pass  # the seat is kept already
                case _:
                    self._give_to_rules(command)

    def _give_to_rules(self, command: Message | External | RoomsListed | BackfillsListed) -> None:
        match command:
            case commands.Message(session, name, payload):
                if session.seated:
                    self._give_message(session, name, payload)
            case commands.External(name, payload):
                self._room.on_command(name, payload)
            case commands.RoomsListed(rooms, removed):
                self._room.on_rooms(rooms, removed)
            case commands.BackfillsListed(rooms, ended):
                self._room.on_backfills(rooms, ended)

    def _give_message(self, session: Session, name: str, payload: object) -> None:
        if name.startswith(PROTOCOL_EVENT_PREFIX):  # rules that broadcast it would end their room
            return
        declared = self._room._declared_messages.get(name)
        if declared is None:
            self._room.on_message(session.player, name, payload)
            return
        try:
            arguments = declared.read(payload)
        except MessageInvalid as error:
            if session.link is not None:
                session.link.send(encode_server(Notice("refused", {"message": name, "reason": str(error)})))
            return
        getattr(self._room, declared.attribute)(session.player, *arguments)

    def _note_joining(self, batch: Sequence[Command]) -> None:
        """Give those that join, and reservations from outside, their seats before the first hook runs: in live play
        they have them, in a replay not, and rules that reserve seats must find the same ones free in both."""
        for command in batch:
            if isinstance(command, commands.Join | commands.Expect):
                self._seats.sessions[command.session.number] = command.session
                if isinstance(command, commands.Join) and command.reservation is not None:
                    self._seats.reservations.take(command.reservation, command.session)
            elif isinstance(command, commands.Reserve):
                self._seats.reservations.keep(command.key, command.role, command.subject, command.until_tick)

    def _apply_move(self, command: commands.Expect | commands.Arrive | commands.Moved) -> None:
        match command:
            case commands.Expect(session):
                session.expected = True
                self._seat(session)
            case commands.Arrive(session, link):
                self._arrive(session, link)
            case commands.Moved():
                self._finish_move(command)

    def _seat(self, session: Session) -> None:
        player = session.player
        self._bind(player)
        self._events.open(session.number)
        session.event_cursor = session.event_scan = session.first_event = self._events.newest
        try:
            job: object = self._room.on_auth(player)
            if job is not None:
                if not isinstance(job, Job):
                    raise TypeError(
                        f"on_auth returned {job!r}; raise JoinRefused(reason) to refuse, else return nothing, or what "
                        "self.run returned"
                    )
                job.session = session  # the seat is kept; `_finish_work` goes on
                return
            self._let_in(session)
        except JoinRefused as refusal:
            self._refuse(session, str(refusal))

    def _bind(self, player: Player) -> None:
        """Learn from now on what the rules do with a participant."""
        player._on_avatar = self._send_avatar
        player._kick = self._kick

    def restore_session(self, player: Player) -> Session:
        """Give a participant of a checkpoint its session again."""
        self._bind(player)
        return self._seats.add_session(player)

    def _let_in(self, session: Session) -> None:
        """The rules have nothing against a session: it enters, or, if it is expected, it may come."""
        if not session.expected:
            self._enter(session)
        elif session.on_decided is not None:
            session.on_decided(session, None)

    def _arrive(self, session: Session, link: LinkHandle | None) -> None:
        """Let a participant in that has left the room that it comes from. Its WELCOME goes out now over the link that
        it came with; over one that replaced it, the Resume of that one sends it."""
        if session.number not in self._seats.sessions:
            return
        session.expected = session.arriving = False
        self._events.open(session.number)
        session.event_cursor = session.event_scan = session.first_event = self._events.newest
        try:
            self._enter(session, welcome=session.link is link)
        except JoinRefused as refusal:
            self._refuse(session, str(refusal))

    def _enter(self, session: Session, *, welcome: bool = True) -> None:
        """Let a session into the room. What `on_join` or `on_spectate` raises comes through."""
        session.seated = True
        if self._roster is not None:
            self._roster.add(self._world, session.player)
        if session.is_player:
            self._room.on_join(session.player)
        else:
            self._room.on_spectate(session.player)
        if welcome:
            self._send_welcome(session, resumed=False)

    def _finish_work(self, command: WorkDone) -> None:
        """Call what the rules gave for the outcome, and go on with the join that waited for it, if one did."""
        session = self._work.session_of(command)
        try:
            self._work.take(command)
            if session is not None and session.number in self._seats.sessions:
                self._let_in(session)
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
            session.welcomed = True
            session.link.start_polling(session.room_id)

    def _refuse(self, session: Session, reason: str) -> None:
        peer = session.peer
        if session.on_decided is not None and session.expected:
            session.on_decided(session, reason or "the game refuses")
        self._free(session)
        if peer is not None:
            peer.close(CloseCode.JOIN_REFUSED, reason or "the game refuses")

    def _resume(self, session: Session, tick: int, event: int | None, *, resumed: bool) -> None:
        if session.number not in self._seats.sessions:
            return
        newest = self._events.newest
        if event is None or event < self._events.oldest_cursor(session.number):
            self._send_avatar(session.player)  # the client does not have the event that said so, or may have missed it
        cursor = newest if event is None else self._events.resume_cursor(session.number, event)
        session.event_cursor = session.event_scan = cursor
        session.base = None if self._has_own_view(session) else self._history.get(tick)
        session.view = ALL
        self._send_welcome(session, resumed=resumed)
        if not session.player.connected:
            self._set_connected(session.player, connected=True)
            self._room.on_resume(session.player)

    def _has_own_view(self, session: Session) -> bool:
        """Whether it sees a part of the room only: what the client holds of an earlier tick is then not known."""
        return session.is_player and self._kind.room_class.interest is not None

    def _suspend(self, session: Session) -> None:
        if session.number in self._seats.sessions and session.player.connected:
            self._set_connected(session.player, connected=False)
            self._room.on_suspend(session.player)

    def _set_connected(self, player: Player, *, connected: bool) -> None:
        player.connected = connected
        if self._roster is not None:
            self._roster.update(player)

    def _unseat(self, session: Session) -> None:
        if session.number not in self._seats.sessions:
            return
        if session.seated:
            self._room.on_leave(session.player)
        self._free(session)

    def _finish_move(self, command: Moved) -> None:
        """Have the participants of a move leave, or let the rules know that it has failed. Who has left since then
        moves nowhere. What the hooks raise comes through."""
        move = self._moves.take(command)
        if move is None:
            return
        try:
            for player in move.players:
                session = self._seats.sessions.get(player.number)
                if session is None or not session.seated:
                    continue
                if command.code is None:
                    self._depart(session, move)
                else:
                    self._room.on_move_failed(player, MoveFailed(CloseCode(command.code), command.reason))
        finally:
            move.close()

    def _depart(self, session: Session, move: Move) -> None:
        """Have a participant leave for its seat in another room. Its client gets the events that are left for it."""
        session.send_last_events(self._events)
        self._room.on_leave(session.player)
        peer, session.peer, session.link = session.peer, None, None
        session.on_gone = None
        self._free(session)
        if move.carrier is not None:
            move.carrier.hand_over(session, peer)

    def _free(self, session: Session) -> None:
        """Free the seat, and despawn what its player still owns."""
        self._seats.reservations.session_gone(session, was_seated=session.seated)
        if self._moves:
            self._moves.drop(session.player)
        self._work.cancel_of(session)
        session.seated = False
        self.remove(session)
        if self._roster is not None:
            self._roster.remove(self._world, session.player)
        for entity in self._world.owned_by(session.player):
            self._world.despawn(entity)
        session.player._avatar = None  # no cycle with `owner`: the memory is free at once

    def empty(self) -> None:
        """Call `on_leave` for everyone, because the room ends; their links stay. What the hook raises comes through."""
        for session in list(self._seats.sessions.values()):
            if session.seated:
                self._room.on_leave(session.player)
                session.seated = False
                if self._roster is not None:
                    self._roster.remove(self._world, session.player)

    def remove(self, session: Session) -> None:
        """Forget a session, without hooks. Its link, if it has one, belongs to no session from now on."""
        self._seats.sessions.pop(session.number, None)
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
        if self._roster is not None:
            self._roster.update(player)
        self._log_event(AVATAR_EVENT, None if avatar is None else avatar.id, frozenset((player.number,)))

    def _kick(self, player: Player, reason: str, banned_s: float | None) -> None:
        """Remove a participant, and ban it if `banned_s` says for how long; infinity: for good."""
        session = self._seats.sessions.get(player.number)
        if session is None:
            return
        if banned_s is None:
            self.end(session, CloseCode.KICKED, reason)
        else:
            text = banned_reason(reason, None if banned_s == math.inf else banned_s)
            self.end(session, CloseCode.BANNED, text)
        if self.on_removed is not None:
            self.on_removed(session, reason, banned_s)

    def end(self, session: Session, code: CloseCode, reason: str) -> None:
        """End a session for good at the next tick, and close its link now."""
        if session.peer is not None:
            session.peer.close(code, reason)
        self._seats.leave(session)
