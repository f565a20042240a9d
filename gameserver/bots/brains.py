"""What steers a bot. A brain sees each new state and says which controls to hold; it knows a game by its schema only.

`Wander` plays any room: it holds random controls for a while, then others. `Chase` plays rooms whose avatar has `x`
and `y` and whose inputs have some of the names below: it turns towards the nearest other one, goes there and fires. A
brain of one's own is any class whose instances have `decide`; it is made with a random source of its own, so that a
seed gives the same run.
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

    from gameserver.state.declare import AnyField
    from gameserver.state.entity import EntityType
    from gameserver.state.inputs import Inputs, InputsType
    from gameserver.state.table import Table
    from gameserver.sync.decode.view_state import ViewState

HOLD_STATES = (2, 24)
"""A wanderer changes its mind every so many states: a tenth of a second to a good one at 20 a second, as people do."""
FIRE_WITHIN_RAD = 0.15
TURN_BEYOND_RAD = 0.05
RELUCTANCE = 0.15
"""Share of states in which a chaser lets go of the throttle, so that two of them do not circle each other for ever."""


@dataclass(frozen=True, slots=True)
class Sight:
    """What a brain sees: the newest state, and which of it the player steers."""

    view: ViewState
    avatar_id: int | None
    inputs: InputsType

    def avatar(self) -> tuple[EntityType, Table, int] | None:
        """Return the avatar's type, the table it is in and its row; None while there is none."""
        if self.avatar_id is not None:
            for entity_type, table in zip(self.view.schema.entities, self.view.tables, strict=True):
                row = table.row(self.avatar_id)
                if row is not None:
                    return entity_type, table, row
        return None


class Brain(Protocol):
    """What `run_bots` needs of a brain."""

    def decide(self, sight: Sight) -> Inputs | None:
        """Return the controls to hold until the next state; None for hands off."""


class Wander:
    """Random controls, each held for a while."""

    def __init__(self, rng: random.Random) -> None:
        self._random = rng
        self._left = 0
        self._held: Inputs | None = None

    def decide(self, sight: Sight) -> Inputs | None:
        """Return random controls, the same ones for some states."""
        if self._left <= 0:
            self._left = self._random.randint(*HOLD_STATES)
            values = {name: self._any(field) for name, field in sight.inputs.fields.items()}
            self._held = sight.inputs.cls(**values)
        self._left -= 1
        return self._held

    def _any(self, field: AnyField) -> Any:
        if isinstance(field, Float | Angle):
            return field.decode(self._random.randint(field.lo, field.hi))
        return field.decode(self._random.choice((field.lo, field.hi, self._random.randint(field.lo, field.hi))))


class Chase:
    """After the nearest other avatar of the same type. Inputs that it knows by name: `aim` (an Angle) with `steer`,
    or else `turn`; `thrust` or `forward`; `fire` or `shoot`. Without any of them, or without `x` and `y`, it wanders.
    """

    def __init__(self, rng: random.Random) -> None:
        self._random = rng
        self._wander = Wander(rng)

    def decide(self, sight: Sight) -> Inputs | None:
        """Return the controls that bring the avatar closer to its target."""
        found = sight.avatar()
        if found is None or not {"x", "y"} <= found[0].numeric.keys():
            return self._wander.decide(sight)
        target = self._bearing(*found)
        if target is None:
            return self._wander.decide(sight)
        return self._steer(sight.inputs, *target)

    def _bearing(self, entity_type: EntityType, table: Table, row: int) -> tuple[float, float] | None:
        """Return the direction to the nearest other one, and how far the avatar would have to turn for it."""
        values = table.codes * entity_type.step
        place = {name: index for index, name in enumerate(entity_type.numeric)}
        dx, dy = values[place["x"]] - values[place["x"], row], values[place["y"]] - values[place["y"], row]
        distance = dx * dx + dy * dy
        distance[row] = np.inf
        if "dead" in place:
            distance[values[place["dead"]] > 0] = np.inf
        nearest = int(np.argmin(distance))
        if not np.isfinite(distance[nearest]):
            return None
        bearing = math.atan2(dy[nearest], dx[nearest]) % TURN
        heading = values[place["angle"], row] if "angle" in place else bearing
        return bearing, float((bearing - heading + math.pi) % TURN - math.pi)

    def _steer(self, inputs: InputsType, bearing: float, off: float) -> Inputs:
        wanted: dict[str, Any] = {
            "aim": bearing,
            "steer": True,
            "turn": 0 if abs(off) < TURN_BEYOND_RAD else math.copysign(1, off),
            "fire": abs(off) < FIRE_WITHIN_RAD,
            "shoot": abs(off) < FIRE_WITHIN_RAD,
        }
        wanted["thrust"] = wanted["forward"] = abs(off) < 1.0 and self._random.random() > RELUCTANCE
        return inputs.cls(**{name: value for name, value in wanted.items() if name in inputs.fields})


BRAINS: dict[str, Callable[[random.Random], Brain]] = {"wander": Wander, "chase": Chase}
"""The brains that can be asked for by name."""
