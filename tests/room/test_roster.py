"""The roster and the room's own state: filled by the room, seen by everybody, found by what they are for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from gameserver import (
    Choice,
    Entity,
    Float,
    Int,
    JoinRefused,
    List,
    Near,
    Player,
    PlayerState,
    Role,
    Room,
    RoomState,
    Roster,
)
from gameserver.client import RoomChanged, RosterChanged
from gameserver.room.kind import entities_of, make_kind
from gameserver.state.errors import DeclarationError
from gameserver.testing import game

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from gameserver.state.table import Table
    from gameserver.testing import Client

ENTRY = ("number", "name", "spectator", "connected", "ready", "avatar")


class Car(Entity):
    x = Float(step=1 / 16)
    y = Float(step=1 / 16)


class Racer(PlayerState):
    team = Choice("none", "red", "blue")
    x = Int(0, 9)
    y = Int(0, 9)


class Match(RoomState):
    phase = Choice("lobby", "racing")
    ends_at_tick = Int(0, 1_000_000)
    order: List[int] = List(Int(0, 99), 8)


class Race(Room):
    entities = (Car,)
    roster = Roster(Racer)
    state = Match(phase="racing", order=[3, 1])
    interest = Near(radius=10)

    def on_join(self, player: Player) -> None:
        if player.params.get("name") == "nobody":
            raise JoinRefused("not you")
        entry = self.roster[player]
        entry.team = "red" if len(self.roster) % 2 else "blue"
        player.avatar = self.spawn(Car, owner=player, x=1000.0 * len(self.roster))

    def on_message(self, player: Player, name: str, payload: Any) -> None:
        if name == "ready":
            self.roster[player].ready = bool(payload)
            self.state.order = [*self.state.order, player.number]
        if name == "eject":
            self.despawn(player.avatar)
            player.avatar = None

    def narrow_view(
        self, players: Sequence[Player], entity_type: type[Entity], table: Table, mask: NDArray[np.bool_]
    ) -> NDArray[np.bool_]:
        assert entity_type is Car, "what everybody sees is nobody's to hide"
        return np.zeros_like(mask)


class Plain(Room):
    entities = (Car,)


def rows(client: Client, *names: str) -> list[tuple[Any, ...]]:
    return [tuple(getattr(entry, name) for name in names) for entry in client.roster]


def test_everybody_knows_who_is_in_the_room_wherever_they_are() -> None:
    with game(Race) as play:
        ada, bob = play.join(name="Ada"), play.join(name=" Bob\n")
        watcher = play.join(role=Role.SPECTATOR)
        play.ticks(8)
        for client in (ada, bob, watcher):
            assert rows(client, "number", "name", "spectator", "connected", "ready", "team") == [
                (1, "Ada", False, True, False, "red"),
                (2, "Bob", False, True, False, "blue"),
                (3, "", True, True, False, "none"),
            ]
        assert len(ada.view.entities("Car")) == 1, "the other car is far away"
        assert [entry.avatar for entry in ada.roster] == [ada.view.entities("Car")[0], None, None]


def test_a_byte_budget_keeps_nobody_out_of_the_roster() -> None:
    class Crowd(Room):
        entities = (Car,)
        roster = Roster(Racer)
        state = Match()
        interest = Near(radius=1000, tiers={10: 4}, bytes_per_s=600)
        max_players = 30

        def on_join(self, player: Player) -> None:
            player.avatar = self.spawn(Car, owner=player, x=player.number)

        def on_message(self, player: Player, name: str, payload: Any) -> None:
            self.roster[player].ready = True
            self.state.phase = "racing"

        def on_tick(self) -> None:
            for car in self.all(Car):
                car.x, car.y = self.random.uniform(0, 900), self.random.uniform(0, 900)

    with game(Crowd) as play:
        clients = [play.join(name=f"Driver {number}") for number in range(12)]
        play.seconds(2)
        clients[0].send("ready")
        play.seconds(0.5)
        for client in clients:
            assert [entry.name for entry in client.roster] == [f"Driver {number}" for number in range(12)]
            assert [entry.ready for entry in client.roster] == [True] + [False] * 11
            assert client.room.phase == "racing"


def test_an_entry_comes_before_on_join_and_goes_after_on_leave() -> None:
    seen: list[tuple[str, int]] = []

    class Hall(Room):
        entities = ()
        roster = Roster(PlayerState)

        def on_spectate(self, player: Player) -> None:
            seen.append(("spectate", self.roster[player].number))

        def on_leave(self, player: Player) -> None:
            seen.append(("leave", self.roster[player].number))

    with game(Hall) as play:
        stays = play.join()
        watcher = play.join(role=Role.SPECTATOR)
        player = watcher.player
        watcher.leave()
        play.ticks(3)
        hall = play.room
        assert isinstance(hall, Hall)
        assert (len(hall.roster), player in hall.roster, stays.player in hall.roster) == (1, False, True)
        with pytest.raises(KeyError):
            hall.roster[player]
        assert rows(stays, "number") == [(1,)]
        assert seen == [("spectate", 2), ("leave", 2)]


def test_who_is_refused_leaves_no_entry() -> None:
    with game(Race) as play:
        ada = play.join(name="Ada")
        with pytest.raises(Exception, match="not you"):
            play.join(name="nobody")
        play.ticks(4)
        assert rows(ada, "number") == [(1,)]
        assert [entry.number for entry in play.room.all(Racer)] == [1]


def test_links_and_avatars_show_in_the_roster() -> None:
    with game(Race) as play:
        ada, bob = play.join(name="Ada"), play.join(name="Bob")
        bob.lose_link()
        play.seconds(0.5)
        assert rows(ada, "name", "connected") == [("Ada", True), ("Bob", False)]
        bob.come_back()
        play.seconds(0.5)
        assert rows(ada, "connected") == [(True,), (True,)]
        assert rows(bob, "name", "team") == [("Ada", "red"), ("Bob", "blue")]
        ada.send("eject")
        play.seconds(0.5)
        assert [entry.avatar for entry in ada.roster] == [None, None]
        assert ada.me is not None
        assert ada.me.avatar_id is None


def test_the_state_of_the_room_is_its_own_and_begins_as_declared() -> None:
    with game(Race) as play:
        ada = play.join()
        ada.send("ready", True)
        play.seconds(0.5)
        assert (ada.room.phase, ada.room.ends_at_tick, ada.room.order) == ("racing", 0, [3, 1, 1])
        assert Race.state.order == [3, 1], "the class's is a declaration"
        assert play.room.state is not Race.state
        assert rows(ada, "ready") == [(True,)]


def test_a_client_knows_who_it_is_before_it_has_an_avatar() -> None:
    class Lobby(Room):
        entities = ()
        roster = Roster(PlayerState)

        def on_join(self, player: Player) -> None:
            self.roster[player].name += "!"

    with game(Lobby, Plain) as play:
        ada = play.join(name="Ada")
        play.ticks(4)
        me = ada.me
        assert me is not None
        assert (me.number, me.role, me.name, me.avatar_id) == (1, Role.PLAYER, "Ada!", None)
        assert me.state is ada.roster[0]
        bob = play.join("plain", name="Bob").me
        assert bob is not None
        assert (bob.number, bob.name, bob.state) == (1, "Bob", None)


def test_a_client_gets_an_event_when_something_changes_and_only_then() -> None:
    with game(Race) as play:
        ada = play.join(name="Ada")
        play.seconds(1)
        events = ada._sim.of(RosterChanged), ada._sim.of(RoomChanged)
        assert [len(found) for found in events] == [1, 1]
        assert events[0][0].roster[0].name == "Ada"
        assert events[1][0].room.phase == "racing"
        play.join(name="Bob")
        play.seconds(1)
        assert [len(ada._sim.of(kind)) for kind in (RosterChanged, RoomChanged)] == [2, 1]
        ada.send("ready", True)
        play.seconds(1)
        assert [len(ada._sim.of(kind)) for kind in (RosterChanged, RoomChanged)] == [3, 2]


def test_rooms_of_one_class_do_not_share_people_or_state() -> None:
    class Two(Race):
        kind = "two"
        max_players = 1

    with game(Two) as play:
        one, other = play.join(name="Ada"), play.join(name="Bob")
        one.send("ready", True)
        play.seconds(0.5)
        assert (rows(one, "name"), rows(other, "name")) == ([("Ada",)], [("Bob",)])
        assert (one.room.order, other.room.order) == ([3, 1, 1], [3, 1])


def test_the_types_stand_behind_the_others_and_only_where_they_are_declared() -> None:
    assert entities_of(Race) == (Car, Racer, Match)
    assert entities_of(Plain) == (Car,)

    class FromModule(Room):
        roster = Roster(PlayerState)

    assert entities_of(FromModule) == (Car, PlayerState), "without the entries of other rooms"
    uses = [entity.get("use") for entity in make_kind(Race).schema.to_wire()["entities"]]
    assert uses == [None, "players", "room"]
    assert list(Racer.entity_type.fields) == [*ENTRY, "team", "x", "y"]


def test_what_cannot_work_is_refused_where_it_is_declared() -> None:
    with pytest.raises(DeclarationError, match="write PlayerState, or your subclass"):
        Roster(Car)  # type: ignore[type-var]
    with pytest.raises(DeclarationError, match=r"Odd\.roster is .*; write Roster\(PlayerState\)"):
        type("Odd", (Room,), {"roster": Racer})
    with pytest.raises(DeclarationError, match=r"Odd\.state is .*; write an instance of your subclass of RoomState"):
        type("Odd", (Room,), {"state": Match})
    with pytest.raises(DeclarationError, match="cannot be kept in columns"):
        type("Many", (PlayerState,), {}, columns=True)
    with game(Race) as play:
        play.join()
        with pytest.raises(TypeError, match="Racer: the room itself makes these"):
            play.room.spawn(Racer)
