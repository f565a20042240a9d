"""Loads the class that a command line names as `module:Name`, and says in one sentence why it cannot."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

from gameserver.room.room import Room


class LoadError(Exception):
    """What a command was given cannot be used. The text says why, in one line."""


def load_object(spec: str) -> Any:
    """Import what `module:name` names. The current folder is searched first.

    Raises:
        LoadError: There is no such module or name, or the module cannot be imported.
    """
    module_name, _, name = spec.partition(":")
    if not module_name or not name:
        raise LoadError(f"{spec!r}: write module:Class, for example mygame:Arena")
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name is not None and (module_name == error.name or module_name.startswith(error.name + ".")):
            raise LoadError(f"no module named {module_name!r} in {here} or the installed packages") from None
        raise LoadError(f"{module_name}: {error}") from None
    except Exception as error:
        raise LoadError(f"{module_name} cannot be imported: {type(error).__name__}: {_one_line(error)}") from error
    try:
        return getattr(module, name)
    except AttributeError:
        raise LoadError(f"module {module_name!r} has no {name!r}") from None


def load_room(spec: str) -> type[Room[Any]]:
    """Import the room class that `module:name` names.

    Raises:
        LoadError: It cannot be imported, or is no room class.
    """
    found = load_object(spec)
    if not (isinstance(found, type) and issubclass(found, Room)) or found is Room:
        raise LoadError(f"{spec} is no Room: write a class that inherits from gameserver.Room")
    return found


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split())
