"""Rooms of games that ship with the server, which must not lose a tick."""

from gameserver.games.arena import Arena
from gameserver.games.hockey import Hockey


class DurableArena(Arena):
    """The arena."""

    kind = "arena"
    durable = True


class DurableHockey(Hockey):
    """Hockey."""

    kind = "hockey"
    durable = True
