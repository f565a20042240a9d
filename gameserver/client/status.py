"""What a client is doing, as one would show it on screen, and what can go wrong for its user."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Status(Enum):
    """Where a client is."""

    CONNECTING = "connecting"
    JOINED = "joined"
    WAITING = "waiting"
    """The link was lost; it tries again in a moment."""
    CLOSED = "closed"
    """It is over."""


@dataclass(frozen=True, slots=True)
class StatusChange:
    """`code` and `reason` are those of the link that ended, if one did; `retry_in_s` is set while WAITING."""

    status: Status
    code: int | None = None
    reason: str = ""
    retry_in_s: float | None = None


class JoinFailed(Exception):
    """The room could not be entered in the first place. `code` is the close code, None if there was no WebSocket at
    all.
    """

    def __init__(self, code: int | None, reason: str) -> None:
        super().__init__(reason if code is None else f"{code}: {reason}")
        self.code = code
        self.reason = reason


class EventsMissed(Exception):
    """An `events()` loop was too slow for what happened."""
