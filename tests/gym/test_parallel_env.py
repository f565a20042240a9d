"""A room of several players as a PettingZoo environment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pytest
from gymnasium.utils.env_checker import data_equivalence
from pettingzoo.test.parallel_test import parallel_api_test
from pettingzoo.test.seed_test import parallel_seed_test

from gameserver import Entity, Float, Inputs, JoinRefused, Near, Player, Room
from gameserver.client.errors import JoinFailed
from gameserver.games.arena import Arena
from gameserver.games.hockey import Hockey
from gameserver.gym import ParallelRoomEnv
from gameserver.learning.observation import Observer
from gameserver.state.schema import Schema
from gameserver.sync.decode.view_state import ViewState
from gameserver.testing import game
from tests.support.learning_rooms import SIZE, Moves, Run, Runner

if TYPE_CHECKING:
    from collections.abc import Callable

    from gameserver.gym.episode import Episode


def no_reward(room: object, player: object) -> float:
    return 0.0


def own_x(env: ParallelRoomEnv, agent: str) -> float:
    observation = env.observe(agent)["entities"]["Runner"]
    return float(observation[0, env.observer.rows["Runner"].columns.index("x")])


def running(env: ParallelRoomEnv) -> Episode:
    assert env._episode is not None
    return env._episode


# -- their own tests ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "make",
    [
        lambda: ParallelRoomEnv(Run, 3, max_steps=40),
        lambda: ParallelRoomEnv(Run, 1, ticks_per_step=3, max_entities=2),
        lambda: ParallelRoomEnv(Arena, 2, reward=no_reward, max_steps=30),
        lambda: ParallelRoomEnv(Hockey, 2, reward=no_reward, max_steps=30),
    ],
    ids=["run", "run alone", "arena", "hockey"],
)
def test_it_passes_the_tests_of_pettingzoo(make: Callable[[], ParallelRoomEnv]) -> None:
    parallel_api_test(make(), num_cycles=60)
    parallel_seed_test(make, num_cycles=30)  # type: ignore[no-untyped-call]


def played(seed: int) -> list[Any]:
    env = ParallelRoomEnv(Run, 2, max_steps=20)
    results: list[Any] = [env.reset(seed=seed)]
    for number, agent in enumerate(env.agents):
        env.action_space(agent).seed(number)
    while env.agents:
        results.append(env.step({agent: env.action_space(agent).sample() for agent in env.agents}))
    results.append(env.reset())
    return results


def test_the_same_seed_and_actions_give_the_same_bits() -> None:
    first, second, other = played(7), played(7), played(8)
    assert data_equivalence(first, second, exact=True)
    assert not data_equivalence(first[0], other[0])
    assert not data_equivalence(first[0], first[-1]), "the next episode has other random numbers"


# -- observations ------------------------------------------------------------------------------------------------------


def test_observations_are_what_a_client_with_the_same_inputs_gets() -> None:
    env = ParallelRoomEnv(Run, 1)
    env.reset(seed=1)
    (agent,) = env.agents
    client_game = game(Run)
    ada = client_game.join(name=agent)
    client_game.room.players[0].avatar.x = client_game.room.players[0].avatar.y = running(env).room.players[0].avatar.x
    ada.controls(dx=1, aim=2.0, mood="angry")
    client_game.ticks(40)
    for _ in range(20):
        env.step({agent: {"dx": 1, "aim": 2.0, "mood": 1}})
    view = ada.view
    mine, hers = env.observe(agent), Observer(view.schema).observe(view, ada.entity.id)
    place = env.observer.rows["Runner"].columns.index("x")
    assert abs(mine["entities"]["Runner"][0, place] - hers["entities"]["Runner"][0, place]) < 4
    for observation in (mine, hers):
        observation["entities"]["Runner"][0, place] = 0
    assert data_equivalence(mine, hers, exact=True), "all but the tick of its first input"


def test_a_bot_that_knows_the_schema_from_the_wire_gets_the_same_arrays() -> None:
    env = ParallelRoomEnv(Run, 2)
    env.reset(seed=1)
    link = env._agents_by_name["player_1"].link
    view = link.view
    wire = Schema.from_wire(view.schema.to_wire())
    observed = Observer(wire).observe(ViewState(wire, view.tick, view.tables), link.avatar_id)
    assert data_equivalence(observed, env.observe("player_1"), exact=True)


class NearRun(Run):
    interest = Near(radius=20)


def test_a_player_observes_what_its_view_has() -> None:
    env = ParallelRoomEnv(NearRun, 2)
    env.reset(seed=1)
    for player, place in zip(env.room.players, (10.0, 60.0), strict=True):
        player.avatar.x = player.avatar.y = place
    observations, *_ = env.step({})
    assert [observations[agent]["mask"]["Runner"].sum() for agent in env.agents] == [1, 1]
    env.room.players[1].avatar.x = env.room.players[1].avatar.y = 15.0
    observations, *_ = env.step({})
    assert [observations[agent]["mask"]["Runner"].sum() for agent in env.agents] == [2, 2]


def test_events_are_in_the_infos_of_the_step_in_which_they_come() -> None:
    env = ParallelRoomEnv(Run, 2, ticks_per_step=2)
    env.reset(seed=1)
    *_, infos = env.step({"player_1": {"fire": 1}})
    assert infos["player_0"]["events"] == [("shot", {"by": 2})] * 2
    *_, infos = env.step({})
    assert infos["player_0"]["events"] == []


# -- steps, rewards and ends -------------------------------------------------------------------------------------------


def test_a_step_is_the_ticks_from_one_snapshot_to_the_next_unless_it_is_given() -> None:
    for given, ticks in ((None, 2), (1, 1), (5, 5)):
        env = ParallelRoomEnv(Run, 1, ticks_per_step=given)
        env.reset(seed=1)
        before, tick = own_x(env, "player_0"), env.room.tick
        env.step({"player_0": {"dx": 1}})
        assert env.room.tick - tick == ticks
        if given is None:
            assert own_x(env, "player_0") - before == ticks


def test_a_step_adds_up_the_rewards_of_its_ticks() -> None:
    env = ParallelRoomEnv(Run, 2, reward=lambda room, player: player.number * room.dt, ticks_per_step=4)
    env.reset(seed=1)
    _, rewards, *_ = env.step({})
    assert rewards == pytest.approx({"player_0": 4 / 40, "player_1": 8 / 40})


def test_a_player_whose_game_is_over_stays_in_the_room_without_acting() -> None:
    env = ParallelRoomEnv(Run, 2)
    env.reset(seed=1)
    env.room.players[0].avatar.x = SIZE - 0.5
    _, rewards, terminations, truncations, _ = env.step({"player_0": {"dx": 1, "dy": 1}})
    assert (terminations, truncations) == (
        {"player_0": True, "player_1": False},
        {"player_0": False, "player_1": False},
    )
    assert rewards["player_0"] == 1.0, "of the tick that ended its game, and of none after it"
    assert env.agents == ["player_1"]
    y = env.room.players[0].avatar.y
    observations, *_ = env.step({"player_0": {"dy": 1}, "player_1": {}})
    assert list(observations) == ["player_1"]
    assert (env.room.players[0].avatar.y, len(env.room.players)) == (y, 2)


def test_an_episode_is_truncated_after_its_steps() -> None:
    env = ParallelRoomEnv(Run, 2, max_steps=2)
    env.reset(seed=1)
    env.step({})
    _, _, terminations, truncations, _ = env.step({})
    assert (set(terminations.values()), set(truncations.values()), env.agents) == ({False}, {True}, [])


class Ending(Run):
    """Ends at tick 6, and removes its second player before that."""

    def on_tick(self) -> None:
        if self.tick == 4 and len(self.players) > 1:
            self.players[1].kick("too slow")
        if self.tick == 6:
            self.broadcast("over")
            self.close("it is over")

    def reward(self, player: Player[Runner]) -> float:
        assert player in self.players
        return 1.0 if self.tick in (4, 6) else 0.0


def test_the_tick_in_which_a_player_is_removed_or_the_room_ends_still_counts() -> None:
    env = ParallelRoomEnv(Ending, 2, ticks_per_step=2)
    env.reset(seed=1)
    steps = []
    while env.agents:
        _, rewards, terminations, _, infos = env.step({})
        steps.append((rewards, terminations))
    assert steps == [
        ({"player_0": 1.0, "player_1": 1.0}, {"player_0": False, "player_1": True}),
        ({"player_0": 1.0}, {"player_0": True}),
    ]
    assert infos["player_0"]["events"] == [("over", None)]
    env.reset(seed=1)
    assert len(env.agents) == 2


# -- what a server gives a room ----------------------------------------------------------------------------------------


class Loading(Run):
    """Asks a function about each player before it may join, and cannot move anybody."""

    def on_auth(self, player: Player[Runner]) -> Any:
        return self.run(str.upper, player.text("name"), then=self.loaded)

    def loaded(self, name: str) -> None:
        self.name = name

    def on_join(self, player: Player[Runner]) -> None:
        super().on_join(player)
        self.store.put("last", self.name)
        self.move(player, "elsewhere")

    def on_move_failed(self, player: Player[Runner], failure: Exception) -> None:
        self.broadcast("stayed", str(failure))


def test_functions_beside_the_room_run_and_moves_fail() -> None:
    env = ParallelRoomEnv(Loading, 1, params={"name": "ada"})
    _, infos = env.reset(seed=1)
    assert env.room.name == "ADA"
    events = infos["player_0"]["events"] + env.step({})[-1]["player_0"]["events"]
    assert events == [("stayed", "an environment has one room")]


class Charging(Run):
    """Asks for something outside that must be done once."""

    charged: ClassVar[list[str]] = []

    def on_join(self, player: Player[Runner]) -> None:
        super().on_join(player)
        self.effect(charge, player.text("name"))
        self.run(str.upper, "ada", then=self.loaded)

    def loaded(self, name: str) -> None:
        self.name = name


def charge(key: str, name: str) -> None:
    Charging.charged.append(name)


def test_effects_are_not_carried_out() -> None:
    env = ParallelRoomEnv(Charging, 1)
    env.reset(seed=1)
    env.step({})
    assert env.room.name == "ADA", "what only computes something has run"
    assert Charging.charged == []


class Refusing(Run):
    def on_join(self, player: Player[Runner]) -> None:
        raise JoinRefused("no learners")


def test_a_refused_player_is_an_error() -> None:
    with pytest.raises(JoinFailed, match="no learners"):
        ParallelRoomEnv(Refusing, 1).reset()


class Failing(Run):
    def on_tick(self) -> None:
        if self.tick == 4:
            raise KeyError("lost")


def test_what_the_rules_raise_is_the_cause_of_an_error() -> None:
    env = ParallelRoomEnv(Failing, 1)
    env.reset()
    with pytest.raises(RuntimeError, match=r"failing: the rules raised KeyError: 'lost' \(tick 4\)") as caught:
        env.step({})
    assert isinstance(caught.value.__cause__, KeyError)


def test_what_a_reward_raises_comes_out_of_the_step() -> None:
    env = ParallelRoomEnv(Run, 1, reward=lambda room, player: 1 / 0)
    env.reset()
    with pytest.raises(ZeroDivisionError):
        env.step({})


class WithOptions(Run):
    def on_create(self, options: Any) -> None:
        self.chosen = dict(options)


def test_options_are_those_of_the_environment_and_of_the_episode() -> None:
    env = ParallelRoomEnv(WithOptions, 1, options={"size": 1})
    env.reset(options={"walls": True})
    assert env.room.chosen == {"size": 1, "walls": True}
    env.reset()
    assert env.room.chosen == {"size": 1}


def test_a_room_that_is_closed_runs_its_last_hooks() -> None:
    left = []

    class Leaving(Run):
        def on_leave(self, player: Player[Runner]) -> None:
            left.append(player.number)

    env = ParallelRoomEnv(Leaving, 2)
    env.reset()
    env.close()
    env.close()
    assert left == [1, 2]


# -- pictures ----------------------------------------------------------------------------------------------------------


def test_it_renders_the_whole_room() -> None:
    env = ParallelRoomEnv(NearRun, 2, render_mode="rgb_array")
    assert env.render() is None
    env.reset(seed=1)
    picture = env.render()
    assert isinstance(picture, np.ndarray)
    assert (picture.shape, picture.dtype) == ((480, 480, 3), np.uint8)
    for player, place in zip(env.room.players, (10.0, 90.0), strict=True):
        player.avatar.x = player.avatar.y = place
    env.step({})
    picture = env.render()
    assert isinstance(picture, np.ndarray)
    background = picture[0, 0]
    for row, column, drawn in ((61, 61, True), (419, 419, True), (240, 240, False), (61, 419, False)):
        assert (picture[row, column] != background).any() == drawn, (row, column)


def test_it_renders_as_text() -> None:
    env = ParallelRoomEnv(Run, 2, render_mode="ansi")
    env.reset(seed=1)
    text = env.render()
    assert isinstance(text, str)
    assert text.startswith("tick 2\n<Runner ")
    assert text.count("<Runner ") == 4, "two of their own, and two that entries of the roster refer to"


# -- what cannot be used -----------------------------------------------------------------------------------------------


class Silent(Room[Inputs]):
    """No inputs."""


class Dot(Entity):
    x = Float(step=1 / 16)


class NoReward(Room[Moves]):
    entities = (Dot,)


@pytest.mark.parametrize(
    ("room_class", "arguments", "message"),
    [
        (NoReward, {}, r"NoReward has no reward: write a method reward\(self, player\)"),
        (Silent, {"reward": no_reward}, "the room has no inputs"),
        (Run, {"players": 5}, "players is 5; write 1 to 4, the seats of the room"),
        (Run, {"players": 0}, "players is 0"),
        (Run, {"ticks_per_step": 0}, "ticks_per_step is 0; write 1 or more"),
        (Run, {"max_steps": 1.5}, "max_steps is 1.5"),
        (Run, {"render_mode": "human"}, "render_mode is 'human'; write \"rgb_array\""),
        (Run, {"max_entities": {"Walker": 1}}, "Walker"),
    ],
)
def test_arguments_that_cannot_work_are_refused(
    room_class: type[Room[Any]], arguments: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        ParallelRoomEnv(room_class, **arguments)


def test_a_step_needs_a_reset_and_actions_that_fit() -> None:
    env = ParallelRoomEnv(Run, 1)
    with pytest.raises(RuntimeError, match="call reset first"):
        env.step({})
    with pytest.raises(RuntimeError, match="call reset first"):
        _ = env.room
    env.reset()
    with pytest.raises(TypeError, match="jump"):
        env.step({"player_0": {"jump": 1}})
