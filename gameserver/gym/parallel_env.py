"""`ParallelRoomEnv`: a room of several players as a PettingZoo environment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from gymnasium.utils import seeding
from pettingzoo import ParallelEnv  # type: ignore[import-untyped, unused-ignore]  # no py.typed

from gameserver.gym.episode import Episode
from gameserver.gym.picture import Picture, describe
from gameserver.gym.rewards import reward_of, terminated_of
from gameserver.gym.spaces import action_space, observation_space
from gameserver.learning.actions import action_codes
from gameserver.learning.observation import DEFAULT_MAX_ENTITIES, Observation, Observer
from gameserver.room.kind import make_kind

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from gymnasium import spaces

    from gameserver.gym.episode import Agent
    from gameserver.gym.rewards import Reward, Terminated
    from gameserver.learning.observation import MaxEntities
    from gameserver.room.room import Room

    Infos = dict[str, dict[str, Any]]
    Steps = tuple[dict[str, Observation], dict[str, float], dict[str, bool], dict[str, bool], Infos]

MAX_SEED: Final = 2**31
METADATA: Final[dict[str, Any]] = {"render_modes": ["rgb_array", "ansi"], "name": "room", "render_fps": 20}
"""Of the classes. An environment has the name and pace of its room."""


class ParallelRoomEnv(ParallelEnv[str, Observation, "Mapping[str, Any]"]):
    """A room whose players are agents, `player_0`, `player_1`, and so on. All of them act at the same time.

    A player whose game is over stays in the room with neutral inputs until the room or the episode ends.

    Args:
        room_class: Your room class.
        players: How many players join.
        ticks_per_step: How many ticks an action is held for. None: those from one snapshot to the next, so that each
            step ends with the state that clients get.
        max_steps: The episode is truncated after so many steps; None: it never is.
        max_entities: How many rows of each entity type an observation has: one number, or by name of the type.
        reward: Returns what a player has earned in a tick, called with the room and the player; None: the room's
            method `reward`.
        terminated: Returns whether the game is over for a player, likewise; None: the room's method `terminated`, if it
            has one.
        options: What the room is created with.
        params: What all players join with, beside a `name`.
        render_mode: "rgb_array": `render` returns a picture; "ansi": a text.

    Raises:
        DeclarationError: The room class is not right.
        ValueError: There is no reward, the room has no inputs or not so many seats, or an argument is out of range.
    """

    metadata: dict[str, Any] = METADATA

    def __init__(
        self,
        room_class: type[Room[Any]],
        players: int = 2,
        *,
        ticks_per_step: int | None = None,
        max_steps: int | None = None,
        max_entities: MaxEntities = DEFAULT_MAX_ENTITIES,
        reward: Reward | None = None,
        terminated: Terminated | None = None,
        options: Mapping[str, Any] | None = None,
        params: Mapping[str, Any] | None = None,
        render_mode: str | None = None,
    ) -> None:
        self._kind = make_kind(room_class)
        _check_count("players", players, room_class.max_players)
        _check_count("ticks_per_step", ticks_per_step)
        _check_count("max_steps", max_steps)
        if render_mode not in (None, *self.metadata["render_modes"]):
            raise ValueError(f'render_mode is {render_mode!r}; write "rgb_array", "ansi", or None')
        self.render_mode = render_mode
        self.ticks_per_step = self._kind.snapshot_every if ticks_per_step is None else ticks_per_step
        self.max_steps = max_steps
        self.observer = Observer(self._kind.schema, max_entities)
        """Makes the observations: `observer.rows["Dot"].columns` are the names of their columns."""
        self.possible_agents: list[str] = [f"player_{number}" for number in range(players)]
        self.agents: list[str] = []
        self.metadata = {
            **METADATA,
            "name": self._kind.name,
            "render_fps": room_class.tick_hz / self.ticks_per_step,
        }
        self._reward = reward_of(room_class, reward)
        self._terminated = terminated_of(room_class, terminated)
        self._options = {**(options or {})}
        self._params = [{"name": agent, **(params or {})} for agent in self.possible_agents]
        self._observation_spaces = {agent: observation_space(self.observer) for agent in self.possible_agents}
        self._action_spaces = {agent: action_space(self._kind.inputs_type) for agent in self.possible_agents}
        self._np_random: np.random.Generator | None = None
        self._episode: Episode | None = None
        self._agents_by_name: dict[str, Agent] = {}
        self._playing: set[str] = set()
        """The agents whose game is not over."""
        self._rewards: dict[str, float] = {}
        self._steps = 0
        self._picture = Picture(self._kind.schema)

    def observation_space(self, agent: str) -> spaces.Space[Any]:
        """Return the space of an agent's observations.

        Args:
            agent: The agent.

        Returns:
            The same object each time.
        """
        return self._observation_spaces[agent]

    def action_space(self, agent: str) -> spaces.Space[Any]:
        """Return the space of an agent's actions: one item for each field of the room's inputs.

        Args:
            agent: The agent.

        Returns:
            The same object each time.
        """
        return self._action_spaces[agent]

    def reset(
        self, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[dict[str, Observation], Infos]:
        """Open a new room, and have all players join it.

        Args:
            seed: Of the random numbers of this episode and those after it; None goes on with those of before.
            options: What this room is created with, beyond the options of the environment.

        Returns:
            The observations and the infos, by agent: the newest tick and the room's events.

        Raises:
            JoinFailed: The rules refuse a player.
            OptionsInvalid: A declared option cannot have its value.
            RuntimeError: The rules raised; what they raised is the cause.
        """
        self.close()
        if seed is not None or self._np_random is None:
            self._np_random, _ = seeding.np_random(seed)
        self._playing = set()
        self._steps = 0
        self._picture = Picture(self._kind.schema)
        self._episode = episode = Episode(
            self._kind,
            self._params,
            seed=int(self._np_random.integers(MAX_SEED)),
            options={**self._options, **(options or {})},
            after_rules=self._after_rules,
        )
        self._agents_by_name = dict(zip(self.possible_agents, episode.agents, strict=True))
        self.agents = list(self.possible_agents)
        self._playing = set(self.agents)
        return self._observations(self.agents), self._infos(self.agents)

    def step(self, actions: Mapping[str, Mapping[str, Any]]) -> Steps:
        """Hold actions for some ticks.

        Args:
            actions: By agent. One that is left out has neutral inputs.

        Returns:
            Observations, rewards, terminations, truncations and infos, by agent.

        Raises:
            RuntimeError: `reset` has not been called, or the rules raised.
            TypeError: An action has a field that the room's inputs do not have.
            ValueError: An action has a value that its field cannot hold.
        """
        if self._episode is None:
            raise RuntimeError("call reset first")
        inputs = self._kind.inputs_type
        acting = {agent: action_codes(inputs, actions[agent]) for agent in self.agents if agent in actions}
        acted, self._rewards = self.agents, dict.fromkeys(self.agents, 0.0)
        neutral = inputs.neutral_codes
        for _ in range(self.ticks_per_step):
            codes = [acting.get(a, neutral) if a in self._playing else neutral for a in self.possible_agents]
            self._episode.tick(codes)
            self._playing = {agent for agent in self._playing if not self._is_gone(agent)}
            if not self._playing:
                break
        self._steps += 1
        truncated = self.max_steps is not None and self._steps >= self.max_steps
        terminations = {agent: agent not in self._playing for agent in acted}
        truncations = {agent: truncated and agent in self._playing for agent in acted}
        self.agents = [] if truncated else [agent for agent in acted if agent in self._playing]
        return self._observations(acted), self._rewards, terminations, truncations, self._infos(acted)

    def _after_rules(self, episode: Episode) -> None:
        """Add up what players have earned in this tick, before the room can end or remove somebody."""
        for agent in sorted(self._playing):
            player = self._agents_by_name[agent].player
            self._rewards[agent] += float(self._reward(episode.room, player))
            if self._terminated(episode.room, player):
                self._playing.discard(agent)

    def _is_gone(self, agent: str) -> bool:
        assert self._episode is not None
        return self._episode.over or self._agents_by_name[agent].link.closed is not None

    def _observations(self, agents: list[str]) -> dict[str, Observation]:
        return {agent: self.observe(agent) for agent in agents}

    def _infos(self, agents: list[str]) -> Infos:
        infos: Infos = {}
        for agent in agents:
            link = self._agents_by_name[agent].link
            infos[agent] = {"tick": link.view.tick, "events": link.events}
            link.events = []
        return infos

    def observe(self, agent: str) -> Observation:
        """Return what an agent sees now.

        Args:
            agent: The agent.

        Returns:
            New arrays.
        """
        link = self._agents_by_name[agent].link
        return self.observer.observe(link.view, link.avatar_id)

    @property
    def room(self) -> Any:
        """The room of the episode: the object of your own class.

        Raises:
            RuntimeError: `reset` has not been called.
        """
        if self._episode is None:
            raise RuntimeError("call reset first")
        return self._episode.room

    def render(self) -> np.ndarray[Any, Any] | str | None:
        """Return the whole room, as `render_mode` says.

        Returns:
            A picture of shape (480, 480, 3), a text with one line per entity, or None without a `render_mode`.
        """
        return self.render_view(None)

    def render_view(self, agent: str | None) -> np.ndarray[Any, Any] | str | None:
        """Return what an agent sees, as `render_mode` says.

        Args:
            agent: The agent; None: the whole room.

        Returns:
            As `render`.
        """
        if self._episode is None or self.render_mode is None:
            return None
        link = None if agent is None else self._agents_by_name[agent].link
        view = self._episode.view if link is None else link.view
        if self.render_mode == "ansi":
            return describe(view)
        return self._picture.draw(view, None if link is None else link.avatar_id)

    def close(self) -> None:
        """End the room. Idempotent; `reset` opens another one."""
        self.agents = []
        if self._episode is not None:
            self._episode.close()
            self._episode = None


def _check_count(name: str, value: int | None, most: int | None = None) -> None:
    """Check a number of something.

    Raises:
        ValueError: It is out of range.
    """
    if value is not None and (not isinstance(value, int) or value < 1 or (most is not None and value > most)):
        limit = "1 or more" if most is None else f"1 to {most}, the seats of the room"
        raise ValueError(f"{name} is {value!r}; write {limit}")
