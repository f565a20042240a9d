"""Commands: everything that changes a room from outside, other than input frames.

A command waits until the next tick, the only moment at which anything in a room changes. Commands and input frames are
the whole influence of the world on a room, so a recording of both replays it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from gameserver.room.session import LinkHandle, Session


@dataclass(frozen=True, slots=True)
class Join:
    """A new session takes its seat."""

    session: Session


@dataclass(frozen=True, slots=True)
class Resume:
    """A session continues over a new link.

    Args:
        session: The session.
        tick: The newest tick that its client has applied.
        event: The client's event cursor: the number of the newest event that it has.
        link: The new link; None in a replay, which has no links.
    """

    session: Session
    tick: int
    event: int
    link: LinkHandle | None = None


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


Command: TypeAlias = Join | Resume | Suspend | Leave | Message | WorkDone
