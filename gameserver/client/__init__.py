"""The Python client: join a room, steer, follow its state; and bots on top of it.

    from gameserver.client import connect

    async with connect("ws://127.0.0.1:8000/ws", "arena", params={"name": "Ada"}) as client:
        client.send_input(thrust=True)
        view = await client.updated()

`link.py`, `connection.py` and the bots talk to trio. Everything else here takes values and returns values: no
sockets, no clock, no tasks.
"""

from gameserver.client.bot import Rules, keep_playing, run_bots
from gameserver.client.brains import Brain, Sight
from gameserver.client.checks import SpeedLimit
from gameserver.client.connection import Client, connect
from gameserver.client.eventstream import EventStream
from gameserver.client.happenings import PredictedTick, Withdrawn
from gameserver.client.replica import Options
from gameserver.client.report import Report
from gameserver.client.status import EventsMissed, JoinFailed, Status, StatusChange

__all__ = [
    "Brain",
    "Client",
    "EventStream",
    "EventsMissed",
    "JoinFailed",
    "Options",
    "PredictedTick",
    "Report",
    "Rules",
    "Sight",
    "SpeedLimit",
    "Status",
    "StatusChange",
    "Withdrawn",
    "connect",
    "keep_playing",
    "run_bots",
]
