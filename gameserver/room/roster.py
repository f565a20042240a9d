"""Who has a seat in a room: those on their way in, those who play or watch, and those whose link is lost and who may
come back.

What peers ask for waits here as arrivals until the room's next tick (`take_arrivals`); only links change hands at
once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gameserver.protocol.constants import Role
from gameserver.room.commands import Arrival, Join, Leave, Resume, Said, Suspend
from gameserver.room.player import Player
from gameserver.room.session import Session
from gameserver.sync.inputs import InputQueue
from gameserver.sync.window import Window

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gameserver.hub.peer import Peer
    from gameserver.protocol.constants import Limits
    from gameserver.room.kind import Kind


class Roster:
    """The sessions of one room, by number, in order of joining."""

    def __init__(self, kind: Kind, room_id: str, limits: Limits) -> None:
        self.sessions: dict[int, Session] = {}
        self._kind = kind
        self._room_id = room_id
        self._limits = limits
        self._arrivals: list[Arrival] = []
        self._next_number = 1
        grace_s = kind.room_class.resume_grace_s
        self.grace_s: float = limits.resume_grace_s if grace_s is None else grace_s

    @property
    def players(self) -> list[Player]:
        return [s.player for s in self.sessions.values() if s.seated and s.is_player]

    @property
    def spectators(self) -> list[Player]:
        return [s.player for s in self.sessions.values() if s.seated and not s.is_player]

    def lag_of(self, player: Player) -> int:
        """How far behind the room a player sees the others, in 1/16 tick: as the frame said that was consumed last."""
        session = self.sessions.get(player.number)
        return 0 if session is None else session.inputs.lag

    def has_seat(self, role: Role) -> bool:
        """Whether one more may come in; those on their way and those who may come back count."""
        room_class = self._kind.room_class
        players, spectators = self.seats_taken
        if role is Role.PLAYER:
            return players < room_class.max_players
        return spectators < room_class.max_spectators

    @property
    def seats_taken(self) -> tuple[int, int]:
        """Those of players and of spectators."""
        players = sum(session.is_player for session in self.sessions.values())
        return players, len(self.sessions) - players

    # -- asked for between ticks ---------------------------------------------------------------------------------------

    def join(self, peer: Peer, role: Role, params: Mapping[str, object], *, key: int, secret: bytes) -> Session:
        """Take a seat for a peer."""
        player = Player(self._next_number, role, params, peer.claims)
        self._next_number += 1
        inputs = InputQueue(
            hold_s=self._limits.input_hold_s,
            tick_hz=self._kind.room_class.tick_hz,
            neutral=self._kind.inputs.neutral_codes,
        )
        tick_hz, snapshot_hz = self._kind.room_class.tick_hz, self._kind.room_class.snapshot_hz
        window = Window(self._limits.max_unacked_snapshots, tick_hz, tick_hz // snapshot_hz)
        session = Session(player, self._room_id, inputs, window, key=key, secret=secret)
        self.sessions[session.number] = session
        session.attach(peer)
        self._arrivals.append(Join(session))
        return session

    def resume(self, session: Session, peer: Peer, tick: int, event: int) -> None:
        """A session's client is back, over this peer's link; one that still looks alive is replaced."""
        if session.peer is not None:
            session.peer.replaced()
        session.attach(peer)
        self._arrivals.append(Resume(session, tick, event, peer.link))

    def link_lost(self, session: Session, now_s: float, *, for_good: bool) -> None:
        """A session's link is gone."""
        session.detach(now_s)
        if for_good or not session.seated:
            self.leave(session)
        elif not session.leaving:
            self._arrivals.append(Suspend(session))

    def leave(self, session: Session) -> None:
        """A session ends for good; to say so twice is no error."""
        if not session.leaving:
            session.leaving = True
            self._arrivals.append(Leave(session))

    def said(self, session: Session, name: str, payload: object) -> None:
        """A client's MESSAGE."""
        self._arrivals.append(Said(session, name, payload))

    # -- for the tick --------------------------------------------------------------------------------------------------

    def take_arrivals(self, now_s: float) -> list[Arrival]:
        """What takes effect at the tick that begins now, in order of arrival; sessions whose grace is over leave with
        it."""
        for session in self.sessions.values():
            if session.lost_at_s is not None and now_s - session.lost_at_s > self.grace_s:
                self.leave(session)
        arrivals, self._arrivals = self._arrivals, []
        return [arrival for arrival in arrivals if not _is_gone_again(arrival)]

    def remove(self, session: Session) -> None:
        """Give the seat back. The session's link, if it has one, is nobody's from now on."""
        self.sessions.pop(session.number, None)
        peer, session.peer, session.link = session.peer, None, None
        if peer is not None:
            peer.forget()
        if session.on_gone is not None:
            session.on_gone(session)


def _is_gone_again(arrival: Arrival) -> bool:
    """Whether a session that was to come in or back has lost its link since, or came back over another one; what
    follows in the list tells of that."""
    match arrival:
        case Join(session):
            return session.link is None
        case Resume(session):
            return session.link is None or session.link is not arrival.link
        case _:
            return False
