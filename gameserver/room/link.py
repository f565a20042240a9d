"""What a room needs of a WebSocket, so that neither knows how the other works. `gameserver.net` and the tests implement
it."""

from __future__ import annotations

from typing import Protocol


class LinkHandle(Protocol):
    """One WebSocket as the rest of the server sees it. No call blocks, raises, or calls back into the room."""

    @property
    def ready(self) -> bool:
        """Whether `offer` would take a batch now: the last one has left whole."""

    def offer(self, *messages: bytes) -> bool:
        """Take these binary messages whole, in order, or none of them and return False. Newest state wins: nothing
        queues up."""

    def send(self, message: bytes) -> None:
        """Take a message that must not be lost; it goes out in order. Too many waiting: the link closes with
        TOO_SLOW."""

    def close(self, code: int, reason: str) -> None:
        """Begin to close; idempotent. The link ends within a deadline, then its guest's `lost` is called."""

    def join_room(self, room_id: str) -> None:
        """From now on the room of this id drains this link at its tick."""

    def leave_room(self) -> None:
        """The link is on its own again."""
