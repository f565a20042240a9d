"""What the net layer counts, for metrics and for tests that ask whether something went wrong unseen."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field


@dataclass(slots=True)
class Counters:
    """Totals since the start."""

    connections: int = 0
    evicted: int = 0
    """Connections that were neither link nor answered yet, ended to make room for newer ones."""
    refused_connections: int = 0
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
