"""The built-in lobby of each kind: a room whose entities are the rooms of the kind that strangers may see.

Clients join it like any room, and filter and sort what they show. Rows are made from the rooms themselves, the same in
every process, and change within two ticks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

from gameserver.room.listing import MAX_LISTING_BYTES
from gameserver.room.room import Room
from gameserver.room.settings import MAX_SEATS, is_kind_name
from gameserver.state.entity import Entity
from gameserver.state.fields import Flag, Int, Text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gameserver.room.listing import ListedRoom

LOBBY_PREFIX: Final = "lobby."
"""The lobby of the kind `race` is the kind `lobby.race`."""
MAX_VIEWERS: Final = 5_000


class LobbyRow(Entity):
    """One room."""

    room = Text(64)
    """Its id: join it with that."""
    players = Int(0, MAX_SEATS)
    max_players = Int(0, MAX_SEATS)
    spectators = Int(0, MAX_SEATS)
    max_spectators = Int(0, MAX_SEATS)
    locked = Flag()
    listing = Text(MAX_LISTING_BYTES)
    """What the room lists, a JSON object."""


class Lobby(Room):
    """Shows the rooms of a kind to whoever joins; subclass it to add a chat."""

    tick_hz = 5
    single = True
    visibility = "unlisted"
    max_players = MAX_VIEWERS
    max_spectators = MAX_VIEWERS
    entities = (LobbyRow,)

    def on_create(self, options: Mapping[str, object]) -> None:
        """Begin without rows."""
        self._rows: dict[str, LobbyRow] = {}

    def on_rooms(self, rooms: Sequence[ListedRoom], removed: Sequence[str]) -> None:
        """Keep one entity for each room."""
        for room_id in removed:
            row = self._rows.pop(room_id, None)
            if row is not None:
                self.despawn(row)
        for room in rooms:
            self._show(room)

    def _show(self, room: ListedRoom) -> None:
        row = self._rows.get(room.id)
        values: dict[str, Any] = {
            "players": room.players,
            "max_players": room.max_players,
            "spectators": room.spectators,
            "max_spectators": room.max_spectators,
            "locked": room.locked,
            "listing": msgspec.json.encode(room.listing).decode(),
        }
        if row is None:
            self._rows[room.id] = self.spawn(LobbyRow, room=room.id, **values)
            return
        for name, value in values.items():
            setattr(row, name, value)


def lobby_of(kind: str) -> type[Lobby] | None:
    """Return the room class of a kind's lobby; None for a kind whose name is too long to have one."""
    name = LOBBY_PREFIX + kind
    if not is_kind_name(name):
        return None
    return type("Lobby", (Lobby,), {"lists": kind, "kind": name, "__module__": __name__})
