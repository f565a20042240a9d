"""What the director and its workers say to each other, as typed messages. Both ends are always the same version: the
director starts the workers.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import msgspec


class HandedLink(msgspec.Struct, frozen=True):
    """A WebSocket whose handshake is answered, on its way to the worker that has its room. Its socket goes with it."""

    key: str
    subprotocol: str
    claims: dict[str, Any] | None
    address: str
    data: bytes
    """Frames of the client's that nobody has dealt with: its JOIN or RESUME, and what came behind."""
    room: str | None
    reservation: int


class RoomLoad(msgspec.Struct, frozen=True, array_like=True):
    """One room, as far as placing goes."""

    id: str
    kind: str
    players: int
    """Seats taken, those of suspended sessions too."""
    spectators: int
    open: bool
    """Whether it may get players who did not ask for it by its id."""


# -- from a worker -----------------------------------------------------------------------------------------------------


class Hello(msgspec.Struct, frozen=True, tag="hello"):
    """The worker serves from now on. `instance` is what its resume tokens begin with."""

    instance: bytes


class Load(msgspec.Struct, frozen=True, tag="load"):
    """All rooms of a worker, sent when something changed, and now and then to show life."""

    rooms: list[RoomLoad]
    settled: list[int]
    """Tickets that count no more: what became of them is in `rooms`."""
    refuses: bool
    """Overloaded: no new rooms here, if there is anywhere else."""


class AskJoin(msgspec.Struct, frozen=True, tag="join"):
    """Where does this JOIN belong?"""

    question: int
    kind: str
    room: str | None
    role: int


class AskResume(msgspec.Struct, frozen=True, tag="resume"):
    """Where does this RESUME belong?"""

    question: int
    instance: bytes


class Give(msgspec.Struct, frozen=True, tag="give"):
    """This link belongs to another worker. Its socket comes along."""

    worker: int
    link: HandedLink


class AskAll(msgspec.Struct, frozen=True, tag="all"):
    """What does every worker say of itself?"""

    question: int


class Tell(msgspec.Struct, frozen=True, tag="tell"):
    """What a worker says of itself, to the director's `Describe`."""

    question: int
    about: dict[str, Any]


ToDirector: TypeAlias = Hello | Load | AskJoin | AskResume | Give | AskAll | Tell

# -- from the director -------------------------------------------------------------------------------------------------


class Start(msgspec.Struct, frozen=True, tag="start"):
    """The first message: what to serve. `options` is pickled; only a parent process gets to write here."""

    index: int
    workers: int
    port: int
    options: bytes


class Placed(msgspec.Struct, frozen=True, tag="placed"):
    """The answer to AskJoin and AskResume."""

    question: int
    worker: int
    room: str | None = None
    """The room for a JOIN that named none, to be made if it is not there."""
    reservation: int = 0
    """The seat that is kept for it until a Load says that it is settled; 0: none."""


class Take(msgspec.Struct, frozen=True, tag="take"):
    """A link that belongs to this worker. Its socket comes along."""

    link: HandedLink


class Describe(msgspec.Struct, frozen=True, tag="describe"):
    """Say something of yourself, with Tell."""

    question: int


class WorkerState(msgspec.Struct, frozen=True):
    """One worker as the director sees it."""

    pid: int
    up: bool
    restarts: int
    about: dict[str, Any] | None
    """What it says of itself; None: it has not answered in time."""


class Described(msgspec.Struct, frozen=True, tag="described"):
    """The answer to AskAll, in the order of the workers' indices."""

    question: int
    handovers: int
    workers: list[WorkerState]


class Stop(msgspec.Struct, frozen=True, tag="stop"):
    """Drain and end."""


class Reload(msgspec.Struct, frozen=True, tag="reload"):
    """SIGHUP, passed on."""


ToWorker: TypeAlias = Start | Placed | Take | Describe | Described | Stop | Reload
