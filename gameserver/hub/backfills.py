"""The rooms that ask queues for players: those of this process and, where several share one address, those of the
others.

Each is made anew from its room whenever that changes, and replaces the one before. A queue gets at each tick what has
changed since the tick before; a room that has changed several times counts once, as it is now. So what waits is bounded
by the number of rooms, and a room that has ended, or whose process is gone, asks no longer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from gameserver.room.commands import BackfillsListed

if TYPE_CHECKING:
    from gameserver.hub.directory import RoomRow
    from gameserver.room.backfill import OpenSeats

MAX_BACKFILL_ROWS: Final = 500
"""In one tick of a queue."""


class Backfills:
    """What rooms ask for now, by the id of the room."""

    def __init__(self) -> None:
        self.asked: dict[str, OpenSeats] = {}
        self._feeds: dict[str, dict[str, BackfillFeed]] = {}
        """By the kind of queue, and its own id."""

    def update(self, row: RoomRow) -> None:
        """Take what a room asks for now."""
        if row.open_seats is None:
            self.remove(row.id)
            return
        before = self.asked.get(row.id)
        if row.open_seats != before:
            self.asked[row.id] = row.open_seats
            self._note(row.id, before)
            self._note(row.id, row.open_seats)

    def remove(self, room_id: str) -> None:
        """A room asks no longer. Idempotent."""
        self._note(room_id, self.asked.pop(room_id, None))

    def _note(self, room_id: str, asked: OpenSeats | None) -> None:
        if asked is not None:
            for feed in self._feeds.get(asked.queue, {}).values():
                feed.note(room_id)

    def open_feed(self, kind: str, queue_id: str) -> BackfillFeed:
        """Return what a queue of a kind gets, beginning with all that is asked for now."""
        feed = self._feeds.setdefault(kind, {})[queue_id] = BackfillFeed(self, kind)
        return feed

    def close_feed(self, kind: str, queue_id: str) -> None:
        """A room has ended, which may have been a queue. Idempotent."""
        self._feeds.get(kind, {}).pop(queue_id, None)


class BackfillFeed:
    """What one queue has not got yet."""

    def __init__(self, backfills: Backfills, kind: str) -> None:
        self._backfills = backfills
        self._kind = kind
        asked = backfills.asked.values()
        self._waiting: dict[str, None] = {seats.room: None for seats in asked if seats.queue == kind}
        self._shown: set[str] = set()

    def note(self, room_id: str) -> None:
        """What a room asks for is new, different or gone."""
        self._waiting[room_id] = None

    def next_backfills(self) -> BackfillsListed | None:
        """Return the changes for the tick that begins; None if there are none."""
        if not self._waiting:
            return None
        ids = list(self._waiting)[:MAX_BACKFILL_ROWS]
        for room_id in ids:
            del self._waiting[room_id]
        found = {room_id: self._backfills.asked.get(room_id) for room_id in ids}
        rooms = [seats for seats in found.values() if seats is not None and seats.queue == self._kind]
        here = {seats.room for seats in rooms}
        ended = [room_id for room_id in ids if room_id not in here and room_id in self._shown]
        self._shown.difference_update(ended)
        self._shown |= here
        return BackfillsListed(rooms, ended) if rooms or ended else None
