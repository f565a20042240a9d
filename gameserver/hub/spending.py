"""How much of the processor's time the messages of one client may take, over all of its links and across them.

One client is one address, or one subject of a token. What it has spent is kept when a link ends, so that connecting
again brings nothing back. INPUT is not counted: each link may send one a tick, and each costs a few microseconds.

When a client has spent all, only those of its links are closed that have spent more than their own share. Others at
an attacker's address play on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from gameserver.protocol.constants import CloseCode
from gameserver.protocol.errors import ProtocolError
from gameserver.sync.token_bucket import BucketsByKey, TokenBucket

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gameserver.protocol.constants import Limits

MESSAGE_COST_S: Final = 5e-6
BYTE_COST_S: Final = 40e-9
"""What a message costs at most: one of 4 KB that is as expensive as it can be takes 0.16 ms (`bench/messages.py`)."""

ANSWER_BYTES: Final = 125
"""A PING is answered, which costs as much as one more message of this size."""

LINK_PART: Final = 1 / 64
"""The part of a client's time that a link may have in any case: as many links are allowed for each address."""


def cost_s(size: int) -> float:
    """Return what a message of `size` bytes costs at most, in seconds of the processor."""
    return MESSAGE_COST_S + size * BYTE_COST_S


class Spending:
    """What each client has spent."""

    def __init__(self, limits: Limits) -> None:
        # One link that keeps its own limits is never closed, however high an operator has set those.
        rate = limits.max_messages_per_s * MESSAGE_COST_S + limits.max_bytes_per_s * BYTE_COST_S
        burst_s = limits.max_messages_burst * MESSAGE_COST_S + limits.max_bytes_burst * BYTE_COST_S
        self._rate = max(limits.max_processor_share_per_address, rate)
        self._burst_s = max(limits.max_processor_burst_s_per_address, burst_s)
        self._spent = BucketsByKey(self._rate, self._burst_s)

    def account(self, limit_key: str, claims: Mapping[str, object] | None, now_s: float) -> Account | None:
        """Return what a link is charged to; None if it is not counted.

        Args:
            limit_key: Of the client's address; "": it is not limited.
            claims: The claims of the link's token, if there is one.
            now_s: The time now.
        """
        subject = (claims or {}).get("sub")
        keys = [f"address {limit_key}"] if limit_key else []
        if isinstance(subject, str) and subject:
            keys.append(f"subject {subject}")
        if not keys:
            return None
        return Account(tuple(keys), TokenBucket(self._rate * LINK_PART, self._burst_s * LINK_PART, now_s))

    def charge(self, account: Account, size: int, now_s: float) -> None:
        """Count a message of `size` bytes.

        Raises:
            ProtocolError: RATE_LIMITED; the client has spent all, and this link more than its part.
        """
        spent_s = cost_s(size)
        within_part = account.part.take(spent_s, now_s)
        for key in account.keys:
            if not self._spent.take(key, spent_s, now_s) and not within_part:
                what = key.partition(" ")[0]
                raise ProtocolError(CloseCode.RATE_LIMITED, f"too much to do for messages from one {what}")


class Account:
    """Whom the messages of one link are charged to."""

    __slots__ = ("keys", "part")

    def __init__(self, keys: tuple[str, ...], part: TokenBucket) -> None:
        self.keys = keys
        """The client's address and the token's subject, as far as they are counted."""
        self.part = part
        """What the link may spend in any case."""
