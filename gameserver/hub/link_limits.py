"""How much one link may send: what WELCOME says, and what is enforced.

The limits of messages and bytes are for what a client sends besides one INPUT or ACK for each tick, which the protocol
asks it to send; so they hold at every tick rate. The burst covers all that a network which stalls for up to the dead
time may deliver at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from gameserver.sync.rate_limit import TokenBucket

if TYPE_CHECKING:
    from gameserver.protocol.constants import Limits

PACE: Final = 1.25
"""Ticks that a client's clock may make for each of the room's: it runs up to a tenth fast to come to its lead, and
counts seconds on a clock of its own."""
MAX_ACK_BYTES: Final = 7


class LinkLimits(NamedTuple):
    """The rates and bursts that one link is held to."""

    messages_per_s: float
    messages_burst: float
    bytes_per_s: float
    bytes_burst: float

    def buckets(self, now_s: float) -> tuple[TokenBucket, TokenBucket]:
        """Return full buckets for messages and for bytes."""
        return (
            TokenBucket(self.messages_per_s, self.messages_burst, now_s),
            TokenBucket(self.bytes_per_s, self.bytes_burst, now_s),
        )


def outside(limits: Limits) -> LinkLimits:
    """Return what a link may send that has not joined a room."""
    return LinkLimits(
        limits.max_messages_per_s, limits.max_messages_burst, limits.max_bytes_per_s, limits.max_bytes_burst
    )


def inside(limits: Limits, tick_hz: int, max_input_bytes: int) -> LinkLimits:
    """Return what a link may send in a room.

    Args:
        limits: The server's limits.
        tick_hz: The room's ticks a second.
        max_input_bytes: The largest INPUT of the room.
    """
    ticks_per_s = PACE * tick_hz
    messages_per_s = limits.max_messages_per_s + ticks_per_s
    bytes_per_s = limits.max_bytes_per_s + ticks_per_s * max(max_input_bytes, MAX_ACK_BYTES)
    return LinkLimits(
        messages_per_s,
        limits.max_messages_burst + messages_per_s * limits.dead_after_s,
        bytes_per_s,
        limits.max_bytes_burst + bytes_per_s * limits.dead_after_s,
    )
