"""What the creator of a room may choose: declared by the author, checked before the room is made."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

import msgspec

from gameserver.escaping import escape_controls

if TYPE_CHECKING:
    from collections.abc import Mapping

_AT: Final = re.compile(r"(?P<wrong>.*) - at `\$\.(?P<field>[^`]*)`", re.DOTALL)
MAX_SAID_CHARS: Final = 24
"""How much of a name that does not exist a reason repeats."""


class Options(msgspec.Struct, forbid_unknown_fields=True):
    """Base of what a creator may choose in a kind of room. Each field has a type and a default:

        class RaceOptions(Options):
            track: Literal["ice", "sand"] = "ice"
            laps: Annotated[int, Meta(ge=1, le=20)] = 3

        class Race(Room):
            options = RaceOptions()

    `Meta` is msgspec's.
    """


class OptionsInvalid(ValueError):
    """What was chosen is not among the declared options; the text names the field."""


def as_map(options: Options) -> dict[str, Any]:
    """Return options as plain values by name."""
    values: dict[str, Any] = msgspec.to_builtins(options, builtin_types=(bytes,))
    return values


def choose(defaults: Options, chosen: Mapping[str, object]) -> Options:
    """Return the options of a new room.

    Args:
        defaults: What counts where nothing is chosen; its class says what may be.
        chosen: What the creator has chosen, by name.

    Returns:
        Options of the same class.

    Raises:
        OptionsInvalid: There is no such option, or it cannot have this value.
    """
    names = defaults.__struct_fields__
    for name in chosen:
        if name not in names:
            said = escape_controls(name[:MAX_SAID_CHARS])
            raise OptionsInvalid(f"options: no option {said!r}; there are: {', '.join(names) or 'none'}")
    try:
        return msgspec.convert({**as_map(defaults), **chosen}, type(defaults), builtin_types=(bytes,))
    except msgspec.ValidationError as error:
        raise OptionsInvalid(reason_of("options", str(error))) from None


def reason_of(what: str, text: str) -> str:
    """Return msgspec's reason for refusing `what`, such as the options, so that it names the field."""
    found = _AT.fullmatch(text)
    wrong, field = (text, "") if found is None else (found["wrong"], found["field"])
    wrong = escape_controls(wrong).replace("`", "")
    wrong = wrong[:1].lower() + wrong[1:]
    return f"{what}: '{field}': {wrong}" if field else f"{what}: {wrong}"


def are_options(value: object) -> bool | str:
    """Return whether a class can have this value as its `options`, or why it cannot: a creator that chooses nothing
    gets just these."""
    if not isinstance(value, Options):
        return False
    try:
        return choose(value, {}) == value
    except (OptionsInvalid, TypeError, NameError) as error:  # msgspec looks at the annotations now
        return " ".join(str(error).split())
