"""A worker's end of the line to its director: sends links where they belong, takes those that belong here, says how
full the rooms are.

A link is decided on once, when its JOIN or RESUME has come: one question to the director, and, if the room is another
worker's, the socket itself goes there with all that was read from it. From then on this process has no part in it.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import trio

from gameserver.hub.peer import PeerState
from gameserver.net.answered_transport import switching_protocols
from gameserver.net.http.upgrade import Accepted, Admitted
from gameserver.protocol import messages as m
from gameserver.protocol.constants import TOKEN_INSTANCE_BYTES
from gameserver.workers import messages as wire
from gameserver.workers.first_message import FirstMessage

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

    from gameserver.hub.hub import Hub
    from gameserver.hub.peer import Peer
    from gameserver.net.server import Server
    from gameserver.workers.first_message import Ask
    from gameserver.workers.pipe import Pipe

log = logging.getLogger("gameserver.workers")

REPORT_GAP_S: Final = 0.05
"""Changes within it are told together: how old the director's picture of free seats can be. Seats that it promised are
counted at once.
"""
LOOK_EVERY_S: Final = 1.0
"""For what nobody announces: rooms that lock, or have too much to do."""
SHOW_LIFE_EVERY_S: Final = 5.0
ANSWER_WITHIN_S: Final = 3.0
"""A director that does not answer for so long has ended or hangs."""
_READ_BYTES: Final = 4_096


class DirectorGone(Exception):
    """There is nobody to ask."""


class Handoff:
    """Decides where each link of this worker runs, and keeps the director informed of the rooms here."""

    def __init__(self, index: int, pipe: Pipe[wire.ToWorker], hub: Hub) -> None:
        self.index = index
        self._pipe = pipe
        self._hub = hub
        self._last_question = 0
        self._answers: dict[int, Callable[[Any], None]] = {}
        self._reservations: dict[int, Peer | None] = {}
        self._settled: list[int] = []
        self._changed = trio.Event()
        hub.on_seats_changed = self._note_change
        self.handed_over = 0

    # -- a link comes in -----------------------------------------------------------------------------------------------

    async def pass_on(self, stream: trio.SocketStream, sock: socket.socket, admitted: Admitted) -> Admitted | None:
        """Answer the handshake, find out where the link belongs, and hand it over if that is elsewhere (None).

        The caller closes `stream` then. Raises what a stream raises.
        """
        if not admitted.accepted.supported:
            return admitted
        await stream.send_all(switching_protocols(admitted.accepted))
        first = await self._read_first(stream, admitted.tail)
        admitted = replace(admitted, tail=first.data, answered=True)
        if first.asks is None:
            return admitted
        try:
            place = await self._ask_where(first.asks)
        except DirectorGone as error:
            log.error("a link stays where it is: %s", error)
            return admitted
        if place.worker == self.index:
            if place.reservation:
                self._reservations[place.reservation] = None
            return replace(admitted, room=place.room, reservation=place.reservation)
        self._hand_over(sock, replace(admitted, room=place.room, reservation=place.reservation), place.worker)
        return None

    async def _read_first(self, stream: trio.SocketStream, tail: bytes) -> FirstMessage:
        """Read until the client has said what it wants, or its time is up: then its peer will tell it so."""
        first = FirstMessage(self._hub.limits)
        first.feed(tail)
        with trio.move_on_after(self._hub.limits.join_timeout_s):
            while not first.decided:
                if first.answers:
                    answers, first.answers = first.answers, b""
                    await stream.send_all(answers)
                data = await stream.receive_some(_READ_BYTES)
                if not data:
                    raise trio.BrokenResourceError("the client went before it said anything")
                first.feed(bytes(data))
        if first.answers:
            await stream.send_all(first.answers)
        return first

    async def _ask_where(self, asks: Ask) -> wire.Placed:
        question: Callable[..., object]
        if isinstance(asks, m.Join):
            question = partial(wire.AskJoin, kind=asks.kind, room=asks.room, role=int(asks.role))
        else:
            question = partial(wire.AskResume, instance=asks.token[:TOKEN_INSTANCE_BYTES])
        answer: wire.Placed = await self._ask(question)
        return answer

    def _hand_over(self, sock: socket.socket, admitted: Admitted, worker: int) -> None:
        accepted = admitted.accepted
        link = wire.HandedLink(
            key=accepted.key,
            subprotocol=accepted.subprotocol,
            claims=None if accepted.claims is None else dict(accepted.claims),
            address=admitted.address,
            data=admitted.tail,
            room=admitted.room,
            reservation=admitted.reservation,
        )
        self._post(wire.Give(worker, link), sock.dup())
        self.handed_over += 1

    # -- seats ---------------------------------------------------------------------------------------------------------

    def watch(self, reservation: int, peer: Peer) -> None:
        """The peer that a seat is kept for."""
        if reservation:
            self._reservations[reservation] = peer

    def settle(self, reservation: int) -> None:
        """The link that a seat was kept for is over."""
        if reservation and reservation in self._reservations:
            del self._reservations[reservation]
            self._settled.append(reservation)
            self._note_change()

    def _note_change(self) -> None:
        self._changed.set()

    async def report(self) -> None:
        """Tell the director of rooms and seats whenever something has changed, for ever."""
        last: list[wire.RoomLoad] | None = None
        last_s = -SHOW_LIFE_EVERY_S
        while True:
            self._settle_seated()
            self._changed = trio.Event()
            rooms = [room_load(engine) for engine in self._hub.rooms.values()]
            now_s = trio.current_time()
            if rooms != last or self._settled or now_s - last_s >= SHOW_LIFE_EVERY_S:
                settled, self._settled = self._settled, []
                self._post(wire.Load(rooms, settled, self._hub.overloaded))
                last, last_s = rooms, now_s
            await trio.sleep(REPORT_GAP_S)
            with trio.move_on_after(LOOK_EVERY_S):
                await self._changed.wait()

    def _settle_seated(self) -> None:
        """Whoever has said JOIN has a seat now, or was refused: the rooms' own numbers say it."""
        for reservation, peer in list(self._reservations.items()):
            if peer is not None and peer.state is not PeerState.OPEN:
                self.settle(reservation)

    # -- the line ------------------------------------------------------------------------------------------------------

    async def describe_all(self) -> wire.Described:
        """What all workers say of themselves. Raises DirectorGone."""
        answer: wire.Described = await self._ask(wire.AskAll)
        return answer

    async def _ask(self, make: Callable[..., object]) -> Any:
        self._last_question += 1
        question = self._last_question
        found: list[Any] = []
        arrived = trio.Event()

        def take(answer: Any) -> None:
            found.append(answer)
            arrived.set()

        self._answers[question] = take
        try:
            self._post(make(question=question))
            with trio.move_on_after(ANSWER_WITHIN_S):
                await arrived.wait()
        finally:
            del self._answers[question]
        if not found:
            raise DirectorGone("the director does not answer")
        return found[0]

    def _post(self, message: object, sock: socket.socket | None = None) -> None:
        if not self._pipe.post(message, sock):
            raise DirectorGone("the director does not read")

    async def obey(self, server: Server, describe: Callable[[], dict[str, Any]]) -> None:
        """Do what the director says, until it is gone. `describe` returns what a page of another worker shows of this
        one.
        """
        while (received := await self._pipe.receive()) is not None:
            self._take(server, describe, *received)

    def _take(
        self,
        server: Server,
        describe: Callable[[], dict[str, Any]],
        message: wire.ToWorker,
        sock: socket.socket | None,
    ) -> None:
        match message:
            case wire.Placed() | wire.Described():
                answer = self._answers.get(message.question)
                if answer is not None:
                    answer(message)
            case wire.Take(link) if sock is not None:
                self._take_link(server, link, sock)
            case wire.Describe(question):
                self._post(wire.Tell(question, describe()))
            case wire.Reload():
                server.certificates.reload()
            case wire.Stop():
                server.stop_soon()
            case _:
                log.error("the director said %s", type(message).__name__)

    def _take_link(self, server: Server, link: wire.HandedLink, sock: socket.socket) -> None:
        accepted = Accepted(link.key, link.subprotocol, link.claims)
        if link.reservation:
            self._reservations[link.reservation] = None
        admitted = Admitted(
            accepted,
            link.address,
            link.data,
            trio.current_time(),
            answered=True,
            room=link.room,
            reservation=link.reservation,
        )
        if not server.take_connection(sock, link.address, admitted):
            self.settle(link.reservation)


def room_load(engine: Any) -> wire.RoomLoad:
    """One room as the director counts it."""
    players, spectators = engine.seats.taken
    return wire.RoomLoad(engine.id, engine.kind.name, players, spectators, engine.takes_anyone)
