"""Two kinds of rooms with different inputs and paces, whose players go back and forth."""

from __future__ import annotations

from typing import Any, ClassVar

from gameserver import AnyRoom, Entity, Float, Inputs, Int, MoveFailed, Player, Room

OWN_EVERY_TICKS = 3


class Boat(Entity):
    x = Float(step=1 / 16)


class Row(Inputs):
    way = Int(-1, 1)


class Sail(Inputs):
    way = Int(-1, 1)
    wind = Int(-9, 9)


class Water(Room[Any]):
    """Sends each player events with numbers from 1 on; `go` moves everyone, `over` and `to` their sender."""

    entities: ClassVar[tuple[type[Entity], ...]] = (Boat,)
    max_players = 50
    over = ""

    def on_join(self, player: Player) -> None:
        player.data = 0
        player.avatar = self.spawn(Boat, owner=player)

    def on_input(self, player: Player, controls: Any) -> None:
        player.avatar.x += controls.way

    def on_tick(self) -> None:
        if self.tick % OWN_EVERY_TICKS == 0:
            for player in self.players:
                player.data += 1
                self.send(player, "own", [self.id, player.data])

    def on_move_failed(self, player: Player, failure: MoveFailed) -> None:
        self.send(player, "failed", failure.code.name)

    def on_message(self, player: Player, name: str, payload: Any) -> None:
        if name == "go":
            self.move_all(AnyRoom(self.over))
        elif name == "to":
            self.move(player, payload)
        elif name == "over":
            self.move(player, AnyRoom(self.over))


class River(Water, Room[Row]):
    kind = "river"
    tick_hz = 20
    over = "lake"


class Lake(Water, Room[Sail]):
    kind = "lake"
    tick_hz = 60
    over = "river"
