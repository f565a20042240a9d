"""The arena's shots: each hits ships where its player saw them, and only ships that are alive now."""

from __future__ import annotations

import pytest

from gameserver.games.arena import RESPAWN_TICKS, SHOT_DAMAGE, SHOT_SPEED, SHOT_TICKS, Arena, Shot
from gameserver.games.arena_flight import BLOCKS, MAX_HP, SHIP_RADIUS, Ship
from gameserver.protocol.constants import ClientMessage as C
from tests.support.memory_server import MemoryServer

FIRE, NO_CONTROLS = (0, 0, 0, 1, 0, 0), (0, 0, 0, 0, 0, 0)
STEP_UNITS = SHOT_SPEED / Arena.tick_hz
HERE, ELSEWHERE = (1100.0, 800.0), (1100.0, 1000.0)


class Uncompensated(Arena):
    kind = "arena"
    lag_compensation = False


class Duel:
    """A gunner at (1000, 800) that faces right, and a victim that the test places."""

    def __init__(self, rules: type[Arena] = Arena) -> None:
        self.server = MemoryServer(rules, seed=3)
        self._links = [self.server.join("arena", name=name) for name in ("Gunner", "Victim")]
        for link, peer in self._links:
            self.server.keep_up(link, peer)
        self._seq = 0
        self.gunner, self.victim = (player.avatar for player in self.server.engine.players)
        self.place(self.gunner, (1000.0, 800.0))
        self.place(self.victim, HERE)
        self.victim.shield = 0
        self.server.tick(30)

    @staticmethod
    def place(ship: Ship, place: tuple[float, float]) -> None:
        ship.x, ship.y = place
        ship.vx = ship.vy = ship.angle = 0.0

    @property
    def tick(self) -> int:
        return self.server.engine.tick_number

    @property
    def shots(self) -> list[Shot]:
        return list(self.server.engine.world.entities(Shot))

    def fire(self, lag: int) -> None:
        """Let the gunner fire, seeing the others as they were `lag` ticks before the next tick."""
        self._frame(FIRE, lag)

    def wait(self, ticks: int, lag: int = 0) -> None:
        for _ in range(ticks):
            self._frame(NO_CONTROLS, lag)

    def _frame(self, codes: tuple[int, ...], lag: int) -> None:
        self._seq += 1
        ack = self.tick + 1 - lag if lag else 0
        self.server.say(self._links[0][1], C.INPUT, self._seq, ack, 0, *codes)
        self.server.tick()


def test_a_shot_hits_a_ship_where_its_player_saw_it() -> None:
    duel = Duel()
    duel.place(duel.victim, ELSEWHERE)
    duel.server.tick(2)
    duel.fire(lag=12)
    assert duel.victim.hp == MAX_HP - SHOT_DAMAGE
    assert duel.victim.y == ELSEWHERE[1]
    assert duel.shots == []


def test_without_lag_compensation_the_same_shot_misses() -> None:
    duel = Duel(Uncompensated)
    duel.place(duel.victim, ELSEWHERE)
    duel.server.tick(2)
    duel.fire(lag=12)
    duel.wait(SHOT_TICKS)
    assert duel.victim.hp == MAX_HP


def test_a_ship_that_came_into_the_line_of_fire_later_is_not_hit_in_the_past() -> None:
    duel = Duel()
    duel.place(duel.victim, ELSEWHERE)
    duel.wait(20)
    duel.place(duel.victim, HERE)
    duel.server.tick(2)
    duel.fire(lag=12)
    duel.wait(SHOT_TICKS)
    assert duel.victim.hp == MAX_HP, "the shot had gone by before"


@pytest.mark.parametrize("lag", [1, 2, 7, 15])
def test_a_shot_appears_as_far_along_as_its_player_sees_it_when_the_others_are_there(lag: int) -> None:
    duel = Duel()
    duel.place(duel.victim, ELSEWHERE)
    duel.wait(30)
    duel.fire(lag)
    (shot,) = duel.shots
    assert shot.x == pytest.approx(1000 + SHIP_RADIUS + lag * STEP_UNITS, abs=0.1 * lag)


@pytest.mark.parametrize("lag", [16, 25, 60])
def test_no_shot_is_taken_further_than_the_bound(lag: int) -> None:
    duel = Duel()
    duel.place(duel.victim, ELSEWHERE)
    duel.wait(30)
    duel.fire(lag)
    (shot,) = duel.shots
    assert shot.x == pytest.approx(1000 + SHIP_RADIUS + 15 * STEP_UNITS, abs=1.5)


def test_a_shot_flies_no_further_for_having_begun_in_the_past() -> None:
    duel = Duel()
    duel.place(duel.victim, ELSEWHERE)
    duel.fire(lag=0)
    flown = 1
    while duel.shots:
        duel.wait(1)
        flown += 1
    duel.wait(30)
    duel.fire(lag=10)
    late = 10
    while duel.shots:
        duel.wait(1)
        late += 1
    assert late == flown


def test_a_shot_does_not_fly_through_a_block_in_the_past() -> None:
    duel = Duel()
    left, top, right, bottom = BLOCKS[0]
    duel.place(duel.gunner, (left - 40, (top + bottom) / 2))
    duel.place(duel.victim, (left + 40, (top + bottom) / 2))
    duel.wait(20)
    duel.fire(lag=12)
    assert duel.shots == []
    assert duel.victim.hp == MAX_HP
    assert right - left > 80, "the victim is behind the block's edge"


def test_a_ship_that_is_dead_by_now_is_not_hit() -> None:
    duel = Duel()
    duel.victim.dead = True
    duel.server.engine.players[1].data.respawn_tick = 10_000
    duel.server.tick(2)
    duel.fire(lag=12)
    assert [shot.x > 1150 for shot in duel.shots] == [True], "it flew on"
    assert duel.victim.hp == MAX_HP


def test_a_ship_that_was_dead_then_and_lives_now_is_not_hit() -> None:
    duel = Duel()
    duel.victim.dead = True
    duel.server.engine.players[1].data.respawn_tick = duel.tick + RESPAWN_TICKS
    duel.server.tick(RESPAWN_TICKS)
    duel.place(duel.victim, ELSEWHERE)
    duel.victim.shield = 0
    assert not duel.victim.dead
    duel.fire(lag=12)
    duel.wait(SHOT_TICKS)
    assert duel.victim.hp == MAX_HP


def test_a_shield_that_is_up_now_protects_from_shots_out_of_the_past() -> None:
    duel = Duel()
    duel.victim.shield = 100
    duel.fire(lag=12)
    assert duel.shots == []
    assert duel.victim.hp == MAX_HP


def test_a_ship_that_has_left_is_not_hit() -> None:
    duel = Duel()
    duel.server.say(duel._links[1][1], C.LEAVE)
    duel.server.tick(2)
    duel.fire(lag=12)
    assert len(duel.shots) == 1


def test_no_ship_hits_itself() -> None:
    duel = Duel()
    duel.place(duel.victim, ELSEWHERE)
    duel.place(duel.gunner, (1050.0, 800.0))
    duel.wait(5)
    duel.place(duel.gunner, (1000.0, 800.0))
    duel.fire(lag=12)
    duel.wait(SHOT_TICKS)
    assert duel.gunner.hp == MAX_HP


def test_the_last_two_shots_of_a_tick_kill_once() -> None:
    duel = Duel()
    duel.victim.hp = SHOT_DAMAGE
    duel.fire(lag=0)
    (shot,) = duel.shots
    twin = duel.server.engine.room.spawn(Shot, x=shot.x, y=shot.y, vx=shot.vx, vy=shot.vy, owner_ship=duel.gunner)
    twin.born = shot.born
    duel.wait(10)
    assert duel.victim.dead
    assert (duel.victim.deaths, duel.gunner.score) == (1, 1)
