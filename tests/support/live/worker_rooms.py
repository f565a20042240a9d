"""Rooms for tests that start `gameserver run` as a process."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from gameserver import Entity, Flag, Float, Inputs, Room

if TYPE_CHECKING:
    from gameserver import Player


class Dot(Entity):
    """Moves as it is told to."""

    x = Float(step=1 / 16, min=0, max=1_000)


class Steer(Inputs):
    """Right, or not."""

    right = Flag()


class Small(Room[Steer]):
    """Eight players; what one says all hear."""

    kind = "small"
    tick_hz = 20
    max_players = 8
    entities = (Dot,)

    def on_join(self, player: Player) -> None:
        """A dot for each."""
        player.avatar = self.spawn(Dot, owner=player, x=self.random.uniform(0, 1_000))

    def on_input(self, player: Player, controls: Steer) -> None:
        """Move, and begin again at the end."""
        player.avatar.x = (player.avatar.x + (2 if controls.right else 1)) % 1_000

    def on_message(self, player: Player, name: str, payload: Any) -> None:
        """Tell everyone."""
        self.broadcast(name, payload)


class Busy(Small):
    """Does too much for so many ticks as it is told to."""

    kind = "busy"

    def on_create(self, options: Any) -> None:
        """At first it keeps up."""
        self.busy_until = 0

    def on_message(self, player: Player, name: str, payload: Any) -> None:
        """`work`: be too slow until that tick."""
        if name == "work":
            self.busy_until = self.tick + int(payload)

    def on_tick(self) -> None:
        """Take two ticks' time for one."""
        if self.tick < self.busy_until:
            until_s = time.perf_counter() + 2 * self.dt
            while time.perf_counter() < until_s:
                pass
