"""The player's input frames: one for each tick of the client's clock, numbered, kept until the server has consumed
them, and held back, not queued, while the link is busy.

Rules kept here: a frame is sent once, in order of `seq`; of the frames that could not leave in time only those are kept
that can still help (protocol.md §7: the server would drop the others too); dropped frames are counted.

Pure; times in seconds. `client_demo/sdk/inputs.js` is the twin.
"""

from __future__ import annotations

import math
from collections import deque
from typing import TYPE_CHECKING, NamedTuple

from gameserver.client.clock import RoundTrip
from gameserver.client.pacer import TickPacer
from gameserver.protocol.codec import encode_client
from gameserver.protocol.constants import BEHIND_UNITS_PER_TICK, MAX_BEHIND
from gameserver.protocol.messages import Input

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_RECENT = 256
"""Frames kept for a prediction that begins late: as many as may be pending."""


class InputFrame(NamedTuple):
    """One tick's worth of the player's controls."""

    seq: int
    codes: tuple[int, ...]
    seen: float | None
    """The tick of the others that was on the screen when the frame was made; None: nothing was drawn."""


class InputFrames:
    """The input frames of one session.

    Args:
        neutral: Codes of the inputs while nothing is pressed.
        tick_s: The room's tick in seconds.
        hold_s: The length of the server's queue of frames, in seconds.
    """

    def __init__(self, neutral: tuple[int, ...], tick_s: float, *, hold_s: float = 0.25) -> None:
        self.codes = neutral
        """Codes of the controls that count from the next tick on."""
        self.pacer = TickPacer(tick_s, hold_s=hold_s)
        self.round_trip = RoundTrip()
        self.consumed_seq = 0
        """Newest frame that the server has consumed."""
        self.shed = 0
        """Frames dropped because the link did not take them in time."""
        self._recent: deque[InputFrame] = deque(maxlen=MAX_RECENT)
        self._unsent: deque[InputFrame] = deque()

    @property
    def recent(self) -> deque[InputFrame]:
        """Frames that the server has not consumed, oldest first."""
        return self._recent

    @property
    def has_unsent(self) -> bool:
        """Whether frames wait to be sent."""
        return bool(self._unsent)

    def start(self, now_s: float, seq: int) -> None:
        """Begin after a WELCOME: frames from before must not act now.

        Args:
            now_s: The time now.
            seq: Newest frame that the server has consumed.
        """
        self._recent.clear()
        self._unsent.clear()
        self.pacer.start(now_s, max(seq, self.pacer.seq))

    def stop(self) -> None:
        """The link is gone: no frame is due or sent until the next `start`."""
        self.pacer.stop()
        self._unsent.clear()

    def run(self, now_s: float, seen: float | None) -> list[InputFrame]:
        """Make the frames of the ticks that are due, and return them.

        Args:
            now_s: The time now.
            seen: The tick of the others that is on the screen; None: nothing is drawn.
        """
        due = self.pacer.due(now_s)
        if due == 0:
            return []
        first = self.pacer.seq - due + 1
        frames = [InputFrame(seq, self.codes, seen) for seq in range(first, first + due)]
        self._recent += frames
        self._unsent += frames
        return frames

    def flush(
        self,
        now_s: float,
        ack: int,
        *,
        busy: bool,
        send: Callable[[bytes], object],
        shed: Callable[[int], object],
    ) -> None:
        """Send the frames that wait; while the link is busy, drop those that come too late to help instead.

        Args:
            now_s: The time now.
            ack: Newest tick applied.
            busy: Whether the link has not taken yet what was sent before.
            send: Called with each encoded frame.
            shed: Called with the number of each frame that is dropped.
        """
        if not self._unsent:
            return
        if busy:
            while len(self._unsent) > self.pacer.useful:
                self._drop(self._unsent.popleft(), shed)
            return
        for seq, codes, seen in self._unsent:
            self.round_trip.frame_sent(seq, now_s)
            send(encode_client(Input(seq, ack, behind(ack, seen), codes)))
        self._unsent.clear()

    def _drop(self, frame: InputFrame, shed: Callable[[int], object]) -> None:
        self._recent = deque([one for one in self._recent if one.seq != frame.seq], maxlen=MAX_RECENT)
        self.shed += 1
        shed(frame.seq)

    def consumed(self, seq: int, lead: int | None, tick_s: float, now_s: float) -> None:
        """Take what a STATE reports of the frames: all up to `seq` were consumed, that one after `lead` / 256 ticks."""
        self.consumed_seq = seq
        while self._recent and self._recent[0].seq <= seq:
            self._recent.popleft()
        if lead is not None:
            self.pacer.reported(seq, lead)
            self.round_trip.frame_acked(seq, lead, tick_s, now_s)


def behind(ack: int, seen: float | None) -> int:
    """Return how far behind `ack` a player sees the others, in 1/16 tick; 0 for one who sees nothing."""
    if seen is None:
        return 0
    return min(MAX_BEHIND, max(0, math.floor((ack - seen) * BEHIND_UNITS_PER_TICK + 0.5)))
