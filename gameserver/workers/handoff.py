"""Gets each link of a worker to the process that has its room, and reports to the director how full the rooms are.

A link is placed once, when its JOIN or RESUME has arrived: the worker asks the director, and if the room belongs to
another worker, the socket goes there together with all bytes read from it. This process then has no part in it.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

import trio

from gameserver.hub.attempts import attempt_key
from gameserver.hub.command_router import MAX_WAITING_COMMANDS, OutsideCommand
from gameserver.hub.directory import row_of
from gameserver.hub.distant_travel import DistantTravel
from gameserver.hub.peer import PeerState
from gameserver.hub.refusals import Refusal
from gameserver.hub.tokens import TOKEN_PREFIX_BYTES
from gameserver.net.answered_transport import switching_protocols
from gameserver.net.http.head import RequestRefused
from gameserver.net.http.upgrade import Accepted, Admitted
from gameserver.net.http.watching import watch_of
from gameserver.protocol import messages as m
from gameserver.protocol.constants import CloseCode, Role
from gameserver.protocol.errors import ProtocolError
from gameserver.protocol.room_code import ROOM_ID_ALPHABET, room_of_code
from gameserver.workers import messages
from gameserver.workers.director_client import DirectorGone
from gameserver.workers.first_message import FirstMessage
from gameserver.workers.placement import NOT_YET

if TYPE_CHECKING:
    import socket

    from gameserver.hub.directory import RoomRow
    from gameserver.hub.distant_travel import TravelMessage
    from gameserver.hub.hub import Hub
    from gameserver.hub.peer import Peer
    from gameserver.net.http.head import Head
    from gameserver.net.http.watching import Watch
    from gameserver.net.server import Server
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
_WAIT: Final = Refusal(CloseCode.SERVER_FULL, "the room is being restored: retry in 1 s")


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
        hub.on_rooms_changed = self._note_change
        hub.alone = False
        self.travel = hub.distant = DistantTravel(hub, self._post_to_room, self._post_to_worker, trio.current_time)
        self._commands_in, self._commands_out = trio.open_memory_channel[OutsideCommand](MAX_WAITING_COMMANDS)
        hub.commands.send_elsewhere = self._queue_command
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
            place = await self._find_place(first.request, admitted)
            placed = replace(admitted, room=place.room, reservation=place.reservation)
            if place.worker == self.index:
                self._expect(place.reservation)
                return placed
            if place.worker == NOT_YET:
                return replace(placed, accepted=replace(admitted.accepted, refusal=_WAIT))
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

    async def _find_place(self, request: Request, admitted: Admitted) -> messages.Placed:
        if isinstance(request, m.Join):
            room_id, create, where = _named(request.room)
            attempt = attempt_key(request, admitted.accepted.claims, admitted.address)
            return await self._director.place_join(
                request.kind, room_id, int(request.role), create=create, where=where, attempt=attempt
            )
        return await self._director.place_resume(request.token[:TOKEN_PREFIX_BYTES])

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

    async def pass_request(self, sock: socket.socket, head: Head, tail: bytes, remote: str) -> bool:
        """Hand a request to watch a room over, if another worker has the room or the viewer's session.

        Returns:
            Whether another worker has it now.
        """
        try:
            worker = await self._worker_of(watch_of(head))
            if worker == self.index:
                return False
            if worker == NOT_YET:
                raise RequestRefused(HTTPStatus.SERVICE_UNAVAILABLE, _WAIT.reason)
            handed = messages.HandedRequest(head.as_bytes() + tail, remote)
            self._director.post(messages.HandOver(worker, handed), await _duplicate(sock))
        except (DirectorGone, OSError) as error:
            log.error("a request stays in this worker: %s", error)
            return False
        return True

    async def _worker_of(self, watch: Watch) -> int:
        """Return the worker that has a viewer's session, or else the room."""
        if watch.cursor is not None:
            place = await self._director.place_resume(watch.cursor.token[:TOKEN_PREFIX_BYTES])
            if place.worker != self.index:
                return place.worker
        role = Role.SPECTATOR
        kind = next((name for name, kind in self._hub.kinds.items() if kind.seats(role)), None)
        if kind is None or watch.room in self._hub.rooms:
            return self.index
        place = await self._director.place_join(kind, watch.room, int(role), create=False, where={}, attempt=None)
        return place.worker

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

    # -- players that move to rooms of other workers -------------------------------------------------------------------

    def _post_to_room(self, room_id: str, message: TravelMessage) -> bool:
        """Send a message to the worker that has a room, which its id says unless it was restored by another one; False
        for no room's id, or if the director is gone."""
        worker = ROOM_ID_ALPHABET.find(room_id[:1])
        return worker != -1 and self._post_to_worker(worker, message)

    def _post_to_worker(self, worker: int, message: TravelMessage) -> bool:
        try:
            self._director.post(messages.PassOn(worker, message))
        except DirectorGone as error:
            log.error("nobody moves to another worker: %s", error)
            return False
        return True

    # -- commands for rooms of other workers ---------------------------------------------------------------------------

    async def send_command(self, command: OutsideCommand) -> None:
        """Send a checked command to the worker that has its room, or is to open it.

        Raises:
            ProtocolError: It cannot be sent now, or there is no such room here.
        """
        room = None if command.room is None else room_of_code(command.room)
        try:
            place = await self._director.place_join(
                command.kind, room, Role.PLAYER, create=False, where={}, attempt=None
            )
            self.release(place.reservation)  # of a seat, which a command does not take
            if place.worker == NOT_YET:
                raise ProtocolError(CloseCode.UNAVAILABLE, "the room is being restored: try again")
            if place.worker == self.index:
                self._hub.commands.deliver(command, new_room_id=place.room)
            else:
                self._director.post(messages.PassOn(place.worker, messages.RoomCommand(command, place.room)))
        except DirectorGone:
            raise ProtocolError(CloseCode.UNAVAILABLE, "the room cannot be found now") from None

    def receive(self, worker: int, message: TravelMessage | messages.RoomCommand) -> None:
        """Take a message of another worker."""
        if not isinstance(message, messages.RoomCommand):
            self.travel.receive(worker, message)
            return
        try:
            self._hub.commands.deliver(message.command, new_room_id=message.new_room_id)
        except ProtocolError as error:
            self._hub.commands.note_dropped(message.command.kind, error.reason)

    def _queue_command(self, command: OutsideCommand) -> None:
        """Have a command of a room's rules sent, in order."""
        try:
            self._commands_in.send_nowait(command)
        except trio.WouldBlock:
            self._hub.commands.note_dropped(command.kind, "too many commands are on their way")

    async def send_commands(self) -> None:
        """Send the commands of rules in this worker, forever."""
        async for command in self._commands_out:
            try:
                await self.send_command(command)
            except ProtocolError as error:
                self._hub.commands.note_dropped(command.kind, error.reason)

    # -- reports -------------------------------------------------------------------------------------------------------

    def _note_change(self) -> None:
        self._changed.set()

    async def report(self) -> None:
        """Report rooms and seats to the director whenever they have changed, forever."""
        last: dict[str, RoomRow] = {}
        last_s = -REPORT_EVERY_S
        while True:
            self._settle_seated()
            self.travel.check()
            self._changed = trio.Event()
            rooms = {room_id: row_of(engine) for room_id, engine in self._hub.rooms.items()}
            changed = [row for row in rooms.values() if row != last.get(row.id)]
            closed = list(last.keys() - rooms.keys())
            now_s = trio.current_time()
            if changed or closed or self._settled or now_s - last_s >= REPORT_EVERY_S:
                report = messages.LoadReport(changed, closed, self._settled.copy(), self._hub.overloaded)
                try:
                    self._director.post(report)
                except DirectorGone as error:  # the next report says it again
                    log.error("no report: %s", error)
                else:
                    self._settled.clear()
                    last, last_s = rooms, now_s
            await trio.sleep(REPORT_GAP_S)
            with trio.move_on_after(LOOK_EVERY_S):
                await self._changed.wait()


def _named(room: str | dict[str, Any] | None) -> tuple[str | None, bool, dict[str, Any]]:
    """Return the id of the room that a JOIN names, if it names one, whether it asks for a room of its own, and its
    filter."""
    match room:
        case {"code": code}:
            return room_of_code(code), False, {}
        case {"room": room_id}:
            return room_id, False, {}
        case dict():
            return None, "create" in room, room.get("where", {})
        case _:
            return room, False, {}


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
