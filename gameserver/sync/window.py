"""How much one client may have in flight or ask for: a window of unacked snapshots, and token buckets for what it
sends.

Both are bounded by construction and take time as an argument.
"""

from __future__ import annotations

import math

SLACK_S = 0.25
"""In flight beyond what the shortest round trip needs: acks wait for the client's next frame, and networks for no one.
A quarter of a second of old news is also what a stalled reader finds when it reads again."""

REMEMBER_S = 10.0
"""How long a round trip that was shorter counts, twice at most; after that the path has changed."""


class Window:
    """The ticks of the snapshots handed to a link and not acked yet: as many as the round trip needs, at most `limit`.

    A link takes bytes long before its client has read them; the window is what keeps a slow reader near the present:
    when it is full the viewer is skipped, and the next delta after an ack spans the gap. How many the round trip needs
    follows from the shortest one of late: where bytes queue up the others are longer, and waiting for those would only
    let more queue up. Round trips are measured in ticks, the only times there are in a room; a snapshot is taken every
    `snapshot_every` of them.
    """

    __slots__ = (
        "_before",
        "_in_flight",
        "_lowest",
        "_remember_ticks",
        "_slack_ticks",
        "_snapshot_every",
        "_until",
        "acked",
        "limit",
        "open",
        "width",
    )

    def __init__(self, limit: int, tick_hz: int, snapshot_every: int = 1) -> None:
        self._in_flight: list[int] = []  # few: a deque would cost 600 bytes more a client
        self._snapshot_every = snapshot_every
        self._slack_ticks = math.ceil(SLACK_S * tick_hz)
        self._remember_ticks = REMEMBER_S * tick_hz
        self.limit = limit
        self.acked = 0
        self.restart()

    def restart(self) -> None:
        """Another link: nothing is in flight on it, and its round trip is its own."""
        self._in_flight.clear()
        self.width = self.limit
        """How many may be in flight now; as long as nothing is known of the round trip, the limit."""
        self._before = self._lowest = math.inf
        self._until = -math.inf
        self.open = self.limit > 0
        """Whether one more may be sent."""

    def __len__(self) -> int:
        return len(self._in_flight)

    def sent(self, tick: int) -> None:
        flight = self._in_flight
        flight.append(tick)
        self.open = len(flight) < self.width

    def ack(self, tick: int, newest_tick: int) -> None:
        """The client says that it has applied `tick`; the room is at `newest_tick`. One it was never sent frees nothing
        newer than what it was sent."""
        flight = self._in_flight
        if not flight or flight[0] > tick:
            return
        while flight and flight[0] <= tick:
            self.acked = flight.pop(0)
        round_trip = newest_tick - self.acked
        if round_trip < self._lowest or newest_tick > self._until:
            self._measure(round_trip, newest_tick)
        self.open = len(flight) < self.width

    def clear(self) -> None:
        """What was in flight is no longer waited for."""
        self._in_flight.clear()
        self.open = self.width > 0

    def _measure(self, round_trip: int, newest_tick: int) -> None:
        """Take the lowest sample of this period so far; when that is over, begin another one with it."""
        if newest_tick > self._until:
            self._until = newest_tick + self._remember_ticks
            self._before, self._lowest = self._lowest, math.inf
        self._lowest = min(self._lowest, round_trip)
        needed = (min(self._before, self._lowest) + self._slack_ticks) / self._snapshot_every
        self.width = min(self.limit, 1 + math.ceil(needed))
