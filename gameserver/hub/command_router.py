"""Brings commands to the rooms that they are for: those that rules send to the one room of a kind, and those that come
over HTTP. With several processes the room may be in another one."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

from gameserver.protocol.constants import CloseCode
from gameserver.protocol.errors import ProtocolError
from gameserver.protocol.room_code import room_of_code
from gameserver.room.accepted_commands import CommandInvalid, CommandUnknown, read_command

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from gameserver.room.engine import RoomEngine
    from gameserver.room.kind import Kind

log = logging.getLogger("gameserver.hub")

MAX_WAITING_COMMANDS: Final = 1_000
"""Commands that wait for one room's next tick. More are refused: a room that ticks takes them at once."""
MAX_REASONS: Final = 100
"""Different reasons for which commands of rules were dropped that are logged, each once: rules may repeat one in each
tick."""


class OutsideCommand(NamedTuple):
    """One command on its way."""

    kind: str
    """The kind of the room that it is for."""
    room: str | None
    """The room's id or code; None: the one room of a kind that has one only."""
    name: str
    payload: object


class CommandOwner(Protocol):
    """What the router asks of its hub."""

    kinds: dict[str, Kind]
    rooms: dict[str, RoomEngine]
    single_rooms: dict[str, RoomEngine]

    def open_room(
        self, kind_name: str, options: Mapping[str, object] | None = None, *, room_id: str | None = None
    ) -> RoomEngine:
        """Open a room."""


class CommandRouter:
    """The way of commands to the rooms of one process."""

    def __init__(self, owner: CommandOwner) -> None:
        self._owner = owner
        self.send_elsewhere: Callable[[OutsideCommand], None] | None = None
        """Takes what rules send, where this is one of several processes; None: all rooms are here."""
        self._reasons: set[str] = set()

    def check(self, command: OutsideCommand) -> OutsideCommand:
        """Return a command with its payload checked.

        Raises:
            CommandUnknown: There is no such kind, or it takes no such command, or it has many rooms and none is named.
            CommandInvalid: The payload is not what the kind declares.
        """
        kind = self._owner.kinds.get(command.kind)
        if kind is None or not kind.room_class.commands:
            takers = [name for name, one in self._owner.kinds.items() if one.room_class.commands]
            raise CommandUnknown(f"no such kind of room takes commands; there are: {', '.join(takers) or 'none'}")
        if command.room is None and not kind.room_class.single:
            raise CommandUnknown(f"there may be several rooms of kind {kind.name}: say which one with ?room=")
        return command._replace(payload=read_command(kind.room_class.commands, command.name, command.payload))

    def deliver(self, command: OutsideCommand, *, new_room_id: str | None = None) -> RoomEngine:
        """Give a checked command to its room, for the next tick. The one room of a kind is opened if it does not run.

        Args:
            command: What `check` returned.
            new_room_id: The id of a room that has to be opened; None: a new one.

        Returns:
            The room.

        Raises:
            ProtocolError: There is no such room, it cannot be opened, or too many commands wait for it.
        """
        engine = self._find(command)
        if engine is None:
            if command.room is not None:
                raise ProtocolError(CloseCode.ROOM_NOT_FOUND, "no such room")
            engine = self._owner.open_room(command.kind, room_id=new_room_id)
        if engine.waiting_commands >= MAX_WAITING_COMMANDS:
            raise ProtocolError(CloseCode.SERVER_FULL, "too many commands wait for this room")
        engine.command(command.name, command.payload)
        return engine

    def _find(self, command: OutsideCommand) -> RoomEngine | None:
        rooms = self._owner.rooms
        if command.room is None:
            return self._owner.single_rooms.get(command.kind)
        engine = rooms.get(command.room) or rooms.get(room_of_code(command.room))
        return engine if engine is not None and engine.kind.name == command.kind else None

    def send_from_rules(self, kind: str, name: str, payload: object) -> None:
        """Send what the rules of a room have asked for. What cannot be sent is dropped and logged."""
        try:
            command = self.check(OutsideCommand(kind, None, name, payload))
            if self.send_elsewhere is None:
                self.deliver(command)
            else:
                self.send_elsewhere(command)
        except (CommandUnknown, CommandInvalid) as error:
            self.note_dropped(kind, str(error))
        except ProtocolError as error:
            self.note_dropped(kind, error.reason)

    def note_dropped(self, kind: str, reason: str) -> None:
        """Log that a command for a kind was dropped, each reason once."""
        line = f"{kind}: {reason}"
        if line not in self._reasons and len(self._reasons) < MAX_REASONS:
            self._reasons.add(line)
            log.warning("a command of a room's rules was dropped: %s", line)
