"""The arena with fixed starting places, so that a test knows which ship is in front of which."""

from typing import TYPE_CHECKING

from gameserver import Player
from gameserver.games import arena

if TYPE_CHECKING:
    from gameserver.games.arena_flight import Ship

PLACES = ((900.0, 800.0), (1100.0, 800.0), (1300.0, 1000.0), (700.0, 1000.0))


class Duel(arena.Arena):
    """Players start in a row, noses to the right, unprotected; pickups lie out of the way."""

    kind = "arena"
    _next = 0

    def on_join(self, player: Player) -> None:
        super().on_join(player)
        ship: Ship = player.avatar
        ship.x, ship.y = PLACES[self._next % len(PLACES)]
        ship.angle = 0.0
        ship.shield = 0
        self._next += 1

    def _place_pickup(self) -> None:
        self.spawn(arena.Pickup, x=100.0, y=100.0, what="health")


class PickupAhead(Duel):
    """The first player has a pickup in front of it."""

    kind = "arena"

    def _place_pickup(self) -> None:
        x, y = (100.0, 100.0) if self.all(arena.Pickup) else (1000.0, 800.0)
        self.spawn(arena.Pickup, x=x, y=y, what="health")
