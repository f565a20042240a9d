"""A room that prints which of its hooks ran, for tests of what browsers do when a page is left."""

from __future__ import annotations

from typing import Any

from gameserver import Player, Room


class Visited(Room):
    """Prints a line for each hook, such as `suspend 1` for player 1."""

    def on_join(self, player: Player) -> None:
        """A page has joined."""
        self._note("join", player)

    def on_message(self, player: Player, name: str, payload: Any) -> None:
        """A page says which time it was loaded."""
        self._note(f"{name} {payload}", player)

    def on_suspend(self, player: Player) -> None:
        """The page is gone, and may return."""
        self._note("suspend", player)

    def on_resume(self, player: Player) -> None:
        """The page has returned."""
        self._note("resume", player)

    def on_leave(self, player: Player) -> None:
        """The seat is free."""
        self._note("leave", player)

    def _note(self, what: str, player: Player) -> None:
        print(f"{what} {player.number}", flush=True)  # noqa: T201 - it is what the room is for
