"""What bots bring home: counts, distributions, and whether anything was wrong. Pure."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

BUCKET_RATIO = 1.01
"""Buckets grow by a hundredth: percentiles are right to 1 %, and hours of samples fit into a few hundred counts."""
SMALLEST = 1e-6

MAX_KINDS_OF_PROBLEM = 100
"""Different texts kept; a run in which everything is wrong is cut short, its count is not."""


class Histogram:
    """Counts of samples by size."""

    __slots__ = ("_buckets", "count")

    def __init__(self) -> None:
        self._buckets: Counter[int] = Counter()
        self.count = 0

    def add(self, value: float) -> None:
        """Take one sample; what is not above 0 counts as the smallest."""
        self._buckets[math.floor(math.log(max(SMALLEST, value)) / math.log(BUCKET_RATIO))] += 1
        self.count += 1

    def merge(self, other: Histogram) -> None:
        """Take all samples of another one."""
        self._buckets.update(other._buckets)
        self.count += other.count

    def percentile(self, percent: float) -> float:
        """Return the value that `percent` of the samples do not exceed, within 1 %; 0 without samples."""
        wanted = math.ceil(self.count * percent / 100)
        seen = 0
        for bucket in sorted(self._buckets):
            seen += self._buckets[bucket]
            if seen >= wanted:
                return float(BUCKET_RATIO ** (bucket + 0.5))
        return 0.0

    def in_ms(self) -> dict[str, float]:
        """Return p50 and p99 of samples in seconds, in milliseconds."""
        return {f"p{percent}": round(self.percentile(percent) * 1000, 1) for percent in (50, 99)}


@dataclass
class Report:
    """What `count` bots saw in `seconds` of play, after all had joined."""

    clients: int
    joined: int = 0
    seconds: float = 0.0
    client_seconds: float = 0.0
    """Time in the room, summed over the bots."""
    snapshots: int = 0
    bytes_received: int = 0
    acks: Histogram = field(default_factory=Histogram)
    intervals: Histogram = field(default_factory=Histogram)
    corrections: int = 0
    desyncs: int = 0
    disconnects: int = 0
    changes: int = 0
    """States that differed from the one before."""
    problems: Counter[str] = field(default_factory=Counter)
    """What was wrong, in words, and how often."""
    errors: int = 0

    def complain(self, problem: str) -> None:
        """Count something that must not happen."""
        self.errors += 1
        if problem in self.problems or len(self.problems) < MAX_KINDS_OF_PROBLEM:
            self.problems[problem] += 1

    def merge(self, other: Report) -> None:
        """Add what another bot saw."""
        self.joined += other.joined
        self.seconds = max(self.seconds, other.seconds)
        self.client_seconds += other.client_seconds
        self.snapshots += other.snapshots
        self.bytes_received += other.bytes_received
        self.acks.merge(other.acks)
        self.intervals.merge(other.intervals)
        self.corrections += other.corrections
        self.desyncs += other.desyncs
        self.disconnects += other.disconnects
        self.changes += other.changes
        self.problems.update(other.problems)
        self.errors += other.errors

    @property
    def snapshot_hz(self) -> float:
        """Snapshots a client and second."""
        return self.snapshots / self.client_seconds if self.client_seconds else 0.0

    @property
    def bytes_per_client_s(self) -> float:
        """Bytes of messages that a client received a second."""
        return self.bytes_received / self.client_seconds if self.client_seconds else 0.0

    @property
    def clean(self) -> bool:
        """Whether everybody came in, stayed in, and was told nothing wrong."""
        everyone = self.joined == self.clients and self.snapshots > 0
        return everyone and not (self.desyncs or self.disconnects or self.errors)

    def to_json(self) -> dict[str, Any]:
        """Return the one object that `gameserver bots --json` ends with."""
        return {
            "clients": self.clients,
            "joined": self.joined,
            "seconds": round(self.seconds, 3),
            "snapshots": self.snapshots,
            "snapshot_hz": round(self.snapshot_hz, 3),
            "bytes_per_client_s": round(self.bytes_per_client_s, 1),
            "ack_ms": self.acks.in_ms(),
            "interval_ms": self.intervals.in_ms(),
            "corrections": self.corrections,
            "desyncs": self.desyncs,
            "disconnects": self.disconnects,
            "errors": self.errors,
        }
