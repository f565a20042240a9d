"""Checks the hooks of a room class, each when the class is made: a wrong one must not be found out by a tick."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Final

from gameserver.state.errors import DeclarationError
from gameserver.state.slips import bare_annotations, slip_of

if TYPE_CHECKING:
    from collections.abc import Collection


def check_hook(owner: str, name: str, value: object, model: object) -> None:
    """Check that a room can call what a class has as a hook.

    Args:
        owner: The name of the class.
        name: The name of the hook.
        value: What the class has under that name.
        model: The method of `Room`, which takes the same arguments.

    Raises:
        DeclarationError: Names class and hook, and says what to write.
    """
    parameters = list(inspect.signature(model).parameters)  # type: ignore[arg-type]  # a function of `Room`
    wanted = f"def {name}({', '.join(parameters)})"
    function = value.__func__ if isinstance(value, staticmethod | classmethod) else value
    if not callable(function):
        raise DeclarationError(f"{owner}.{name} is {value!r}; write a method, {wanted}")
    if inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function):
        raise DeclarationError(
            f"{owner}.{name} is async, and a room waits for nothing; "
            f"write {wanted}, and self.run(…) for what takes time"
        )
    if inspect.isgeneratorfunction(function):
        raise DeclarationError(f"{owner}.{name} has a `yield`, so that a call would run nothing; write {wanted}")
    try:
        signature = inspect.signature(function)
    except ValueError:  # of a callable that does not say
        return
    given = parameters[1:] if isinstance(value, staticmethod) else parameters
    try:
        signature.bind(*given)
    except TypeError:
        raise DeclarationError(f"{owner}.{name} takes {signature}; write {wanted}") from None


def refuse_slips(cls: type, room: type, hooks: Collection[str], settings: Collection[str]) -> None:
    """Refuse names in a class body that are nearly those of a hook or setting, because nothing would ever use them.

    Args:
        cls: The class. Methods and attributes of its author's own may have any other name.
        room: `Room`.
        hooks: The hooks of a room.
        settings: The settings of a room.

    Raises:
        DeclarationError: Names the class and the attribute, and says what to write.
    """
    steps = [one for one in settings if one.startswith("predict")]
    for name, value in vars(cls).items():
        if name.startswith("_") or hasattr(room, name):
            continue
        is_function = callable(value) or isinstance(value, staticmethod | classmethod)
        meant = slip_of(name, (*hooks, *steps) if is_function or name.startswith("on_") else settings)
        if meant is not None:
            what = "hook" if meant in hooks else "setting"
            raise DeclarationError(f"{cls.__name__}.{name} is no {what} of a room; write {meant}, or another name")
    for name, written in bare_annotations(cls).items():
        if name in settings and (written[:1] in _BEGIN_VALUES or written in _NAMED_VALUES):
            raise DeclarationError(f"{cls.__name__}.{name}: {written} is an annotation; write {name} = {written}")


_BEGIN_VALUES: Final = frozenset("0123456789\"'({[-")
_NAMED_VALUES: Final = frozenset({"True", "False", "None"})
"""What an annotation is, or begins with, that was meant as a value: `tick_hz: 30`."""
