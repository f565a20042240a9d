"""The only folder with sockets: listeners, HTTP, WebSockets, the clock that wakes each room.

Invariants, held by tests/net and tests/live: one client can end only its own connection; nothing that a client makes
grow is unbounded; a room's tick never waits for a socket.
"""

from gameserver.net.server import Server, serve
from gameserver.net.settings import NetLimits, NetSettings

__all__ = ["NetLimits", "NetSettings", "Server", "serve"]
