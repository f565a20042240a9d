"""Rooms for attackers, beside the arena in which the bystanders play."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, ClassVar, Final

from gameserver import Entity, Float, Room

if TYPE_CHECKING:
    from gameserver import Player

SHOUT_BYTES: Final = 100_000_000


class Mark(Entity):
    """Stands for one participant."""

    x = Float(step=1 / 16, min=0, max=1_000)


class Square(Room):
    """Repeats every message to everyone."""

    kind = "square"
    tick_hz = 20
    max_players = 2_000
    max_spectators = 2_000
    entities: ClassVar[tuple[type[Entity], ...]] = (Mark,)

    def on_join(self, player: Player) -> None:
        if not player.is_spectator:
            player.avatar = self.spawn(Mark, owner=player, x=self.random.uniform(0, 1_000))

    def on_tick(self) -> None:
        for mark in self.all(Mark):
            mark.x = self.random.uniform(0, 1_000)

    def on_message(self, player: Player, name: str, payload: Any) -> None:
        self.broadcast(name, payload)


class Own(Square):
    """A room for each who joins."""

    kind = "own"

    def on_join(self, player: Player) -> None:
        super().on_join(player)
        self.lock()


class Few(Square):
    """Has few seats."""

    kind = "few"
    max_players = 10


class Fragile(Own):
    """Rules with mistakes, which a message chooses among."""

    kind = "fragile"

    def on_message(self, player: Player, name: str, payload: Any) -> None:
        match name:
            case "raise":
                raise ValueError(f"{payload}")
            case "exit":
                sys.exit(3)
            case "interrupt":
                raise KeyboardInterrupt
            case "recurse":
                self.on_message(player, name, payload)
            case "shout":
                self.broadcast("shout", bytes(SHOUT_BYTES))
            case "spawn":
                self.spawn_for_ever()

    def spawn_for_ever(self) -> None:
        """Make entities until something stops it."""
        while True:
            self.spawn(Mark, x=0.0)
