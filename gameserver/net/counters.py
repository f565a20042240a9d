"""What the net layer counts, for metrics and for tests that ask whether something went wrong unseen."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass, field
from typing import Final, Protocol

TICK_BOUNDS_S: Final = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2)


class Traffic(Protocol):
    """What each link counts for itself."""

    messages_in: int
    messages_out: int
    bytes_in: int
    bytes_out: int


@dataclass(slots=True)
class Histogram:
    """How often a value fell between two bounds; the last count is of those above all."""

    bounds: tuple[float, ...] = TICK_BOUNDS_S
    counts: list[int] = field(default_factory=lambda: [0] * (len(TICK_BOUNDS_S) + 1))
    total: float = 0.0

    def add(self, value: float) -> None:
        """Count one value."""
        self.counts[bisect_left(self.bounds, value)] += 1
        self.total += value


@dataclass(slots=True)
class Counters:
    """Totals since the start."""

    connections: int = 0
    refused_connections: int = 0
    """Closed unread: there were too many."""
    evicted: int = 0
    """Connections that were no link yet and made room for newer ones."""
    responses: Counter[int] = field(default_factory=Counter)
    """HTTP answers by status."""
    links: int = 0
    closes: Counter[str] = field(default_factory=Counter)
    """Links by the code they ended with; `lost` for those that broke."""
    messages_in: int = 0
    messages_out: int = 0
    bytes_in: int = 0
    bytes_out: int = 0
    errors: int = 0
    """Connections that ended by an exception nobody expected."""
    ticks: int = 0
    overruns: int = 0
    """Ticks that began late by more than a tick."""
    skipped_ticks: int = 0
    tick_s: Histogram = field(default_factory=Histogram)
    """What each tick took."""

    def add_traffic(self, traffic: Traffic) -> None:
        """Add what one link has counted."""
        self.messages_in += traffic.messages_in
        self.messages_out += traffic.messages_out
        self.bytes_in += traffic.bytes_in
        self.bytes_out += traffic.bytes_out
