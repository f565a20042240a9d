"""Rooms whose players move from one to the other, for tests in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gameserver import AnyRoom, Int, Job, JoinRefused, Listing, MoveFailed, NewRoom, Options, Player, Room, Roster
from gameserver.room.roster import PlayerState
from gameserver.state.entity import Entity
from gameserver.state.inputs import Inputs

if TYPE_CHECKING:
    from gameserver.room.moves import Destination


class Pawn(Entity):
    gold = Int(0, 1000)


class Step(Inputs):
    dx = Int(-1, 1)


class Wide(Inputs):
    dx = Int(-9, 9)
    dy = Int(-9, 9)


class Noted(Room[Any]):
    """Notes its hooks; the message `go` moves its sender, `all` everyone."""

    entities = (Pawn,)
    roster = Roster(PlayerState)

    def on_create(self, options: Any) -> None:
        self.calls: list[str] = []
        self.to: Destination = AnyRoom("match")

    def on_join(self, player: Player) -> None:
        self.calls.append(f"join {player.number}")
        player.avatar = self.spawn(Pawn, owner=player, gold=player.params.get("gold", 0))
        self.broadcast("hello", player.number)

    def on_spectate(self, spectator: Player) -> None:
        self.calls.append(f"spectate {spectator.number}")

    def on_leave(self, player: Player) -> None:
        self.calls.append(f"leave {player.number}")
        self.broadcast("bye", player.number)

    def on_suspend(self, player: Player) -> None:
        self.calls.append(f"suspend {player.number}")

    def on_resume(self, player: Player) -> None:
        self.calls.append(f"resume {player.number}")

    def on_move_failed(self, player: Player, failure: MoveFailed) -> None:
        self.calls.append(f"failed {player.number} {failure.code.name}: {failure}")

    def on_message(self, player: Player, name: str, payload: Any) -> None:
        self.calls.append(f"{name} {player.number}")
        match name:
            case "go":
                self.move(player, self.to, params=payload)
            case "all":
                self.move_all(self.to, params=payload)
            case "kick":
                self.players[payload].kick("enough")
            case "close":
                self.close()


class Lobby(Noted, Room[Step]):
    """Where they begin."""

    kind = "lobby"
    tick_hz = 20


class MatchOptions(Options):
    level: int = 1


class MatchListing(Listing):
    level: int = 1


class Match(Noted, Room[Wide]):
    """Where they go."""

    kind = "match"
    max_players = 2
    max_spectators = 1
    options = MatchOptions()
    listing = MatchListing()

    def on_create(self, options: Any) -> None:
        super().on_create(options)
        self.listing.level = self.options.level

    def on_auth(self, player: Player) -> Job | None:
        match player.params.get("auth"):
            case "refuse":
                raise JoinRefused("not you")
            case "wait":
                return self.run(int)
            case "kick":
                player.kick("not you")
        return None

    def on_join(self, player: Player) -> None:
        if player.params.get("join") == "refuse":
            raise JoinRefused("too late")
        super().on_join(player)
        if player.params.get("onward"):
            self.move(player, NewRoom("town"))


class Single(Noted, Room[Step]):
    """One room of it at most."""

    kind = "town"
    single = True
