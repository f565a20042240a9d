"""Whether the other side is alive (protocol.md §8): silence for all of the dead time means that the link is dead.

A PING every two seconds, and at least three in the dead time, keeps the link of a quiet room alive; its PONG reports
missed and trimmed input frames, which no other message does, and gives a spectator its round trip.

Only time in which this program ran counts as silence. After a sleep (a laptop, a frozen process) what the server sent
meanwhile still waits to be read, so a gap between two checks that is longer than the time between two PINGs is taken
off the silence.

Pure; times in seconds. `client_demo/sdk/heartbeat.js` is the twin, and a test compares the two.
"""

from __future__ import annotations

import math
from typing import Literal

from gameserver.protocol.constants import MAX_COUNTER, PING_AFTER_DEAD_SHARE, CloseCode
from gameserver.protocol.errors import ProtocolError

MEASURE_EVERY_S = 2.0
"""Often enough for figures that a person watches; a hundredth of what the input frames take."""
FIRST_MEASURE_AFTER_S = 0.5

MAX_PINGS = 16
"""PINGs whose PONG is waited for: half a minute of them, longer than any round trip."""


class Heartbeat:
    """The signs of life of one session, over all of its links.

    Args:
        dead_after_s: Silence after which a link is dead.
    """

    def __init__(self, dead_after_s: float) -> None:
        self.set_dead_time(dead_after_s)
        self._heard_at_s = 0.0
        self._checked_at_s = 0.0
        self._ping_at_s = math.inf
        self._nonce = 0
        self._pings: dict[int, float] = {}
        """When each unanswered PING was sent, by its nonce, oldest first."""

    def set_dead_time(self, dead_after_s: float) -> None:
        """Count a link as dead after this silence from now on, and PING often enough for it."""
        self._dead_after_s = dead_after_s
        self._every_s = min(MEASURE_EVERY_S, dead_after_s * PING_AFTER_DEAD_SHARE)

    @property
    def next_at_s(self) -> float:
        """When `check` has something to do, if nothing is heard before."""
        return min(self._ping_at_s, self._heard_at_s + self._dead_after_s)

    def start(self, now_s: float) -> None:
        """Begin with a new link."""
        self._heard_at_s = self._checked_at_s = now_s
        self._ping_at_s = now_s + min(FIRST_MEASURE_AFTER_S, self._every_s)
        self._pings.clear()

    def heard(self, now_s: float) -> None:
        """Take any message as a sign of life."""
        self._heard_at_s = now_s

    def check(self, now_s: float) -> Literal["dead"] | int | None:
        """Return "dead", or the nonce of a PING to send now, or None when there is nothing to do."""
        asleep_s = now_s - self._checked_at_s - self._dead_after_s * PING_AFTER_DEAD_SHARE
        self._heard_at_s += max(0.0, asleep_s)
        self._checked_at_s = now_s
        if now_s - self._heard_at_s >= self._dead_after_s:
            return "dead"
        if now_s < self._ping_at_s:
            return None
        self._ping_at_s = now_s + self._every_s
        return self._ping(now_s)

    def _ping(self, now_s: float) -> int:
        self._nonce = self._nonce % MAX_COUNTER + 1
        self._pings[self._nonce] = now_s
        if len(self._pings) > MAX_PINGS:
            del self._pings[next(iter(self._pings))]
        return self._nonce

    def answered(self, nonce: int) -> float | None:
        """Return when the PING was sent that a PONG answers; None if that is no longer known.

        Raises:
            ProtocolError: No PING with this nonce was ever sent.
        """
        if not 0 < nonce <= self._nonce:
            raise ProtocolError(CloseCode.INVALID_FIELD, "PONG: a nonce that was not sent")
        return self._pings.pop(nonce, None)
