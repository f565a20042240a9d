"""What goes wrong when a delta is applied."""

from __future__ import annotations

from gameserver.protocol.constants import CloseCode
from gameserver.protocol.errors import ProtocolError


class DeltaError(ProtocolError):
    """A delta that does not fit what the client holds: the client keeps that, and asks for a full state."""

    def __init__(self, reason: str) -> None:
        """Say what does not fit."""
        super().__init__(CloseCode.MALFORMED, reason)


def require(holds: object, reason: str) -> None:
    """Raise DeltaError when a check of protocol.md §5 fails."""
    if not holds:
        raise DeltaError(reason)
