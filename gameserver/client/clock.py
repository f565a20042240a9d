"""Two of the client's clocks: how far away the server is, and which past moment of the others is drawn. The third is
`pacer.py`.

`RoundTrip` is smoothed from every frame that a STATE acknowledges and every PONG. `InterpolationClock` is the server
time that is drawn: behind the newest snapshot by a delay that follows the jitter of frames. It changes by running a
little faster or slower, and jumps only after a long stall.

Pure: every time is an argument, in seconds on the client's monotonic clock. docs/guide/time.md sections 2 and 4 state
the algorithms; `client_demo/sdk/clock.js` is the twin, and a test compares the two.
"""

from __future__ import annotations

from gameserver.client.estimator import Estimator
from gameserver.client.pacer import SENT_SLOTS
from gameserver.protocol.constants import LEAD_UNITS_PER_TICK

RTT_GAIN = 1 / 8
RTT_DEVIATION_GAIN = 1 / 4
"""RFC 6298's weights: a change is followed within about eight samples, which is half a second of play."""
RTT_CLAMP_DEVIATIONS = 3.0
"""A sample counts as at most this many deviations away: one late wake-up must not move the estimate far …"""
RTT_MIN_DEVIATION_S = 0.002
"""… and on a link without jitter, this is the deviation for that clamp, or the estimate could never move again."""

INTERVALS_OF_DELAY = 2.0
"""Two snapshot intervals: one to have a snapshot on either side, one in reserve for a late one."""
JITTERS_OF_DELAY = 3.0
"""One interval plus three times the deviation, which remembers its peaks, covers all but a few in a thousand
snapshots."""
INTERVAL_GAIN = 1 / 16
DELIVERY_GAIN = 1 / 16
DELIVERY_RISE_GAIN = 1 / 8
"""At 20 snapshots a second, most of a change is followed within a second."""
DELIVERY_SHIFT_INTERVALS = 3.0
"""Snapshots that keep arriving this long off by more than an interval are taken as the new mean. A burst after a stall
is over sooner."""

EASE_S = 0.5
"""An error of the drawn time is eased out with this time constant …"""
MAX_CATCH_UP = 0.02
MAX_SLOW_DOWN = 0.04
"""… but time is drawn at most this much faster or slower. Slower may be more: running out of snapshots looks worse."""
NEAR_S = 0.05
FAR_CATCH_UP_PER_S = 0.5
FAR_SLOW_DOWN_PER_S = 2.0
"""Further off than `NEAR_S` those limits widen by this much per second of error: a step of 180 ms is gone in about
two seconds."""
JUMP_S = 1.0
"""Further off than this (a long stall, a sleep) there is nothing to smooth."""

MAX_EXTRAPOLATION_S = 0.25
"""Beyond the newest snapshot motion goes on with its last rates for this long, then rests."""


class RoundTrip:
    """Smoothed round-trip time and mean deviation, in seconds; `rtt_s` is None until the first sample."""

    __slots__ = ("_sent", "jitter_s", "rtt_s", "samples")

    def __init__(self) -> None:
        self._sent: list[tuple[int, float]] = [(0, 0.0)] * SENT_SLOTS
        self.rtt_s: float | None = None
        self.jitter_s = 0.0
        self.samples = 0

    def frame_sent(self, seq: int, now_s: float) -> None:
        """Remember when input frame `seq` left."""
        self._sent[seq % SENT_SLOTS] = (seq, now_s)

    def sent_at_s(self, seq: int) -> float | None:
        """Return when input frame `seq` left, or None if that is not remembered."""
        slot_seq, sent_s = self._sent[seq % SENT_SLOTS]
        return sent_s if slot_seq == seq else None

    def frame_acked(self, seq: int, lead: int, tick_s: float, now_s: float) -> None:
        """A STATE says that frame `seq` was consumed after waiting `lead` / 256 ticks; the rest of the time was the
        round trip.
        """
        sent_s = self.sent_at_s(seq)
        if sent_s is not None:
            self.add(now_s - sent_s - lead / LEAD_UNITS_PER_TICK * tick_s)

    def add(self, sample_s: float) -> None:
        """Take one measured round trip, the time that the server held it already subtracted."""
        sample_s = max(0.0, sample_s)
        self.samples += 1
        if self.rtt_s is None:
            self.rtt_s = sample_s
            return
        reach_s = RTT_CLAMP_DEVIATIONS * max(self.jitter_s, RTT_MIN_DEVIATION_S)
        error_s = min(reach_s, max(-reach_s, sample_s - self.rtt_s))
        self.rtt_s += RTT_GAIN * error_s
        self.jitter_s += RTT_DEVIATION_GAIN * (abs(error_s) - self.jitter_s)


class InterpolationClock:
    """The moment of server time, in seconds since the room's tick 0, that is drawn.

    Call `arrived` with each STATE applied, and `draw` each time that something is drawn.

    Args:
        tick_s: The room's tick in seconds.
        snapshot_every: Ticks between snapshots.
    """

    __slots__ = ("_delivery", "_nominal_s", "_tick_s", "drawn_at_s", "drawn_s", "interval_s", "jumps", "newest_s")

    def __init__(self, tick_s: float, snapshot_every: int) -> None:
        self._tick_s = tick_s
        self._nominal_s = snapshot_every * tick_s
        self._delivery = Estimator(
            gain=DELIVERY_GAIN,
            rise=DELIVERY_RISE_GAIN,
            floor=self._nominal_s,
            shift_after=DELIVERY_SHIFT_INTERVALS * self._nominal_s,
        )
        self.drawn_s: float | None = None
        """The server time that was drawn last; None before the first time."""
        self.drawn_at_s = 0.0
        """When that was, on the client's clock."""
        self.interval_s = self._nominal_s
        """Smoothed time between snapshots, as the room counts it; never below what WELCOME announced."""
        self.newest_s = 0.0
        """Server time of the newest snapshot."""
        self.jumps = 0

    @property
    def jitter_s(self) -> float:
        """Mean deviation of the snapshots' arrival."""
        return self._delivery.deviation

    @property
    def delay_s(self) -> float:
        """How far behind the average arrival of snapshots is drawn."""
        return max(INTERVALS_OF_DELAY * self.interval_s, self.interval_s + JITTERS_OF_DELAY * self.jitter_s)

    def arrived(self, tick: int, now_s: float) -> None:
        """The snapshot of `tick` was applied at `now_s`."""
        snapshot_s = tick * self._tick_s
        if self._delivery.value is not None:
            gap_s = min(JUMP_S, snapshot_s - self.newest_s)
            self.interval_s = max(self._nominal_s, self.interval_s + INTERVAL_GAIN * (gap_s - self.interval_s))
        self._delivery.add(now_s - snapshot_s, now_s)
        self.newest_s = snapshot_s

    def draw(self, now_s: float) -> float:
        """Return the server time to draw at `now_s`. It never runs backwards, and at most `MAX_EXTRAPOLATION_S` ahead
        of the newest snapshot. 0 before the first."""
        if self._delivery.value is None:
            return 0.0
        limit_s = self.newest_s + MAX_EXTRAPOLATION_S
        aim_s = min(limit_s, now_s - self._delivery.value - self.delay_s)
        if self.drawn_s is None:
            self.drawn_s = aim_s
        else:
            self.drawn_s = self._step(self.drawn_s, aim_s, now_s - self.drawn_at_s, limit_s)
        self.drawn_at_s = now_s
        return self.drawn_s

    def _step(self, drawn_s: float, aim_s: float, elapsed_s: float, limit_s: float) -> float:
        error_s = aim_s - drawn_s - elapsed_s
        if abs(error_s) > JUMP_S:
            self.jumps += 1
            return max(drawn_s, aim_s)
        eased_s = elapsed_s * drawing_stretch(error_s)
        if abs(eased_s) > abs(error_s):  # so much time has passed that easing would overshoot
            eased_s = error_s
        return max(drawn_s, min(limit_s, drawn_s + elapsed_s + eased_s))


def drawing_stretch(error_s: float) -> float:
    """How much faster (+) or slower (-) than real time to draw when `error_s` behind (+) or ahead (-) of the aim."""
    far_s = max(0.0, abs(error_s) - NEAR_S)
    fastest = MAX_CATCH_UP + FAR_CATCH_UP_PER_S * far_s
    slowest = MAX_SLOW_DOWN + FAR_SLOW_DOWN_PER_S * far_s
    return min(fastest, max(-slowest, error_s / EASE_S))
