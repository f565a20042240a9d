"""Commands: everything that changes a room from outside, other than input frames.

A command waits until the next tick, the only moment at which anything in a room changes. Commands and input frames are
the whole influence of the world on a room, so a recording of both replays it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from gameserver.protocol.constants import Role
    from gameserver.room.backfill import OpenSeats
    from gameserver.room.listing import ListedRoom
    from gameserver.room.session import LinkHandle, Session


@dataclass(frozen=True, slots=True)
class Join:
    """A new session takes its seat.

    Args:
        session: The session.
        reservation: The key of the reservation that keeps the seat; None: it is any free one.
    """

    session: Session
    reservation: bytes | None = None


@dataclass(frozen=True, slots=True)
class Expect:
    """A participant of another room is to come: the rules say whether it may."""

    session: Session


@dataclass(frozen=True, slots=True)
class Arrive:
    """It has left the other room.

    Args:
        session: The session.
        link: The link that it comes with; None: it has none, as in a replay.
    """

    session: Session
    link: LinkHandle | None = None


@dataclass(frozen=True, slots=True)
class Moved:
    """A move that the rules asked for takes place now, or has failed.

    Args:
        move: The number of the move.
        code: The close code that says why it has failed; None: it takes place.
        reason: The same in words.
    """

    move: int
    code: int | None
    reason: str


@dataclass(frozen=True, slots=True)
class Resume:
    """A session continues over a new link.

    Args:
        session: The session.
        tick: The newest tick that its client has applied.
        event: The client's event cursor: the number of the newest event that it has; None: it knows nothing of the
            room.
        link: The new link; None in a replay, which has no links.
        resumed: False where a JOIN was repeated: its client knows of no session yet.
    """

    session: Session
    tick: int
    event: int | None
    link: LinkHandle | None = None
    resumed: bool = True


@dataclass(frozen=True, slots=True)
class Suspend:
    """A session has lost its link and may resume within the grace time."""

    session: Session


@dataclass(frozen=True, slots=True)
class Leave:
    """A session ends for good: its client left, it was kicked, or its grace time is over."""

    session: Session


@dataclass(frozen=True, slots=True)
class Message:
    """A client sent a MESSAGE of the game's own."""

    session: Session
    name: str
    payload: object


@dataclass(frozen=True, slots=True)
class WorkDone:
    """A function that the rules started with `Room.run` has ended.

    Args:
        job: The number of the job.
        result: What the function returned.
        error: Why there is no result; None: there is one.
    """

    job: int
    result: object
    error: str | None


@dataclass(frozen=True, slots=True)
class External:
    """The program that the server is a part of sent the room something."""

    name: str
    payload: object


@dataclass(frozen=True, slots=True)
class RoomsListed:
    """Rooms of the kind that a lobby shows have changed.

    Args:
        rooms: Those that are new or different.
        removed: The ids of those that strangers may see no longer.
    """

    rooms: list[ListedRoom]
    removed: list[str]


@dataclass(frozen=True, slots=True)
class BackfillsListed:
    """Rooms that ask this one for players have changed.

    Args:
        rooms: Those that are new or different.
        ended: The ids of those that ask no longer.
    """

    rooms: list[OpenSeats]
    ended: list[str]


@dataclass(frozen=True, slots=True)
class Reserve:
    """The program that the server is a part of has had a seat kept. In live play it is kept already.

    Args:
        key: Of the reservation.
        role: Player or spectator.
        subject: Of the token that the client must have; None: whoever knows the key.
        until_tick: The last tick at which it counts.
    """

    key: bytes
    role: Role
    subject: str | None
    until_tick: int


Command: TypeAlias = (
    Join
    | Expect
    | Arrive
    | Moved
    | Resume
    | Suspend
    | Leave
    | Message
    | WorkDone
    | RoomsListed
    | BackfillsListed
    | External
    | Reserve
)
