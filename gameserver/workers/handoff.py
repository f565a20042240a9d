"""Gets each link of a worker to the process that has its room, and reports to the director how full the rooms are.

A link is placed once, when its JOIN or RESUME has arrived: the worker asks the director, and if the room belongs to
another worker, the socket goes there together with all bytes read from it. This process then has no part in it.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import trio

from gameserver.hub.codes import room_of_code
from gameserver.hub.peer import PeerState
from gameserver.net.answered_transport import switching_protocols
from gameserver.net.http.upgrade import Accepted, Admitted
from gameserver.protocol import messages as m
from gameserver.protocol.constants import TOKEN_INSTANCE_BYTES
from gameserver.workers import messages
from gameserver.workers.director_client import DirectorGone
from gameserver.workers.first_message import FirstMessage

if TYPE_CHECKING:
    import socket

    from gameserver.hub.hub import Hub
    from gameserver.hub.peer import Peer
    from gameserver.net.server import Server
    from gameserver.room.engine import RoomEngine
    from gameserver.workers.director_client import DirectorClient
    from gameserver.workers.first_message import Request

log = logging.getLogger("gameserver.workers")

REPORT_GAP_S: Final = 0.05
"""Least time between two reports, so the greatest age of the director's counts. Seats that it has reserved count for it
at once.
"""
LOOK_EVERY_S: Final = 1.0
"""How often changes are looked for that the hub does not announce: a room that locks, or overload."""
REPORT_EVERY_S: Final = 5.0
"""A report is sent this often without any change, as a sign of life."""
DUPLICATE_TRIES: Final = 10
DUPLICATE_PAUSE_S: Final = 0.2
_READ_BYTES: Final = 4_096


class Handoff:
    """Implements `gameserver.net.handoff.Handoff` for one of several workers."""

    def __init__(self, index: int, director: DirectorClient, hub: Hub) -> None:
        """Take part in placing links.

        Args:
            index: Which worker this is.
            director: Answers where a link belongs.
            hub: The rooms of this worker.
        """
        self.index = index
        self._director = director
        self._hub = hub
        self._reservations: dict[int, Peer | None] = {}
        self._settled: list[int] = []
        self._changed = trio.Event()
        hub.on_seats_changed = self._note_change
        director.on_late_place = self.release

    # -- links ---------------------------------------------------------------------------------------------------------

    async def pass_on(self, stream: trio.SocketStream, sock: socket.socket, admitted: Admitted) -> Admitted | None:
        """Answer the handshake, find out where the link belongs, and hand it over if that is another worker.

        Returns:
            The link as this worker must run it; None when it was handed over. The caller then closes `stream`.

        Raises:
            trio.BrokenResourceError: The client is gone.
        """
        await stream.send_all(switching_protocols(admitted.accepted))
        first = await self._read_first(stream, admitted.tail)
        admitted = replace(admitted, tail=first.data, answered=True)
        if first.request is None:
            return admitted
        try:
            place = await self._find_place(first.request)
            placed = replace(admitted, room=place.room, reservation=place.reservation)
            if place.worker == self.index:
                self._expect(place.reservation)
                return placed
            await self._hand_over(sock, placed, place.worker)
        except (DirectorGone, OSError) as error:
            log.error("a link stays in this worker: %s", error)
            return admitted
        return None

    async def _read_first(self, stream: trio.SocketStream, tail: bytes) -> FirstMessage:
        """Read until the first message is decided or the time for it is up; the peer closes the link in that case."""
        first = FirstMessage(self._hub.limits)
        first.feed(tail)
        with trio.move_on_after(self._hub.limits.join_timeout_s):
            while not first.decided:
                if first.replies:
                    replies, first.replies = first.replies, b""
                    await stream.send_all(replies)
                data = await stream.receive_some(_READ_BYTES)
                if not data:
                    raise trio.BrokenResourceError("the client closed the connection before its first message")
                first.feed(bytes(data))
        if first.replies:
            await stream.send_all(first.replies)
        return first

    async def _find_place(self, request: Request) -> messages.Placed:
        if isinstance(request, m.Join):
            room_id, create = _named(request.room)
            return await self._director.place_join(request.kind, room_id, int(request.role), create=create)
        return await self._director.place_resume(request.token[:TOKEN_INSTANCE_BYTES])

    async def _hand_over(self, sock: socket.socket, admitted: Admitted, worker: int) -> None:
        """Pass the link on through the director.

        Raises:
            DirectorGone: The director does not read.
            OSError: This process has too many files open, for longer than a moment. The seat is free again.
        """
        accepted = admitted.accepted
        link = messages.HandedLink(
            key=accepted.key,
            subprotocol=accepted.subprotocol,
            claims=None if accepted.claims is None else dict(accepted.claims),
            address=admitted.address,
            data=admitted.tail,
            room=admitted.room,
            reservation=admitted.reservation,
        )
        try:
            self._director.post(messages.HandOver(worker, link), await _duplicate(sock))
        except OSError:
            self.release(admitted.reservation)
            raise

    def take_over(self, server: Server, link: messages.HandedLink, sock: socket.socket) -> None:
        """Run a link that another worker has handed over."""
        self._expect(link.reservation)
        admitted = Admitted(
            Accepted(link.key, link.subprotocol, link.claims),
            link.address,
            link.data,
            trio.current_time(),
            answered=True,
            room=link.room,
            reservation=link.reservation,
        )
        if not server.take_connection(sock, link.address, admitted):
            self.settle(link.reservation)

    # -- reservations --------------------------------------------------------------------------------------------------

    def _expect(self, reservation: int) -> None:
        if reservation:
            self._reservations[reservation] = None

    def watch(self, reservation: int, peer: Peer) -> None:
        """Settle `reservation` as soon as `peer` has joined or was refused."""
        if reservation:
            self._reservations[reservation] = peer

    def release(self, reservation: int) -> None:
        """Give back a reservation of a link that does not arrive."""
        if reservation:
            self._settled.append(reservation)
            self._note_change()

    def settle(self, reservation: int) -> None:
        """Settle `reservation`, if that has not happened yet: its link has ended."""
        if reservation and reservation in self._reservations:
            del self._reservations[reservation]
            self._settled.append(reservation)
            self._note_change()

    def _settle_seated(self) -> None:
        """Settle the reservations of peers that have joined or were refused: the rooms' own counts include them."""
        for reservation, peer in list(self._reservations.items()):
            if peer is not None and peer.state is not PeerState.OPEN:
                self.settle(reservation)

    # -- reports -------------------------------------------------------------------------------------------------------

    def _note_change(self) -> None:
        self._changed.set()

    async def report(self) -> None:
        """Report rooms and seats to the director whenever they have changed, forever."""
        last: list[messages.RoomLoad] | None = None
        last_s = -REPORT_EVERY_S
        while True:
            self._settle_seated()
            self._changed = trio.Event()
            rooms = [room_load(engine) for engine in self._hub.rooms.values()]
            now_s = trio.current_time()
            if rooms != last or self._settled or now_s - last_s >= REPORT_EVERY_S:
                try:
                    self._director.post(messages.LoadReport(rooms, self._settled.copy(), self._hub.overloaded))
                except DirectorGone as error:  # the next report says it again
                    log.error("no report: %s", error)
                else:
                    self._settled.clear()
                    last, last_s = rooms, now_s
            await trio.sleep(REPORT_GAP_S)
            with trio.move_on_after(LOOK_EVERY_S):
                await self._changed.wait()


def _named(room: str | dict[str, Any] | None) -> tuple[str | None, bool]:
    """Return the id of the room that a JOIN names, if it names one, and whether it asks for a room of its own."""
    match room:
        case {"code": code}:
            return room_of_code(code), False
        case dict():
            return None, "create" in room
        case _:
            return room, False


async def _duplicate(sock: socket.socket) -> socket.socket:
    """Duplicate a socket; wait for a moment if this process has too many files open.

    Raises:
        OSError: It has for longer.
    """
    for _ in range(DUPLICATE_TRIES - 1):
        try:
            return sock.dup()
        except OSError:
            await trio.sleep(DUPLICATE_PAUSE_S)
    return sock.dup()


def room_load(engine: RoomEngine) -> messages.RoomLoad:
    """Return how full a room is."""
    players, spectators = engine.seats.taken
    return messages.RoomLoad(engine.id, engine.kind.name, players, spectators, engine.takes_anyone)
