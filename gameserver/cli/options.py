"""Defaults that several commands share."""

from __future__ import annotations

from typing import Final

DEFAULT_ROOM: Final = "gameserver.games.arena:Arena"
DEFAULT_PORT: Final = 8000
