"""The Python client: join a room, steer, follow its state. Public is what `__all__` names.

    from gameserver.client import connect

    async with connect("ws://127.0.0.1:8000/ws", "arena", params={"name": "Ada"}) as session:
        session.set_controls(thrust=True)
        view = await session.updated()

`connector.py`, `dial.py`, `event_stream.py`, `link.py`, `session.py` and `token.py` use trio. Everything else here
takes values and returns values: no sockets, no clock, no tasks.

The files have the names that they have in the browser SDK (`client_demo/sdk/`), and twins behave alike; where they do
not, the reason is beside the code. The SDK also holds what is elsewhere on this side: the codec
(`gameserver.protocol`), the schema and its fields (`gameserver.state`), and the decoder (`gameserver.sync.decode`).
"""

from gameserver.client.errors import EventsMissed, JoinFailed
from gameserver.client.event_stream import EventStream
from gameserver.client.replica import Options
from gameserver.client.roster import Me
from gameserver.client.session import Session, connect
from gameserver.client.session_events import (
    PredictedContact,
    PredictedTick,
    RoomChanged,
    RosterChanged,
    SessionState,
    Status,
    Withdrawn,
)

__all__ = [
    "EventStream",
    "EventsMissed",
    "JoinFailed",
    "Me",
    "Options",
    "PredictedContact",
    "PredictedTick",
    "RoomChanged",
    "RosterChanged",
    "Session",
    "SessionState",
    "Status",
    "Withdrawn",
    "connect",
]
