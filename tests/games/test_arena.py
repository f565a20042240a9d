"""The arena's rules, played in memory: flying, shots, deaths, respawns, pickups and chat."""

from math import pi
from typing import TYPE_CHECKING, Any

import pytest

from gameserver.games.arena import (
    PICKUP_TICKS,
    PICKUPS,
    RESPAWN_TICKS,
    SHIELD_TICKS,
    SHOT_TICKS,
    Arena,
    Pickup,
    Shot,
    Wall,
)
from gameserver.games.arena_flight import (
    BLOCKS,
    FIRE_EVERY_TICKS,
    HEIGHT,
    MAX_HP,
    MAX_SPEED,
    SHIP_RADIUS,
    WIDTH,
    Ship,
    blocked,
)
from gameserver.protocol.constants import ClientMessage as C
from tests.support.memory_server import MemoryLink, MemoryServer

if TYPE_CHECKING:
    from gameserver.hub.peer import Peer

CODES = {"turn": 0, "thrust": 1, "brake": 2, "fire": 3, "steer": 4, "aim": 5}


class Seat:
    """One player of an arena in memory, who sends an input frame each tick."""

    def __init__(self, server: MemoryServer, name: str = "Ada", **params: Any) -> None:
        self.server = server
        self.link: MemoryLink
        self.peer: Peer
        self.link, self.peer = server.join("arena", name=name, **params)
        server.keep_up(self.link, self.peer)
        self.seq = 0

    @property
    def ship(self) -> Ship:
        players = self.server.engine.players
        found: Ship = next(p for p in players if p.number == self.link.welcome["session"]).avatar
        return found

    def play(self, ticks: int = 1, **controls: int) -> None:
        """Hold `controls` for some ticks."""
        codes = [0] * len(CODES)
        for name, code in controls.items():
            codes[CODES[name]] = code
        for _ in range(ticks):
            self.seq += 1
            self.server.say(self.peer, C.INPUT, self.seq, 0, 0, *codes)
            self.server.tick()


def arena() -> tuple[MemoryServer, Seat]:
    server = MemoryServer(Arena, seed=3)
    return server, Seat(server)


def put(ship: Ship, x: float, y: float, angle: float = 0.0) -> None:
    ship.x, ship.y, ship.vx, ship.vy, ship.angle = x, y, 0.0, 0.0, angle


def events(seat: Seat, name: str) -> list[Any]:
    return [event[2] for event in seat.link.events if event[1] == name]


def test_a_new_arena_has_its_walls_and_pickups() -> None:
    server, _ = arena()
    world = server.engine.world
    assert len(world.entities(Wall)) == len(BLOCKS)
    assert len(world.entities(Pickup)) == PICKUPS
    assert not any(blocked(pickup.x, pickup.y) for pickup in world.entities(Pickup))


def test_a_ship_flies_where_it_points_and_drifts_on() -> None:
    _, seat = arena()
    put(seat.ship, 1200, 800)
    seat.play(60, thrust=1)
    assert seat.ship.x > 1350
    assert seat.ship.y == 800
    speed = seat.ship.vx
    seat.play(60)
    assert 0.4 * speed < seat.ship.vx < 0.7 * speed


def test_no_ship_is_faster_than_the_limit() -> None:
    _, seat = arena()
    put(seat.ship, 300, 800)
    seat.play(180, thrust=1)
    assert seat.ship.vx <= MAX_SPEED


def test_a_mouse_player_turns_the_short_way_towards_its_aim() -> None:
    _, seat = arena()
    put(seat.ship, 1200, 800, angle=0.1)
    seat.play(3, steer=1, aim=1000)
    assert seat.ship.angle > 6.0 or seat.ship.angle < 0.1
    seat.play(60, steer=1, aim=1000)
    assert seat.ship.angle == pytest.approx(1000 / 1024 * 2 * pi)


@pytest.mark.parametrize(
    ("x", "y", "angle"), [(30, 800, pi), (WIDTH - 30, 800, 0), (1200, 30, 1.5 * pi), (1200, HEIGHT - 30, pi / 2)]
)
def test_walls_hold_and_throw_back(x: float, y: float, angle: float) -> None:
    _, seat = arena()
    put(seat.ship, x, y, angle)
    seat.play(90, thrust=1)
    ship = seat.ship
    assert SHIP_RADIUS <= ship.x <= WIDTH - SHIP_RADIUS
    assert SHIP_RADIUS <= ship.y <= HEIGHT - SHIP_RADIUS


def test_no_ship_gets_into_a_block() -> None:
    _, seat = arena()
    left, top, right, bottom = BLOCKS[0]
    put(seat.ship, left - 60, (top + bottom) / 2)
    for _ in range(120):
        seat.play(1, thrust=1)
        assert not (left < seat.ship.x < right and top < seat.ship.y < bottom)


def test_shots_come_one_in_fourteen_ticks_and_end() -> None:
    server, seat = arena()
    put(seat.ship, 1200, 800)
    seat.play(FIRE_EVERY_TICKS * 3, fire=1)
    assert len(server.engine.world.entities(Shot)) == 3
    seat.play(SHOT_TICKS + 5)
    assert not server.engine.world.entities(Shot)


def test_five_hits_kill_and_the_dead_come_back_with_a_shield() -> None:
    server, shooter = arena()
    victim = Seat(server, "Bob")
    put(shooter.ship, 1000, 800)
    put(victim.ship, 1200, 800)
    victim.ship.shield = 0
    hp = [MAX_HP]
    while not victim.ship.dead and len(hp) < 150:
        shooter.play(1, fire=1)
        hp.append(victim.ship.hp)
    assert sorted(set(hp), reverse=True) == [100, 80, 60, 40, 20, 0]
    server.tick(3)
    assert (victim.ship.deaths, shooter.ship.score) == (1, 1)
    assert events(victim, "kill")[0]["victim_name"] == "Bob"
    assert victim.ship.jumps == 0
    server.tick(RESPAWN_TICKS)
    assert (victim.ship.dead, victim.ship.hp) == (False, MAX_HP)
    assert victim.ship.jumps == 1, "clients draw a jump"
    assert victim.ship.shield > SHIELD_TICKS - 5


def test_a_shield_takes_hits_and_ends_with_the_first_shot() -> None:
    server, shooter = arena()
    victim = Seat(server, "Bob")
    put(shooter.ship, 1000, 800)
    put(victim.ship, 1100, 800)
    victim.ship.shield = 200
    shooter.play(FIRE_EVERY_TICKS * 2, fire=1)
    assert events(victim, "hit")
    assert victim.ship.hp == MAX_HP
    victim.play(1, fire=1)
    assert victim.ship.shield == 0


def test_the_dead_neither_fly_nor_shoot() -> None:
    server, seat = arena()
    seat.ship.dead = True
    server.engine.players[0].data.respawn_tick = 10_000
    place = (seat.ship.x, seat.ship.y)
    seat.play(30, thrust=1, fire=1)
    assert (seat.ship.x, seat.ship.y) == place
    assert not server.engine.world.entities(Shot)


@pytest.mark.parametrize("what", ["health", "rapid", "shield"])
def test_pickups_help_and_come_back_elsewhere(what: str) -> None:
    server, seat = arena()
    pickup = server.engine.world.entities(Pickup)[0]
    pickup.what = what
    seat.ship.hp, seat.ship.shield = 50, 0
    put(seat.ship, pickup.x, pickup.y)
    seat.play()
    ship = seat.ship
    assert (ship.hp, ship.rapid > 0, ship.shield > 0) == (
        {"health": 90}.get(what, 50),
        what == "rapid",
        what == "shield",
    )
    assert len(server.engine.world.entities(Pickup)) == PICKUPS - 1
    put(seat.ship, 20, 20)
    server.tick(PICKUP_TICKS + 1)
    assert len(server.engine.world.entities(Pickup)) >= PICKUPS - 1
    assert events(seat, "pickup")[0]["kind"] == what


def test_chat_reaches_everyone_cleaned_and_not_too_often() -> None:
    server, ada = arena()
    bob = Seat(server, "Bob")
    server.say(ada.peer, C.MESSAGE, "chat", {"text": "  hello\x00\nthere <b>"})
    server.tick(3)
    assert events(bob, "chat")[0]["text"] == "hellothere <b>"
    for _ in range(20):
        server.say(ada.peer, C.MESSAGE, "chat", {"text": "spam"})
    server.tick(3)
    assert 3 < len(events(bob, "chat")) < 10
    server.tick(600)
    server.say(ada.peer, C.MESSAGE, "chat", {"text": "later"})
    server.tick(3)
    assert events(bob, "chat")[-1]["text"] == "later"


@pytest.mark.parametrize("payload", [None, 5, {}, {"text": 7}, {"text": ""}, {"text": "\x00\n"}, [1], {"text": ["x"]}])
def test_nonsense_for_chat_is_ignored(payload: object) -> None:
    server, seat = arena()
    server.say(seat.peer, C.MESSAGE, "chat", payload)
    server.tick(3)
    assert events(seat, "chat") == []
    assert not server.engine.closed


@pytest.mark.parametrize(
    "params",
    [
        {"hue": 1e9},
        {"hue": -5},
        {"hue": True},
        {"hue": "red"},
        {"name": 5},
        {"name": "\x00"},
        {"name": "x" * 500},
        {"bot": "yes"},
    ],
)
def test_nonsense_in_params_gives_a_default(params: dict[str, Any]) -> None:
    server = MemoryServer(Arena)
    seat = Seat(server, **{"name": "Ada", **params})
    assert 0 <= seat.ship.hue <= 359
    assert 1 <= len(seat.ship.name) <= 24
    assert seat.ship.bot is False


def test_a_ship_that_leaves_is_gone_and_its_shots_belong_to_nobody() -> None:
    server, ada = arena()
    bob = Seat(server, "Bob")
    put(bob.ship, 1200, 800)
    bob.play(1, fire=1)
    server.say(bob.peer, C.LEAVE)
    server.tick(4)
    assert [ship.name for ship in server.engine.world.entities(Ship)] == ["Ada"]
    assert server.engine.world.entities(Shot)[0].owner_ship is None
    assert events(ada, "left") == [{"name": "Bob"}]
