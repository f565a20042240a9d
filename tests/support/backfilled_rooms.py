"""A match that asks a queue for players, and the queue, for tests in memory and over sockets."""

from __future__ import annotations

from typing import Any, ClassVar

from gameserver import JoinRefused, MoveFailed, Player, Room
from gameserver.match import MatchRules, Queue


class Duel(Room[Any]):
    """Two teams of one, locked once both are there. It asks for who is missing; the message `ask` asks otherwise."""

    kind = "duel"
    tick_hz = 5
    max_players = 4
    max_spectators = 1
    empty_close_s = 1_000
    visibility = "unlisted"
    asks: ClassVar[str] = "duels"

    def on_create(self, options: object) -> None:
        self.backfill(self.asks, (1, 1))

    def on_auth(self, player: Player) -> None:
        if player.params.get("refused"):
            raise JoinRefused("not you")

    def on_join(self, player: Player) -> None:
        if len(self.players) == 2:
            self.lock()
        self.broadcast("came", [player.text("name"), player.params.get("team")])

    def on_message(self, player: Player, name: str, payload: Any) -> None:
        match name:
            case "ask":
                self.backfill(self.asks, payload)
            case "cancel":
                self.cancel_backfill()
            case "lock":
                self.lock(payload)
            case "close":
                self.close()


class Duels(Queue):
    """Everyone is as good as everyone else."""

    kind = "duels"
    destination = "duel"
    rules = MatchRules()
    empty_close_s = 1_000

    def on_create(self, options: Any) -> None:
        super().on_create(options)
        self.failures: list[str] = []

    def on_move_failed(self, player: Player, failure: MoveFailed) -> None:
        self.failures.append(str(failure))
        super().on_move_failed(player, failure)
