"""`RoomEnv`: one player of a room as a Gymnasium environment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import gymnasium

from gameserver.gym.parallel_env import MAX_SEED, METADATA, ParallelRoomEnv
from gameserver.learning.observation import Observation

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import numpy as np

    from gameserver.room.room import Room


class RoomEnv(gymnasium.Env[Observation, "Mapping[str, Any]"]):
    """A room in which one player learns. It may be alone, or among players that follow policies.

    Args:
        room_class: Your room class.
        others: The policies of the other players, each called with an observation, to return an action.
        render_mode: "rgb_array": `render` returns a picture of what the player sees; "ansi": a text.
        settings: The other arguments of `ParallelRoomEnv`, without `players`.

    Raises:
        DeclarationError: The room class is not right.
        ValueError: There is no reward, the room has no inputs or not so many seats, or an argument is out of range.
    """

    metadata: dict[str, Any] = METADATA

    def __init__(
        self,
        room_class: type[Room[Any]],
        *,
        others: Sequence[Callable[[Observation], Mapping[str, Any]]] = (),
        render_mode: str | None = None,
        **settings: Any,
    ) -> None:
        self._players = ParallelRoomEnv(room_class, 1 + len(others), render_mode=render_mode, **settings)
        self._own, *names = self._players.possible_agents
        self._others = dict(zip(names, others, strict=True))
        self.metadata = self._players.metadata
        self.render_mode = render_mode
        self.observer = self._players.observer
        """Makes the observations: `observer.rows["Dot"].columns` are the names of their columns."""
        self.observation_space = self._players.observation_space(self._own)
        self.action_space = self._players.action_space(self._own)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, dict[str, Any]]:
        """Open a new room, and have the players join it.

        Args:
            seed: Of the random numbers of this episode and those after it; None goes on with those of before.
            options: What this room is created with, beyond the options of the environment.

        Returns:
            The observation, and the info: the newest tick and the room's events.

        Raises:
            JoinFailed: The rules refuse a player.
            OptionsInvalid: A declared option cannot have its value.
            RuntimeError: The rules raised; what they raised is the cause.
        """
        super().reset(seed=seed)
        observations, infos = self._players.reset(int(self.np_random.integers(MAX_SEED)), options)
        return observations[self._own], infos[self._own]

    def step(self, action: Mapping[str, Any]) -> tuple[Observation, float, bool, bool, dict[str, Any]]:
        """Hold an action for some ticks.

        Args:
            action: The player's; the policies of the others are asked for theirs.

        Returns:
            Observation, reward, whether the game is over for the player, whether the episode was cut off, and the info.

        Raises:
            RuntimeError: `reset` has not been called, the episode is over, or the rules raised.
            TypeError: An action has a field that the room's inputs do not have.
            ValueError: An action has a value that its field cannot hold.
        """
        own, players = self._own, self._players
        if own not in players.agents:
            raise RuntimeError("no episode is running: call reset first")
        actions = {name: act(players.observe(name)) for name, act in self._others.items() if name in players.agents}
        observations, rewards, terminations, truncations, infos = players.step({**actions, own: action})
        return observations[own], rewards[own], terminations[own], truncations[own], infos[own]

    @property
    def room(self) -> Any:
        """The room of the episode: the object of your own class.

        Raises:
            RuntimeError: `reset` has not been called.
        """
        return self._players.room

    def render(self) -> np.ndarray[Any, Any] | str | None:
        """Return what the player sees, as `render_mode` says.

        Returns:
            A picture of shape (480, 480, 3), a text with one line per entity, or None without a `render_mode`.
        """
        return self._players.render_view(self._own)

    def close(self) -> None:
        """End the room. Idempotent; `reset` opens another one."""
        self._players.close()
