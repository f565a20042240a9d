"""How many snapshots may be on their way to one client: a window of snapshots that were sent and not acked yet.

A link accepts bytes long before its client has read them. The window keeps a slow reader near the present: while it is
full the viewer is skipped, and the first delta after an ack spans the gap.

How wide it is follows from the shortest round trip of late. Where bytes queue up, round trips get longer, and a window
as long as those would only let more bytes queue up. Round trips are measured in ticks, the only times in a room.
"""

from __future__ import annotations

import math

SLACK_S = 0.25
"""What may be in flight beyond the shortest round trip. Acks wait for the client's next frame, and round trips vary.
It is also how much old state a client that stalled reads before it gets the present."""

ROUND_TRIP_PERIOD_S = 10.0
"""The shortest round trip is that of this period and the one before; longer ago the path may have been another."""


class Window:
    """The ticks of the snapshots that are in flight to one client, at most `limit`."""

    __slots__ = (
        "_before",
        "_counts",
        "_in_flight",
        "_lowest",
        "_period_ticks",
        "_slack_ticks",
        "_snapshot_every",
        "_until",
        "limit",
        "open",
        "width",
    )

    def __init__(self, limit: int, tick_hz: int, snapshot_every: int = 1) -> None:
        """Begin with an open window; a snapshot is sent every `snapshot_every` ticks."""
        self._in_flight: list[int] = []  # short: a deque would take 600 bytes more a client
        self._snapshot_every = snapshot_every
        self._slack_ticks = math.ceil(SLACK_S * tick_hz)
        self._period_ticks = ROUND_TRIP_PERIOD_S * tick_hz
        self.limit = limit
        self.restart()

    def restart(self) -> None:
        """Start for another link: nothing is in flight on it, and its round trip is not known."""
        self._in_flight.clear()
        self.width = self.limit
        """How many may be in flight now; the limit as long as the round trip is not known."""
        self._before = self._lowest = math.inf
        self._until = -math.inf
        self._counts = True
        self.open = self.limit > 0
        """Whether one more snapshot may be sent."""

    def stay_open(self) -> None:
        """Count nothing on this link, which has no acks: what its kernel takes must be bound enough."""
        self._counts = False
        self._in_flight.clear()
        self.open = True

    def __len__(self) -> int:
        return len(self._in_flight)

    def sent(self, tick: int) -> None:
        """Count the snapshot of `tick` as in flight."""
        if not self._counts:
            return
        flight = self._in_flight
        flight.append(tick)
        self.open = len(flight) < self.width

    def ack(self, tick: int, newest_tick: int) -> None:
        """Count the snapshots up to `tick` as arrived.

        Args:
            tick: What the client says that it has applied; it may be a tick that was never sent.
            newest_tick: The room's.
        """
        flight = self._in_flight
        if not flight or flight[0] > tick:
            return
        arrived = flight[0]
        while flight and flight[0] <= tick:
            arrived = flight.pop(0)
        round_trip = newest_tick - arrived
        if round_trip < self._lowest or newest_tick > self._until:
            self._measure(round_trip, newest_tick)
        self.open = len(flight) < self.width

    def clear(self) -> None:
        """Count nothing as in flight any more, on the same link."""
        self._in_flight.clear()
        self.open = self.width > 0

    def _measure(self, round_trip: int, newest_tick: int) -> None:
        """Take a sample, in ticks, of which the lowest of this period and the one before sets the width.

        A period ends ROUND_TRIP_PERIOD_S after it began.
        """
        if newest_tick > self._until:
            self._until = newest_tick + self._period_ticks
            self._before, self._lowest = self._lowest, math.inf
        self._lowest = min(self._lowest, round_trip)
        needed = (min(self._before, self._lowest) + self._slack_ticks) / self._snapshot_every
        self.width = min(self.limit, 1 + math.ceil(needed))
