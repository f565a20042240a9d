"""The report of a run of bots: counts, distributions, and whether anything was wrong. Pure."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from gameserver.escaping import escape_controls

BUCKET_RATIO = 1.01
"""From one bucket to the next, so percentiles are right to 1 %, and hours of samples fit into a few hundred counts."""
SMALLEST = 1e-6

MAX_PROBLEM_TEXTS = 100
"""Different texts that a report keeps. Errors beyond it are counted without their text."""


class Histogram:
    """Counts of samples by size, in buckets of growing width."""

    __slots__ = ("_buckets", "count")

    def __init__(self) -> None:
        self._buckets: Counter[int] = Counter()
        self.count = 0

    def add(self, value: float) -> None:
        """Add one sample. A value below `SMALLEST` counts as that."""
        self._buckets[math.floor(math.log(max(SMALLEST, value)) / math.log(BUCKET_RATIO))] += 1
        self.count += 1

    def merge(self, other: Histogram) -> None:
        """Add all samples of another histogram."""
        self._buckets.update(other._buckets)
        self.count += other.count

    def percentile(self, percent: float) -> float:
        """Return the value that `percent` of the samples do not exceed, right to 1 %; 0 without samples."""
        wanted = math.ceil(self.count * percent / 100)
        seen = 0
        for bucket in sorted(self._buckets):
            seen += self._buckets[bucket]
            if seen >= wanted:
                return float(BUCKET_RATIO ** (bucket + 0.5))
        return 0.0

    def in_ms(self) -> dict[str, float]:
        """Return the percentiles `p50` and `p99` in milliseconds, of samples in seconds."""
        return {f"p{percent}": round(self.percentile(percent) * 1000, 1) for percent in (50, 99)}


@dataclass
class Report:
    """What bots saw. Snapshots, bytes, times and corrections are counted from when all had joined."""

    clients: int
    """Number of bots."""
    joined: int = 0
    """Bots that have joined a room."""
    seconds: float = 0.0
    """Time of play."""
    client_seconds: float = 0.0
    """Time of play, summed over the bots."""
    snapshots: int = 0
    """Snapshots received by all bots."""
    bytes_received: int = 0
    """Bytes of messages received by all bots."""
    acks: Histogram = field(default_factory=Histogram)
    """Seconds from sending an input to the snapshot that acknowledges it."""
    intervals: Histogram = field(default_factory=Histogram)
    """Seconds from one snapshot to the next."""
    corrections: int = 0
    """Snapshots in which the server's avatar was not where its client had predicted it."""
    desyncs: int = 0
    """Deltas that did not fit the state that they were made for."""
    disconnects: int = 0
    """Links lost after a bot had joined."""
    events: int = 0
    """Events received by all bots."""
    messages: int = 0
    """Messages of the game's own that the bots sent, from their first join on."""
    changes: int = 0
    """States that differed from the one before."""
    problems: Counter[str] = field(default_factory=Counter)
    """What was wrong, in words, and how often."""
    errors: int = 0
    """Broken rules, failed joins, closed sessions, and failed brains and scripts."""

    def add_error(self, problem: str) -> None:
        """Count an error.

        Args:
            problem: What was wrong, in words.
        """
        self.errors += 1
        self.add_problem(problem)

    def add_problem(self, problem: str) -> None:
        """Count a problem that is no error by itself.

        Args:
            problem: What was wrong, in words. It may quote a server, so control characters are escaped.
        """
        problem = escape_controls(problem)
        if problem in self.problems or len(self.problems) < MAX_PROBLEM_TEXTS:
            self.problems[problem] += 1

    def merge(self, other: Report) -> None:
        """Add the counts of another report, whose `clients` this one includes already.

        Args:
            other: What another bot saw.
        """
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
        self.events += other.events
        self.messages += other.messages
        self.changes += other.changes
        self.problems.update(other.problems)
        self.errors += other.errors

    @property
    def snapshot_hz(self) -> float:
        """Snapshots that a client received a second."""
        return self.snapshots / self.client_seconds if self.client_seconds else 0.0

    @property
    def bytes_per_client_s(self) -> float:
        """Bytes of messages that a client received a second."""
        return self.bytes_received / self.client_seconds if self.client_seconds else 0.0

    @property
    def clean(self) -> bool:
        """Whether all bots joined and stayed, received snapshots, and found nothing wrong."""
        everyone = self.joined == self.clients and self.snapshots > 0
        return everyone and not (self.desyncs or self.disconnects or self.errors)

    def to_json(self) -> dict[str, Any]:
        """Return what `gameserver bots --json` prints.

        Returns:
            Counts, rates and percentiles, as values that JSON has a form for.
        """
        return {
            "clients": self.clients,
            "joined": self.joined,
            "seconds": round(self.seconds, 3),
            "snapshots": self.snapshots,
            "snapshot_hz": round(self.snapshot_hz, 3),
            "bytes_per_client_s": round(self.bytes_per_client_s, 1),
            "ack_ms": self.acks.in_ms(),
            "interval_ms": self.intervals.in_ms(),
            "events": self.events,
            "messages": self.messages,
            "corrections": self.corrections,
            "desyncs": self.desyncs,
            "disconnects": self.disconnects,
            "errors": self.errors,
        }
