"""The messages between the director and its workers. Both ends always run the same version, since the director starts
the workers.

A request carries a number (`request`) that its answer repeats. The answer to `PlaceJoin` and `PlaceResume` is `Placed`,
to `Describe` it is `Described`, and to `DescribeAll` it is `AllDescribed`.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import msgspec


class HandedLink(msgspec.Struct, frozen=True):
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


class RoomLoad(msgspec.Struct, frozen=True, array_like=True):
    """How full one room is."""

    id: str
    kind: str
    players: int
    """Seats taken, those of suspended sessions included."""
    spectators: int
    open: bool
    """Whether players may be placed here who did not ask for this room by its id."""


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

    instance: bytes
    """The first bytes of all its resume tokens."""


class LoadReport(msgspec.Struct, frozen=True, tag="load"):
    """All rooms of a worker. Sent when something has changed, and regularly as a sign of life."""

    rooms: list[RoomLoad]
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


class PlaceResume(msgspec.Struct, frozen=True, tag="place_resume"):
    """Asks where a RESUME belongs."""

    request: int
    instance: bytes
    """The first bytes of its token."""


class HandOver(msgspec.Struct, frozen=True, tag="hand_over"):
    """A link that belongs to another worker. Its socket travels with the message."""

    worker: int
    link: HandedLink


class DescribeAll(msgspec.Struct, frozen=True, tag="describe_all"):
    """Asks for the state of all workers."""

    request: int


class Described(msgspec.Struct, frozen=True, tag="described"):
    """The answer to `Describe`."""

    request: int
    description: WorkerDescription


ToDirector: TypeAlias = Ready | LoadReport | PlaceJoin | PlaceResume | HandOver | DescribeAll | Described

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
    """A link that belongs to this worker. Its socket travels with the message."""

    link: HandedLink


class Describe(msgspec.Struct, frozen=True, tag="describe"):
    """Asks for this worker's description."""

    request: int


class AllDescribed(msgspec.Struct, frozen=True, tag="all_described"):
    """The answer to `DescribeAll`, in the order of the workers' indices."""

    request: int
    handovers: int
    workers: list[WorkerState]


class Stop(msgspec.Struct, frozen=True, tag="stop"):
    """Drain and end."""


class Reload(msgspec.Struct, frozen=True, tag="reload"):
    """The director received SIGHUP: read the certificate again."""


ToWorker: TypeAlias = Start | Placed | TakeOver | Describe | AllDescribed | Stop | Reload
