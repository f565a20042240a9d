"""The seats of one room: who plays or watches, who is on the way in, and whose link is lost.

What clients ask for is queued here as commands, which take effect at the next tick (`lifecycle`). Between ticks links
change hands, and a join takes its seat at once, so that nobody else can. In live play this is also the room's `Source`
of commands and inputs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gameserver import native
from gameserver.protocol.constants import CloseCode, Role
from gameserver.room import commands
from gameserver.room.player import Player
from gameserver.room.reservations import Reservations
from gameserver.room.session import Session

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from gameserver.protocol.constants import Limits
    from gameserver.room.commands import Command
    from gameserver.room.kind import Kind
    from gameserver.room.moves import Moves
    from gameserver.room.reservations import Reservation
    from gameserver.room.session import SessionPeer

    Codes = tuple[int, ...]


class Seats:
    """The sessions of one room, by number, in order of joining."""

    def __init__(self, kind: Kind, room_id: str, limits: Limits, *, moves: Moves, secret: bytes) -> None:
        """Make the empty seats of a room.

        Args:
            kind: Says how many seats there are.
            room_id: The room's id.
            limits: The server's limits.
            moves: The moves to other rooms that the rules have asked for.
            secret: What the keys of reservations are made from.
        """
        self.sessions: dict[int, Session] = {}
        self.reservations = Reservations(secret)
        self._kind = kind
        self._room_id = room_id
        self._limits = limits
        self._moves = moves
        self._commands: list[Command] = []
        self.feeds: list[Callable[[], Command | None]] = []
        """Each returns what has changed since the tick before of other rooms, those that this one shows or that ask it
        for players; None: nothing has."""
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

    def is_seated(self, player: Player) -> bool:
        """Whether a participant is in the room, suspended or not."""
        session = self.sessions.get(player.number)
        return session is not None and session.player is player and session.seated

    @property
    def taken(self) -> tuple[int, int]:
        """How many seats of players and of spectators are taken: reserved, joining, seated or suspended."""
        kept_players, kept_spectators = self.reservations.kept
        players = sum(session.is_player for session in self.sessions.values())
        return players + kept_players, len(self.sessions) - players + kept_spectators

    def has_free(self, role: Role) -> bool:
        """Whether a seat for this role is free."""
        return self.count_free()[role] > 0

    def count_free(self) -> tuple[int, int]:
        """Return how many seats of players and of spectators are free."""
        players, spectators = self.taken
        room_class = self._kind.room_class
        return room_class.max_players - players, room_class.max_spectators - spectators

    # -- requests between ticks ----------------------------------------------------------------------------------------

    def join(
        self,
        peer: SessionPeer,
        role: Role,
        params: Mapping[str, object],
        *,
        key: int,
        secret: bytes,
        reservation: bytes | None = None,
    ) -> Session:
        """Take a seat for a peer's client; its hooks run and its WELCOME goes out at the next tick.

        Args:
            peer: The server side of its link.
            role: Player or spectator.
            params: The JOIN's.
            key: The public part of its resume token.
            secret: The secret part.
            reservation: Keeps the seat; None: it is any free one.
        """
        session = self._new_session(role, params, peer.claims, None, key=key, secret=secret)
        session.attach(peer)
        if reservation is not None:
            self.reservations.take(reservation, session)
        self._commands.append(commands.Join(session, reservation))
        return session

    def expect(
        self, role: Role, params: Mapping[str, object], claims: Mapping[str, object] | None, came_from: str
    ) -> Session:
        """Take a seat for a participant of another room; the rules decide at the next tick whether it may come.

        Args:
            role: Player or spectator.
            params: Its `params` here.
            claims: The claims of its token, if it has one.
            came_from: The id of the other room.
        """
        session = self._new_session(role, params, claims, came_from)
        session.expected = True
        self._commands.append(commands.Expect(session))
        return session

    def arrive(self, session: Session, before: Session, peer: SessionPeer | None) -> None:
        """An expected participant has left the other room; its hooks run here at the next tick.

        Args:
            session: Its session here.
            before: Its session there.
            peer: Its link; None: it has lost it, and may resume here.
        """
        if peer is None:
            self.arrive_without_link(session, before.lost_at_s, going_away=before.going_away)
            return
        session.expected, session.arriving = False, True
        session.attach(peer)
        self._commands.append(commands.Arrive(session, session.link))

    def arrive_without_link(self, session: Session, lost_at_s: float | None, *, going_away: bool = False) -> None:
        """The same for one that has no link now: it may resume here.

        Args:
            session: Its session here.
            lost_at_s: When it lost its link.
            going_away: Whether its client closed that with 1001.
        """
        session.expected, session.arriving = False, True
        session.lost_at_s, session.going_away = lost_at_s, going_away
        self._commands.append(commands.Arrive(session))
        self._commands.append(commands.Suspend(session))

    def _new_session(
        self,
        role: Role,
        params: Mapping[str, object],
        claims: Mapping[str, object] | None,
        came_from: str | None,
        *,
        key: int = 0,
        secret: bytes = b"",
    ) -> Session:
        self.last_number += 1
        return self.add_session(Player(self.last_number, role, params, claims, came_from), key=key, secret=secret)

    def add_session(self, player: Player, *, key: int = 0, secret: bytes = b"") -> Session:
        """Give a participant a session; the rules know nothing of it."""
        room_class, limits = self._kind.room_class, self._limits
        inputs = native.make_input_queue(
            hold_s=limits.input_hold_s, tick_hz=room_class.tick_hz, neutral=self._kind.inputs_type.neutral_codes
        )
        window = native.make_window(limits.max_unacked_snapshots, room_class.tick_hz, self._kind.snapshot_every)
        session = Session(player, self._room_id, inputs, window, key=key, secret=secret)
        self.last_number = max(self.last_number, session.number)
        self.sessions[session.number] = session
        return session

    def resume(self, session: Session, peer: SessionPeer, tick: int, event: int | None) -> None:
        """Continue a session over another peer's link, and close the link that it had, if any.

        A client that knows nothing of the room, as a page that was loaded again, was away in any case: the rules get
        `on_suspend` and `on_resume`, whether or not the loss of its link has been noticed.
        """
        if session.peer is not None:
            session.peer.replaced()
            session.input_queue.clear()
            if event is None:
                self._commands.append(commands.Suspend(session))
        session.attach(peer)
        self._commands.append(commands.Resume(session, tick, event, peer.link))

    def rejoin(self, session: Session, peer: SessionPeer) -> None:
        """Continue a session over the link of a repeated JOIN, whose client knows nothing of the room yet. The session
        is not leaving."""
        if session.peer is not None:
            session.peer.replaced()
            session.input_queue.clear()
        session.attach(peer)
        session.unseen = False
        if session.seated or session.arriving:
            self._commands.append(commands.Resume(session, 0, session.first_event, peer.link, resumed=False))

    def lose_link(self, session: Session, now_s: float, code: int | None) -> None:
        """Suspend a session whose link is gone; end it if its client closed normally. One that is not seated yet ends
        when the next tick begins, unless its JOIN is repeated before.

        Args:
            session: The session.
            now_s: The time now.
            code: The close code of the client; None for a broken link. After 1001 the grace time is short.
        """
        session.detach(now_s, going_away=code == CloseCode.GOING_AWAY)
        if code == CloseCode.NORMAL and (session.seated or session.arriving):
            self.leave(session)
        elif session.keeps_seat:
            self._commands.append(commands.Suspend(session))

    def leave(self, session: Session) -> None:
        """End a session. Idempotent."""
        if not session.leaving:
            session.leaving = True
            self._commands.append(commands.Leave(session))

    def message(self, session: Session, name: str, payload: object) -> None:
        """Queue a client's MESSAGE."""
        self._commands.append(commands.Message(session, name, payload))

    def queue(self, command: Command) -> None:
        """Queue a command for the next tick."""
        self._commands.append(command)

    # -- the source of a live room -------------------------------------------------------------------------------------

    def take_commands(self, now_s: float) -> list[Command]:
        """Take the commands of the tick that begins now, in order of arrival. Sessions out of grace leave with it."""
        for session in self.sessions.values():
            if session.lost_at_s is not None:
                grace_s = self._going_away_grace_s if session.going_away else self.grace_s
                if not (session.seated or session.arriving) or now_s - session.lost_at_s > grace_s:
                    self.leave(session)
        for next_change in self.feeds:
            if (changed := next_change()) is not None:
                self._commands.append(changed)
        if not self._commands and not self._moves.decided:
            return []
        queued, self._commands = self._commands, []
        current = [command for command in queued if not _is_outdated(command)]
        current.sort(key=_is_not_cancelled)
        return [*current, *self._moves.take_decided()]

    def take_inputs(self, now_s: float, tick: int) -> list[tuple[Session, Codes]]:
        """Take one input frame of each player for this tick, in order of joining."""
        return [(s, s.input_queue.take(now_s, tick)) for s in self.sessions.values() if s.steers]

    def lag_of(self, player: Player) -> int:
        """How far behind the room the player saw the others in its newest consumed frame, in 1/16 tick."""
        session = self.sessions.get(player.number)
        return 0 if session is None else session.input_queue.lag

    # -- checkpoints ---------------------------------------------------------------------------------------------------

    def known(self) -> dict[int, Session]:
        """The sessions that the rules have been asked about, by number. A JOIN that waits for the next tick is not
        among them: it takes effect after a checkpoint that is made now."""
        return {number: s for number, s in self.sessions.items() if s.player._on_avatar is not None}

    def drop_commands(self) -> None:
        """Forget what is queued: a journal has it."""
        self._commands.clear()

    def begin_again(self, now_s: float, tick: int, newest_event: int, *, loses_nothing: bool) -> None:
        """The room goes on from a checkpoint: every session has lost its link, and its grace time begins.

        Args:
            now_s: The time now.
            tick: The tick at which the room was restored.
            newest_event: The number of the newest event at that tick.
            loses_nothing: Whether all that clients have seen of the room is restored.
        """
        for session in list(self.sessions.values()):
            session.lost_at_s = now_s
            session.newest_restore = tick
            if session.restored_tick is None or loses_nothing:
                session.restored_tick, session.restored_event = tick, newest_event
            session.event_cursor = session.event_scan = newest_event
            if session.leaving:
                self._commands.append(commands.Leave(session))
            elif session.expected or session.arriving:
                self.leave(session)
            elif session.player.connected and session.seated:
                self._commands.append(commands.Suspend(session))

    # -- reservations --------------------------------------------------------------------------------------------------

    @property
    def keeps_any(self) -> bool:
        """Whether a seat is reserved that nobody has taken yet."""
        return any(self.reservations.kept)

    def reserve(self, role: Role, subject: str | None, until_tick: int) -> bytes | None:
        """Keep a free seat up to a tick. Return the key of the reservation; None if no seat is free."""
        return self.reservations.add(role, subject, until_tick) if self.has_free(role) else None

    def reserve_outside(self, role: Role, subject: str | None, until_tick: int) -> bytes | None:
        """The same for the program, between two ticks."""
        if not self.has_free(role):
            return None
        key = self.reservations.add_outside(role, subject, until_tick)
        self._commands.append(commands.Reserve(key, role, subject, until_tick))
        return key

    def cancel_reservation(self, key: bytes) -> bool:
        """Keep a seat no longer. Return whether it was kept."""
        return self.reservations.cancel(key)

    def expire_reservations(self, tick: int) -> bool:
        """End the reservations that no longer count at this tick. Return whether a seat has become free."""
        return self.reservations.expire(tick)

    def reservation_of(self, key: bytes, role: Role, subject: object) -> Reservation | None:
        """Return a reservation for this role and subject; None if there is none, or it was used and left."""
        found = self.reservations.find(key)
        if found is None or found.role is not role or found.subject not in (None, subject):
            return None
        return None if found.session is not None and found.session.leaving else found


def _is_not_cancelled(command: Command) -> bool:
    """Whether a command is anything but the Leave of a session that has joined, was not seated yet and has no link.
    Those come first: for a replay, which does not have their Join, such a session is not there."""
    if not isinstance(command, commands.Leave):
        return True
    session = command.session
    return session.seated or session.link is not None or session.expected or session.arriving


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
