"""Brains: what decides which controls a bot holds. A brain gets each new state, and knows a game by its schema only.

`Wander` plays any room: it holds random controls for a while, then others. `Chase` plays rooms whose avatar has `x` and
`y` and whose inputs have some of the names below: it turns towards the nearest other avatar, moves there and fires. Any
class whose instances have `decide` is a brain; `run_bots` makes one for each bot, with a random source of its own, so
that the same seed gives the same run.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from gameserver.state.fields import TURN, Angle, Float

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

    from gameserver.protocol.messages import Event
    from gameserver.state.declare import AnyField
    from gameserver.state.entity import EntityType
    from gameserver.state.inputs import Inputs, InputsType
    from gameserver.state.table import Table
    from gameserver.sync.decode.view_state import ViewState

HOLD_STATES = (2, 24)
"""`Wander` changes its controls every so many states: at 20 a second 0.1 to 1.2 s, about as often as people do."""
FIRE_WITHIN_RAD = 0.15
TURN_BEYOND_RAD = 0.05
RELEASE_SHARE = 0.15
"""Share of states in which `Chase` releases the throttle. Without it two bots could circle each other forever."""


@dataclass(frozen=True, slots=True)
class Perception:
    """What a brain gets to decide on.

    Args:
        view: The newest state.
        avatar_id: Id of the bot's avatar; None while it has none.
        inputs: The type of controls that the room takes.
        events: The room's events since the state before.
        send: Sends a message of the game's own: `perception.send("chat", "hello")`. Returns False while the link is
            down.
    """

    view: ViewState
    avatar_id: int | None
    inputs: InputsType
    events: tuple[Event, ...] = ()
    send: Callable[[str, Any], bool] = lambda _name, _payload: False

    def avatar(self) -> tuple[EntityType, Table, int] | None:
        """Find the avatar in the state.

        Returns:
            Its entity type, the table it is in, and its row there; None while the bot has no avatar.
        """
        if self.avatar_id is not None:
            for entity_type, table in zip(self.view.schema.entities, self.view.tables, strict=True):
                row = table.row(self.avatar_id)
                if row is not None:
                    return entity_type, table, row
        return None


class Brain(Protocol):
    """What `run_bots` needs of a brain. It may also have `params`, what to join with: a mapping, or a method that
    returns one.
    """

    def decide(self, perception: Perception) -> Inputs | None:
        """Decide which controls to hold until the next state.

        Args:
            perception: The newest state, and the type of controls that the room takes.

        Returns:
            The controls; None holds none.
        """


class Wander:
    """Holds random controls, each for a while."""

    def __init__(self, rng: random.Random) -> None:
        self._random = rng
        self._states_left = 0
        self._held: Inputs | None = None

    def decide(self, perception: Perception) -> Inputs | None:
        """Return random controls, the same ones for some states."""
        if self._states_left <= 0:
            self._states_left = self._random.randint(*HOLD_STATES)
            values = {name: self._random_value(field) for name, field in perception.inputs.fields.items()}
            self._held = perception.inputs.cls(**values)
        self._states_left -= 1
        return self._held

    def _random_value(self, field: AnyField) -> Any:
        if isinstance(field, Float | Angle):
            return field.decode(self._random.randint(field.lo, field.hi))
        return field.decode(self._random.choice((field.lo, field.hi, self._random.randint(field.lo, field.hi))))


class Chase:
    """Follows the nearest other avatar of the same type.

    Inputs that it uses, by name: `aim` (an Angle) with `steer`, or else `turn`; `thrust` or `forward`; `fire` or
    `shoot`. In a room whose avatar has no `x` and `y`, it acts as `Wander`.
    """

    def __init__(self, rng: random.Random) -> None:
        self._random = rng
        self._wander = Wander(rng)

    def decide(self, perception: Perception) -> Inputs | None:
        """Return controls that bring the avatar closer to its target."""
        found = perception.avatar()
        if found is None or not {"x", "y"} <= found[0].numeric.keys():
            return self._wander.decide(perception)
        target = self._bearing(*found)
        if target is None:
            return self._wander.decide(perception)
        return self._steer(perception.inputs, *target)

    def _bearing(self, entity_type: EntityType, table: Table, row: int) -> tuple[float, float] | None:
        """Return the direction of the nearest other avatar and the turn it takes to face it, both in radians.

        The turn is from -π to π, and 0 for an avatar without `angle`. None: there is no other avatar that lives.
        """
        values = table.codes * entity_type.step
        column = {name: index for index, name in enumerate(entity_type.numeric)}
        dx, dy = values[column["x"]] - values[column["x"], row], values[column["y"]] - values[column["y"], row]
        distance2 = dx * dx + dy * dy
        distance2[row] = np.inf
        if "dead" in column:
            distance2[values[column["dead"]] > 0] = np.inf
        nearest = int(np.argmin(distance2))
        if not np.isfinite(distance2[nearest]):
            return None
        bearing = math.atan2(dy[nearest], dx[nearest]) % TURN
        heading = values[column["angle"], row] if "angle" in column else bearing
        return bearing, float((bearing - heading + math.pi) % TURN - math.pi)

    def _steer(self, inputs: InputsType, bearing: float, turn: float) -> Inputs:
        wanted: dict[str, Any] = {
            "aim": bearing,
            "steer": True,
            "turn": 0 if abs(turn) < TURN_BEYOND_RAD else math.copysign(1, turn),
            "fire": abs(turn) < FIRE_WITHIN_RAD,
            "shoot": abs(turn) < FIRE_WITHIN_RAD,
        }
        wanted["thrust"] = wanted["forward"] = abs(turn) < 1.0 and self._random.random() > RELEASE_SHARE
        return inputs.cls(**{name: value for name, value in wanted.items() if name in inputs.fields})


BRAINS: dict[str, Callable[[random.Random], Brain]] = {"wander": Wander, "chase": Chase}
"""The brains that can be chosen by name."""
