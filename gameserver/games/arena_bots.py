"""What bots know of the arena: how far its entities may move, and the step that predicts a bot's own ship."""

from gameserver.bots import Rules, SpeedLimit
from gameserver.client import Options
from gameserver.games.arena import SHOT_SPEED, Arena
from gameserver.games.arena_flight import MAX_SPEED, steer

ASIDE = MAX_SPEED / Arena.tick_hz
"""A block that a ship hits at a corner pushes it aside by at most as much as it went into it in a tick."""

RULES = Rules(
    [
        SpeedLimit("Ship", per_s=MAX_SPEED, slack=1.0 + ASIDE, unless="dead"),
        SpeedLimit("Shot", per_s=MAX_SPEED + SHOT_SPEED),
        SpeedLimit("Pickup", per_s=0.0, slack=0.0),
        SpeedLimit("Wall", per_s=0.0, slack=0.0),
    ],
    Options(predict=steer, interpolate=False),
)
