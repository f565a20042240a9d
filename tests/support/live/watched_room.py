"""A room to watch over HTTP, and clients that read a stream of it as a browser does, and poll it."""

from __future__ import annotations

import json
import secrets
import socket
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Self

import trio

from gameserver import Entity, Float, JoinRefused, Player, Room, Text
from gameserver.hub.hub import Hub
from gameserver.net import NetLimits, NetSettings, Server, serve
from gameserver.protocol.constants import Limits
from tests.support.live.server import FAST, USUAL_TRANSPORT, Wire, get

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from gameserver.room.engine import RoomEngine

READ_WITHIN_S = 8.0


class Card(Entity):
    """Stays as it is until a command changes it."""

    x = Float(step=1 / 4)
    label = Text(20)


class Wall(Room):
    """Changes when the test says so: commands put and take cards, and broadcast events."""

    kind = "wall"
    tick_hz = 50
    entities = (Card,)
    max_spectators = 8
    resume_grace_s = 5.0

    def on_create(self, _options: Any) -> None:
        """Begin with one card."""
        self.seen: list[str] = []
        self.card = self.spawn(Card, label="first")

    def on_auth(self, player: Player) -> None:
        """Refuse who says so."""
        if player.params.get("refuse"):
            raise JoinRefused("not today")

    def on_spectate(self, player: Player) -> None:
        """Note the hook."""
        self.seen.append(f"spectate {player.params.get('name', '')}".strip())

    def on_suspend(self, _player: Player) -> None:
        """Note the hook."""
        self.seen.append("suspend")

    def on_resume(self, _player: Player) -> None:
        """Note the hook."""
        self.seen.append("resume")

    def on_leave(self, _player: Player) -> None:
        """Note the hook."""
        self.seen.append("leave")

    def on_command(self, name: str, payload: Any) -> None:
        """Do what the test says."""
        match name:
            case "move":
                self.card.x = payload
            case "put":
                self.spawn(Card, label=payload)
            case "take":
                self.despawn(next(card for card in self.all(Card) if card.label == payload))
            case "say":
                self.broadcast("said", payload)
            case "whisper":
                self.broadcast("whispered", payload, to=self.spectators[:1])
            case _:
                self._close_to(name, payload)

    def _close_to(self, name: str, payload: Any) -> None:
        match name:
            case "hide":
                self.set_visibility(payload)
            case "lock":
                self.lock()
            case "kick":
                for spectator in self.spectators:
                    spectator.kick("enough")


class Watched(NamedTuple):
    """A server with one wall."""

    server: Server
    engine: RoomEngine

    @property
    def port(self) -> int:
        """Where it listens."""
        return self.server.port

    @property
    def rules(self) -> Wall:
        """The room's rules."""
        assert isinstance(self.engine.room, Wall)
        return self.engine.room

    def path(self, what: str) -> str:
        """Return the path of the room's `stream` or `state`."""
        return f"/api/rooms/{self.engine.id}/{what}"

    def command(self, name: str, payload: object = None) -> None:
        """Have the rules do something at the next tick."""
        self.engine.command(name, payload)


@asynccontextmanager
async def watched(
    *, limits: Limits | None = None, net_limits: NetLimits = FAST, room: type[Room[Any]] = Wall, **more: Any
) -> AsyncIterator[Watched]:
    """A server with one open room, on a free port."""
    hub = Hub([room], token_bytes=secrets.token_bytes, seed=1, limits=limits or Limits())
    settings = NetSettings(**{"port": 0, "transport": USUAL_TRANSPORT, "limits": net_limits, **more})
    async with trio.open_nursery() as nursery:
        server = await nursery.start(partial(serve, hub, settings))
        try:
            yield Watched(server, hub.open_room(room.kind))
        finally:
            for stream in [each.stream for each in EventStream.opened] + [wire.stream for wire in Wire.opened]:
                await trio.aclose_forcefully(stream)
            EventStream.opened.clear()
            Wire.opened.clear()
        nursery.cancel_scope.cancel()


class Sent(NamedTuple):
    """One event of a stream."""

    name: str
    data: Any
    id: str


class EventStream:
    """Reads Server-Sent Events, and nothing else that a browser would not take. `watched` closes it in the end."""

    opened: ClassVar[list[EventStream]] = []

    def __init__(self, stream: trio.abc.Stream) -> None:
        self.stream = stream
        self.head = b""
        self.beats = 0
        self.last_id = ""
        self._data = b""

    @classmethod
    async def open(
        cls, port: int, path: str, *lines: str, stream: trio.abc.Stream | None = None, buffer: int = 0
    ) -> Self:
        """Connect, send the request, and read the head of the answer."""
        if stream is None:
            sock = trio.socket.socket()
            if buffer:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
            await sock.connect(("127.0.0.1", port))
            stream = trio.SocketStream(sock)
        reader = cls(stream)
        cls.opened.append(reader)
        request = (f"GET {path} HTTP/1.1", f"Host: 127.0.0.1:{port}", "Accept: text/event-stream", *lines, "", "")
        await stream.send_all("\r\n".join(request).encode("latin-1"))
        reader.head = await reader._until(b"\r\n\r\n")
        return reader

    @property
    def status(self) -> int:
        """The status of the answer."""
        return int(self.head.split(b" ", 2)[1])

    async def rest(self) -> str:
        """Return what comes until the end of the answer."""
        with trio.fail_after(READ_WITHIN_S):
            while data := await self.stream.receive_some(65_536):
                self._data += bytes(data)
        return self._data.decode()

    async def next(self, *names: str) -> Sent:
        """Return the next event, of one of these names if any are given."""
        while True:
            block = (await self._until(b"\n\n")).decode()
            fields: dict[str, str] = {}
            for line in block.splitlines():
                name, _, value = line.partition(":")
                fields[name] = value.removeprefix(" ")
            self.beats += "" in fields
            self.last_id = fields.get("id", self.last_id)
            if "data" in fields:
                sent = Sent(fields.get("event", "message"), fields["data"], fields.get("id", ""))
                if sent.name != "message":
                    sent = sent._replace(data=json.loads(sent.data))
                if not names or sent.name in names:
                    return sent

    async def has_ended(self) -> bool:
        """Return whether the server ends the answer, rather than sending more for long."""
        with trio.move_on_after(READ_WITHIN_S):
            try:
                while await self.stream.receive_some(65_536):
                    pass
            except trio.BrokenResourceError:
                pass
            return True
        return False

    async def _until(self, end: bytes) -> bytes:
        with trio.fail_after(READ_WITHIN_S):
            while end not in self._data:
                data = await self.stream.receive_some(65_536)
                if not data:
                    raise trio.BrokenResourceError("the stream has ended")
                self._data += bytes(data)
        found, _, self._data = self._data.partition(end)
        return found


async def poll(port: int, path: str, *lines: str) -> tuple[int, dict[str, Any], str]:
    """Poll once. Return the status, the body as JSON, or its text as `error`, and the ETag."""
    with trio.fail_after(READ_WITHIN_S):
        status, head, body = await get(port, path, *lines)
    etag = next((line[6:].decode() for line in head.split(b"\r\n") if line.startswith(b"ETag: ")), "")
    if status == 200:
        return status, json.loads(body), etag
    return status, {"error": body.decode().strip()}, etag
