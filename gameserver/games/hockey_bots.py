"""How the skaters in empty seats play: one of a team chases the puck, the others stay between it and their goal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gameserver.games.hockey_rink import PUCK_RADIUS, RINK_HEIGHT, RINK_WIDTH, SKATER_RADIUS, Controls
from gameserver.shared_math import hypot

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gameserver.games.hockey_rink import Puck, Skater

LOOK_AHEAD_S = 0.25
REACH = SKATER_RADIUS + PUCK_RADIUS
ARRIVED = 90.0  # from so near on a bot slows down
ALIGNED = 0.94  # cosine between where the puck would go and the goal


def think(bot: Skater, team: Sequence[Skater], puck: Puck) -> Controls:
    """Return what a bot does in this tick, given its whole team."""
    puck_x, puck_y = puck.x + puck.vx * LOOK_AHEAD_S, puck.y + puck.vy * LOOK_AHEAD_S
    goal_x, own_x = (RINK_WIDTH, 0.0) if bot.team == "red" else (0.0, RINK_WIDTH)
    nearest = min(team, key=lambda skater: (hypot(skater.x - puck_x, skater.y - puck_y), skater.id))
    if bot is nearest:
        return _chase(bot, puck_x, puck_y, goal_x)
    others = [skater for skater in team if skater is not nearest]
    lane = (others.index(bot) + 1) / (len(others) + 1)
    depth = 0.3 + 0.35 * lane
    return _go(bot, own_x + (puck_x - own_x) * depth, RINK_HEIGHT * lane + (puck_y - RINK_HEIGHT * lane) * 0.6)


def _chase(bot: Skater, puck_x: float, puck_y: float, goal_x: float) -> Controls:
    """Get behind the puck, and from there push it towards the goal."""
    to_goal_x, to_goal_y = goal_x - puck_x, RINK_HEIGHT / 2 - puck_y
    far = max(1.0, hypot(to_goal_x, to_goal_y))
    to_goal_x, to_goal_y = to_goal_x / far, to_goal_y / far
    to_puck_x, to_puck_y = puck_x - bot.x, puck_y - bot.y
    near = max(1.0, hypot(to_puck_x, to_puck_y))
    aligned = (to_puck_x * to_goal_x + to_puck_y * to_goal_y) / near
    if aligned > ALIGNED:
        return _go(bot, puck_x + to_goal_x * 200.0, puck_y + to_goal_y * 200.0, dash=near < 2.5 * REACH)
    side = 1.4 * REACH if to_goal_x * to_puck_y - to_goal_y * to_puck_x < 0.0 else -1.4 * REACH
    around = side if aligned < 0.2 else 0.0  # not through the puck, towards the own goal
    return _go(
        bot,
        puck_x - to_goal_x * 1.6 * REACH - to_goal_y * around,
        puck_y - to_goal_y * 1.6 * REACH + to_goal_x * around,
    )


def _go(bot: Skater, x: float, y: float, *, dash: bool = False) -> Controls:
    way_x = max(SKATER_RADIUS, min(RINK_WIDTH - SKATER_RADIUS, x)) - bot.x
    way_y = max(SKATER_RADIUS, min(RINK_HEIGHT - SKATER_RADIUS, y)) - bot.y
    scale = 1.0 / max(ARRIVED, hypot(way_x, way_y))
    return Controls(dx=way_x * scale, dy=way_y * scale, dash=dash)
