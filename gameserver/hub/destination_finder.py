"""Where a move leads to: a room by its id, a new one, or any of a kind; and whether it takes all who move."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Protocol

from gameserver.hub.directory import Sort
from gameserver.hub.open_rooms import MAX_FILTERED_ROOMS
from gameserver.hub.room_finder import ROOM_OVERLOADED, check_options, filter_of
from gameserver.protocol.constants import CloseCode, Role
from gameserver.protocol.errors import ProtocolError
from gameserver.room.moves import AnyRoom, FreeSeats, NewRoom

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gameserver.hub.directory import Directory
    from gameserver.hub.open_rooms import OpenRooms
    from gameserver.hub.where import Where
    from gameserver.room.engine import RoomEngine
    from gameserver.room.kind import Kind
    from gameserver.room.moves import Destination


class Elsewhere(ProtocolError):
    """The room that a move leads to may be in another process."""

    def __init__(self, room: str) -> None:
        super().__init__(CloseCode.ROOM_NOT_FOUND, "no such room")
        self.room = room


class RoomsToGoTo(Protocol):
    """What finding a destination needs of the hub."""

    kinds: dict[str, Kind]
    rooms: dict[str, RoomEngine]
    open_rooms: OpenRooms[RoomEngine]
    single_rooms: dict[str, RoomEngine]
    directory: Directory
    alone: bool
    draining: bool

    @property
    def overloaded(self) -> bool: ...

    def open_room(self, kind_name: str, options: Mapping[str, object]) -> RoomEngine:
        """Open a room.

        Raises:
            ProtocolError: It cannot be opened.
        """


class DestinationFinder:
    """Finds the room that each move leads to, or opens it."""

    def __init__(self, owner: RoomsToGoTo) -> None:
        self._owner = owner

    def find(self, here: RoomEngine, to: Destination, seats: tuple[int, int]) -> RoomEngine:
        """Find or open the room that a move leads to.

        Args:
            here: The room that it leads from.
            to: Where to.
            seats: How many players and spectators move.

        Raises:
            ProtocolError: There is none; nothing has changed.
        """
        if self._owner.draining:
            raise ProtocolError(CloseCode.GOING_AWAY, "the server is stopping")
        engine = self._room_for(here, to, seats)
        if engine is here:
            raise ProtocolError(CloseCode.OUT_OF_STATE, "this is the room")
        if isinstance(to, FreeSeats):
            self.check_open(engine, here.kind.name, to.players, seats)
        else:
            self.check(engine, seats)
        return engine

    def check_open(self, engine: RoomEngine, queue: str, players: tuple[int, ...], seats: tuple[int, int]) -> None:
        """Check that a room asks for those who move there, locked or not.

        Args:
            engine: The room.
            queue: The kind of the room that they come from.
            players: How many come for each team.
            seats: How many players and spectators move.

        Raises:
            ProtocolError: It does not, or not any more.
        """
        asked = engine.open_seats
        if (
            asked is None
            or asked.queue != queue
            or len(players) != len(asked.free)
            or any(not 0 <= count <= free for count, free in zip(players, asked.free, strict=True))
            or seats[Role.PLAYER] > sum(players)
            or seats[Role.SPECTATOR]
        ):
            raise ProtocolError(CloseCode.ROOM_FULL, "the room does not ask for these players now")

    def check(self, engine: RoomEngine, seats: tuple[int, int]) -> None:
        """Check that a room takes so many players and spectators who move there.

        Raises:
            ProtocolError: It does not.
        """
        if engine.locked:
            raise ProtocolError(CloseCode.ROOM_LOCKED, "the room takes nobody new now")
        if not _has_seats(engine, seats):
            raise ProtocolError(CloseCode.ROOM_FULL, "not enough free seats in this room")
        if engine.overload.refuses:
            raise ProtocolError(CloseCode.SERVER_FULL, ROOM_OVERLOADED)

    def _room_for(self, here: RoomEngine, to: Destination, seats: tuple[int, int]) -> RoomEngine:
        """Return the room that a move leads to, whether or not it takes anybody."""
        if isinstance(to, str | FreeSeats):
            room_id = to if isinstance(to, str) else to.room
            engine = self._owner.rooms.get(room_id)
            if engine is None:
                raise Elsewhere(room_id)
            return engine
        kind = self._owner.kinds.get(to.kind)
        if kind is None:
            raise ProtocolError(CloseCode.UNKNOWN_KIND, f"no such kind of room: {to.kind!r}")
        check_options(kind, to.options)
        where = filter_of(kind, to.where) if isinstance(to, AnyRoom) else None
        if kind.room_class.single:
            return self._single_destination(kind, to)
        if isinstance(to, NewRoom):
            return self._new_destination(kind, to, seats)
        found = self._open_destination(here, kind, where, seats)
        if found is None and not self._owner.alone:
            self._look_elsewhere(kind, where, seats)
        return found or self._new_destination(kind, to, seats)

    def _look_elsewhere(self, kind: Kind, where: Where | None, seats: tuple[int, int]) -> None:
        """Look for an open room of another process, as far as its row says.

        Raises:
            Elsewhere: There is one.
        """
        room_class = kind.room_class
        for row in self._owner.directory.page(kind.name, where, Sort(), MAX_FILTERED_ROOMS, None):
            has_seats = (
                row.players + seats[Role.PLAYER] <= room_class.max_players
                and row.spectators + seats[Role.SPECTATOR] <= room_class.max_spectators
            )
            if row.id not in self._owner.rooms and row.open and has_seats:
                raise Elsewhere(row.id)

    def _single_destination(self, kind: Kind, to: NewRoom | AnyRoom) -> RoomEngine:
        engine = self._owner.single_rooms.get(kind.name)
        if engine is None and not self._owner.alone:
            raise Elsewhere(next((row.id for row in self._owner.directory.rows(kind.name)), ""))
        return engine or self._owner.open_room(kind.name, to.options)

    def _open_destination(
        self, here: RoomEngine, kind: Kind, where: Where | None, seats: tuple[int, int]
    ) -> RoomEngine | None:
        role = Role.PLAYER if seats[Role.PLAYER] else Role.SPECTATOR
        for engine in islice(self._owner.open_rooms.fullest_first(kind.name, role), MAX_FILTERED_ROOMS):
            if engine is not here and _has_seats(engine, seats) and (where is None or where.holds(engine.listing)):
                return engine
        return None

    def _new_destination(self, kind: Kind, to: NewRoom | AnyRoom, seats: tuple[int, int]) -> RoomEngine:
        room_class = kind.room_class
        if seats[Role.PLAYER] > room_class.max_players or seats[Role.SPECTATOR] > room_class.max_spectators:
            raise ProtocolError(CloseCode.ROOM_FULL, f"no room of kind {kind.name!r} has so many seats")
        if self._owner.overloaded:
            raise ProtocolError(CloseCode.SERVER_FULL, "the rooms here have more to do than they can")
        return self._owner.open_room(kind.name, to.options)


def _has_seats(engine: RoomEngine, wanted: tuple[int, int]) -> bool:
    """Whether a room has so many free seats for players and spectators."""
    return all(free >= count for free, count in zip(engine.seats.count_free(), wanted, strict=True))
