"""A client core across a table from the little of a server that its tests need."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import msgpack

from gameserver.client.replica import Options
from gameserver.client.session_core import DEFAULT_LIMITS, SessionCore
from gameserver.protocol import messages as m
from gameserver.protocol.codec import encode_server, encode_state, shared_state_head
from gameserver.protocol.constants import ClientMessage, Role
from gameserver.state.schema import Schema
from gameserver.state.world import World
from gameserver.sync.encode.encoder import DeltaEncoder
from gameserver.sync.snapshot import Snapshot
from tests.support.ships import Controls, Ship

if TYPE_CHECKING:
    from gameserver.client.session_events import SessionEvent

TICK_HZ = 20
TOKEN = bytes(24)


def steer(ship: Any, controls: Any, dt: float) -> None:
    ship.vx += controls.turn * dt
    ship.x += ship.vx * dt


SCHEMA = Schema([Ship], Controls)

WELCOME = m.Welcome(
    server="one",
    session=3,
    token=TOKEN,
    resumed=False,
    kind="flight",
    room="r1",
    role=Role.PLAYER,
    tick=5,
    tick_hz=TICK_HZ,
    snapshot_every=1,
    grace_s=20,
    event=4,
    seq=0,
    schema=SCHEMA.to_wire(),
    step=None,
    limits=DEFAULT_LIMITS,
)


@dataclass
class Table:
    """A client core, and the little of a server that talks to it."""

    core: SessionCore = field(
        default_factory=lambda: SessionCore(
            m.Join("flight", None, Role.PLAYER, {"name": "Ada"}), Options(predict=steer)
        )
    )
    now_s: float = 100.0
    world: World = field(default_factory=lambda: World(SCHEMA))
    encoder: DeltaEncoder = field(default_factory=lambda: DeltaEncoder(SCHEMA, TICK_HZ))
    base: Snapshot | None = None

    def sent(self, *, pings: bool = False) -> list[list[Any]]:
        """What the client sent since; its PINGs only if they are asked for."""
        messages = []
        while (data := self.core.next_message(self.now_s)) is not None:
            messages.append(msgpack.unpackb(data))
        return [message for message in messages if pings or message[0] != ClientMessage.PING]

    def kinds(self) -> list[int]:
        return [message[0] for message in self.sent()]

    def hear(self, message: m.ServerMsg) -> list[SessionEvent]:
        return self.core.receive(encode_server(message), self.now_s)

    def state(self, tick: int, *, seq: int = 0, lead: int | None = None) -> bytes:
        snapshot = Snapshot(tick, self.world.capture())
        base, self.base = self.base, snapshot
        span = 0 if base is None else tick - base.tick
        return encode_state(shared_state_head(tick, span), seq, lead, self.encoder.encode(base, snapshot))

    def show(self, tick: int, **more: Any) -> list[SessionEvent]:
        return self.core.receive(self.state(tick, **more), self.now_s)

    def wait(self, seconds: float) -> list[SessionEvent]:
        self.now_s += seconds
        return self.core.tick(self.now_s)


def opened(**options: Any) -> Table:
    table = Table(**options)
    table.core.opened(table.now_s)
    return table


def joined(**changes: Any) -> Table:
    table = opened()
    table.sent()
    table.hear(replace_welcome(**changes))
    return table


def replace_welcome(**changes: Any) -> m.Welcome:
    return m.Welcome(**{name: changes.get(name, getattr(WELCOME, name)) for name in WELCOME.__struct_fields__})
