"""A client core and a real hub over a bad network: what a player sees and feels, in figures. On a fake clock."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from math import hypot
from typing import TYPE_CHECKING, Any

import pytest

from gameserver.client.prediction import Outcome
from gameserver.client.session_events import Joined, Withdrawn
from gameserver.games import arena_flight
from gameserver.games.arena import Arena
from gameserver.protocol.constants import Role
from gameserver.testing.simulation import SimClient, Simulation
from tests.support.sim.flight import PORTAL_LENGTH, SHOT_SPEED, Controls, Flight, Gunnery, Ship

if TYPE_CHECKING:
    from gameserver.client.session_events import PredictedTick

pytestmark = pytest.mark.slow


def restless(client: SimClient, now_s: float) -> Controls:
    """Controls that change all the time."""
    phase = int(now_s * 7)
    return Controls(turn=(-1, 0, 1, 1, 0)[phase % 5], thrust=phase % 3 != 0)


def received_ship(client: SimClient) -> Any:
    """The newest received state of the only ship there is."""
    ships: list[Ship] = client.replica.view.entities("Ship")
    (ship,) = ships
    return ship


def fly(rig: Simulation, seconds: float, **options: Any) -> SimClient:
    client = rig.client(steer=restless, **options)
    rig.run(seconds)
    return client


def test_a_player_joins_steers_and_receives_its_own_motion() -> None:
    rig = Simulation(Flight)
    client = fly(rig, 5.0, name="Ada")
    ship = received_ship(client)
    assert ship.name == "Ada"
    assert hypot(ship.vx, ship.vy) > 10
    assert client.failures == []
    joins, states, desyncs = client.counts
    assert (joins, desyncs) == (1, 0)
    assert states == pytest.approx(100, abs=5)


@pytest.mark.parametrize("seed", [1, 2])
def test_a_minute_of_flight_at_150_ms_and_30_ms_of_jitter_needs_no_correction(seed: int) -> None:
    """Corrections come only from frames that the server missed or trimmed while the clocks were settling."""
    rig = Simulation(Flight, delay_s=0.15, jitter_s=0.03, seed=seed)
    client = fly(rig, 5.0)
    corrections, missed = client.core.counters.corrections, rig.engine.statistics()["missed_inputs"]
    rig.run(60.0)
    predictor = client.replica.predictor
    assert predictor is not None
    assert client.core.counters.corrections == corrections
    assert rig.engine.statistics()["missed_inputs"] == missed
    assert predictor.diagnosis is Outcome.MATCHED
    assert predictor.pending >= 9, "it does run ahead"
    assert hypot(client.avatar.x, client.avatar.y) > 50, "it does move"


def test_a_minute_in_the_arena_at_150_ms_and_30_ms_of_jitter_needs_no_correction() -> None:
    """Walls, blocks and the guns' cooldown are in its shared step, and pickups do not move ships."""

    def pilot(_: SimClient, now_s: float) -> arena_flight.Controls:
        phase = int(now_s * 3)
        return arena_flight.Controls(turn=(-1, 0, 1, 0)[phase % 4], thrust=phase % 3 != 0, fire=phase % 5 == 0)

    rig = Simulation(Arena, delay_s=0.15, jitter_s=0.03)
    client = rig.client(steer=pilot)
    rig.run(5.0)
    corrections = client.core.counters.corrections
    start = (client.avatar.x, client.avatar.y)
    way = 0.0
    for _ in range(60):
        rig.run(1.0)
        way = max(way, hypot(client.avatar.x - start[0], client.avatar.y - start[1]))
    assert client.core.counters.corrections == corrections
    assert way > 200, "it does get about"


def test_received_states_are_a_round_trip_behind_what_is_predicted() -> None:
    """So without prediction the thresholds above would fail."""
    rig = Simulation(Flight, delay_s=0.15, jitter_s=0.0)
    client = fly(rig, 3.0, predict=True)
    received = received_ship(client)
    speed = hypot(received.vx, received.vy)
    gap = hypot(received.x - client.avatar.x, received.y - client.avatar.y)
    assert speed > 20
    assert gap > speed * 0.2


def test_a_key_press_moves_the_avatar_on_the_next_tick_whatever_the_latency() -> None:
    rig = Simulation(Flight, delay_s=0.2, jitter_s=0.0)
    pressed_at = float("inf")
    client = rig.client(steer=lambda _, now_s: Controls(thrust=now_s >= pressed_at))
    rig.run(3.0)
    assert client.avatar.vx == 0.0
    pressed_at = rig.now_s
    rig.run(0.02)
    assert client.avatar.vx > 0.0
    assert received_ship(client).vx == 0.0, "the key press has not reached the server yet"
    rig.run(0.5)
    assert received_ship(client).vx > 0.0
    assert client.core.counters.corrections == 0


def test_a_push_by_the_server_is_one_correction() -> None:
    rig = Simulation(Flight, delay_s=0.1, jitter_s=0.0)
    client = fly(rig, 5.0)
    client.core.send("push")
    rig.run(3.0)
    assert client.core.counters.corrections == 1


def test_a_portal_is_no_correction_and_is_not_interpolated() -> None:
    rig = Simulation(Flight, delay_s=0.1, jitter_s=0.0)
    client = fly(rig, 5.0)
    watcher = rig.client(role=Role.SPECTATOR)
    rig.run(2.0)
    client.core.send("portal")
    own: list[float] = []
    seen: list[float] = []
    for _ in range(60):
        rig.run(1 / 60)
        drawn = watcher.replica.draw(rig.now_s)
        assert drawn is not None
        assert client.replica.predictor is not None
        own.append(client.replica.predictor.pose(rig.now_s).x)
        seen.append(float(drawn.tables[0].column("x")[0]))
    assert client.core.counters.corrections == 0
    for places in (own, seen):
        ways = sorted(abs(b - a) for a, b in pairwise(places))
        assert ways[-1] > PORTAL_LENGTH - 10, "the portal in one drawn frame"
        assert ways[-2] < 10, "flight before and after"


def test_two_seconds_after_a_stall_hardly_a_frame_is_lost_or_corrected() -> None:
    rig = Simulation(Flight)
    client = fly(rig, 10.0)
    rig.stall(client, 0.5)
    rig.run(2.5)
    before = rig.engine.statistics()
    corrections = client.core.counters.corrections
    rig.run(20.0)
    after = rig.engine.statistics()
    assert after["missed_inputs"] - before["missed_inputs"] <= 1
    assert after["trimmed_inputs"] - before["trimmed_inputs"] <= 1
    assert client.core.counters.corrections - corrections <= 2
    assert client.counts[0] == 1


@pytest.mark.parametrize("slept_s", [30.0, 60.0])
def test_a_client_that_was_frozen_keeps_its_ship(slept_s: float) -> None:
    """The server closes the silent link as dead; the seat is kept for the grace time after that."""
    rig = Simulation(Flight)
    client = fly(rig, 5.0)
    ship = client.avatar.id
    client.asleep = True
    rig.run(slept_s)
    client.asleep = False
    rig.run(5.0)
    assert [join.resumed for join in client.of(Joined)] == [False, True]
    assert client.avatar.id == ship
    x = client.avatar.x
    rig.run(2.0)
    assert client.avatar.x != x


def test_a_client_that_slept_two_minutes_joins_anew_and_plays_on() -> None:
    """The server closes the silent link as dead, and the session ends after its grace time."""
    rig = Simulation(Flight)
    client = fly(rig, 5.0)
    client.asleep = True
    rig.run(120.0)
    client.asleep = False
    rig.run(5.0)
    assert client.joined
    assert client.of(Joined)[-1].resumed is False
    x = client.avatar.x
    rig.run(2.0)
    assert client.avatar.x != x


def test_a_link_that_breaks_is_resumed_and_nothing_is_lost_or_doubled() -> None:
    rig = Simulation(Flight, delay_s=0.1, jitter_s=0.03)
    client = fly(rig, 5.0)
    for number in range(12):
        client.core.send("mark", number)
        rig.run(0.3)
        if number % 3 == 2:
            rig.run(1.0)
            rig.cut(client)
            rig.run(2.5)
    assert client.joined
    joins = client.of(Joined)
    assert [join.resumed for join in joins] == [False, True, True, True, True]
    assert [payload for name, payload in client.happened if name == "mark"] == list(range(12))
    beats = [payload for name, payload in client.happened if name == "beat"]
    assert beats == list(range(beats[0], beats[0] + 6 * len(beats), 6)), "every beat once, in order"
    assert client.failures == []
    assert client.counts[2] == 0
    assert len(rig.engine.world) == 1, "one entity for the one player"


def test_inputs_made_without_a_link_are_not_sent_after_the_resume() -> None:
    rig = Simulation(Flight, delay_s=0.05, jitter_s=0.0)
    client = fly(rig, 3.0)
    rig.cut(client)
    client.steer = lambda _, now_s: Controls()
    rig.run(3.0)
    trimmed = rig.engine.statistics()["trimmed_inputs"]
    assert client.joined
    rig.run(2.0)
    assert rig.engine.statistics()["trimmed_inputs"] == trimmed
    assert client.replica.predictor is not None
    assert client.replica.predictor.pending < 20


def test_a_spectator_receives_every_snapshot() -> None:
    rig = Simulation(Flight)
    fly(rig, 1.0)
    watcher = rig.client(role=Role.SPECTATOR)
    rig.run(10.0)
    joins, states, desyncs = watcher.counts
    assert (joins, desyncs) == (1, 0)
    assert states == pytest.approx(197, abs=6)
    assert watcher.core.counters.inputs == 0
    assert watcher.seat.frames.round_trip.rtt_s == pytest.approx(0.1, abs=0.04)


def test_the_measured_round_trip_leaves_out_the_time_at_the_server() -> None:
    rig = Simulation(Flight, delay_s=0.05, jitter_s=0.0)
    client = fly(rig, 10.0)
    assert client.seat.frames.round_trip.rtt_s == pytest.approx(0.1, abs=0.005)


def test_others_are_drawn_where_the_server_had_them() -> None:
    """A second client draws a ship where the server had it at the drawn time, but for quantisation and the error of
    interpolation.
    """
    rig = Simulation(Flight, delay_s=0.08, jitter_s=0.02)
    fly(rig, 1.0)
    watcher = rig.client(predict=False)
    rig.run(4.0)
    truth: dict[int, tuple[float, float]] = {}
    errors: list[float] = []
    moved = 0.0
    for _ in range(300):
        rig.run(1 / 60)
        ship = rig.engine.world.entities(Ship)[0]
        truth[rig.engine.tick_number] = (ship.x, ship.y)
        drawn = watcher.replica.draw(rig.now_s)
        assert drawn is not None
        table = drawn.tables[0]
        at = truth.get(round(drawn.tick))
        if at is not None:
            blur = abs(drawn.tick - round(drawn.tick)) * hypot(ship.vx, ship.vy) / 60
            errors.append(hypot(table.column("x")[0] - at[0], table.column("y")[0] - at[1]) - blur)
            moved = max(moved, hypot(*at))
    assert len(errors) > 200
    assert moved > 20, "it does move"
    assert max(errors) < 0.6


# -- shots and events ahead of the server


class Gun:
    """Fires once from `pressed_at_s` on and spawns the shot in the same tick; if not `honest`, spawns one unfired."""

    def __init__(self, rig: Simulation, *, honest: bool = True) -> None:
        self.shown: list[Any] = []
        self._honest = honest
        self.client = rig.client(steer=self._steer)
        self.client.core.options = replace(self.client.core.options, on_predicted=self._shoot)
        self.pressed_at_s = float("inf")

    def _steer(self, client: SimClient, now_s: float) -> Controls:
        return Controls(fire=now_s >= self.pressed_at_s, thrust=True)

    def _shoot(self, tick: PredictedTick) -> None:
        if tick.avatar.loaded < tick.before["loaded"] or (not self._honest and not self.shown and tick.seq > 100):
            ship = tick.avatar
            vx = ship.vx + SHOT_SPEED
            values = {"x": ship.x + vx / 60, "vx": vx}  # the room moves it in the tick that spawns it
            self.shown.append(self.client.seat.spawn(tick, "Shot", values, lambda shot: shot.id > 0))


def test_a_shot_is_drawn_at_the_key_press_and_becomes_the_servers_without_a_jump() -> None:
    rig = Simulation(Gunnery, delay_s=0.15, jitter_s=0.0)
    gun = Gun(rig)
    rig.run(3.0)
    gun.pressed_at_s = rig.now_s
    rig.run(0.02)
    (shot,) = gun.shown
    places, times = [], []
    for _ in range(90):
        rig.run(1 / 60)
        drawn = gun.client.replica.draw(rig.now_s)
        assert drawn is not None
        assert drawn.spawns == (shot,)
        assert shot.id not in drawn.tables[1].ids
        places.append(shot.x)
        times.append(rig.now_s)
    assert shot.id > 0, "it has become the server's"
    speeds = [(b - a) / (t - s) for (a, b), (s, t) in zip(pairwise(places), pairwise(times), strict=True)]
    assert all(speed == pytest.approx(shot.vx, rel=0.05) for speed in speeds)
    assert gun.client.of(Withdrawn) == []


def test_a_shot_that_the_server_never_fired_is_withdrawn() -> None:
    rig = Simulation(Gunnery, delay_s=0.1, jitter_s=0.0)
    gun = Gun(rig, honest=False)
    rig.run(4.0)
    (shot,) = gun.shown
    (withdrawn,) = gun.client.of(Withdrawn)
    assert withdrawn.entity is shot
    assert len(gun.client.replica.spawns) == 0


def test_an_expected_event_is_not_delivered_again_and_is_withdrawn_when_it_does_not_come() -> None:
    rig = Simulation(Flight, delay_s=0.1, jitter_s=0.0)
    client = fly(rig, 2.0)
    expected = client.core.expect("mark", 1, lambda payload: payload == 1, rig.now_s + 1.0)
    assert expected is not None
    client.core.send("mark", 1)
    client.core.send("mark", 2)
    client.core.expect("mark", 99, lambda payload: payload == 99, rig.now_s + 1.0)
    rig.run(2.0)
    assert [payload for name, payload in client.happened if name == "mark"] == [2]
    (withdrawn,) = client.of(Withdrawn)
    assert (withdrawn.name, withdrawn.payload) == ("mark", 99)
