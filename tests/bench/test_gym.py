"""The benchmark of learning environments measures what it says."""

from __future__ import annotations

from bench.gym import Pace, measure
from gameserver.gym import ParallelRoomEnv
from tests.support.learning_rooms import Run


def test_it_counts_steps_and_goes_on_after_the_end_of_an_episode() -> None:
    env = ParallelRoomEnv(Run, 3, max_steps=7)
    pace = measure(env, 20)
    assert (pace.players, pace.ticks_per_step) == (3, 2)
    assert pace.steps_per_s > 0
    assert env.agents, "100 steps to warm up and 20 that are measured do not end with an episode of 7"


def test_a_line_has_steps_agent_steps_and_ticks() -> None:
    assert str(Pace(4, 3, 1000.0)).split() == ["4", "1000", "4000", "3000"]
