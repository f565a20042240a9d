"""A handle on the rooms of a process, for the program that the server is a part of.

Nothing here changes a room's world: what a program sends arrives at the room's next tick, as a command that recordings
hold.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gameserver.hub.where import Where
from gameserver.protocol.constants import Role
from gameserver.protocol.errors import ProtocolError
from gameserver.protocol.room_code import code_of_room, room_of_code

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import TypeAlias

    from gameserver.hub.hub import Hub
    from gameserver.room.engine import RoomEngine
    from gameserver.room.room import Room

    AnyKind: TypeAlias = str | type[Room[Any]]


class RoomNotMade(Exception):
    """The room cannot be made now; the text says why."""


class RoomClosed(Exception):
    """The room has ended."""


class RoomHandle:
    """One room, as `Rooms` finds or makes it. It may end at any time; `closed` says so.

    Args:
        engine: The room.
    """

    __slots__ = ("_engine",)

    def __init__(self, engine: RoomEngine) -> None:
        self._engine = engine

    def __repr__(self) -> str:
        return f"<room {self.id} of kind {self.kind!r}{', closed' if self.closed else ''}>"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RoomHandle) and other._engine is self._engine

    def __hash__(self) -> int:
        return hash(self._engine)

    @property
    def id(self) -> str:
        """Its id."""
        return self._engine.id

    @property
    def code(self) -> str | None:
        """Its code, which players type in."""
        return code_of_room(self.id)

    @property
    def kind(self) -> str:
        """The name of its kind."""
        return self._engine.kind.name

    @property
    def closed(self) -> bool:
        """Whether it has ended."""
        return self._engine.closed

    @property
    def players(self) -> int:
        """Seats of players that are taken."""
        return self._engine.seats.taken[0]

    @property
    def max_players(self) -> int:
        """How many players it holds."""
        return self._engine.kind.room_class.max_players

    @property
    def spectators(self) -> int:
        """Seats of spectators that are taken."""
        return self._engine.seats.taken[1]

    @property
    def locked(self) -> bool:
        """Whether nobody new comes in."""
        return self._engine.locked

    @property
    def visibility(self) -> str:
        """Who finds it."""
        return self._engine.visibility

    @property
    def options(self) -> Mapping[str, object]:
        """What its creator has chosen, by name."""
        return dict(self._engine.options)

    @property
    def listing(self) -> Mapping[str, Any]:
        """What it has listed since its last tick, by name."""
        return dict(self._engine.listing)

    def reserve(self, *, role: Role = Role.PLAYER, subject: str | None = None, seconds: float = 30.0) -> bytes | None:
        """Keep a seat for somebody who is still to come, also while the room is locked or private.

        Args:
            role: Player or spectator.
            subject: Whose it is: the `sub` of the client's token. None: whoever has the reservation.
            seconds: For how long, above 0 and at most a day.

        Returns:
            The reservation, 16 bytes that nobody can guess: a client joins with it and this room's id. None when no
            seat is free.

        Raises:
            RoomClosed: The room has ended.
            ValueError: It cannot be for so many seconds.
        """
        if self.closed:
            raise RoomClosed(f"room {self.id} has ended")
        return self._engine.reserve_outside(role, subject, seconds)

    def send(self, name: str, payload: Any = None) -> None:
        """Send the room a command, for its `on_command` at the next tick.

        Args:
            name: The command's name.
            payload: Plain data that goes with it, as a recording can hold it. It is copied.

        Raises:
            RoomClosed: The room has ended.
            TypeError: The name is not a str.
            ValueError: The payload is not plain data.
        """
        if self.closed:
            raise RoomClosed(f"room {self.id} has ended")
        self._engine.command(name, payload)


class Rooms:
    """The rooms of a server, those that nobody else finds included: `server.rooms`.

    Args:
        hub: Has them.
    """

    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    def __len__(self) -> int:
        return len(self._hub.rooms)

    def get(self, room: str) -> RoomHandle | None:
        """Find a room.

        Args:
            room: Its id, or its code as people type it.

        Returns:
            The room; None if there is none.
        """
        engine = self._hub.rooms.get(room) or self._hub.rooms.get(room_of_code(room))
        return None if engine is None else RoomHandle(engine)

    def find(self, kind: AnyKind | None = None, *, where: Mapping[str, object] | None = None) -> list[RoomHandle]:
        """Find the rooms that run.

        Args:
            kind: The name of a kind, or its room class; None: all kinds.
            where: Only rooms whose listings fit, with the conditions that clients use.

        Returns:
            The rooms, the oldest first.

        Raises:
            LookupError: There is no such kind.
            TypeError: `where` is given without a kind.
            ValueError: `where` does not fit the kind's listing; the text names the field.
        """
        if kind is None and where is not None:
            raise TypeError("where needs a kind: each kind has a listing of its own")
        name = None if kind is None else self._name_of(kind)
        fits = None if name is None else Where(where or {}, self._hub.kinds[name].room_class.listing)
        return [
            RoomHandle(engine)
            for engine in self._hub.rooms.values()
            if name is None or engine.kind.name == name
            if fits is None or fits.holds(engine.listing)
        ]

    def create(self, kind: AnyKind, **options: object) -> RoomHandle:
        """Make a room. It ends as any other does when it has been empty for `empty_close_s`.

        Args:
            kind: The name of a kind, or its room class.
            options: What a creator may choose; what the kind does not declare reaches its `on_create` as well.

        Returns:
            The room.

        Raises:
            LookupError: There is no such kind.
            RoomNotMade: The options do not fit, its rules fail, there are too many rooms, the one room of its kind
                runs already, or the server stops.
        """
        name = self._name_of(kind)
        if self._hub.draining:
            raise RoomNotMade("the server is stopping")
        try:
            return RoomHandle(self._hub.open_room(name, options))
        except ProtocolError as error:
            raise RoomNotMade(error.reason) from None

    def _name_of(self, kind: AnyKind) -> str:
        for name, one in self._hub.kinds.items():
            if kind in (name, one.room_class):
                return name
        raise LookupError(f"no such kind of room: {kind!r}; there are: {', '.join(sorted(self._hub.kinds))}")
