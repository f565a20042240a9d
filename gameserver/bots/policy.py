"""Plays a policy: a Python file with a function from an observation to an action, as environments of `gameserver.gym`
have them.
"""

from __future__ import annotations

import importlib.util
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from gameserver.learning.actions import action_codes
from gameserver.learning.observation import DEFAULT_MAX_ENTITIES, MaxEntities, Observation, Observer
from gameserver.loading import LoadError, import_failed

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Mapping

    from gameserver.bots.brains import Perception
    from gameserver.state.inputs import Inputs
    from gameserver.state.schema import Schema

MODULE_NAME: Final = "gameserver_policy"
"""What the module of a file is called."""


@dataclass(frozen=True, slots=True)
class Policy:
    """Decides by what a client sees.

    Args:
        act: Returns an action for an observation.
        max_entities: How many rows of each entity type its observations have.
    """

    act: Callable[[Observation], Mapping[str, Any]]
    max_entities: MaxEntities = DEFAULT_MAX_ENTITIES

    def __call__(self, rng: random.Random) -> PolicyBrain:
        """Make the brain of one bot.

        Args:
            rng: The bot's random numbers; a policy has its own.

        Returns:
            The brain.
        """
        return PolicyBrain(self)


class PolicyBrain:
    """The brain of a bot that plays a policy.

    Args:
        policy: The policy; several brains may have the same.
    """

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._schema: Schema | None = None
        self._observer: Observer | None = None

    def decide(self, perception: Perception) -> Inputs:
        """Return the controls of the policy's action.

        Args:
            perception: The newest state, and the type of controls that the room takes.

        Returns:
            The controls.

        Raises:
            TypeError: The action has a field that the room's inputs do not have.
            ValueError: It has a value that its field cannot hold, or the room has not the types that the policy names.
        """
        view = perception.view
        if self._observer is None or self._schema is not view.schema:
            self._schema, self._observer = view.schema, Observer(view.schema, self._policy.max_entities)
        action = self._policy.act(self._observer.observe(view, perception.avatar_id))
        controls: Inputs = perception.inputs.from_codes(action_codes(perception.inputs, action))
        return controls


def load_policy(path: str) -> Policy:
    """Load a file with a function `act(observation)`, and, where it is not 16, `MAX_ENTITIES`.

    Args:
        path: The file.

    Returns:
        The policy. The bots of a process share what the file keeps.

    Raises:
        LoadError: There is no such file, it cannot be loaded, or has no such function.
    """
    if not Path(path).is_file():
        raise LoadError(f"no file {path}")
    spec = importlib.util.spec_from_file_location(MODULE_NAME, path)
    if spec is None or spec.loader is None:
        raise LoadError(f"{path} is no Python file: its name must end with .py")
    module = importlib.util.module_from_spec(spec)
    folder = str(Path(path).resolve().parent)
    if folder not in sys.path:  # for what the file imports
        sys.path.insert(0, folder)
    sys.modules[MODULE_NAME] = module  # where dataclasses look for the module of a class
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        sys.modules.pop(MODULE_NAME, None)
        raise import_failed(path, error) from error
    act = getattr(module, "act", None)
    if not callable(act):
        raise LoadError(f"{path} has no function act: write act(observation), which returns an action")
    return Policy(act, getattr(module, "MAX_ENTITIES", DEFAULT_MAX_ENTITIES))
