"""How long to wait before the next try to come back: exponential with full jitter, so that a thousand clients whose
server restarted do not come back in the same moment.

Pure: the randomness is an argument.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import random

FIRST_S = 0.5
CAP_S = 16.0
"""protocol.md §10: from 0.5 s doubling to 16 s."""

MAX_RETRY_AFTER_S = 300.0
"""A server that stops says when to come back; what it says is believed up to here."""

_RETRY = re.compile(r"retry in (\d+(?:\.\d+)?) s")


class Backoff:
    """The waits of one client. `reset` it once a link has proved to hold."""

    def __init__(self, rng: random.Random) -> None:
        self._random = rng
        self.attempts = 0

    def next_s(self, reason: str = "") -> float:
        """Return how many seconds to wait before the next try. `reason` is that of the close before, which may say
        `retry in N s`.
        """
        most_s = min(CAP_S, FIRST_S * 2 ** min(self.attempts, 16))
        self.attempts += 1
        asked = _RETRY.search(reason)
        least_s = min(MAX_RETRY_AFTER_S, float(asked[1])) if asked else 0.0
        return least_s + self._random.uniform(0.0, most_s)

    def reset(self) -> None:
        """The link holds: the next loss is a first one again."""
        self.attempts = 0
