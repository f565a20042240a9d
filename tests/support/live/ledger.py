"""Rooms whose clients can detect by themselves whether anything was lost, duplicated or left behind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Final

from gameserver import Entity, Flag, Float, Inputs, Int, Room

if TYPE_CHECKING:
    from gameserver import Player

BEAT_EVERY_TICKS: Final = 4
SPEED: Final = 8.0


class Walker(Entity):
    """One for each player; any more are ghosts."""

    number = Int(1, 1_000_000)
    x = Float(step=1 / 64, min=-1e5, max=1e5)
    away = Flag()


class Walk(Inputs):
    """Left, right."""

    way = Int(-1, 1)


class Ledger(Room[Walk]):
    """Numbers its events: `beat` for everyone, `own` for each player. Counts joins, leaves, suspensions and resumes."""

    kind = "ledger"
    tick_hz = 20
    max_players = 200
    entities: ClassVar[tuple[type[Entity], ...]] = (Walker,)

    def on_create(self, options: Any) -> None:
        self.beat = 0
        self.joined = self.left = self.suspended = self.resumed = 0

    def on_join(self, player: Player) -> None:
        self.joined += 1
        player.data = 0
        player.avatar = self.spawn(Walker, owner=player, number=player.number)

    def on_leave(self, player: Player) -> None:
        self.left += 1

    def on_suspend(self, player: Player) -> None:
        self.suspended += 1
        player.avatar.away = True

    def on_resume(self, player: Player) -> None:
        self.resumed += 1
        player.avatar.away = False

    def on_input(self, player: Player, controls: Walk) -> None:
        player.avatar.x += controls.way * SPEED * self.dt

    def on_tick(self) -> None:
        if self.tick % BEAT_EVERY_TICKS:
            return
        self.beat += 1
        self.broadcast("beat", self.beat)
        for player in self.players:
            player.data += 1
            self.send(player, "own", [player.number, player.data])

    def on_message(self, player: Player, name: str, payload: Any) -> None:
        if name == "count":
            came = {"joined": self.joined, "left": self.left, "suspended": self.suspended, "resumed": self.resumed}
            self.send(player, "counts", {**came, "players": len(self.players)})


class Passer(Entity):
    """Jumps to a random place at each tick, so that states are large."""

    x = Float(step=1 / 64, min=-1e5, max=1e5)


class Crowd(Ledger):
    """A ledger with large states, for tests of slow readers."""

    kind = "crowd"
    entities: ClassVar[tuple[type[Entity], ...]] = (Walker, Passer)
    passers = 150

    def on_create(self, options: Any) -> None:
        super().on_create(options)
        for _ in range(self.passers):
            self.spawn(Passer)

    def on_tick(self) -> None:
        super().on_tick()
        for passer in self.all(Passer):
            passer.x = self.random.uniform(-1e5, 1e5)
