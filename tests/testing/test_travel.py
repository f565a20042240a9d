"""Games of several rooms, whose clients are moved over slow networks and links that break; all are replayed."""

from __future__ import annotations

from typing import Any

import pytest

from gameserver import AnyRoom, Entity, Float, Inputs, Int, Player, Room, shared
from gameserver.testing import Network, game


class Cart(Entity):
    x = Float(step=1 / 16)


class Steer(Inputs):
    way = Int(-1, 1)


class Fast(Inputs):
    way = Int(-1, 1)
    boost = Int(0, 3)


@shared
def roll(cart: Cart, controls: Steer, dt: float) -> None:
    cart.x += controls.way * 8 * dt


@shared
def race(cart: Cart, controls: Fast, dt: float) -> None:
    cart.x += controls.way * (8 + 8 * controls.boost) * dt


class Yard(Room[Steer]):
    predict = roll
    entities = (Cart,)
    goes_to = "track"

    def on_join(self, player: Player) -> None:
        player.avatar = self.spawn(Cart, owner=player)

    def on_message(self, player: Player, name: str, payload: Any) -> None:
        self.broadcast("go", name)
        self.move_all(AnyRoom(self.goes_to))


class Track(Room[Fast]):
    predict = race
    entities = (Cart,)
    tick_hz = 60

    def on_join(self, player: Player) -> None:
        player.avatar = self.spawn(Cart, owner=player)

    def on_message(self, player: Player, name: str, payload: Any) -> None:
        self.move_all(AnyRoom("yard"))


@pytest.mark.parametrize("delay_ms", [0, 20, 150])
def test_clients_go_back_and_forth_and_predict_in_each_room(delay_ms: int) -> None:
    with game(Yard, Track, network=Network(delay_ms=delay_ms, jitter_ms=delay_ms / 5)) as play:
        clients = [play.join() for _ in range(4)]
        for turn in range(4):
            kind = (Track, Yard)[turn % 2]
            for client in clients:
                client.controls(way=1)
            play.seconds(0.3)
            clients[turn].send("leave")
            play.until(lambda kind=kind: all(isinstance(_room(play, client), kind) for client in clients))  # type: ignore[misc]
            play.seconds(1.0)
            for client in clients:
                client.controls(way=1)
            play.seconds(1.0)
            assert all(client.entity.x > 3 for client in clients)
            assert all(client.joined for client in clients)


def test_a_client_whose_link_broke_comes_back_where_the_others_are() -> None:
    with game(Yard, Track, network=Network(delay_ms=30)) as play:
        there, away = play.join(), play.join()
        away.lose_link()
        there.send("leave")
        play.seconds(0.5)
        away.come_back()
        play.seconds(0.5)
        assert isinstance(_room(play, away), Track)
        assert len(away.view.entities("Cart")) == 2
        away.controls(way=1, boost=3)
        play.seconds(1.0)
        assert away.entity.x > 16


def _room(play: Any, client: Any) -> Any:
    """The room that has this client's player; None: none has."""
    return next((room for room in play.rooms if client.player in room.players), None)
