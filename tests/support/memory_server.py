"""A whole server in memory: a hub, links that keep what is sent, and a clock that the test moves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgpack

from gameserver.hub.hub import Hub
from gameserver.protocol.constants import ClientMessage, Limits, ServerMessage
from gameserver.testing.links import ServerLink

if TYPE_CHECKING:
    from gameserver.hub.peer import Peer
    from gameserver.room.engine import RoomEngine
    from gameserver.room.room import Room


class MemoryLink(ServerLink):
    """Keeps the messages that it is given, decoded."""

    def __init__(self) -> None:
        super().__init__()
        self.messages: list[list[Any]] = []

    def carry(self, message: bytes) -> None:
        self.messages.append(msgpack.unpackb(message))

    def of(self, kind: ServerMessage) -> list[list[Any]]:
        """All messages of a kind so far."""
        return [message for message in self.messages if message[0] == kind]

    @property
    def welcome(self) -> dict[str, Any]:
        """The newest WELCOME's map."""
        found: dict[str, Any] = self.of(ServerMessage.WELCOME)[-1][1]
        return found

    @property
    def events(self) -> list[list[Any]]:
        """`[tick, name, payload]` of every event sent so far."""
        return [event for message in self.of(ServerMessage.EVENTS) for event in message[3]]

    def event_names(self) -> list[str]:
        return [event[1] for event in self.events]


class MemoryServer:
    """A hub and its clock. `tick()` moves time by one tick and runs it in every room."""

    def __init__(self, *kinds: type[Room[Any]], limits: Limits | None = None, seed: int = 1) -> None:
        self.now_s = 100.0
        self._tokens = 0
        self._kept_up: list[tuple[MemoryLink, Peer]] = []
        self.hub = Hub(kinds, token_bytes=self._token_bytes, seed=seed, limits=limits)

    def _token_bytes(self, count: int) -> bytes:
        self._tokens += 1
        return self._tokens.to_bytes(count)

    def connect(self) -> tuple[MemoryLink, Peer]:
        link = MemoryLink()
        return link, self.hub.open(link, self.now_s, address="test")

    def join(self, kind: str, *, room: str | None = None, role: int = 0, **params: object) -> tuple[MemoryLink, Peer]:
        """A new link that has sent JOIN, after the tick that welcomed or refused it."""
        link, peer = self.connect()
        self.say(peer, ClientMessage.JOIN, kind, room, role, params)
        self.tick()
        return link, peer

    def keep_up(self, link: MemoryLink, peer: Peer) -> None:
        """From now on ack the newest STATE for this client after each tick."""
        self._kept_up.append((link, peer))

    def say(self, peer: Peer, *items: object) -> None:
        peer.receive(msgpack.packb(items), self.now_s)

    def tick(self, ticks: int = 1) -> None:
        for _ in range(ticks):
            rooms = list(self.hub.rooms.values())
            self.now_s += rooms[0].tick_s if rooms else 0.05
            for engine in rooms:
                engine.tick(self.now_s)
            for link, peer in self._kept_up:
                if link.closed is None and link.of(ServerMessage.STATE):
                    self.say(peer, ClientMessage.ACK, link.of(ServerMessage.STATE)[-1][1])

    @property
    def engine(self) -> RoomEngine:
        """The only room."""
        (engine,) = self.hub.rooms.values()
        return engine


def strain(engine: RoomEngine, level: int) -> None:
    """Bring a room to an overload level."""
    now_s = 1e6
    while engine.overload.level < level:
        now_s += engine.tick_s
        engine.note_pace(now_s, 4 * engine.tick_s, 0.0)
