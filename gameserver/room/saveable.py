"""What a checkpoint can hold of what the rules keep, and what to write instead of the rest.

Values are plain data, containers, arrays, enums, and objects of classes that are written in Python; classes and
functions are held by their names. Nothing is pickled: a checkpoint that is read runs no code but that of the game, and
loads no modules but those of effects.
"""

from __future__ import annotations

import functools
import importlib
import sys
import types
from typing import Any, Final

_LOCAL: Final = "<locals>"
_HEAP_TYPE: Final = 1 << 9
"""Set in the flags of a class that a `class` statement has made."""


class CannotSave(Exception):
    """Something that the rules keep cannot be saved.

    Args:
        path: Where it is, from the room on: `Arena.waves[3].boss`.
        problem: What it is, and what to write instead.
    """

    def __init__(self, path: str, problem: str) -> None:
        super().__init__(f"{path}: {problem}")
        self.path = path
        self.problem = problem


class CannotRestore(Exception):
    """A checkpoint does not fit the game as it is now; the text says why."""


def name_of(thing: Any) -> str | None:
    """Return the name by which `named` finds a class or function again; None if it has none."""
    module, name = getattr(thing, "__module__", None), getattr(thing, "__qualname__", None)
    if not isinstance(module, str) or not isinstance(name, str) or _LOCAL in name:
        return None
    return f"{module}:{name}" if _find(module, name) is thing else None


def named(name: Any) -> Any:
    """Return the class or function of a name.

    Raises:
        CannotRestore: There is none now.
    """
    module, _, qualified = str(name).partition(":")
    found = _find(module, qualified)
    if found is None:
        raise CannotRestore(f"there is no {qualified} in {module} any more")
    return found


def imported(name: Any) -> Any:
    """Return the function of a name, whose module may not be loaded yet: rules may import it where they need it.

    Raises:
        CannotRestore: There is none now, or its module cannot be imported.
    """
    module, _, qualified = str(name).partition(":")
    if module not in sys.modules:
        try:
            importlib.import_module(module)
        except (Exception, SystemExit) as error:
            why = f"{type(error).__name__}: {error}"
            raise CannotRestore(f"there is no {qualified} in {module} any more: {why}") from error
    return named(name)


def _find(module: str, name: str) -> Any:
    """Return what a loaded module has under a qualified name; None for nothing. No module is loaded for it here."""
    found: Any = sys.modules.get(module)
    for part in name.split("."):
        found = getattr(found, part, None)
    return found


def is_by_attributes(cls: type[Any]) -> bool:
    """Whether objects of a class are nothing but their attributes: it and all that it inherits from are written in
    Python."""
    if not all(base is object or base.__flags__ & _HEAP_TYPE for base in cls.__mro__):
        return False
    try:
        object.__new__(cls)  # refused for a class that is written in C
    except TypeError:
        return False
    return True


def slots_of(cls: type[Any]) -> list[str]:
    """The names of the slots of a class, inherited ones included."""
    names: list[str] = []
    for base in reversed(cls.__mro__):
        own = vars(base).get("__slots__", ())
        names += [own] if isinstance(own, str) else own
    return [name for name in names if name not in ("__dict__", "__weakref__")]


def check_call(name: str, call: Any) -> None:
    """Check that what is to be called later can be saved.

    Args:
        name: Of the argument, for the error.
        call: A function.

    Raises:
        TypeError: It is a closure, or another object without a name.
    """
    if isinstance(call, functools.partial):
        for part in (call.func, *filter(callable, call.args)):
            check_call(name, part)
        return
    target = call
    if isinstance(target, types.MethodType) or name_of(target) is not None or not callable(target):
        return
    raise TypeError(
        f"{name} is {target!r}, which a room that lasts cannot save; write a method, and its arguments after it: "
        "self.after(30, self.respawn, ship)"
    )
