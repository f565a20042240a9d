"""How much one link may send: what WELCOME says, and the check of each message against it.

The rates of messages and bytes are for what a client sends besides one INPUT or ACK for each tick, which the protocol
asks it to send; so they hold at every tick rate. The burst covers all that a network which stalls for up to the dead
time may deliver at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from gameserver import native
from gameserver.protocol.constants import CloseCode
from gameserver.protocol.errors import ProtocolError

if TYPE_CHECKING:
    from gameserver.protocol.constants import Limits

PACE: Final = 1.25
"""Ticks that a client's clock may make for each of the room's: it runs up to a tenth fast to come to its lead, and
counts seconds on a clock of its own."""
MAX_ACK_BYTES: Final = 7


class Rates(NamedTuple):
    """The rates and bursts that one link is held to."""

    messages_per_s: float
    messages_burst: float
    bytes_per_s: float
    bytes_burst: float


def rates_outside(limits: Limits) -> Rates:
    """Return what a link may send that has not joined a room."""
    return Rates(limits.max_messages_per_s, limits.max_messages_burst, limits.max_bytes_per_s, limits.max_bytes_burst)


def rates_inside(limits: Limits, tick_hz: int, max_input_bytes: int) -> Rates:
    """Return what a link may send in a room.

    Args:
        limits: The server's limits.
        tick_hz: The room's ticks a second.
        max_input_bytes: The largest INPUT of the room.
    """
    ticks_per_s = PACE * tick_hz
    messages_per_s = limits.max_messages_per_s + ticks_per_s
    bytes_per_s = limits.max_bytes_per_s + ticks_per_s * max(max_input_bytes, MAX_ACK_BYTES)
    return Rates(
        messages_per_s,
        limits.max_messages_burst + messages_per_s * limits.dead_after_s,
        bytes_per_s,
        limits.max_bytes_burst + bytes_per_s * limits.dead_after_s,
    )


class RateLimit:
    """What one link has sent of what it may send."""

    __slots__ = ("_rates", "bytes", "max_message_bytes", "messages")

    def __init__(self, rates: Rates, max_message_bytes: int, now_s: float) -> None:
        self._rates = rates
        self.max_message_bytes = max_message_bytes
        self.messages = native.make_bucket(rates.messages_per_s, rates.messages_burst, now_s)
        """The bucket of messages; a native handler of INPUT takes from this one too."""
        self.bytes = native.make_bucket(rates.bytes_per_s, rates.bytes_burst, now_s)
        """The bucket of bytes, likewise."""

    def check(self, size: int, at_s: float) -> None:
        """Count a message: protocol.md §9, steps 1 and 2.

        Args:
            size: Its bytes; the characters of a text message, which is refused right after this.
            at_s: When it arrived.

        Raises:
            ProtocolError: TOO_BIG or RATE_LIMITED.
        """
        if size > self.max_message_bytes:
            raise ProtocolError(CloseCode.TOO_BIG, f"a message has at most {self.max_message_bytes} bytes, got {size}")
        if not self.messages.take(1, at_s):
            raise ProtocolError(CloseCode.RATE_LIMITED, f"at most {self._rates.messages_per_s:g} messages a second")
        if not self.bytes.take(size, at_s):
            raise ProtocolError(CloseCode.RATE_LIMITED, f"at most {self._rates.bytes_per_s:g} bytes a second")
