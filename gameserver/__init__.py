"""The public API, which a game's author imports.

`open_server` is loaded when it is first asked for: rooms need neither trio nor sockets.
"""

from typing import TYPE_CHECKING, Any

from gameserver.protocol.constants import Role
from gameserver.room.backfill import OpenSeats
from gameserver.room.declared import Event, message
from gameserver.room.lag_compensation import Rewind
from gameserver.room.listing import ListedRoom, Listing
from gameserver.room.moves import AnyRoom, FreeSeats, MoveFailed, NewRoom
from gameserver.room.old_room import OldRoom
from gameserver.room.options import Options
from gameserver.room.outside_work import Job, WorkFailed
from gameserver.room.player import JoinRefused, Player
from gameserver.room.player_views import Near
from gameserver.room.room import Room
from gameserver.room.roster import PlayerState, RoomState, Roster
from gameserver.room.rounds import Rounds, RoundState
from gameserver.shared_step import shared
from gameserver.state.entity import Entity
from gameserver.state.fields import Angle, Choice, Flag, Float, Int, Jumps, List, Ref, Text
from gameserver.state.inputs import Inputs
from gameserver.state.touch import Touch

if TYPE_CHECKING:
    from gameserver.ops.open_server import open_server

__version__ = "0.1.0"

__all__ = [
    "Angle",
    "AnyRoom",
    "Choice",
    "Entity",
    "Event",
    "Flag",
    "Float",
    "FreeSeats",
    "Inputs",
    "Int",
    "Job",
    "JoinRefused",
    "Jumps",
    "List",
    "ListedRoom",
    "Listing",
    "MoveFailed",
    "Near",
    "NewRoom",
    "OldRoom",
    "OpenSeats",
    "Options",
    "Player",
    "PlayerState",
    "Ref",
    "Rewind",
    "Role",
    "Room",
    "RoomState",
    "Roster",
    "RoundState",
    "Rounds",
    "Text",
    "Touch",
    "WorkFailed",
    "message",
    "open_server",
    "shared",
]


def __getattr__(name: str) -> Any:
    """Load what is not loaded with the package."""
    if name == "open_server":
        from gameserver.ops.open_server import open_server

        return open_server
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
