"""A bad network in memory, on a fake clock: what is sent comes out later, in order, as TCP would deliver it.

Nothing here waits: `send` and `receive` take the time. Delays never reorder, so one late message holds up those
behind it.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    import random
    from collections.abc import Iterator

T = TypeVar("T")


@dataclass(frozen=True)
class Network:
    """How long messages take.

    Args:
        delay_ms: Each way, in milliseconds.
        jitter_ms: The delay of each message is up to so much more or less. Messages never overtake each other.
    """

    delay_ms: float = 0.0
    jitter_ms: float = 0.0


class Way(Generic[T]):
    """One direction of a link. `delay_s` plus up to `jitter_s` either way, drawn anew for each message."""

    def __init__(self, rng: random.Random, *, delay_s: float = 0.0, jitter_s: float = 0.0) -> None:
        self._random = rng
        self._in_flight: deque[tuple[float, T]] = deque()
        self._free_at_s = 0.0
        self.delay_s = delay_s
        self.jitter_s = jitter_s
        self.sent = 0

    def __len__(self) -> int:
        return len(self._in_flight)

    @property
    def next_at_s(self) -> float:
        """When the next message arrives; infinite if none is on the way."""
        return self._in_flight[0][0] if self._in_flight else inf

    def send(self, now_s: float, item: T) -> None:
        """Put one message on the way."""
        takes_s = max(0.0, self.delay_s + self._random.uniform(-self.jitter_s, self.jitter_s))
        self._free_at_s = max(self._free_at_s, now_s + takes_s)
        self._in_flight.append((self._free_at_s, item))
        self.sent += 1

    def receive(self, now_s: float) -> Iterator[tuple[float, T]]:
        """Yield what has arrived by now, oldest first, each with its time of arrival."""
        while self._in_flight and self._in_flight[0][0] <= now_s:
            yield self._in_flight.popleft()

    def stall(self, until_s: float) -> None:
        """Nothing arrives before `until_s`; then all of it at once."""
        self._in_flight = deque((max(at_s, until_s), item) for at_s, item in self._in_flight)
        self._free_at_s = max(self._free_at_s, until_s)

    def cut(self) -> None:
        """Lose what is on the way."""
        self._in_flight.clear()
        self._free_at_s = 0.0
