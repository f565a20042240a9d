"""All that comes into a room from outside, other than input frames: kept until the next tick, the only moment at which
anything changes.

These and the inputs are the whole influence of the world on a room, so a recording of them replays it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from gameserver.room.session import LinkHandle, Session


@dataclass(frozen=True, slots=True)
class Join:
    """A new session asks to come in."""

    session: Session


@dataclass(frozen=True, slots=True)
class Resume:
    """A session has a new link; its client has applied `tick` and was told the events up to `event`. `link` is None in
    a replay, where nobody listens."""

    session: Session
    tick: int
    event: int
    link: LinkHandle | None = None


@dataclass(frozen=True, slots=True)
class Suspend:
    """A session's link is lost; it may come back."""

    session: Session


@dataclass(frozen=True, slots=True)
class Leave:
    """A session ends for good: it left, was removed, or its grace is over."""

    session: Session


@dataclass(frozen=True, slots=True)
class Said:
    """A client's MESSAGE."""

    session: Session
    name: str
    payload: object


Arrival: TypeAlias = Join | Resume | Suspend | Leave | Said
