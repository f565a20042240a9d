"""The queue between a player's clock and the room's: input frames come in as they arrive, one goes out each tick.

Rules kept here (protocol.md §7): frames are consumed in order of `seq`, one a tick, so a client cannot run faster than
the room's clock whatever it sends; a missing frame repeats the last one for a bounded time and then counts as neutral;
a queue that grows past its bound loses its oldest frames; what is dropped or missing is counted. A frame carries the
moment that its player saw, which never runs backwards and is never in the future. Time is an argument.
"""

from __future__ import annotations

import math
from typing import TypeAlias

from gameserver.protocol.constants import BEHIND_UNITS_PER_TICK, LEAD_UNITS_PER_TICK, MAX_LEAD

MIN_QUEUED_FRAMES = 4
"""A slow room (5 Hz, say) still buffers this many: 250 ms of it would be a single frame, which any jitter overruns."""

InputFrame: TypeAlias = tuple[int, tuple[int, ...], float, int]
"""One input frame as it waits: its number, its codes in schema order, when it arrived, in seconds, and the moment that
its player saw, in 1/16 tick of the room (0 or less: none). A plain tuple: one is made for every player and tick."""


class InputQueue:
    """One player's input frames. `take` is called once a tick, `push` whenever a frame arrives."""

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
        "stale",
        "trimmed",
    )

    def __init__(self, *, hold_s: float, tick_hz: int, neutral: tuple[int, ...]) -> None:
        self._frames: list[InputFrame] = []  # few: a deque would cost 600 bytes more a player
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
        """How long the newest frame consumed had waited, in 1/256 tick; None when none was since the lead was last
        told."""
        self.lag = 0
        """How far behind the tick of the newest frame consumed its player saw the others, in 1/16 tick; 0 when nothing
        was seen. A frame that is missing leaves it as it is: the one that counts again is a tick younger then."""
        self.missed = 0
        self.trimmed = 0
        self.stale = 0

    def __len__(self) -> int:
        return len(self._frames)

    def push(self, seq: int, codes: tuple[int, ...], at_s: float, seen: int = 0) -> None:
        """Queue a frame that arrived at `at_s` seconds, made when its player saw the others at `seen` / 16 ticks;
        duplicates and stale ones are counted and dropped."""
        if seq <= self._newest:
            self.stale += 1
            return
        self._newest = seq
        self._frames.append((seq, codes, at_s, seen))
        if len(self._frames) > self._hold_ticks:
            del self._frames[0]
            self.trimmed += 1

    def take(self, now_s: float, tick: int) -> tuple[int, ...]:
        """Return the codes that count for the room's `tick`, which begins at `now_s`."""
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
        if self.consumed:
            self.missed += 1
        if self._held >= self._hold_ticks:
            return self.neutral
        self._held += 1
        return self._last

    def clear(self) -> None:
        """Drop what waits: a link was lost, and frames made before must not act after it is back. The client numbers on
        from the newest consumed (WELCOME's `seq`)."""
        self._frames.clear()
        self._newest = self.consumed
        self._held = self._hold_ticks
        self.lead = None
