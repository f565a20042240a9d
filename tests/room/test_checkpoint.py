"""A checkpoint has all that a room consists of, and names what it cannot have."""

from __future__ import annotations

import enum
import functools
import random
import re
import threading
from collections import OrderedDict, defaultdict, deque
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import pytest

from gameserver import Entity, Flag, Float, Listing, Options, Player, PlayerState, Ref, Room, RoomState, Roster, Text
from gameserver.room.checkpoint import restore_room, save_room, save_seats
from gameserver.room.saveable import CannotRestore, CannotSave
from tests.support.checkpoints import as_bytes, read, restored
from tests.support.memory_server import MemoryServer


class Thing(Entity):
    x = Float(step=1 / 8)
    name = Text(max_bytes=20)
    next: Ref[Any] = Ref()


class Dust(Entity, columns=True):
    x = Float(step=1 / 8)
    lit = Flag()


class Colour(enum.Enum):
    RED = "red"


class Point(NamedTuple):
    x: int
    y: int


@dataclass(frozen=True)
class Wave:
    number: int
    boss: Thing | None = None
    parts: list[Any] = field(default_factory=list)


class Clan:
    """Has only attributes, some of them in slots."""

    __slots__ = ("members", "name")

    def __init__(self, name: str) -> None:
        self.name = name
        self.members: list[Any] = []


class Bank:
    """Says itself what is to be saved."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.gold = 0

    def save(self) -> Any:
        return {"gold": self.gold}

    @classmethod
    def load(cls, saved: Any) -> Bank:
        made = cls()
        made.gold = saved["gold"]
        return made


class Choices(Options):
    size: int = 1


class Shown(Listing):
    phase: str = "lobby"


class Score(RoomState):
    won = Flag()


def double(value: int) -> int:
    return 2 * value


class Attic(Room):
    """Keeps whatever the tests put into it."""

    lasting = True
    options = Choices()
    listing = Shown()
    roster = Roster(PlayerState)
    state = Score()
    entities = (Thing, Dust)
    empty_close_s = 1e6

    def on_create(self, options: Any) -> None:
        self.kept: Any = None
        self.rang: list[Any] = []

    def ring(self, *what: object) -> None:
        self.rang.append(what)


@pytest.fixture
def server() -> MemoryServer:
    server = MemoryServer(Attic)
    server.hub.open_room("attic", {"size": 3, "beside": [1, 2]})
    server.tick()
    return server


@pytest.fixture
def attic(server: MemoryServer) -> Attic:
    room = server.engine.room
    assert isinstance(room, Attic)
    return room


def again(server: MemoryServer) -> Attic:
    engine = restored(server.engine)
    assert as_bytes(engine) == as_bytes(server.engine)
    assert isinstance(engine.room, Attic)
    return engine.room


VALUES: list[Any] = [
    None,
    True,
    1.5,
    1 << 100,
    -(1 << 64),
    "ä",
    b"\x00",
    [1, [2, "x"]],
    (1, (2,), []),
    {"a": {1: (2, 3)}, (4, 5): None},
    {1, 2},
    frozenset({"a"}),
    deque([1, 2, 3], maxlen=3),
    bytearray(b"ab"),
    OrderedDict(b=1, a=2),
    Colour.RED,
    Point(1, 2),
    Wave(3, None, [Point(0, 0)]),
    double,
    Clan,
    np.float32(1.5),
]


@pytest.mark.parametrize("value", VALUES, ids=lambda value: getattr(value, "__name__", str(value)))
def test_values_come_back_as_they_were(server: MemoryServer, attic: Attic, value: Any) -> None:
    attic.kept = value
    found = again(server).kept
    assert type(found) is type(value)
    assert found == value


def test_arrays_numbers_and_functions_come_back(server: MemoryServer, attic: Attic) -> None:
    dice = random.Random(3)
    dice.random()
    default: Any = defaultdict(list)
    default["a"].append(1)
    attic.kept = [np.arange(6.0).reshape(2, 3), dice, functools.partial(double, 4), default, attic.ring]
    array, source, call, lists, ring = again(server).kept
    assert array.shape == (2, 3)
    assert array.flags.writeable
    assert source.random() == dice.random()
    assert call() == 8
    assert lists["b"] == []
    assert ring.__self__.kept is not attic.kept


def test_what_was_one_object_is_one_again_and_circles_close(server: MemoryServer, attic: Attic) -> None:
    clan = Clan("red")
    clan.members = [clan]
    attic.kept = {"one": clan, "two": clan}
    found = again(server).kept
    assert found["one"] is found["two"]
    assert found["one"].members[0] is found["one"]
    assert found["one"].name == "red"


def test_classes_may_say_themselves_what_is_saved(server: MemoryServer, attic: Attic) -> None:
    attic.kept = Bank()
    attic.kept.gold = 7
    assert again(server).kept.gold == 7


def test_entities_players_tables_and_the_room_itself_are_found_again(server: MemoryServer, attic: Attic) -> None:
    server.join("attic", name="Ada")
    (player,) = attic.players
    thing = attic.spawn(Thing, owner=player, x=1.0, name="lamp")
    other = attic.spawn(Thing, next=thing)
    thing.secret = {"code": 4}  # type: ignore[attr-defined]
    gone = attic.spawn(Thing, name="gone")
    attic.despawn(gone)
    player.avatar = thing
    player.data = [other, gone]
    attic.table(Dust).spawn_many(3, x=[1, 2, 3], lit=True)
    attic.kept = [thing, player, attic.table(Dust), attic, attic.roster, attic.state]
    server.tick()
    room = again(server)
    made, who, dust, itself, roster, state = room.kept
    assert made.owner is who is room.players[0]
    assert who.avatar is made
    assert made.secret == {"code": 4}
    assert who.data[0].next is made
    assert who.data[1].name == "gone"
    assert not who.data[1].alive
    assert dust is room.table(Dust)
    assert dust.x.tolist() == [1, 2, 3]
    assert itself is room
    assert roster is room.roster
    assert roster[who].name == "Ada"
    assert state is room.state
    assert room.spawn(Thing).id == attic.spawn(Thing).id


def test_the_rooms_own_settings_come_back(server: MemoryServer, attic: Attic) -> None:
    attic.listing.phase = "playing"
    attic.lock()
    attic.set_visibility("unlisted")
    attic.reserve(seconds=20)
    server.tick()
    engine = restored(server.engine)
    assert engine.options == {"size": 3, "beside": [1, 2]}
    assert engine.room.options == Choices(size=3)
    assert engine.listing == {"phase": "playing"}
    assert engine.locked
    assert engine.visibility == "unlisted"
    assert engine.seats.taken == (1, 0)


def test_timers_go_on_with_their_arguments(server: MemoryServer, attic: Attic) -> None:
    thing = attic.spawn(Thing)
    attic.after(3, attic.ring, "once", thing)
    every = attic.every(2, attic.ring, "again")
    attic.after(1, attic.ring, "never").cancel()
    attic.kept = every
    server.tick()
    engine = restored(server.engine)
    room = engine.room
    assert isinstance(room, Attic)
    for tick in range(4):
        engine.tick(tick)
    assert room.rang == [("again",), ("once", room.all(Thing)[0]), ("again",)]
    room.kept.cancel()
    engine.tick(9)
    engine.tick(10)
    assert len(room.rang) == 3


def test_work_that_ran_fails_once_the_room_goes_on(server: MemoryServer, attic: Attic) -> None:
    attic.run(double, 3, then=attic.ring, failed=attic.ring)
    engine = restored(server.engine)
    room = engine.room
    assert isinstance(room, Attic)
    engine.go_live(0.0)
    engine.tick(0.0)
    assert str(room.rang[0][0]) == "the server was restarted while it ran"


def test_a_join_that_waits_for_the_tick_is_not_part_of_it(server: MemoryServer) -> None:
    link, peer = server.connect()
    server.say(peer, 1, "attic", None, 0, {})
    assert restored(server.engine).seats.sessions == {}
    assert save_seats(server.engine, b"") == []
    server.tick()
    assert link.welcome["session"] == 1
    assert list(restored(server.engine).seats.sessions) == [1]


# -- what cannot be saved --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "where", "said"),
    [
        ({"a": [threading.Lock()]}, r"Attic.kept\['a'\]\[0\]", "a _thread.lock cannot be saved; keep plain data"),
        (lambda: None, "Attic.kept", "has no name in its module; write a method"),
        (Wave(1, None, [re.compile("a")]), r"Attic.kept.parts\[0\]", "a re.Pattern cannot be saved"),
    ],
)
def test_the_error_names_the_place_and_what_to_write(attic: Attic, value: Any, where: str, said: str) -> None:
    attic.kept = value
    with pytest.raises(CannotSave, match=f"^{where}: .*{said}"):
        save_room(attic._context)  # type: ignore[arg-type]


@pytest.mark.parametrize("ask", ["after", "every"])
def test_timers_refuse_closures_in_a_room_that_lasts(attic: Attic, ask: str) -> None:
    with pytest.raises(TypeError, match=r"write a method, and its arguments after it: self.after\(30, self.respawn"):
        getattr(attic, ask)(3, lambda: None)
    with pytest.raises(TypeError, match="cannot save"):
        attic.run(double, 1, then=lambda _: None)
    with pytest.raises(TypeError, match="write the function itself"):
        getattr(attic, ask)(3, None)


def test_what_does_not_fit_is_refused_with_the_reason(server: MemoryServer) -> None:
    kind, saved = server.engine.kind, read(as_bytes(server.engine))
    for change, said in (
        ({"format": 99}, "format 99; this version reads 2"),
        ({"kind": "cellar"}, "a room of kind 'cellar'"),
        ({"schema": "0" * 16}, "declared differently now"),
        ({"entities": 3}, "cannot be read"),
        ({"objects": [["instance", "os:system", []]] * 9}, "cannot be"),
    ):
        with pytest.raises(CannotRestore, match=said):
            restore_room(kind, {**saved, **change}, limits=server.hub.limits, welcome=lambda *_: b"")


def test_no_module_is_loaded_for_a_name(server: MemoryServer, attic: Attic) -> None:
    attic.kept = Colour.RED
    saved = read(as_bytes(server.engine))
    saved["own"][0] = [["kept", ["enum", "antigravity:Colour", "RED"]]]
    with pytest.raises(CannotRestore, match="no Colour in antigravity any more"):
        restore_room(server.engine.kind, saved, limits=server.hub.limits, welcome=lambda *_: b"")


def test_players_keep_what_they_are(server: MemoryServer, attic: Attic) -> None:
    server.join("attic", name="Ada", deep={"a": [1]})
    server.join("attic", role=1)
    attic.players[0].bytes_per_s = 100.0
    room = again(server)
    player: Player = room.players[0]
    assert player.params == {"name": "Ada", "deep": {"a": [1]}}
    assert player.bytes_per_s == 100.0
    assert room.spectators[0].is_spectator
