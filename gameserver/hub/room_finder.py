"""Which room a JOIN leads to: the forms of its `room`, protocol.md §3, and their refusals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Protocol

from gameserver.hub.where import Where, WhereInvalid
from gameserver.protocol.constants import CloseCode
from gameserver.protocol.errors import ProtocolError
from gameserver.protocol.room_code import room_of_code
from gameserver.room.options import OptionsInvalid, choose

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gameserver.hub.open_rooms import OpenRooms
    from gameserver.hub.peer import Peer
    from gameserver.protocol.constants import Role
    from gameserver.room.engine import RoomEngine
    from gameserver.room.kind import Kind

NO_RESERVATION: Final = "no such reservation: expired, used, or for another"
ROOM_OVERLOADED: Final = "this room has more to do than it can"


class RoomsOfProcess(Protocol):
    """What finding a room needs of the hub."""

    rooms: dict[str, RoomEngine]
    open_rooms: OpenRooms[RoomEngine]
    single_rooms: dict[str, RoomEngine]
    alone: bool

    @property
    def overloaded(self) -> bool: ...

    def open_room(
        self, kind_name: str, options: Mapping[str, object], *, room_id: str | None, address: str
    ) -> RoomEngine:
        """Open a room.

        Raises:
            ProtocolError: It cannot be opened.
        """


class RoomFinder:
    """Finds the room of each JOIN, or opens it."""

    def __init__(self, owner: RoomsOfProcess) -> None:
        self._owner = owner

    def find(self, kind: Kind, room: str | Mapping[str, Any] | None, role: Role, peer: Peer) -> RoomEngine:
        """Find or open the room that a JOIN asks for.

        Args:
            kind: The kind that it asks for.
            room: Its `room`.
            role: Its role.
            peer: The server side of its link.

        Raises:
            ProtocolError: There is none; nothing has changed.
        """
        match room:
            case str():
                return self._named_room(kind, room, role)
            case {"code": code}:
                return self._named_room(kind, room_of_code(code), role)
            case {"room": room_id}:  # with a reservation; the answer does not say whether there is such a room
                engine = self._owner.rooms.get(room_id)
                if engine is None or engine.kind is not kind:
                    raise ProtocolError(CloseCode.INVALID_RESERVATION, NO_RESERVATION)
                return engine
        how = room or {}
        options = how.get("create", how.get("options", {}))
        check_options(kind, options)
        where = filter_of(kind, how.get("where", {}))
        if kind.room_class.single:
            return self._single_room(kind, peer, role, options, where)
        if "create" in how:
            return self._create_room(kind, peer, options)
        return self._any_room(kind, peer, role, options, where)

    def _named_room(self, kind: Kind, room_id: str, role: Role) -> RoomEngine:
        engine = self._room_called(kind, room_id)
        if engine.visibility == "private":
            raise ProtocolError(CloseCode.ROOM_NOT_FOUND, "no such room")
        return self._enterable(engine, role)

    def _room_called(self, kind: Kind, room_id: str) -> RoomEngine:
        engine = self._owner.rooms.get(room_id)
        if engine is None or engine.kind is not kind:
            raise ProtocolError(CloseCode.ROOM_NOT_FOUND, "no such room")
        return engine

    def _enterable(self, engine: RoomEngine, role: Role) -> RoomEngine:
        """Return a room that a JOIN leads to, whatever others there are.

        Raises:
            ProtocolError: It takes nobody now.
        """
        if engine.locked:
            raise ProtocolError(CloseCode.ROOM_LOCKED, "the room takes nobody new now")
        if not engine.has_free_seat(role):
            raise ProtocolError(CloseCode.ROOM_FULL, "no free seat in this room")
        if engine.overload.refuses:
            raise ProtocolError(CloseCode.SERVER_FULL, ROOM_OVERLOADED)
        return engine

    def _any_room(
        self, kind: Kind, peer: Peer, role: Role, options: Mapping[str, object], where: Where | None
    ) -> RoomEngine:
        """Choose a room for a JOIN that names none: the peer's own if it has a free seat or can be opened, else the
        fullest with a free seat whose listing fits, else a new one with these options."""
        chosen = peer.assigned_room_id
        if chosen is not None:
            engine = self._owner.rooms.get(chosen)
            if engine is None and not self._owner.overloaded:
                return self._owner.open_room(kind.name, options, room_id=chosen, address=peer.address)
            is_right = engine is not None and engine.kind is kind and (where is None or where.holds(engine.listing))
            if engine is not None and is_right and engine.takes_anyone and engine.has_free_seat(role):
                return engine
        return self._owner.open_rooms.fullest(kind.name, role, where) or self._create_room(kind, peer, options)

    def _single_room(
        self, kind: Kind, peer: Peer, role: Role, options: Mapping[str, object], where: Where | None
    ) -> RoomEngine:
        """Return the only room of a kind; open it with these options if it does not run."""
        engine = self._owner.single_rooms.get(kind.name)
        if engine is None:
            if not self._owner.alone and peer.assigned_room_id is None:  # another process may have it
                raise ProtocolError(CloseCode.SERVER_FULL, "the room cannot be found now: retry in 1 s")
            return self._create_room(kind, peer, options)
        if engine.visibility == "private":
            raise ProtocolError(CloseCode.ROOM_NOT_FOUND, "no such room")
        if where is not None and not where.holds(engine.listing):
            raise ProtocolError(CloseCode.ROOM_NOT_FOUND, "the only room of this kind does not fit")
        return self._enterable(engine, role)

    def _create_room(self, kind: Kind, peer: Peer, options: Mapping[str, object]) -> RoomEngine:
        """Open a room for a peer, under the id that a director has chosen for it, unless there is one."""
        if self._owner.overloaded:  # the rooms of a process share one processor, so one more room would not help
            raise ProtocolError(CloseCode.SERVER_FULL, "the rooms here have more to do than they can")
        room_id = None if peer.assigned_room_id in self._owner.rooms else peer.assigned_room_id
        return self._owner.open_room(kind.name, options, room_id=room_id, address=peer.address)

    def room_of_attempt(
        self, room_id: str, created: bool, room: str | Mapping[str, Any] | None, role: Role
    ) -> RoomEngine | None:
        """Return the room that a JOIN led to which is repeated now, and whose seat is free again; None to look for
        another.

        Args:
            room_id: The room.
            created: Whether the first JOIN has opened it.
            room: The JOIN's.
            role: The JOIN's.

        Raises:
            ProtocolError: The first JOIN created the room, and it takes nobody now.
        """
        engine = self._owner.rooms.get(room_id)
        if engine is None:
            return None
        has_created = created and isinstance(room, dict) and "create" in room
        takes = engine.has_free_seat(role) and not (engine.locked or engine.overload.refuses)
        if not has_created and (engine.visibility == "private" or not takes):
            return None
        return self._enterable(engine, role)


def check_options(kind: Kind, options: Mapping[str, object]) -> None:
    """Check what a client has chosen for a room that may have to be made.

    Raises:
        ProtocolError: INVALID_OPTIONS; the reason names the field.
    """
    try:
        choose(kind.room_class.options, options)
    except OptionsInvalid as error:
        raise ProtocolError(CloseCode.INVALID_OPTIONS, str(error)) from None


def filter_of(kind: Kind, raw: Mapping[str, object]) -> Where | None:
    """Return the filter of a client; None for one without conditions.

    Raises:
        ProtocolError: INVALID_WHERE; the reason names the field.
    """
    try:
        return Where(raw, kind.room_class.listing) if raw else None
    except WhereInvalid as error:
        raise ProtocolError(CloseCode.INVALID_WHERE, str(error)) from None
