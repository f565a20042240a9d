"""The kinds of rooms of one process, made from room classes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gameserver.room.kind import Kind, make_kind
from gameserver.state.errors import DeclarationError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from gameserver.room.room import Room


def make_kinds(classes: Iterable[type[Room[Any]]] | Mapping[str, type[Room[Any]]]) -> dict[str, Kind]:
    """Return the kinds of room classes, by name.

    Args:
        classes: The classes, by the names in a mapping, or by their own.

    Raises:
        DeclarationError: A room class is not right, or two have the same name.
    """
    kinds: dict[str, Kind] = {}
    named = classes.items() if hasattr(classes, "items") else ((None, cls) for cls in classes)
    for name, room_class in named:
        kind = make_kind(room_class, name)
        if kind.name in kinds:
            raise DeclarationError(
                f"two rooms are called {kind.name!r}: give {room_class.__name__} a `kind` of its own"
            )
        kinds[kind.name] = kind
    return kinds


def make_lobbies(kinds: Mapping[str, Kind], lobby_of: Callable[[str], type[Room[Any]] | None]) -> dict[str, Kind]:
    """Return the lobbies of kinds, by their own names. A room that an author calls so takes the place of one.

    Args:
        kinds: The kinds, by name.
        lobby_of: Returns the room class of a kind's lobby, None for a kind without.
    """
    made = [make_kind(room_class) for name in kinds if (room_class := lobby_of(name)) is not None]
    return {kind.name: kind for kind in made if kind.name not in kinds}


def check_lists(kinds: Mapping[str, Kind], listed: Mapping[str, Kind]) -> None:
    """Check that every room that shows the rooms of a kind names one that there is.

    Args:
        kinds: All kinds.
        listed: Those that can be shown.

    Raises:
        DeclarationError: One does not.
    """
    for kind in kinds.values():
        shown = kind.room_class.lists
        if shown is not None and shown not in listed:
            known = ", ".join(sorted(listed))
            raise DeclarationError(f"{kind.room_class.__name__}.lists is {shown!r}; write one of {known}")
