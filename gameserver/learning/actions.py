"""From an action to the codes of a room's inputs. `gameserver.gym.spaces` declares the actions that fit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gameserver.state.declare import unknown_field
from gameserver.state.field import number
from gameserver.state.fields import Choice, Flag

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gameserver.state.declare import AnyField
    from gameserver.state.inputs import InputsType


def action_codes(inputs: InputsType, action: Mapping[str, Any]) -> tuple[int, ...]:
    """Return the codes of an action.

    Args:
        inputs: The room's inputs.
        action: By name of the field, a number or an array of one: 0 or 1 for a Flag, the index of the name for a
            Choice, the value for others. A number out of range becomes the nearest one, an angle is wrapped. Fields
            that are left out are neutral.

    Returns:
        One code per field, in order.

    Raises:
        TypeError: The room's inputs have no field of that name.
        ValueError: A value is no number, is not finite, or is no index of a Choice.
    """
    fields = inputs.fields
    if not action.keys() <= fields.keys():
        raise unknown_field(inputs.cls, dict(action), fields)
    return tuple(
        [
            _code(name, field, action[name]) if name in action else neutral
            for (name, field), neutral in zip(fields.items(), inputs.neutral_codes, strict=True)
        ]
    )


def _code(name: str, field: AnyField, value: Any) -> int:
    try:
        item = value if isinstance(value, int | float) else np.asarray(value).item()
        if isinstance(field, Choice):
            return _index(field, number(item))
        return field.encode(number(item) != 0 if isinstance(field, Flag) else item)
    except ValueError as error:
        raise ValueError(f"action {name} {error}") from None


def _index(field: Choice[Any], value: float) -> int:
    """Return a number that is the index of a name.

    Raises:
        ValueError: It is none.
    """
    if not value.is_integer() or not field.lo <= value <= field.hi:
        raise ValueError(f"is {value:g}; write 0 to {field.hi}, the index of a name")
    return int(value)
