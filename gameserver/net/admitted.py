"""A request for a WebSocket that has been let in: all that it takes to run its link, in this process or another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gameserver.net.upgrade import Accepted


@dataclass(frozen=True, slots=True)
class Admitted:
    """See the module."""

    accepted: Accepted
    address: str
    """The client's, as far as proxies are believed."""
    tail: bytes
    """What came behind the request's head, or, of frames, what nobody has dealt with."""
    at_s: float
    """When, on trio's clock."""
    answered: bool = False
    """The client has had its 101 already."""
    room: str | None = None
    """The room that a director chose for it."""
    ticket: int = 0
    """The seat that the director keeps for it, 0 for none."""
