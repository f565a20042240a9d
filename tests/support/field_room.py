"""A room of dots that notes which of its hooks ran, for tests of joining, leaving, resuming and the tick."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gameserver.room.player import JoinRefused, Player
from gameserver.room.room import Room
from gameserver.state.entity import Entity
from gameserver.state.fields import Float, Int
from gameserver.state.inputs import Inputs

if TYPE_CHECKING:
    from tests.support.memory_server import MemoryServer


class Dot(Entity):
    x = Float(step=1 / 16)
    hp = Int(0, 100, default=100)


class Push(Inputs):
    dx = Int(-1, 1)


class Field(Room[Push]):
    """Notes its hooks in `calls`; `boom` is a bug in the rules, `kick` and `ban` remove the player who
    sent it."""

    entities = (Dot,)
    max_players = 3
    max_spectators = 1
    empty_close_s = 1.0

    def on_create(self, options: Any) -> None:
        self.calls: list[str] = []

    def on_auth(self, player: Player) -> None:
        if player.params.get("name") == "nobody":
            raise JoinRefused("not you")

    def on_join(self, player: Player) -> None:
        self.calls.append(f"join {player.number}")
        player.avatar = self.spawn(Dot, owner=player)
        self.broadcast("hello", player.number)

    def on_leave(self, player: Player) -> None:
        self.calls.append(f"leave {player.number}")

    def on_suspend(self, player: Player) -> None:
        self.calls.append(f"suspend {player.number}")

    def on_resume(self, player: Player) -> None:
        self.calls.append(f"resume {player.number}")

    def on_input(self, player: Player, controls: Push) -> None:
        player.avatar.x += controls.dx

    def on_message(self, player: Player, name: str, payload: Any) -> None:
        if name == "boom":
            raise RuntimeError("a bug of the author's")
        if name == "kick":
            player.kick("enough")
        if name == "ban":
            player.ban("enough", payload)
        self.send(player, "echo", [name, payload])


def field(server: MemoryServer) -> Field:
    """The only room of a server, which is a Field."""
    room = server.engine.room
    assert isinstance(room, Field)
    return room
