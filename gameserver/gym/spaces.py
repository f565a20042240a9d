"""Gymnasium's spaces for the observations and actions of a room."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
from gymnasium import spaces

from gameserver.state.fields import Choice, Flag, Int

if TYPE_CHECKING:
    from gameserver.learning.observation import Observer
    from gameserver.state.declare import AnyField
    from gameserver.state.inputs import InputsType

MAX_DISCRETE: Final = 1024
"""An Int with more values is a Box: programs that learn compute something for each value of a Discrete."""


def observation_space(observer: Observer) -> spaces.Dict:
    """Return the space of what `Observer.observe` returns."""
    rows = {name: each for name, each in observer.rows.items() if each.count}
    boxes: dict[str, spaces.Space[Any]] = {
        name: spaces.Box(np.tile(each.low, (each.count, 1)), np.tile(each.high, (each.count, 1)), dtype=np.float32)
        for name, each in rows.items()
    }
    masks: dict[str, spaces.Space[Any]] = {name: spaces.MultiBinary(each.count) for name, each in rows.items()}
    return spaces.Dict({"entities": spaces.Dict(boxes), "mask": spaces.Dict(masks)})


def action_space(inputs: InputsType) -> spaces.Dict:
    """Return the space of the actions that `action_codes` takes.

    Raises:
        ValueError: The room has no inputs.
    """
    if not inputs.fields:
        raise ValueError(
            "the room has no inputs: name an Inputs class, as in Room[Controls]; an action sets its fields"
        )
    return spaces.Dict({name: _space(field) for name, field in inputs.fields.items()})


def _space(field: AnyField) -> spaces.Space[Any]:
    if isinstance(field, Flag | Choice):
        return spaces.Discrete(field.hi + 1)
    if isinstance(field, Int):
        values = field.hi - field.lo + 1
        if values <= MAX_DISCRETE:
            return spaces.Discrete(values, start=field.lo)
        return spaces.Box(field.lo, field.hi, (), np.int64)
    return spaces.Box(field.lo * field.step, field.hi * field.step, (), np.float32)
