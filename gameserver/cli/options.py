"""Defaults that several commands share."""

from __future__ import annotations

from typing import Final

DEFAULT_ROOM: Final = "gameserver.games.arena:Arena"
SHIPPED_ROOMS: Final = (
    DEFAULT_ROOM,
    "gameserver.games.hockey:Hockey",
    "gameserver.games.board:Board",
    "gameserver.games.chat:Chat",
    "gameserver.games.dashboard:Dashboard",
    "gameserver.games.notifications:Notifications",
)
"""The rooms of the pages in `client_demo/gallery/`. The first has the page at the root, and the bots."""
DEFAULT_PORT: Final = 8000
