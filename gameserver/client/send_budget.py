"""How many messages of the game's own a client may still send: the limits of WELCOME, kept on this side, so that no
server closes the link over them.

The server keeps the same two buckets for each link and fills them when the link joins. PING, PONG and RESYNC count as
well; INPUT and ACK have room of their own.

Pure; times in seconds. `client_demo/sdk/send_budget.js` is the twin.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gameserver.sync.token_bucket import TokenBucket

if TYPE_CHECKING:
    from gameserver.protocol.constants import ClientLimits

SHARE = 0.9
"""Of what the server allows; its clock and this one do not run alike."""


class SendBudget:
    """The budget of one link.

    Args:
        limits: The limits of WELCOME.
        now_s: The time now.
    """

    def __init__(self, limits: ClientLimits, now_s: float) -> None:
        self._messages = TokenBucket(SHARE * limits.messages_per_s, SHARE * limits.messages_burst, now_s)
        self._bytes = TokenBucket(SHARE * limits.bytes_per_s, SHARE * limits.bytes_burst, now_s)

    def take(self, size: int, now_s: float) -> bool:
        """Take a message of `size` bytes out of the budget; return False if it must not be sent now."""
        return self._messages.take(1, now_s) and self._bytes.take(size, now_s)
