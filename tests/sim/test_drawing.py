"""The drawn time against snapshots that arrive over a bad network, on a fake clock."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

import pytest

from gameserver.client.clock import MAX_CATCH_UP, MAX_SLOW_DOWN, InterpolationClock
from gameserver.testing.network import Way

pytestmark = pytest.mark.slow

TICK_S = 1 / 60
EVERY = 3
FRAME_S = 1 / 60


@dataclass(slots=True)
class DrawnFrame:
    """One drawn frame: when, at which pace time ran, and how much of what has arrived lies ahead of the drawn time."""

    at_s: float
    pace: float
    reserve_s: float
    age_s: float


@dataclass
class Viewer:
    """A server that sends a snapshot every third tick, and a client that draws sixty times a second."""

    delay_s: float = 0.05
    jitter_s: float = 0.02
    seed: int = 1
    now_s: float = 0.0
    frames: list[DrawnFrame] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.down: Way[int] = Way(random.Random(self.seed), delay_s=self.delay_s, jitter_s=self.jitter_s)
        self.clock = InterpolationClock(TICK_S, EVERY)
        self._tick = 0
        self._drawn_s = 0.0

    def run(self, seconds: float) -> None:
        for _ in range(round(seconds / FRAME_S)):
            self.now_s += FRAME_S
            while self._tick * TICK_S < self.now_s:
                self._tick += EVERY
                self.down.send(self._tick * TICK_S, self._tick)
            for at_s, tick in self.down.receive(self.now_s):
                self.clock.arrived(tick, at_s)
            self._draw()

    def _draw(self) -> None:
        drawn_s = self.clock.draw(self.now_s)
        pace = (drawn_s - self._drawn_s) / FRAME_S
        self._drawn_s = drawn_s
        self.frames.append(DrawnFrame(self.now_s, pace, self.clock.newest_s - drawn_s, self.now_s - drawn_s))

    def since(self, at_s: float) -> list[DrawnFrame]:
        return [frame for frame in self.frames if frame.at_s >= at_s]


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(("delay_s", "jitter_s"), [(0.05, 0.02), (0.15, 0.03), (0.02, 0.0)])
def test_drawn_time_keeps_its_pace_and_never_runs_out_of_snapshots(delay_s: float, jitter_s: float, seed: int) -> None:
    viewer = Viewer(delay_s=delay_s, jitter_s=jitter_s, seed=seed)
    viewer.run(30.0)
    late = viewer.since(2.0)
    assert all(1 - MAX_SLOW_DOWN <= frame.pace <= 1 + MAX_CATCH_UP for frame in late)
    assert all(frame.reserve_s > 0 for frame in late)
    assert sum(frame.pace for frame in late) / len(late) == pytest.approx(1.0, abs=0.002), "time does advance"
    assert viewer.clock.jumps == 0


def test_without_a_delay_that_follows_jitter_snapshots_would_run_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(InterpolationClock, "delay_s", EVERY * TICK_S)
    viewer = Viewer(jitter_s=0.05)
    viewer.run(30.0)
    starved = [frame for frame in viewer.since(2.0) if frame.reserve_s <= 0]
    assert len(starved) > 0.01 * len(viewer.since(2.0))


def test_strong_jitter_leads_to_more_delay() -> None:
    viewer = Viewer(jitter_s=0.05)
    viewer.run(30.0)
    starved = [frame for frame in viewer.since(2.0) if frame.reserve_s <= 0]
    assert len(starved) < 0.001 * len(viewer.since(2.0))


@pytest.mark.parametrize(("before_s", "after_s", "settled_after_s"), [(0.02, 0.2, 3.0), (0.2, 0.02, 8.0)])
def test_a_step_of_latency_is_absorbed_without_a_jump(before_s: float, after_s: float, settled_after_s: float) -> None:
    viewer = Viewer(delay_s=before_s, jitter_s=0.01)
    viewer.run(10.0)
    viewer.down.delay_s = after_s
    viewer.run(20.0)
    assert viewer.clock.jumps == 0
    assert all(0 < frame.pace < 1.5 for frame in viewer.since(10.0))
    settled = viewer.since(10.0 + settled_after_s)
    assert all(frame.age_s == pytest.approx(after_s + 0.1, abs=0.04) for frame in settled)
    assert all(frame.reserve_s > 0 for frame in settled)


def test_a_stall_of_half_a_second_is_caught_up_without_a_jump() -> None:
    viewer = Viewer()
    viewer.run(10.0)
    viewer.down.stall(viewer.now_s + 0.5)
    viewer.run(10.0)
    assert viewer.clock.jumps == 0
    assert all(frame.age_s < 0.25 for frame in viewer.since(15.0))
    assert all(frame.pace < 1.2 for frame in viewer.since(10.0))


def test_a_stall_of_two_seconds_ends_in_one_jump() -> None:
    viewer = Viewer()
    viewer.run(10.0)
    viewer.down.stall(viewer.now_s + 2.0)
    viewer.run(10.0)
    assert viewer.clock.jumps == 1
    assert all(frame.age_s < 0.25 for frame in viewer.since(13.0))
