"""What `Room` and `Player` are generic in.

With defaults, so that `Room[Keys]` and `Player` alone are complete. Type checkers know defaults of type variables;
Python itself knows them from 3.13 on only.

This module is not compiled: a compiled one has only one side of `if TYPE_CHECKING`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gameserver.state.entity import Entity
from gameserver.state.inputs import Inputs

if TYPE_CHECKING:
    from typing_extensions import TypeVar

    C = TypeVar("C", bound=Inputs, default=Inputs)
    A = TypeVar("A", bound=Entity | None, default=Any)
    D = TypeVar("D", default=Any)
else:
    from typing import TypeVar

    C = TypeVar("C", bound=Inputs)
    A = TypeVar("A", bound=Entity | None)
    D = TypeVar("D")


def padded(arguments: Any, count: int) -> tuple[Any, ...]:
    """Return the arguments of a generic class, with Any for those that are left out at the end.

    Args:
        arguments: One, or a tuple of them.
        count: How many the class has.
    """
    given = arguments if isinstance(arguments, tuple) else (arguments,)
    return given + (Any,) * (count - len(given))
