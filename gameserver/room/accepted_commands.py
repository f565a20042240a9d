"""The commands that a kind of room takes from outside its process's own program: declared by the author with their
types, and checked before the rules get them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

import msgspec

from gameserver.escaping import escape_controls
from gameserver.protocol.codec import check_storable
from gameserver.room.options import MAX_SAID_CHARS, reason_of

if TYPE_CHECKING:
    from collections.abc import Mapping

_VALUE_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


class CommandUnknown(ValueError):
    """The kind takes no command of this name; the text says which ones it takes."""


class CommandInvalid(ValueError):
    """The payload is not what the kind has declared; the text names the field."""


def read_command(accepted: Mapping[str, Any], name: str, payload: object) -> Any:
    """Return the payload of a command as its rules get it: checked, with defaults filled in, plain data.

    Args:
        accepted: The types of a room class's commands by name, `Room.commands`.
        name: The command's name.
        payload: Plain data that came with it.

    Raises:
        CommandUnknown: There is no such command.
        CommandInvalid: The payload does not fit the command's type.
    """
    if name not in accepted:
        said = escape_controls(name[:MAX_SAID_CHARS])
        raise CommandUnknown(f"no command {said!r}; there are: {', '.join(accepted) or 'none'}")
    try:
        checked = msgspec.convert(payload, accepted[name], builtin_types=(bytes,))
        plain = msgspec.to_builtins(checked, builtin_types=(bytes,))
        check_storable(plain)
    except msgspec.ValidationError as error:
        raise CommandInvalid(reason_of(name, str(error))) from None
    except ValueError as error:
        raise CommandInvalid(f"{name}: {error}") from None
    return plain


def are_commands(value: object) -> bool | str:
    """Return whether a class can have this value as its `commands`, or why it cannot."""
    if not isinstance(value, dict) or not all(isinstance(name, str) and _VALUE_NAME.fullmatch(name) for name in value):
        return False
    for name, kind in value.items():
        try:
            msgspec.json.Decoder(kind)
        except (TypeError, NameError) as error:
            return f"{name}: {' '.join(str(error).split())}"
    return True
