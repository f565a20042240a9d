"""What goes wrong for a user of the client.

`client_demo/sdk/errors.js` is the twin. A page has no loop over events, so it needs no `EventsMissed`.
"""

from __future__ import annotations


class JoinFailed(Exception):
    """The room could not be joined.

    Args:
        code: The close code of the link; None if there was no WebSocket at all.
        reason: What the server, or the network, gave as the reason.
    """

    def __init__(self, code: int | None, reason: str) -> None:
        super().__init__(reason if code is None else f"{code}: {reason}")
        self.code = code
        self.reason = reason


class EventsMissed(Exception):
    """Events are missing from a loop over `Session.events()`: the loop fell too far behind, or the link was down for so
    long that the room no longer held them."""
