"""Listeners, HTTP, WebSockets, and the loops that wake rooms: the only folder with the server's sockets.

Invariants, held by tests/net and tests/live: a client can end no connection but its own; everything that a client can
make grow is bounded; a room's tick never waits for a socket.
"""

from gameserver.net.server import Server, serve
from gameserver.net.settings import NetLimits, NetSettings

__all__ = ["NetLimits", "NetSettings", "Server", "serve"]
