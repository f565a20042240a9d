"""Input frames: one a tick, held back while the link is busy, and dropped when they come too late to help."""

from __future__ import annotations

import msgpack
import pytest

from gameserver.client.inputs import InputFrames, behind
from gameserver.protocol.constants import MAX_BEHIND, ClientMessage

TICK_S = 1 / 60


class Sender:
    """Frames, and what becomes of them."""

    def __init__(self, seq: int = 0) -> None:
        self.frames = InputFrames((0,), TICK_S)
        self.frames.start(0.0, seq)
        self.now_s = 0.0
        self.sent: list[list[int]] = []
        self.shed: list[int] = []

    def tick(self, *, busy: bool = False, ack: int = 0, seen: float | None = None) -> None:
        self.frames.run(self.now_s, seen)
        self.flush(busy=busy, ack=ack)
        self.now_s = self.frames.pacer.next_at_s

    def flush(self, *, busy: bool = False, ack: int = 0) -> None:
        self.frames.flush(self.now_s, ack, busy=busy, send=self._send, shed=self.shed.append)

    def _send(self, data: bytes) -> None:
        self.sent.append(msgpack.unpackb(data))

    @property
    def seqs(self) -> list[int]:
        return [message[1] for message in self.sent]


def test_each_tick_makes_one_frame_with_the_controls_of_that_moment() -> None:
    sender = Sender(seq=7)
    sender.tick()
    sender.frames.codes = (5,)
    sender.tick(ack=3)
    assert sender.sent == [[ClientMessage.INPUT, 8, 0, 0, 0], [ClientMessage.INPUT, 9, 3, 0, 5]]


def test_no_frame_leaves_while_the_link_is_busy_and_then_they_leave_in_order_and_once() -> None:
    sender = Sender()
    sender.tick()
    sender.tick(busy=True)
    sender.tick(busy=True)
    assert sender.seqs == [1]
    sender.tick(ack=9)
    assert sender.seqs == [1, 2, 3, 4]
    assert [message[2] for message in sender.sent[1:]] == [9, 9, 9], "the ack of the moment at which they leave"
    sender.flush()
    assert sender.seqs == [1, 2, 3, 4]


def test_of_what_waits_too_long_the_oldest_are_dropped_counted_and_reported() -> None:
    sender = Sender()
    for _ in range(30):
        sender.tick(busy=True)
    useful = sender.frames.pacer.useful
    assert useful < 5
    assert sender.shed == list(range(1, 31 - useful))
    assert sender.frames.shed == len(sender.shed)
    assert [frame.seq for frame in sender.frames.recent] == list(range(31 - useful, 31))
    sender.flush()
    assert sender.seqs == list(range(31 - useful, 31))


def test_frames_are_kept_until_the_server_has_consumed_them() -> None:
    sender = Sender()
    for _ in range(5):
        sender.tick()
    sender.frames.consumed(3, None, TICK_S, sender.now_s)
    assert [frame.seq for frame in sender.frames.recent] == [4, 5]
    assert sender.frames.consumed_seq == 3


def test_a_lost_link_takes_its_frames_along_and_numbering_goes_on() -> None:
    sender = Sender()
    sender.tick()
    sender.tick(busy=True)
    sender.frames.stop()
    sender.now_s = 10.0
    sender.tick()
    assert sender.seqs == [1]
    sender.now_s = 10.0
    sender.frames.start(10.0, 1)
    sender.tick()
    assert sender.seqs == [1, 3]


@pytest.mark.parametrize(
    ("ack", "seen", "expected"), [(30, None, 0), (30, 28.0, 32), (30, 31.5, 0), (30, 29.97, 0), (9999, 1.0, MAX_BEHIND)]
)
def test_a_frame_says_how_far_behind_the_others_are_seen(ack: int, seen: float | None, expected: int) -> None:
    assert behind(ack, seen) == expected
