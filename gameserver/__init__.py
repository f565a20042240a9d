"""The face that a game author imports."""

from gameserver.protocol.constants import Role
from gameserver.room.lag_compensation import Rewind
from gameserver.room.options import Options
from gameserver.room.outside_work import Job, WorkFailed
from gameserver.room.player import JoinRefused, Player
from gameserver.room.room import Room
from gameserver.room.visibility import Near
from gameserver.shared_step import shared
from gameserver.state.entity import Entity
from gameserver.state.fields import Angle, Choice, Flag, Float, Int, Jumps, List, Ref, Text
from gameserver.state.inputs import Inputs

__version__ = "0.1.0"

__all__ = [
    "Angle",
    "Choice",
    "Entity",
    "Flag",
    "Float",
    "Inputs",
    "Int",
    "Job",
    "JoinRefused",
    "Jumps",
    "List",
    "Near",
    "Options",
    "Player",
    "Ref",
    "Rewind",
    "Role",
    "Room",
    "Text",
    "WorkFailed",
    "shared",
]
