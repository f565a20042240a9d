"""What others may know of the rooms: JOINs look for a free seat, lobbies and `/api/rooms` show rows, and queues get
backfills."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from gameserver.hub.backfills import Backfills
from gameserver.hub.directory import Directory, row_of
from gameserver.hub.lobby_feed import LobbyFeed
from gameserver.hub.open_rooms import OpenRooms
from gameserver.protocol.constants import Role

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from gameserver.hub.directory import RoomRow
    from gameserver.room.engine import RoomEngine
    from gameserver.room.kind import Kind

log = logging.getLogger("gameserver.hub")


class Listings:
    """The rooms of one process, and the rows of those of other processes, as they are looked up."""

    def __init__(self, kinds: Mapping[str, Kind], on_change: Callable[[], None]) -> None:
        """List none yet.

        Args:
            kinds: The kinds that can be listed.
            on_change: Called when what others may know of a room of this process has changed.
        """
        self._kinds = kinds
        self._on_change = on_change
        self.open_rooms: OpenRooms[RoomEngine] = OpenRooms()
        self.directory = Directory()
        self.directory.on_change = self._note_row
        self.backfills = Backfills()
        self.overloaded: set[str] = set()
        """The ids of the rooms that refuse joins because of their load."""
        self._known_queues: set[str] = set()
        """The kinds that rooms have asked for players, so that a wrong one is logged once."""
        self._feeds: dict[str, dict[str, LobbyFeed]] = {}
        """By the kind that it shows, and its own id: what each lobby has not got yet."""

    def open_feeds(self, engine: RoomEngine) -> None:
        """Give a room what it shows of others: rooms to a lobby, open seats to a queue."""
        shown = engine.kind.room_class.lists
        if shown is not None:
            feed = self._feeds.setdefault(shown, {})[engine.id] = LobbyFeed(self.directory, self._kinds[shown])
            engine.seats.feeds.append(feed.next_rooms)
        if engine.kind.takes_backfills:
            engine.seats.feeds.append(self.backfills.open_feed(engine.kind.name, engine.id).next_backfills)

    def change(self, engine: RoomEngine) -> None:
        """A room was locked or unlocked, or its listing, visibility or load has changed."""
        if engine.overload.refuses:
            self.overloaded.add(engine.id)
        else:
            self.overloaded.discard(engine.id)
        self.file(engine)

    def file(self, engine: RoomEngine) -> None:
        """What others may know of a room has changed, or how many seats are free."""
        count = engine.session_count if engine.takes_anyone else None
        players, spectators = (count if engine.has_free_seat(role) else None for role in Role)
        self.open_rooms.file(engine.id, engine.kind.name, engine, (players, spectators))
        self.take_row(row_of(engine))
        self._on_change()

    def remove(self, engine: RoomEngine) -> None:
        """A room of this process has ended."""
        shown = engine.kind.room_class.lists
        if shown is not None:
            self._feeds[shown].pop(engine.id, None)
        self.open_rooms.remove(engine.id)
        self.forget_row(engine.id)
        self.backfills.close_feed(engine.kind.name, engine.id)
        self.overloaded.discard(engine.id)

    def take_row(self, row: RoomRow) -> None:
        """Take what others may know of a room, of this process or another."""
        self.directory.update(row)
        self.backfills.update(row)
        asked = row.open_seats
        if asked is not None and asked.queue not in self._known_queues:
            self._known_queues.add(asked.queue)
            kind = self._kinds.get(asked.queue)
            if kind is None or not kind.takes_backfills:
                log.warning(
                    "room %s (%s) asks %r for players, which is no kind of queue", row.id, row.kind, asked.queue
                )

    def forget_row(self, room_id: str) -> None:
        """A room has ended. Idempotent."""
        self.directory.remove(room_id)
        self.backfills.remove(room_id)

    def _note_row(self, kind: str, room_id: str) -> None:
        """What strangers may see of a room has changed."""
        for feed in self._feeds.get(kind, {}).values():
            feed.note(room_id)
