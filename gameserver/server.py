"""The server as a library: what an author's own program imports, beside the rooms."""

from gameserver.hub.room_handles import RoomClosed, RoomHandle, RoomNotMade, Rooms
from gameserver.net.http.auth import AuthRefused
from gameserver.net.http.request import BodyInvalid, Reply, Request, Response
from gameserver.net.settings import NetLimits
from gameserver.ops.game_server import GameServer
from gameserver.ops.open_server import open_server
from gameserver.protocol.constants import Limits

__all__ = [
    "AuthRefused",
    "BodyInvalid",
    "GameServer",
    "Limits",
    "NetLimits",
    "Reply",
    "Request",
    "Response",
    "RoomClosed",
    "RoomHandle",
    "RoomNotMade",
    "Rooms",
    "open_server",
]
