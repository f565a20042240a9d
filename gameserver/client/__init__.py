"""The Python client: join a room, steer, follow its state.

    from gameserver.client import connect

    async with connect("ws://127.0.0.1:8000/ws", "arena", params={"name": "Ada"}) as session:
        session.set_controls(thrust=True)
        view = await session.updated()

`dial.py`, `eventstream.py`, `link.py`, `nursery.py` and `session.py` talk to trio. Everything else here takes values
and returns values: no sockets, no clock, no tasks.
"""

from gameserver.client.errors import EventsMissed, JoinFailed
from gameserver.client.eventstream import EventStream
from gameserver.client.replica import Options
from gameserver.client.session import Session, connect
from gameserver.client.session_events import PredictedTick, SessionState, Status, Withdrawn

__all__ = [
    "EventStream",
    "EventsMissed",
    "JoinFailed",
    "Options",
    "PredictedTick",
    "Session",
    "SessionState",
    "Status",
    "Withdrawn",
    "connect",
]
