"""What rules pass to a room: values of numpy are taken, wrong ones are refused at the call, and no tick ends later."""

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from gameserver import Choice, Entity, Flag, Float, Int, List, Player, Room, Text
from gameserver.compiled import COMPILED
from gameserver.protocol.codec import decode_client, encode_client
from gameserver.protocol.constants import Limits
from gameserver.protocol.messages import Message
from gameserver.state.columns import ColumnStore
from gameserver.state.declare import RESERVED, TABLE_NAMES
from gameserver.state.errors import DeclarationError
from tests.support.memory_server import MemoryServer

if TYPE_CHECKING:
    from collections.abc import Callable


class Ship(Entity):
    x = Float(step=1 / 16)
    hp = Int(0, 9)
    on = Flag()
    mood = Choice("calm", "cross")
    name = Text(20)
    scores = List(Int(0, 9), 4)


class Boid(Entity, columns=True):
    x = Float(step=1 / 16)


class Rules(Room):
    entities = (Ship, Boid)

    def on_join(self, player: Player) -> None:
        player.avatar = self.spawn(Ship, owner=player)


def play() -> tuple[MemoryServer, Any, Rules]:
    server = MemoryServer(Rules)
    client, peer = server.join("rules", name="Ada")
    server.keep_up(client, peer)
    server.tick(2)
    room = server.engine.room
    assert isinstance(room, Rules)
    return server, client, room


def test_scalars_of_numpy_arrive_as_numbers_texts_and_booleans() -> None:
    server, client, room = play()
    ids = room.table(Boid).spawn_many(2, x=np.float32(3))
    sent = {
        "id": ids[0],
        "x": np.float32(0.5),
        "hit": np.bool_(True),
        "who": np.str_("Ada"),
        "all": [np.uint8(7), np.float64(1)],
    }
    room.broadcast(np.str_("seen"), sent)
    server.tick(3)
    assert client.events[-1][1:] == ["seen", {"id": int(ids[0]), "x": 0.5, "hit": True, "who": "Ada", "all": [7, 1.0]}]


def test_scalars_of_numpy_are_values_of_every_field() -> None:
    server, _, room = play()
    ship = room.all(Ship)[0]
    ship.x, ship.hp, ship.on = np.float32(1.5), np.int64(3), np.bool_(True)  # type: ignore[assignment]
    ship.mood, ship.name, ship.scores = np.str_("cross"), np.str_("Ada"), [np.int64(1), np.uint8(2)]  # type: ignore[list-item]
    server.tick(3)
    assert (ship.x, ship.hp, ship.on, ship.mood, ship.name, ship.scores) == (1.5, 3, True, "cross", "Ada", [1, 2])


def test_a_client_sends_scalars_of_numpy_as_numbers() -> None:
    message = decode_client(encode_client(Message("move", {"to": [np.int64(3), np.float32(0.5)]})), Limits())
    assert message == Message("move", {"to": [3, 0.5]})


def refused_by_compiled_code(error: BaseException) -> bool:
    """Whether the compiled build's own check of an argument's type came before ours; it says both types."""
    return COMPILED and isinstance(error, TypeError) and " object expected; got " in str(error)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda room: room.broadcast("e", np.arange(3)), "write array.tolist()"),
        (lambda room: room.broadcast("e", {"x": np.float32("nan")}), "payload.x must be a finite number"),
        (lambda room: room.broadcast("e", np.datetime64("2020-01-01")), "something of type datetime64"),
        (lambda room: room.broadcast(5, "e"), "write the name first"),
        (lambda room: room.after(2.5, print), "write a whole number of ticks"),
        (lambda room: room.every(None, print), "write a whole number of ticks"),
        (lambda room: room.after(3, None), "write the function itself"),
        (lambda room: room.run(None), "write the function itself"),
        (lambda room: room.run(print, timeout_s=None), "write a number of seconds"),
        (lambda room: room.run(print, timeout_s=float("nan")), "write a number of seconds above 0"),
        (lambda room: room.close(5), "write a text"),
        (lambda room: room.players[0].kick(5), "write a text"),
        (lambda room: setattr(room.players[0], "avatar", np.int64(1)), "write an entity that spawn returned"),
        (lambda room: setattr(room.players[0], "bytes_per_s", "x"), "write a number of bytes"),
        (lambda room: setattr(room.players[0], "bytes_per_s", -1), "write a number of bytes, 0 or more"),
        (lambda room: setattr(room.table(Boid), "vx", 1.0), "Boid has no field 'vx'; it has x"),
    ],
)
def test_what_cannot_be_used_is_refused_at_the_call(call: "Callable[[Any], object]", says: str) -> None:
    server, _, room = play()
    with pytest.raises((TypeError, ValueError, AttributeError)) as refused:
        call(room)
    assert says in str(refused.value) or refused_by_compiled_code(refused.value)
    server.tick(30)
    assert server.hub.rooms, "no later tick ends the room"


def test_a_timer_takes_a_whole_number_of_numpy() -> None:
    server, client, room = play()
    room.after(np.int64(2), lambda: room.broadcast("rang"))  # type: ignore[arg-type]
    server.tick(5)
    assert client.event_names()[-1] == "rang"


@pytest.mark.parametrize("name", sorted(TABLE_NAMES - RESERVED))
def test_a_column_field_with_a_name_of_the_table_is_refused(name: str) -> None:
    with pytest.raises(DeclarationError, match=f"Flock.{name}: .* take another name"):
        type("Flock", (Entity,), {name: Int(0, 9)}, columns=True)


def test_every_name_of_the_table_is_known() -> None:
    table = play()[2].table(Boid)
    names = {name for name in (*vars(ColumnStore), *vars(table)) if not name.startswith("_")}
    assert names == TABLE_NAMES
