"""A shooting range for the simulations: a disc that strafes, guns that hit at once, a wall to hide behind; and a
marksman who aims, without any error of aim, at what is drawn.

The marksman does what a perfect player would: it draws sixty frames a second, aims at the middle of what the last one
shows, and never knows more than that.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import atan2, cos, pi, sin
from typing import TYPE_CHECKING, ClassVar

from gameserver import Angle, Entity, Flag, Float, Inputs, Player, Rewind, Room, Touch, shared
from gameserver.geometry import enters_box, enters_circle

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gameserver.testing.simulation import SimClient

LANE = 400.0
"""How far away the discs strafe."""
REACH = 1000.0
FRAME_S = 1 / 60
SHOTS_EVERY_TICKS = 6

Box = tuple[float, float, float, float]


class Disc(Entity):
    x = Float(step=1 / 16)
    y = Float(step=1 / 16)
    vy = Float(step=1 / 16, rate_of="y")
    turn_tick: int


class Trigger(Inputs):
    aim = Angle(steps=1 << 16)
    fire = Flag()


@dataclass
class Tally:
    """What one gun has done."""

    shots: int = 0
    hits: int = 0
    lags: list[float] = field(default_factory=list)
    """Of each shot: how far behind its tick the player saw the others, in ticks."""
    hidden: list[int] = field(default_factory=list)
    """Of each hit: for how many ticks the disc had been hidden."""

    @property
    def share(self) -> float:
        """Hits of all shots."""
        return self.hits / self.shots


class Gallery(Room[Trigger]):
    """All guns stand at (0, 0); one disc strafes along x = LANE."""

    tick_hz = 60
    snapshot_hz = 20
    entities: ClassVar[tuple[type[Entity], ...]] = (Disc,)
    compensated: ClassVar[bool] = True
    radius: ClassVar[float] = 16.0
    """The arena's ships have it too."""
    speed: ClassVar[float] = 105.0
    lane_half: ClassVar[float] = 150.0
    wall: ClassVar[Box | None] = None

    def on_create(self, options: Mapping[str, object]) -> None:
        self.disc = self.spawn(Disc, x=LANE, vy=self.speed)
        self.disc.turn_tick = 0
        self.way = 0.0
        self.hidden_since: int | None = None

    def on_join(self, player: Player) -> None:
        player.data = Tally()

    def on_input(self, player: Player, controls: Trigger) -> None:
        if controls.fire:
            self._shoot(player, controls.aim)

    def on_tick(self) -> None:
        """Strafe. It turns at random, about a second after the last turn, and at the lane's ends."""
        disc = self.disc
        if self.tick >= disc.turn_tick or abs(disc.y + disc.vy * self.dt) > self.lane_half:
            disc.vy = -disc.vy if abs(disc.y) < self.lane_half / 2 else -abs(disc.vy) * (1 if disc.y > 0 else -1)
            disc.turn_tick = self.tick + self.random.randint(self.tick_hz, 2 * self.tick_hz)
        disc.y += disc.vy * self.dt
        self.way += abs(disc.vy) * self.dt
        if not self.hides(disc.x, disc.y):
            self.hidden_since = None
        elif self.hidden_since is None:
            self.hidden_since = self.tick

    def hides(self, x: float, y: float) -> bool:
        """Whether the wall hides a whole disc there."""
        rim = [(x + self.radius * cos(i * pi / 8), y + self.radius * sin(i * pi / 8)) for i in range(16)]
        return all(self.blocked(rim_x, rim_y) for rim_x, rim_y in rim)

    def blocked(self, x: float, y: float) -> bool:
        """Whether the wall stands between the guns and a point."""
        return self.wall is not None and enters_box(0.0, 0.0, x, y, *self.wall) is not None

    def seen_discs(self, past: Rewind) -> list[Disc]:
        """The view that a shot is judged by."""
        return past.all(Disc)

    def _shoot(self, player: Player, aim: float) -> None:
        tally: Tally = player.data
        past = self.rewind(player)
        tally.shots += 1
        tally.lags.append(self.tick - past.seen)
        if self._is_hit(aim, self.seen_discs(past) if self.compensated else self.all(Disc)):
            tally.hits += 1
            tally.hidden.append(0 if self.hidden_since is None else self.tick - self.hidden_since)

    def _is_hit(self, aim: float, discs: list[Disc]) -> bool:
        end = (REACH * cos(aim), REACH * sin(aim))
        wall = None if self.wall is None else enters_box(0.0, 0.0, *end, *self.wall)
        shares = [enters_circle(0.0, 0.0, *end, disc.x, disc.y, self.radius) for disc in discs]
        return any(share is not None and (wall is None or share < wall) for share in shares)


class Gun(Entity):
    x = Float(step=1 / 16)
    y = Float(step=1 / 16)


@shared
def stay(gun: Gun, trigger: Trigger, dt: float) -> None:
    gun.x = 0.0


@shared
def strafe(disc: Disc, dt: float) -> None:
    if (disc.y > 150.0 and disc.vy > 0.0) or (disc.y < -150.0 and disc.vy < 0.0):
        disc.vy = -disc.vy
    disc.y += disc.vy * dt


class TouchGallery(Gallery):
    """The disc strafes by a step that clients run ahead, so that each player sees it in its own present."""

    entities = (Disc, Gun)
    predict = stay
    predict_world = Touch(1_000, steps={Disc: strafe})

    def on_join(self, player: Player) -> None:
        super().on_join(player)
        player.avatar = self.spawn(Gun, owner=player)

    def on_tick(self) -> None:
        self.way += abs(self.disc.vy) * self.dt


class Marksman:
    """Steers a client of a `Gallery`. `stubborn_s`: for how long it goes on firing at where it last saw the disc."""

    def __init__(self, rules: type[Gallery], *, every_ticks: int = SHOTS_EVERY_TICKS, stubborn_s: float = 0.0) -> None:
        self._wall = rules.wall
        self._every = every_ticks
        self._stubborn_s = stubborn_s
        self._next_frame_s = 0.0
        self._seq = self._ticks = 0
        self._aim = 0.0
        self._aimed_at_s = -stubborn_s

    def __call__(self, client: SimClient, now_s: float) -> Trigger:
        if now_s >= self._next_frame_s:
            self._next_frame_s = now_s + FRAME_S
            self._look(client, now_s)
        if client.seat.frames.pacer.seq != self._seq:
            self._seq = client.seat.frames.pacer.seq
            self._ticks += 1
        aims = now_s - self._aimed_at_s <= FRAME_S + self._stubborn_s
        return Trigger(aim=self._aim, fire=aims and self._ticks % self._every == 0)

    def _look(self, client: SimClient, now_s: float) -> None:
        """Aim at the middle of what is drawn, unless the wall hides it."""
        drawn = client.replica.draw(now_s)
        if drawn is None or not len(drawn.tables[0]):
            return
        x, y = (float(drawn.tables[0].column(name)[0]) for name in ("x", "y"))
        if self._wall is None or enters_box(0.0, 0.0, x, y, *self._wall) is None:
            self._aim = atan2(y, x) % (2 * pi)
            self._aimed_at_s = now_s
