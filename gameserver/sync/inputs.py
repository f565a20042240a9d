"""The queue between a player's clock and the room's: input frames are pushed as they arrive, one is taken each tick.

Rules kept here (protocol.md §7):

- Frames are consumed in order of `seq`, one a tick, so a client cannot run faster than the room.
- A missing frame repeats the last one for a limited time; after that it counts as neutral.
- A queue that grows beyond its limit loses its oldest frames. What is dropped or missing is counted.
- The moment that a player saw as it made a frame never runs backwards and is never in the future.

Time is an argument.
"""

from __future__ import annotations

import math
from typing import TypeAlias

from gameserver.protocol.constants import BEHIND_UNITS_PER_TICK, LEAD_UNITS_PER_TICK, MAX_LEAD

MIN_QUEUED_FRAMES = 4
"""A slow room buffers at least this many: at 5 Hz, 250 ms are two frames, which any jitter would drop."""

QueuedFrame: TypeAlias = tuple[int, tuple[int, ...], float, int]
"""A queued input frame: its `seq`, its codes in order of the schema, when it arrived, in seconds, and the moment at
which its player saw the others, in 1/16 tick of the room (0 or less: none). A plain tuple, since one is made for every
player and tick."""


class InputQueue:
    """One player's input frames."""

    __slots__ = (
        "_frames",
        "_held",
        "_hold_ticks",
        "_last",
        "_lead_units_per_s",
        "_newest",
        "_seen",
        "consumed",
        "lag",
        "lead",
        "missed",
        "neutral",
        "trimmed",
    )

    def __init__(self, *, hold_s: float, tick_hz: int, neutral: tuple[int, ...]) -> None:
        """Begin with an empty queue.

        Args:
            hold_s: How long a missing frame repeats the last one, and how long a queue may get.
            tick_hz: The room's.
            neutral: The codes of a player that does nothing.
        """
        self._frames: list[QueuedFrame] = []  # short: a deque would take 600 bytes more a player
        self._lead_units_per_s = LEAD_UNITS_PER_TICK * tick_hz
        self._hold_ticks = max(MIN_QUEUED_FRAMES, math.ceil(hold_s * tick_hz))
        self._held = self._hold_ticks  # nothing to repeat before the first frame
        self._last = neutral
        self._newest = 0
        self._seen = 0
        self.neutral = neutral
        self.consumed = 0
        """Number of the newest frame consumed; 0 before the first."""
        self.lead: int | None = None
        """How long the newest frame consumed had waited, in 1/256 tick; None when none was consumed since the lead was
        last sent."""
        self.lag = 0
        """How far behind the room's tick the player saw the others, in 1/16 tick, when the newest frame consumed was
        due; 0 when it saw none. A missing frame does not change it."""
        self.missed = 0
        """Ticks without a frame, since the first frame."""
        self.trimmed = 0
        """Frames that were dropped because the queue was full."""

    def __len__(self) -> int:
        return len(self._frames)

    def push(self, seq: int, codes: tuple[int, ...], at_s: float, seen: int = 0) -> None:
        """Queue a frame; one that is not newer than all frames before it is dropped.

        Args:
            seq: The frame's number.
            codes: In order of the schema.
            at_s: When the frame arrived.
            seen: The moment at which its player saw the others, in 1/16 tick; 0 or less: none.
        """
        if seq <= self._newest:
            return
        self._newest = seq
        self._frames.append((seq, codes, at_s, seen))
        if len(self._frames) > self._hold_ticks:
            del self._frames[0]
            self.trimmed += 1

    def take(self, now_s: float, tick: int) -> tuple[int, ...]:
        """Consume a frame, or stand in for a missing one.

        Args:
            now_s: When the room's tick begins.
            tick: The room's tick.

        Returns:
            The codes that count for this tick.
        """
        if not self._frames:
            return self._take_missing()
        self.consumed, self._last, at_s, seen = self._frames.pop(0)
        lead = int((now_s - at_s) * self._lead_units_per_s)
        self.lead = lead if 0 <= lead <= MAX_LEAD else min(MAX_LEAD, max(0, lead))
        self._held = 0
        now = tick * BEHIND_UNITS_PER_TICK
        if seen > self._seen:
            self._seen = min(now, seen)
        self.lag = now - self._seen if self._seen > 0 else 0
        return self._last

    def _take_missing(self) -> tuple[int, ...]:
        """Return the codes for a tick without a frame."""
        if self.consumed:
            self.missed += 1
        if self._held >= self._hold_ticks:
            return self.neutral
        self._held += 1
        return self._last

    def restore(self, consumed: int, missed: int, trimmed: int) -> None:
        """Go on where a checkpoint or journal ends: without frames, and counting on from the newest one consumed."""
        self.consumed, self.missed, self.trimmed = consumed, missed, trimmed
        self.clear()

    def clear(self) -> None:
        """Drop all queued frames, since the link was lost: frames from before must not act once it is back.

        The client then counts on from the newest frame consumed (WELCOME's `seq`).
        """
        self._frames.clear()
        self._newest = self.consumed
        self._held = self._hold_ticks
        self.lead = None
