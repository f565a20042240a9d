"""What to do after a link has ended, and how long to wait before the next attempt (protocol.md §10).

The waits are exponential with full jitter, so that a thousand clients whose server restarted do not all come back at
the same moment. Pure: the randomness is an argument. `client_demo/sdk/backoff.js` is the twin, and a test compares the
two.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from gameserver.protocol.constants import Back, CloseCode

if TYPE_CHECKING:
    import random

FIRST_S = 0.5
CAP_S = 16.0
"""protocol.md §10: the longest possible wait doubles from 0.5 s to 16 s."""

MAX_RETRY_AFTER_S = 300.0
"""A server that stops says when to come back; a longer time than this is cut to it."""

HELD_AFTER_S = 1.0
"""A link that was joined for at least this long has worked, so the waits start over when it is lost. A server that
accepts a client and drops it at once does not reset them."""

RULES_HELD_AFTER_S = 60.0
"""The same for a link that ended because the room's rules failed: joining again may well make them fail again."""

PRIVATE_CODES_FROM = 4000
"""Close codes from here on are the application's (RFC 6455, 7.4.2); an unknown one comes from a later version of the
protocol."""

_ANSWERED = frozenset({CloseCode.SESSION_EXPIRED, CloseCode.SERVER_RESTARTED})
"""The session is gone, but the server is there: no reason to wait long before joining anew."""

_RETRY = re.compile(r"(?:.*: )?retry in (\d+(?:\.\d+)?) s", re.DOTALL)


def back_after(code: int | None) -> Back:
    """Return what a client does after a link has ended.

    A code of the protocol's own table means what the table says, any other private code means "no", and every other
    end is a broken link.

    Args:
        code: The close code; None for a link that broke or never came up.
    """
    try:
        return CloseCode(code or CloseCode.LINK_LOST).back
    except ValueError:
        return "no" if code is not None and code >= PRIVATE_CODES_FROM else "resume"


class Backoff:
    """The waits of one session.

    Args:
        rng: Source of the jitter.
    """

    def __init__(self, rng: random.Random) -> None:
        self._random = rng
        self.attempts = 0
        """Attempts since the last link that held."""
        self._at_once = False

    def link_ended(self, code: int | None, joined_for_s: float | None) -> None:
        """Start over if the link has worked, or if the server has answered.

        Args:
            code: The close code; None for a link that broke.
            joined_for_s: How long the link was joined, in seconds; None if it never was.
        """
        self._at_once = code == CloseCode.MOVED
        held_after_s = RULES_HELD_AFTER_S if code == CloseCode.ROOM_FAILED else HELD_AFTER_S
        if code in _ANSWERED or (joined_for_s is not None and joined_for_s >= held_after_s):
            self.attempts = 0

    def next_s(self, reason: str = "") -> float:
        """Return how many seconds to wait before the next attempt, and count the attempt.

        Args:
            reason: The reason of the close before, which may be `retry in N s`, or end with `: retry in N s`.
        """
        if self._at_once and not self.attempts:  # the seat in the other process is there
            self._at_once = False
            self.attempts += 1
            return 0.0
        most_s = min(CAP_S, FIRST_S * 2.0 ** min(self.attempts, 16))
        self.attempts += 1
        asked = _RETRY.fullmatch(reason)
        least_s = min(MAX_RETRY_AFTER_S, float(asked[1])) if asked else 0.0
        return least_s + self._random.random() * most_s
