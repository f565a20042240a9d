"""The arena itself as a shooting range: its rules and its shots, one ship that strafes, and a gunner who aims ahead by
the flight of the shot at what is drawn, and by nothing else.

The target turns only at the ends of its lane, which the gunner knows: it fires when the shot will get there before
the target turns. So a miss is due to the latency, not to a guess.
"""

from __future__ import annotations

from math import atan2, hypot, pi
from typing import TYPE_CHECKING, ClassVar

from gameserver.games.arena import SHOT_SPEED, Arena, Shot
from gameserver.games.arena_flight import SHIP_RADIUS, TURN_RATE, Controls, Ship

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from gameserver import Player
    from gameserver.client.drawn import Drawn
    from gameserver.testing.simulation import SimClient

GUN = (1000.0, 800.0)
LANE_X = 1300.0
LANE_HALF = 130.0
FRAME_S = 1 / 60
TURNS_IN_A_TICK_RAD = TURN_RATE / Arena.tick_hz
"""A gunner whose angle is off by less points at its aim in the tick that fires."""


class ArenaRange(Arena):
    """Counts shots and hits, and hurts nobody."""

    speed: ClassVar[float] = 105.0

    def on_create(self, options: Mapping[str, object]) -> None:
        super().on_create(options)
        self.shots = self.hits = 0
        self.way = 0.0
        self.target = self.spawn(Ship, x=LANE_X, y=GUN[1], vy=self.speed, name="target")

    def on_join(self, player: Player) -> None:
        super().on_join(player)
        ship: Ship = player.avatar
        ship.x, ship.y = GUN

    def on_tick(self) -> None:
        target = self.target
        if abs(target.y - GUN[1]) > LANE_HALF:
            target.vy = -self.speed if target.y > GUN[1] else self.speed
        target.y += target.vy * self.dt
        self.way += abs(target.vy) * self.dt
        super().on_tick()

    def _place_pickup(self) -> None:
        """No pickups."""

    def _fire(self, player: Player, ship: Ship) -> None:
        self.shots += 1
        super()._fire(player, ship)

    def _hit(self, ship: Ship, shot: Shot) -> None:
        assert ship is self.target
        self.hits += 1


class Gunner:
    """Steers a client of an `ArenaRange`."""

    def __init__(self, on_frame: Callable[[Drawn, tuple[float, float]], object] | None = None) -> None:
        """`on_frame` gets each frame that is drawn, and where the target is in it."""
        self._on_frame = on_frame
        self._next_frame_s = 0.0
        self._controls = Controls()
        self.may_fire = True

    def __call__(self, client: SimClient, now_s: float) -> Controls:
        if now_s >= self._next_frame_s:
            self._next_frame_s = now_s + FRAME_S
            self._controls = self._look(client, now_s)
        return self._controls

    def _look(self, client: SimClient, now_s: float) -> Controls:
        drawn = client.replica.draw(now_s)
        own = client.replica.draw_avatar(now_s)
        if drawn is None or own is None:
            return Controls()
        ships = next(table for table in drawn.tables if table.entity_type.name == "Ship")
        row = ships.ids.tolist().index(next(i for i in ships.ids.tolist() if i != own.id))
        x, y, vx, vy = (float(ships.column(name)[row]) for name in ("x", "y", "vx", "vy"))
        if self._on_frame is not None:
            self._on_frame(drawn, (x, y))
        at_x, at_y = meeting(x - own.x, y - own.y, vx, vy)
        aim = atan2(at_y, at_x) % (2 * pi)
        off = abs((own.angle - aim + pi) % (2 * pi) - pi)
        return Controls(
            steer=True,
            aim=aim,
            fire=self.may_fire and off < TURNS_IN_A_TICK_RAD and abs(own.y + at_y - GUN[1]) < LANE_HALF,
        )


def meeting(x: float, y: float, vx: float, vy: float) -> tuple[float, float]:
    """Where a shot fired now from the muzzle of a ship at rest at (0, 0) meets a target that goes straight on."""
    flight_s = 0.0
    for _ in range(20):
        flight_s = max(0.0, hypot(x + vx * flight_s, y + vy * flight_s) - SHIP_RADIUS) / SHOT_SPEED
    return x + vx * flight_s, y + vy * flight_s
