"""What rules pass to the methods of a room is refused at the call, in one sentence that names it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from gameserver import Entity, Flag, Float, Player, Room
from gameserver.state.errors import StateError
from tests.support.memory_server import MemoryServer

if TYPE_CHECKING:
    from collections.abc import Callable


class Rock(Entity):
    x = Float(step=1)
    hard = Flag()


class Dust(Entity, columns=True):
    x = Float(step=1)


class Quarry(Room):
    entities = (Rock, Dust)

    def on_join(self, player: Player) -> None:
        player.avatar = self.spawn(Rock, owner=player)


def dust(room: Quarry) -> Any:
    table = room.table(Dust)
    if not len(table):
        table.spawn_many(3)
    return table


def refuse(room: Quarry, call: Callable[[Any, Any, Any], object]) -> str:
    player = room.players[0]
    with pytest.raises((TypeError, ValueError)) as refused:
        call(room, player, player.avatar)
    assert "\n" not in str(refused.value)
    return str(refused.value)


PLAYERS = "write one of self.players or self.spectators"


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda r, p, e: r.send(1, "x"), f"player is 1; {PLAYERS}"),
        (lambda r, p, e: r.send(e, "x"), f"player is <Rock 1: x=0.0, hard=False>; {PLAYERS}"),
        (lambda r, p, e: r.rewind(None), f"player is None; {PLAYERS}"),
        (lambda r, p, e: r.broadcast("x", to=p), "to is <Player 1 player>; write a list of players"),
        (lambda r, p, e: r.broadcast("x", to=[p, 1]), f"a receiver in `to` is 1; {PLAYERS}"),
        (lambda r, p, e: r.broadcast("\ud800"), "name has half of a surrogate pair, which is no text"),
        (lambda r, p, e: r.broadcast("x", "\ud800"), "payload has half of a surrogate pair"),
        (lambda r, p, e: r.broadcast("x", {"a": [1, "\ud800"]}), "payload.a[1] has half of a surrogate"),
        (lambda r, p, e: r.broadcast("x", [{"\ud800": 1}]), "payload[0], a key of a map, has half of a"),
        (lambda r, p, e: r.spawn("Rock"), "entity_type is 'Rock'; write the class itself, such as Ship"),
        (lambda r, p, e: r.spawn(e), "entity_type is <Rock 1: x=0.0, hard=False>; write the class"),
        (lambda r, p, e: r.spawn([]), "entity_type is []; write the class itself"),
        (lambda r, p, e: r.spawn(Rock, owner=1), f"owner is 1; {PLAYERS}"),
        (lambda r, p, e: r.all(e), "entity_type is <Rock 1: x=0.0, hard=False>; write the class"),
        (lambda r, p, e: r.all(int), "entity_type is <class 'int'>; write the class itself"),
        (lambda r, p, e: r.all(Dust), "Dust is kept in columns: use self.table(Dust)"),
        (lambda r, p, e: r.spawn(Dust), "Dust is kept in columns: use self.table(Dust).spawn_many(…)"),
        (lambda r, p, e: r.table("Dust"), "entity_type is 'Dust'; write the class itself"),
        (lambda r, p, e: r.despawn(1), "entity is 1; write one that spawn returned"),
        (lambda r, p, e: r.despawn(None), "entity is None; write one that spawn returned"),
        (lambda r, p, e: r.teleport(5, x=1), "entity is 5; write one that spawn returned"),
        (lambda r, p, e: r.run(print, then=5), "then is 5; write the function itself"),
        (lambda r, p, e: r.run(print, failed="f"), "failed is 'f'; write the function itself"),
        (lambda r, p, e: r.reserve(role=0), "role is 0; write Role.PLAYER or Role.SPECTATOR"),
        (lambda r, p, e: r.reserve(subject=p), "subject is <Player 1 player>; write the `sub` of a token"),
        (lambda r, p, e: r.reserve(seconds="9"), "seconds is '9'; write a number"),
        (lambda r, p, e: r.cancel_reservation("x"), "reservation is 'x'; write what reserve returned"),
        (lambda r, p, e: dust(r).spawn_many(-1), "count is -1; write how many Dust to add"),
        (lambda r, p, e: dust(r).spawn_many(1.5), "count is 1.5; write how many Dust to add"),
        (lambda r, p, e: dust(r).spawn_many(3, x=[1, 2]), "Dust.x: values of shape (2,) for 3 entities"),
        (lambda r, p, e: dust(r).spawn_many(3, x="abc"), "Dust.x: 'abc' is no array of numbers"),
        (
            lambda r, p, e: setattr(dust(r), "x", np.zeros(5)),
            "Dust.x: values of shape (5,) for 3 entities",
        ),
    ],
)
def test_a_wrong_argument_is_named(call: Callable[[Any, Any, Any], object], says: str) -> None:
    server = MemoryServer(Quarry)
    server.join("quarry")
    room = server.engine.room
    assert isinstance(room, Quarry)
    assert refuse(room, call).startswith(says)
    server.tick()
    assert not server.engine.closed, "nothing has changed"


def test_what_is_neither_true_nor_false_is_named_with_its_entity() -> None:
    server = MemoryServer(Quarry)
    server.join("quarry")
    rock: Any = server.engine.room.players[0].avatar
    rock.hard = np.arange(3)
    with pytest.raises(
        StateError, match=r"Rock.hard of entity 1 is array\(\[0, 1, 2\]\), which is neither true nor false"
    ):
        server.engine.world.capture()


def test_values_for_all_and_one_for_each_are_taken() -> None:
    server = MemoryServer(Quarry)
    server.join("quarry")
    table: Any = server.engine.room.table(Dust)
    table.spawn_many(np.int64(2), x=[1, 2])
    table.spawn_many(0)
    table.x = 5
    assert table.x.tolist() == [5.0, 5.0]
    table.x = (6, 7)
    assert table.x.tolist() == [6.0, 7.0]
