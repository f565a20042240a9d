"""What becomes of arrivals at a tick: who comes in, comes back, is missed, or goes, and which of the author's hooks
hear of it. A hook that raises comes through: the engine ends the room."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gameserver.protocol.constants import CloseCode
from gameserver.room.commands import Join, Leave, Resume, Said, Suspend
from gameserver.room.player import JoinRefused
from gameserver.sync.encode.views import ALL

if TYPE_CHECKING:
    from gameserver.room.commands import Arrival
    from gameserver.room.engine import RoomEngine
    from gameserver.room.player import Player
    from gameserver.room.session import Session


class Seating:
    """The seats of one room's engine."""

    def __init__(self, engine: RoomEngine) -> None:
        self._engine = engine

    def apply(self, arrival: Arrival) -> None:
        """Let one arrival take effect."""
        match arrival:
            case Join(session):
                self._seat(session)
            case Resume(session, tick, event):
                self._resume(session, tick, event)
            case Suspend(session):
                self._suspend(session)
            case Leave(session):
                self._unseat(session)
            case Said(session, name, payload):
                if session.seated:
                    self._engine.room.on_message(session.player, name, payload)

    def bind(self, session: Session) -> None:
        """Let what the author does with the player reach the room."""
        session.player._tell_avatar = self._engine.tell_avatar
        session.player._kick = self._kick

    def _seat(self, session: Session) -> None:
        assert session.link is not None
        room = self._engine.room
        session.told = session.scanned = self._engine.events.newest
        try:
            room.on_auth(session.player)
            session.seated = True
            room.on_join(session.player)
        except JoinRefused as refusal:
            self._refuse(session, str(refusal))
            return
        self._welcome(session, resumed=False)

    def _welcome(self, session: Session, *, resumed: bool) -> None:
        assert session.link is not None
        session.link.send(self._engine.welcome(self._engine, session, resumed))
        session.link.join_room(self._engine.id)

    def _refuse(self, session: Session, reason: str) -> None:
        peer = session.peer
        self._remove(session)
        if peer is not None:
            peer.close(CloseCode.JOIN_REFUSED, reason or "the game refuses")

    def _resume(self, session: Session, tick: int, event: int) -> None:
        if session.number not in self._engine.roster.sessions:
            return
        session.told = session.scanned = event
        session.base = self._engine.history.get(tick) if session.view is ALL else None
        self._welcome(session, resumed=True)
        if not session.player.connected:
            session.player.connected = True
            self._engine.room.on_resume(session.player)

    def _suspend(self, session: Session) -> None:
        if session.number in self._engine.roster.sessions and session.player.connected:
            session.player.connected = False
            self._engine.room.on_suspend(session.player)

    def _unseat(self, session: Session) -> None:
        if session.number not in self._engine.roster.sessions:
            return
        if session.seated:
            self._engine.room.on_leave(session.player)
        self._remove(session)

    def _remove(self, session: Session) -> None:
        session.seated = False
        self._engine.roster.remove(session)
        world = self._engine.world
        for entity in world.owned_by(session.player):
            world.despawn(entity)

    def _kick(self, player: Player, reason: str) -> None:
        session = self._engine.roster.sessions.get(player.number)
        if session is None:
            return
        if session.peer is not None:
            session.peer.close(CloseCode.KICKED, reason)
        self._engine.roster.leave(session)
