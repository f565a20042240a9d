"""The client's tick: when the next input frame is due.

The server reports how long consumed frames waited (`lead`); the pacer keeps an estimate of what a frame sent *now* will
wait and bends the length of its ticks, by at most 10 %, so that this stays at half a tick plus twice the jitter.
Corrections made after the reported frame was sent are in flight: they are added to the report, so none is made twice. A
client that slept, or is more than 10 ticks early, jumps instead.

Pure: every time is an argument, in seconds on the client's monotonic clock. docs/guide/time.md section 3 states the
algorithm; `client_demo/sdk/pacer.js` is the twin, and a test compares the two.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from gameserver.client.estimator import Estimator
from gameserver.protocol.constants import LEAD_UNITS_PER_TICK

SENT_SLOTS = 256
"""Frames remembered by number: more than a second of them at 240 Hz. A slot carries its number, and a lookup checks
it."""

BASE_LEAD_TICKS = 0.5
JITTERS_OF_LEAD = 2.0
"""Target lead: half a tick, plus twice the jitter. protocol.md §7 asks every client for this."""

MAX_STRETCH = 0.10
"""A tick is at most this much longer or shorter than the room's: not noticeable, and a tick of error is gone in ten."""
STRETCH_PER_TICK = 0.05
"""Share of the error, in ticks, that each tick corrects: settles in twenty ticks and does not chase the noise of
single reports."""

LEAD_GAIN = 1 / 8
LEAD_RISE_GAIN = 1 / 4
LEAD_OUTLIER_TICKS = 1.0
LEAD_SHIFT_TICKS = 6.0
"""Reports that stay off by more than a tick for this many of the client's ticks are taken as the new mean: the route
changed, or a stall ended."""

JUMP_TICKS = 10.0
"""Further off than this is not stretched away but jumped: at 10 % it would take a hundred ticks."""


class _Sent(NamedTuple):
    """One tick of the pacer: its number, and the sum of corrections, in ticks, that had been made when its frame
    left.
    """

    seq: int
    shift: float


class TickPacer:
    """Decides when the client's next tick is due, from the leads that the server reports.

    Args:
        tick_s: The room's tick in seconds.
        hold_s: How much the server's queue holds, in seconds; the target stays below half of it.
    """

    __slots__ = (
        "_epoch",
        "_leads",
        "_max_target",
        "_ring",
        "_shift",
        "jumps",
        "next_at_s",
        "seq",
        "skipped",
        "tick_s",
        "ticked_at_s",
    )

    def __init__(self, tick_s: float, *, hold_s: float = 0.25) -> None:
        self.tick_s = tick_s
        self._max_target = max(2.0, 0.5 * hold_s / tick_s)
        self._leads = Estimator(
            gain=LEAD_GAIN, rise=LEAD_RISE_GAIN, floor=LEAD_OUTLIER_TICKS, shift_after=LEAD_SHIFT_TICKS
        )
        self._ring = [_Sent(0, 0.0)] * SENT_SLOTS
        self._epoch = 1
        self._shift = 0.0
        self.seq = 0
        """Number of the newest tick; each is one input frame."""
        self.next_at_s = math.inf
        self.ticked_at_s = -math.inf
        """When the newest tick was due; the time from there to `next_at_s` is its length."""
        self.jumps = 0
        self.skipped = 0
        """Ticks that the client did not run because it came too late for them."""

    @property
    def lead(self) -> float:
        """What a frame sent now is expected to wait at the server, in ticks; the target, while nothing is known."""
        return self.target if self._leads.value is None else self._leads.value

    @property
    def jitter(self) -> float:
        """Mean deviation of the reported leads, in ticks."""
        return self._leads.deviation

    @property
    def target(self) -> float:
        """The lead to aim at, in ticks."""
        return min(self._max_target, BASE_LEAD_TICKS + JITTERS_OF_LEAD * self._leads.deviation)

    @property
    def useful(self) -> int:
        """Frames sent at once that still help; the ticks of any more are over in the room."""
        return 1 + math.ceil(max(self.lead, self.target))

    @property
    def stretch(self) -> float:
        """Share by which the next tick is shortened (positive: the client gets earlier)."""
        wanted = STRETCH_PER_TICK * (self.target - self.lead)
        return min(MAX_STRETCH, max(-MAX_STRETCH, wanted))

    def start(self, now_s: float, seq: int) -> None:
        """Begin, or begin again after a WELCOME: the next tick is due now and numbered `seq` + 1."""
        self.seq = seq
        self.next_at_s = now_s
        self._forget()

    def stop(self) -> None:
        """No tick is due until the next `start`."""
        self.next_at_s = math.inf

    def due(self, now_s: float) -> int:
        """Return how many ticks to run now, and count them as run. A client that comes too late runs only those that
        still help.
        """
        late = (now_s - self.next_at_s) / self.tick_s
        if late < 0:
            return 0
        useful = self.useful
        if late >= useful:
            self._hitched(late)
            self._skip(math.floor(late) + 1 - useful)
        run = 0
        while self.next_at_s <= now_s and run < useful:
            self._advance()
            run += 1
        return run

    def reported(self, seq: int, lead: int) -> None:
        """A STATE came: frame `seq` waited `lead` / 256 ticks. Frames from before a jump say nothing about now."""
        sent = self._ring[seq % SENT_SLOTS]
        if sent.seq != seq or seq < self._epoch:
            return
        in_flight = self._shift - sent.shift
        self._leads.add(lead / LEAD_UNITS_PER_TICK + in_flight, seq)
        if self.lead - self.target > JUMP_TICKS:
            self._pause(self.lead - self.target)

    def _advance(self) -> None:
        self.seq += 1
        self._ring[self.seq % SENT_SLOTS] = _Sent(self.seq, self._shift)
        stretch = self.stretch
        self._shift += stretch
        self._leads.move(stretch)
        self.ticked_at_s = self.next_at_s
        self.next_at_s += self.tick_s * (1 - stretch)

    def _hitched(self, late: float) -> None:
        """This client itself was `late` ticks late: count that as jitter, unless it was a sleep. Reports do not show it
        where hitches follow each other within a round trip, because each makes the client forget the ones before.
        """
        if late <= JUMP_TICKS:
            self._leads.widen(late)

    def _pause(self, ticks: float) -> None:
        """Too early by far: wait so long that the server's queue comes down to the target."""
        self.next_at_s += ticks * self.tick_s
        self.jumps += 1
        self._forget()

    def _skip(self, ticks: int) -> None:
        """Too late by far: the room has run these ticks without our frames; go on with now."""
        self.next_at_s += ticks * self.tick_s
        self.skipped += ticks
        self.jumps += 1
        self._forget()

    def _forget(self) -> None:
        """What older frames report is no longer true of now; until the next report, assume to be on target."""
        self._epoch = self.seq + 1
        self._leads.forget_value()
