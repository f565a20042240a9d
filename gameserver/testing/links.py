"""Links of the tests' servers in memory: each does what a `LinkHandle` has to, and differs in where messages go."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import NamedTuple


class Close(NamedTuple):
    """How a link was closed."""

    code: int | None
    """None if the link broke."""
    reason: str = ""


class ServerLink(ABC):
    """The server's end of a link. It takes messages until it is closed; `ready` is the test's to set."""

    writer = None

    def __init__(self) -> None:
        self.ready = True
        self.closed: Close | None = None
        self.room: str | None = None
        """The id of the room that the link is in."""

    @abstractmethod
    def carry(self, message: bytes) -> None:
        """Bring a message to the client."""

    def carry_close(self, close: Close) -> None:  # noqa: B027 - a client need not know
        """Let the client know that the server has closed the link."""

    def offer(self, *messages: bytes) -> bool:
        if not self.ready or self.closed is not None:
            return False
        for message in messages:
            self.carry(message)
        return True

    def send(self, *messages: bytes) -> None:
        for message in messages:
            if self.closed is None:
                self.carry(message)

    def close(self, code: int, reason: str) -> None:
        if self.closed is None:
            self.closed = Close(code, reason)
            self.carry_close(self.closed)

    def start_polling(self, room_id: str) -> None:
        self.room = room_id

    def stop_polling(self) -> None:
        self.room = None
