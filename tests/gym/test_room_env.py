"""One player of a room as a Gymnasium environment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from gymnasium.wrappers import FlattenObservation

from gameserver.games.arena import Arena
from gameserver.gym import RoomEnv
from tests.support.learning_rooms import SIZE, Run

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from gameserver.learning.observation import Observation


@pytest.mark.parametrize(
    "make",
    [
        lambda: RoomEnv(Run, max_steps=50, render_mode="rgb_array"),
        lambda: RoomEnv(Run, ticks_per_step=1, render_mode="ansi"),
        lambda: RoomEnv(Arena, reward=lambda room, player: 0.0),
    ],
    ids=["run", "run as text", "arena"],
)
def test_it_passes_the_tests_of_gymnasium(make: Callable[[], RoomEnv]) -> None:
    # Other render modes are tested with environments that gymnasium.make makes.
    check_env(make(), skip_render_check=True)


def test_wrappers_of_gymnasium_fit() -> None:
    env = FlattenObservation(RoomEnv(Run, max_entities=2, max_steps=3))
    observation, _ = env.reset(seed=1)
    assert env.observation_space.contains(observation)
    made = gymnasium.vector.SyncVectorEnv([lambda: RoomEnv(Run, max_steps=3)] * 2)
    made.reset(seed=1)
    _, rewards, *_ = made.step(made.action_space.sample())
    assert rewards.shape == (2,)
    made.close()


def test_others_follow_their_policies() -> None:
    asked: list[Observation] = []

    def down(observation: Observation) -> Mapping[str, Any]:
        asked.append(observation)
        return {"dy": 1}

    env = RoomEnv(Run, others=[down, lambda _: {"dy": -1}])
    env.reset(seed=1)
    before = [player.avatar.y for player in env.room.players]
    env.step({"dx": 1})
    moved = [player.avatar.y - y for player, y in zip(env.room.players, before, strict=True)]
    assert moved == [0, 2, -2]
    (observation,) = asked
    columns = env.observer.rows["Score"].columns
    assert observation["entities"]["Score"][0, columns.index("number")] == 2, "each sees what its own seat sees"


def test_an_episode_ends_once() -> None:
    env = RoomEnv(Run)
    env.reset(seed=1)
    env.room.players[0].avatar.x = SIZE
    _, reward, terminated, truncated, _ = env.step({})
    assert (reward, terminated, truncated) == (1.0, True, False)
    with pytest.raises(RuntimeError, match="no episode is running: call reset first"):
        env.step({})
    env.reset()
    assert not env.step({})[2]
    env.close()


def test_the_picture_has_a_ring_around_the_own_avatar() -> None:
    env = RoomEnv(Run, others=[lambda _: {}], render_mode="rgb_array")
    env.reset(seed=1)
    for player, place in zip(env.room.players, (0.0, SIZE), strict=True):
        player.avatar.x = player.avatar.y = place
    env.step({})
    picture = env.render()
    assert isinstance(picture, np.ndarray)
    assert picture[16, 16 - 9].tolist() == [255, 255, 255]
    assert picture[464, 464 - 9].tolist() == picture[0, 0].tolist()
