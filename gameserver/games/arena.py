"""The demo game: ships with inertia in a walled arena, shots, pickups, a scoreboard and chat.

It uses only what a game author imports. `arena_flight` says how ships fly. This module has what the server alone
decides: shots and hits, deaths and respawns, pickups and chat.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

from gameserver import Choice, Entity, Float, Int, Player, Ref, Room
from gameserver.games.arena_flight import (
    BLOCKS,
    HEIGHT,
    MAX_HP,
    SHIP_RADIUS,
    TURN,
    WIDTH,
    Controls,
    Ship,
    blocked,
    steer,
)
from gameserver.geometry import segment_hits_circle
from gameserver.shared_math import cos, floor, hypot, sin

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from gameserver import Rewind

SHOT_SPEED = 760.0
SHOT_TICKS = 66
SHOT_DAMAGE = 20
RESPAWN_TICKS = 150
SHIELD_TICKS = 120
RAPID_TICKS = 480
PICKUPS = 6
PICKUP_RADIUS = 14.0
PICKUP_TICKS = 480
CELL = 128.0  # side of the squares that ships are sorted into, so that a shot is compared with ships near it only
CHAT_CHARS = 200
CHAT_BURST = 5
CHAT_EVERY_TICKS = 90


class Shot(Entity):
    x = Float(step=1 / 16)
    y = Float(step=1 / 16)
    vx = Float(step=1 / 4, rate_of="x")
    vy = Float(step=1 / 4, rate_of="y")
    owner_ship = Ref(Ship)
    born: int


class Pickup(Entity):
    x = Float(step=1.0)
    y = Float(step=1.0)
    what = Choice("health", "rapid", "shield")


class Wall(Entity):
    x = Int(0, 4000)
    y = Int(0, 4000)
    w = Int(0, 4000)
    h = Int(0, 4000)


Cells: TypeAlias = dict[tuple[int, int], list[Ship]]
"""Ships by column and row of the square that they are in."""


@dataclass
class Pilot:
    """The data of a player that is not replicated."""

    chat_allowance: int = CHAT_BURST
    chat_tick: int = 0
    respawn_tick: int = 0


class Arena(Room[Controls]):
    """The rules. Shots and their hits are decided here only, never by a client."""

    tick_hz = 60
    snapshot_hz = 20
    max_players = 50
    lasting = True
    predict = steer
    lag_compensation: ClassVar[bool] = True
    """Whether a shot hits ships where its player saw them. Without it, players must aim ahead by their latency."""

    def on_create(self, options: Mapping[str, object]) -> None:
        self._fired: list[tuple[Shot, Rewind]] = []
        for left, top, right, bottom in BLOCKS:
            self.spawn(Wall, x=left, y=top, w=right - left, h=bottom - top)
        for _ in range(PICKUPS):
            self._place_pickup()

    def on_join(self, player: Player) -> None:
        player.data = Pilot()
        hue = player.params.get("hue")
        x, y = self._free_place()
        player.avatar = self.spawn(
            Ship,
            owner=player,
            x=x,
            y=y,
            angle=self.random.random() * TURN,
            shield=SHIELD_TICKS,
            hue=hue % 360 if isinstance(hue, int) else player.number * 137 % 360,
            name=player.text("name", f"Pilot {player.number}"),
            bot=player.params.get("bot") is True,
        )
        self.broadcast("joined", {"name": player.avatar.name})

    def on_leave(self, player: Player) -> None:
        if player.avatar is not None:
            self.broadcast("left", {"name": player.avatar.name})

    def on_input(self, player: Player, controls: Controls) -> None:
        ship: Ship | None = player.avatar
        if ship is None:
            return
        ready = ship.cooldown
        steer(ship, controls, self.dt)
        if ship.cooldown > ready:
            self._fire(player, ship)

    def on_tick(self) -> None:
        self._catch_up()
        self._move_shots()
        self._collect_pickups()
        for player in self.players:
            ship: Ship | None = player.avatar
            if ship is not None and ship.dead and self.tick >= player.data.respawn_tick:
                self._respawn(ship)

    def on_message(self, player: Player, name: str, payload: Any) -> None:
        if name == "chat" and isinstance(payload, dict) and isinstance(payload.get("text"), str) and player.avatar:
            text = "".join(c for c in payload["text"][:CHAT_CHARS] if c.isprintable()).strip()
            if text and self._may_chat(player.data):
                self.broadcast("chat", {"from": player.avatar.id, "name": player.avatar.name, "text": text})

    # -- shots ---------------------------------------------------------------------------------------------------------

    def _fire(self, player: Player, ship: Ship) -> None:
        ship.shield = 0
        ahead_x, ahead_y = cos(ship.angle), sin(ship.angle)
        shot = self.spawn(
            Shot,
            x=ship.x + ahead_x * SHIP_RADIUS,
            y=ship.y + ahead_y * SHIP_RADIUS,
            vx=ship.vx + ahead_x * SHOT_SPEED,
            vy=ship.vy + ahead_y * SHOT_SPEED,
            owner_ship=ship,
        )
        shot.born = self.tick
        if self.lag_compensation:
            self._fired.append((shot, self.rewind(player)))

    def _catch_up(self) -> None:
        """Let new shots fly through the past that their players saw: one step for each of those ticks, among the ships
        as they were then. So a shot hits what its player sees it hit."""
        for shot, rewind in self._fired:
            shot.born -= len(rewind.ticks)
            for tick in rewind.ticks:
                if not self._fly(shot, rewind.all(Ship, tick)):
                    break
        self._fired.clear()

    def _move_shots(self) -> None:
        shots = self.all(Shot)
        if shots:
            cells = self._ships_by_cell()
            for shot in shots:
                self._fly(shot, near(cells, shot))

    def _ships_by_cell(self) -> Cells:
        cells: Cells = {}
        for ship in self.all(Ship):
            cells.setdefault((floor(ship.x / CELL), floor(ship.y / CELL)), []).append(ship)
        return cells

    def _fly(self, shot: Shot, ships: Iterable[Ship]) -> bool:
        """Move a shot by one tick among `ships`, as they are now or were. Returns False if the shot has ended."""
        from_x, from_y = shot.x, shot.y
        shot.x += shot.vx * self.dt
        shot.y += shot.vy * self.dt
        target = self._first_hit(shot, from_x, from_y, ships)
        if target is not None:
            self._hit(target, shot)
        elif self.tick - shot.born <= SHOT_TICKS and not blocked(shot.x, shot.y):
            return True
        self.despawn(shot)
        return False

    def _first_hit(self, shot: Shot, from_x: float, from_y: float, ships: Iterable[Ship]) -> Ship | None:
        """Return the ship that the shot hits, or None. `ships` may be as they were; one that is dead now is not hit."""
        own = shot.owner_ship
        for ship in ships:
            if ship.dead or (own is not None and ship.id == own.id) or abs(ship.x - shot.x) > CELL:
                continue
            if segment_hits_circle(from_x, from_y, shot.x, shot.y, ship.x, ship.y, SHIP_RADIUS):
                target = self.get(ship.id)
                if isinstance(target, Ship) and not target.dead:
                    return target
        return None

    def _hit(self, ship: Ship, shot: Shot) -> None:
        by = shot.owner_ship
        if ship.shield == 0:
            ship.hp = max(0, ship.hp - SHOT_DAMAGE)
        by_id = None if by is None else by.id
        self.broadcast("hit", {"ship": ship.id, "by": by_id, "x": ship.x, "y": ship.y, "hp": ship.hp})
        if ship.hp == 0:
            self._kill(ship, by)

    def _kill(self, ship: Ship, by: Ship | None) -> None:
        ship.dead = True
        ship.deaths += 1
        ship.vx = ship.vy = 0.0
        if by is not None:
            by.score += 1
        if ship.owner is not None:
            ship.owner.data.respawn_tick = self.tick + RESPAWN_TICKS
        self.broadcast(
            "kill",
            {
                "victim": ship.id,
                "killer": None if by is None else by.id,
                "victim_name": ship.name,
                "killer_name": None if by is None else by.name,
                "x": ship.x,
                "y": ship.y,
            },
        )

    def _respawn(self, ship: Ship) -> None:
        x, y = self._free_place()
        self.teleport(ship, x=x, y=y)
        ship.hp, ship.shield, ship.rapid, ship.dead = MAX_HP, SHIELD_TICKS, 0, False

    # -- pickups, places, chat -----------------------------------------------------------------------------------------

    def _collect_pickups(self) -> None:
        reach = SHIP_RADIUS + PICKUP_RADIUS
        ships = [ship for ship in self.all(Ship) if not ship.dead]
        for pickup in self.all(Pickup):
            for ship in ships:
                if abs(ship.x - pickup.x) < reach and abs(ship.y - pickup.y) < reach:
                    self._take_pickup(ship, pickup)
                    break

    def _take_pickup(self, ship: Ship, pickup: Pickup) -> None:
        if pickup.what == "health":
            ship.hp = min(MAX_HP, ship.hp + 40)
        elif pickup.what == "rapid":
            ship.rapid = RAPID_TICKS
        else:
            ship.shield = 2 * SHIELD_TICKS
        self.broadcast("pickup", {"ship": ship.id, "kind": pickup.what, "x": pickup.x, "y": pickup.y})
        self.despawn(pickup)
        self.after(PICKUP_TICKS, self._place_pickup)

    def _place_pickup(self) -> None:
        x, y = self._free_place()
        self.spawn(Pickup, x=x, y=y, what=self.random.choice(("health", "rapid", "shield")))

    def _free_place(self) -> tuple[float, float]:
        """Return the one of a few random places outside the blocks that is farthest from its nearest ship."""
        ships = [ship for ship in self.all(Ship) if not ship.dead]
        best, best_distance = (WIDTH / 2, HEIGHT / 2), -1.0
        for _ in range(6):
            x, y = self.random.uniform(60, WIDTH - 60), self.random.uniform(60, HEIGHT - 60)
            distance = min((hypot(ship.x - x, ship.y - y) for ship in ships), default=0.0)
            if not blocked(x, y, 40.0) and distance > best_distance:
                best, best_distance = (x, y), distance
        return best

    def _may_chat(self, pilot: Pilot) -> bool:
        regained = (self.tick - pilot.chat_tick) // CHAT_EVERY_TICKS
        if regained:
            pilot.chat_allowance = min(CHAT_BURST, pilot.chat_allowance + regained)
            pilot.chat_tick += regained * CHAT_EVERY_TICKS
        if pilot.chat_allowance == 0:
            return False
        pilot.chat_allowance -= 1
        return True


def near(cells: Cells, shot: Shot) -> Iterable[Ship]:
    """Yield the ships in the shot's square and the eight around it: all that it can reach in a tick."""
    column, row = floor(shot.x / CELL), floor(shot.y / CELL)
    for i in (column - 1, column, column + 1):
        for j in (row - 1, row, row + 1):
            yield from cells.get((i, j), ())
