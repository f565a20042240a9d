"""Rooms that take commands from elsewhere, for tests that start `gameserver run` as a process."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from msgspec import Meta, Struct

from gameserver import Room

if TYPE_CHECKING:
    from gameserver import Player


class Line(Struct, forbid_unknown_fields=True):
    """One line."""

    text: Annotated[str, Meta(max_length=100)]


class Wall(Room):
    """Broadcasts each line that it is sent, with how many there were."""

    kind = "wall"
    single = True
    max_players = 4
    commands: ClassVar = {"write": Line}

    def on_create(self, options: Any) -> None:
        """Begin without lines."""
        self.count = 0

    def on_command(self, name: str, payload: Any) -> None:
        """Broadcast a line."""
        self.count += 1
        self.broadcast("line", [self.count, payload["text"]])


class Writer(Room):
    """Sends what its players say to the wall."""

    kind = "writer"
    max_players = 1

    def on_message(self, player: Player, name: str, payload: Any) -> None:
        """Pass a line on."""
        self.send_command("wall", "write", {"text": payload})
