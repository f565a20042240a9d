"""Lag compensation is fair to the shooter and to the target: real rooms and real clients over a bad network in memory,
on a fake clock.

The thresholds: a player that aims without error at what it sees hits at least 95 times in 100 at a round trip of 100,
150 and 250 ms, and less than 20 times without the mechanism; nobody is hit more than 250 ms after reaching cover.

Rooms have the arena's 60 ticks and 20 snapshots a second, targets the radius of its ships, 16 units. What a player sees
is older than the server's state by the round trip, 100 ms of interpolation and a frame or two: 220, 270 and 370 ms. A
room rewinds by 250 ms unless it says otherwise, so at 250 ms of round trip 120 ms stay uncompensated. The targets
strafe at 105 units a second, a quarter of a ship's top speed: in 120 ms they move 13 units, which is less than their
radius, and in 220 ms 23, which is more. So they are slow enough for the bound and fast enough to be missed without
rewinding; the hits that remain without it are at the moments in which they turn. Faster targets have tests of their
own.
"""

from __future__ import annotations

from dataclasses import replace
from math import cos, dist, sin
from typing import TYPE_CHECKING, Any

import msgpack
import pytest

from gameserver import Rewind
from gameserver.games.arena import SHOT_SPEED
from gameserver.games.arena_flight import SHIP_RADIUS
from gameserver.protocol.constants import MAX_BEHIND, MAX_COUNTER, ClientMessage
from gameserver.testing.simulation import Simulation
from tests.support.sim.arena_range import ArenaRange, Gunner
from tests.support.sim.gallery import Disc, Gallery, Marksman, Tally, TouchGallery

if TYPE_CHECKING:
    from collections.abc import Callable

    from gameserver.client.drawn import Drawn
    from gameserver.client.session_events import PredictedTick
    from gameserver.testing.simulation import SimClient

pytestmark = pytest.mark.slow

ROUND_TRIPS_S = (0.1, 0.15, 0.25)
BOUND_TICKS = 15
"""250 ms at 60 ticks a second."""

Claim = tuple[int, int]
"""INPUT's ack and behind."""


def shoot(
    rules: type[Gallery],
    round_trip_s: float,
    *,
    seconds: float = 12.0,
    jitter_s: float = 0.0,
    falsify: Callable[[int, int], Claim] | None = None,
    **marksman: Any,
) -> Tally:
    """Let one marksman shoot for `seconds`, once its clocks have settled. Return the tally of its shots."""
    rig = Simulation(rules, delay_s=round_trip_s / 2, jitter_s=jitter_s)
    client = rig.client(steer=Marksman(rules, **marksman))
    rig.run(3.0)
    if falsify is not None:
        falsify_claims(client, falsify)
    (player,) = rig.engine.players
    player.data = Tally()
    room: Any = rig.engine.room
    way = room.way
    rig.run(seconds)
    assert room.way - way == pytest.approx(seconds * rules.speed, rel=0.01), "the disc moved all the time"
    assert client.failures == []
    tally: Tally = player.data
    return tally


def falsify_claims(client: SimClient, falsify: Callable[[int, int], Claim]) -> None:
    """Replace what the client's input frames say about what it saw."""
    honest = client.up.send

    def send(now_s: float, item: Any) -> None:
        if isinstance(item, bytes) and item[1] == ClientMessage.INPUT:
            number, seq, ack, behind, *codes = msgpack.unpackb(item)
            item = msgpack.packb([number, seq, *falsify(ack, behind), *codes])
        honest(now_s, item)

    client.up.send = send  # type: ignore[method-assign]


# -- the shooter


@pytest.mark.parametrize("round_trip_s", ROUND_TRIPS_S)
def test_a_player_that_aims_at_what_it_sees_hits(round_trip_s: float) -> None:
    tally = shoot(Gallery, round_trip_s)
    assert tally.shots > 100
    assert tally.share >= 0.95


@pytest.mark.parametrize("round_trip_s", ROUND_TRIPS_S)
def test_without_rewinding_the_same_marksman_misses(round_trip_s: float) -> None:
    class Uncompensated(Gallery):
        compensated = False

    tally = shoot(Uncompensated, round_trip_s)
    assert tally.shots > 100
    assert tally.share < 0.2


@pytest.mark.parametrize("round_trip_s", ROUND_TRIPS_S)
def test_a_body_that_the_client_predicts_is_hit_where_it_is_drawn(round_trip_s: float) -> None:
    class InThePast(TouchGallery):
        """Judges it as a room without `predict_world` would."""

        def seen_discs(self, past: Rewind) -> list[Disc]:
            return Rewind(past._past, past.seen, past.newest).all(Disc)

    tally = shoot(TouchGallery, round_trip_s)
    assert tally.shots > 100
    assert tally.share >= 0.95
    assert shoot(InThePast, round_trip_s).share < 0.3


def test_the_server_knows_how_far_behind_a_player_saw_its_target() -> None:
    lags = sorted(shoot(Gallery, 0.1).lags)
    seconds = [lag / Gallery.tick_hz for lag in lags]
    assert 0.2 < seconds[0] < seconds[-1] < 0.235, "a round trip, two snapshots of interpolation, a frame or two"


def test_jitter_does_not_make_shots_miss() -> None:
    assert shoot(Gallery, 0.1, jitter_s=0.015).share >= 0.95


def test_fast_targets_at_a_high_latency_need_a_wider_bound() -> None:
    """In the 120 ms that the default leaves uncompensated this disc moves twice its radius."""

    class Fast(Gallery):
        speed = 300.0

    class FastAndPatient(Fast):
        max_rewind_s = 0.4

    assert shoot(Fast, 0.15).share >= 0.95
    assert shoot(Fast, 0.25).share < 0.2
    assert shoot(FastAndPatient, 0.25).share >= 0.95


def test_a_room_of_few_ticks_a_second_rewinds_between_them() -> None:
    """At 20 ticks a second a view is up to 25 ms away from a tick, in which this disc moves 15 units."""

    class Coarse(Gallery):
        tick_hz = 20
        speed = 600.0
        max_rewind_s = 0.4
        radius = 8.0

    class NearestTick(Coarse):
        def seen_discs(self, past: Any) -> Any:
            return past.all(type(self.disc), min(past.newest, int(past.seen + 0.5)))

    round_trip_s = 0.135  # chosen so that the moment seen lies between ticks
    assert shoot(Coarse, round_trip_s, every_ticks=2).share >= 0.95
    assert shoot(NearestTick, round_trip_s, every_ticks=2).share < 0.6


@pytest.mark.parametrize("round_trip_s", ROUND_TRIPS_S)
@pytest.mark.parametrize("compensated", [True, False])
def test_the_shots_of_the_arena_are_as_fair(round_trip_s: float, compensated: bool) -> None:
    class Range(ArenaRange):
        lag_compensation = compensated

    rig = Simulation(Range, delay_s=round_trip_s / 2, jitter_s=0.0)
    gunner = Gunner()
    rig.client(steer=gunner)
    rig.run(25.0)
    gunner.may_fire = False
    rig.run(2.0)
    room: Any = rig.engine.room
    assert room.shots > 80
    assert room.way > 2000
    if compensated:
        assert room.hits >= 0.95 * room.shots
    else:
        assert room.hits < 0.2 * room.shots


def test_on_the_shooters_screen_a_shot_reaches_its_target() -> None:
    """Its own shot, first predicted and then the server's, flies in one line. Drawn at the time of the others it
    reaches them and is gone within the next snapshot; at the player's own time it would be past its target by then.
    """
    among_others, ahead = screen(rewound=True), screen(rewound=False)
    assert min(len(among_others.ends), len(ahead.ends)) > 30
    assert max(among_others.ends) < 30
    assert min(ahead.ends) > 40
    flight = SHOT_SPEED / 60
    assert among_others.longest_step < 1.1 * flight
    assert ahead.longest_step > 2 * flight


def screen(*, rewound: bool) -> ShotsOnScreen:
    """What a gunner sees of its shots when its client spawns them at once."""
    rig = Simulation(ArenaRange, delay_s=0.1, jitter_s=0.0)
    shots = ShotsOnScreen()
    client = rig.client(steer=Gunner(on_frame=shots.look))
    predict_shots(client, rewound=rewound)
    rig.run(12.0)
    room: Any = rig.engine.room
    assert room.hits > 30
    assert client.replica.spawns.withdrawn == []
    return shots


class ShotsOnScreen:
    """How far from the target each of a player's own shots was when it was drawn for the last time."""

    def __init__(self) -> None:
        self.ends: list[float] = []
        self.longest_step = 0.0
        self._drawn: dict[int, tuple[float, float]] = {}
        self._apart: dict[int, float] = {}

    def look(self, drawn: Drawn, target: tuple[float, float]) -> None:
        shots: tuple[Any, ...] = drawn.spawns
        shown = {id(shot): (shot.x, shot.y) for shot in shots}
        self.ends += [self._apart[key] for key in self._drawn.keys() - shown.keys()]
        for key in self._drawn.keys() & shown.keys():
            self.longest_step = max(self.longest_step, dist(self._drawn[key], shown[key]))
        self._drawn = shown
        self._apart = {key: dist(place, target) for key, place in shown.items()}


def predict_shots(client: SimClient, *, rewound: bool) -> None:
    """Have the client spawn its shots at once, as the demo does."""

    def fired(tick: PredictedTick) -> None:
        ship = tick.avatar
        if ship.cooldown <= tick.before["cooldown"]:
            return
        ahead_x, ahead_y = cos(ship.angle), sin(ship.angle)
        vx, vy = ship.vx + ahead_x * SHOT_SPEED, ship.vy + ahead_y * SHOT_SPEED
        x, y = ship.x + ahead_x * SHIP_RADIUS, ship.y + ahead_y * SHIP_RADIUS
        values = {"x": x + vx / 60, "y": y + vy / 60, "vx": vx, "vy": vy}
        client.seat.spawn(tick, "Shot", values, lambda _: True, rewound=rewound)

    client.core.options = replace(client.core.options, on_predicted=fired)


# -- the target


class Cover(Gallery):
    """A disc that moves quickly behind a wall and out again."""

    speed = 600.0
    lane_half = 350.0
    wall = (200.0, -80.0, 220.0, 80.0)


def trigger_happy(rules: type[Gallery], round_trip_s: float, **options: Any) -> Tally:
    """Let a marksman fire without pause, for a second also at where it last saw the disc."""
    return shoot(rules, round_trip_s, every_ticks=1, stubborn_s=1.0, **options)


@pytest.mark.parametrize("round_trip_s", [*ROUND_TRIPS_S, 0.4])
def test_nobody_is_hit_longer_than_the_bound_after_reaching_cover(round_trip_s: float) -> None:
    tally = trigger_happy(Cover, round_trip_s)
    assert tally.hits > 10
    assert 0 < max(tally.hidden) <= BOUND_TICKS


def test_without_a_bound_somebody_is_hit_later() -> None:
    class Boundless(Cover):
        max_rewind_s = 0.9

    assert max(trigger_happy(Boundless, 0.4).hidden) > BOUND_TICKS


def test_without_rewinding_nobody_is_hit_behind_cover() -> None:
    class Uncompensated(Cover):
        compensated = False

    tally = trigger_happy(Uncompensated, 0.1)
    assert tally.shots > 500
    assert max(tally.hidden, default=0) == 0


FALSE_CLAIMS: dict[str, Callable[[int, int], Claim]] = {
    "as far behind as it can": lambda ack, _: (ack, MAX_BEHIND),
    "an older tick": lambda ack, _: (max(1, ack - 60), 0),
    "the first tick": lambda _, behind: (1, behind),
    "the newest, in turns with the oldest": lambda ack, _: (ack, MAX_BEHIND if ack // 30 % 2 else 0),
    "the future": lambda ack, behind: (ack + 1000, behind),
    "the end of time": lambda _, behind: (MAX_COUNTER, behind),
    "nothing": lambda _, __: (0, 0),
}


@pytest.mark.parametrize("claim", FALSE_CLAIMS)
def test_false_claims_about_what_was_seen_gain_no_more_than_the_bound(claim: str) -> None:
    tally = trigger_happy(Cover, 0.03, falsify=FALSE_CLAIMS[claim])
    assert tally.shots > 40, "a client that acks nothing new gets nothing new, and stops firing for want of a target"
    assert max(tally.hidden, default=0) <= BOUND_TICKS
    assert max(tally.lags) <= BOUND_TICKS


def test_a_false_claim_gains_about_the_bound() -> None:
    """So the test above measures the moments that matter."""
    assert max(trigger_happy(Cover, 0.03).hidden) < 10
    assert max(trigger_happy(Cover, 0.03, falsify=FALSE_CLAIMS["as far behind as it can"]).hidden) >= 13


def test_false_claims_gain_more_without_a_bound() -> None:
    class Boundless(Cover):
        max_rewind_s = 0.9

    tally = trigger_happy(Boundless, 0.03, falsify=FALSE_CLAIMS["as far behind as it can"])
    assert max(tally.hidden) > BOUND_TICKS
