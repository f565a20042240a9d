"""The messages between the director and its workers. Both ends always run the same version, since the director starts
the workers.

A request carries a number (`request`) that its answer repeats. The answer to `PlaceJoin` and `PlaceResume` is `Placed`,
to `Describe` it is `Described`, and to `DescribeAll` it is `AllDescribed`.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import msgspec

from gameserver.hub.attempts import AttemptKey
from gameserver.hub.command_router import OutsideCommand
from gameserver.hub.directory import RoomRow
from gameserver.hub.distant_travel import TravelMessage


class HandedLink(msgspec.Struct, frozen=True, tag="link"):
    """A WebSocket whose handshake is answered, on its way to the worker that has its room. Its socket travels with the
    message.
    """

    key: str
    """Sec-WebSocket-Key of the handshake."""
    subprotocol: str
    claims: dict[str, Any] | None
    """What the authenticator returned."""
    address: str
    """The client's."""
    data: bytes
    """The client's frames that are not handled yet: its JOIN or RESUME, and what came after it."""
    room: str | None
    reservation: int


class HandedRequest(msgspec.Struct, frozen=True, tag="request"):
    """A request to watch a room, on its way to the worker that has the room. Its socket travels with the message."""

    data: bytes
    """The request, and what came after it."""
    remote: str
    """The address at the other end."""


class WorkerDescription(msgspec.Struct, frozen=True):
    """What the pages show of one worker."""

    statistics: dict[str, Any]
    """The hub's statistics."""
    metrics: list[Any]
    """Its metrics, in the form that the page for metrics was given with."""


class WorkerState(msgspec.Struct, frozen=True):
    """One worker as the director sees it."""

    pid: int
    up: bool
    restarts: int
    description: WorkerDescription | None
    """None if the worker has not answered in time."""


# -- from a worker to the director -------------------------------------------------------------------------------------


class Ready(msgspec.Struct, frozen=True, tag="ready"):
    """The worker accepts links from now on."""

    token_prefixes: list[bytes]
    """What the resume tokens that it takes begin with; its own first."""


class LoadReport(msgspec.Struct, frozen=True, tag="load"):
    """The rooms of a worker that have changed since its last report. Sent when something has changed, and regularly as
    a sign of life."""

    rooms: list[RoomRow]
    closed: list[str]
    """The ids of the rooms that have ended since."""
    settled: list[int]
    """Reservations that no longer count: their links are in `rooms` now, or have ended."""
    overloaded: bool
    """Whether new rooms should go to other workers."""


class PlaceJoin(msgspec.Struct, frozen=True, tag="place_join"):
    """Asks where a JOIN belongs."""

    request: int
    kind: str
    room: str | None
    role: int
    create: bool
    """Whether it asks for a room of its own."""
    where: dict[str, Any]
    """What the listing of the room must say, as in JOIN."""
    attempt: AttemptKey | None
    """What a repetition of it has in common with it; None: it is not repeated."""


class PlaceResume(msgspec.Struct, frozen=True, tag="place_resume"):
    """Asks where a RESUME belongs."""

    request: int
    prefix: bytes
    """What its token begins with: instance and key."""


class HandOver(msgspec.Struct, frozen=True, tag="hand_over"):
    """A link or request that belongs to another worker. Its socket travels with the message."""

    worker: int
    handed: HandedLink | HandedRequest


class RoomCommand(msgspec.Struct, frozen=True, tag="room_command"):
    """A checked command for a room."""

    command: OutsideCommand
    new_room_id: str | None
    """The id of the room if it has to be opened."""


class PassOn(msgspec.Struct, frozen=True, tag="pass_on"):
    """A message for another worker: about players that move to a room of it, or a command for one."""

    worker: int
    """The other one."""
    message: TravelMessage | RoomCommand


class DescribeAll(msgspec.Struct, frozen=True, tag="describe_all"):
    """Asks for the state of all workers."""

    request: int


class Described(msgspec.Struct, frozen=True, tag="described"):
    """The answer to `Describe`."""

    request: int
    description: WorkerDescription


ToDirector: TypeAlias = Ready | LoadReport | PlaceJoin | PlaceResume | HandOver | PassOn | DescribeAll | Described

# -- from the director to a worker -------------------------------------------------------------------------------------


class Start(msgspec.Struct, frozen=True, tag="start"):
    """The first message to a worker: what to serve."""

    index: int
    """Which worker this is, from 0."""
    workers: int
    """How many there are."""
    port: int
    """Where they all listen."""
    options: bytes
    """The command's options, pickled. Unpickling them is safe because only the parent process can write here."""


class Placed(msgspec.Struct, frozen=True, tag="placed"):
    """The answer to `PlaceJoin` and `PlaceResume`."""

    request: int
    worker: int
    room: str | None = None
    """The room chosen for a JOIN that named none. The worker makes it if it does not exist yet."""
    reservation: int = 0
    """The seat kept for the link until a `LoadReport` settles it; 0 for none."""


class TakeOver(msgspec.Struct, frozen=True, tag="take_over"):
    """A link or request that belongs to this worker. Its socket travels with the message."""

    handed: HandedLink | HandedRequest


class Describe(msgspec.Struct, frozen=True, tag="describe"):
    """Asks for this worker's description."""

    request: int


class AllDescribed(msgspec.Struct, frozen=True, tag="all_described"):
    """The answer to `DescribeAll`, in the order of the workers' indices."""

    request: int
    handovers: int
    workers: list[WorkerState]


class OtherRooms(msgspec.Struct, frozen=True, tag="other_rooms"):
    """Rooms of other workers that have changed."""

    rooms: list[RoomRow]
    closed: list[str]
    """The ids of those that have ended."""


class PassedOn(msgspec.Struct, frozen=True, tag="passed_on"):
    """A message of another worker about players that move, or a command for a room here."""

    worker: int
    """The other one."""
    message: TravelMessage | RoomCommand


class Stop(msgspec.Struct, frozen=True, tag="stop"):
    """Drain and end."""


class Reload(msgspec.Struct, frozen=True, tag="reload"):
    """The director received SIGHUP: read the certificate again."""


ToWorker: TypeAlias = Start | Placed | TakeOver | Describe | AllDescribed | OtherRooms | PassedOn | Stop | Reload
