"""What the net layer counts, for the metrics, and for tests that look for errors which no client sees."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass, field
from typing import Final, Protocol

TICK_BOUNDS_S: Final = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2)


class Traffic(Protocol):
    """What each link counts, from its beginning."""

    @property
    def messages_in(self) -> int: ...

    @property
    def messages_out(self) -> int: ...

    @property
    def bytes_in(self) -> int: ...

    @property
    def bytes_out(self) -> int: ...


@dataclass(slots=True)
class Histogram:
    """Counts values between bounds; the last count is of the values above all bounds."""

    bounds: tuple[float, ...] = TICK_BOUNDS_S
    counts: list[int] = field(default_factory=lambda: [0] * (len(TICK_BOUNDS_S) + 1))
    total: float = 0.0

    def add(self, value: float) -> None:
        """Count one value."""
        self.counts[bisect_left(self.bounds, value)] += 1
        self.total += value


@dataclass(slots=True)
class Counters:
    """Totals since the server started."""

    connections: int = 0
    refused_connections: int = 0
    """Connections closed unread, beyond `max_connections`."""
    evicted: int = 0
    """Connections closed to make room for newer ones, before they were links."""
    responses: Counter[int] = field(default_factory=Counter)
    """HTTP responses by status."""
    links: int = 0
    closes: Counter[str] = field(default_factory=Counter)
    """Links by close code; `lost` counts those whose connection broke."""
    messages_in: int = 0
    messages_out: int = 0
    bytes_in: int = 0
    bytes_out: int = 0
    errors: int = 0
    """Connections and rooms that ended with an unexpected exception."""
    ticks: int = 0
    overruns: int = 0
    """How often more than one tick of a room was due at once."""
    skipped_ticks: int = 0
    tick_s: Histogram = field(default_factory=Histogram)
    """How long ticks took."""

    def add_traffic(self, traffic: Traffic) -> None:
        """Add the counts of one link."""
        self.messages_in += traffic.messages_in
        self.messages_out += traffic.messages_out
        self.bytes_in += traffic.bytes_in
        self.bytes_out += traffic.bytes_out
