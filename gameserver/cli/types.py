"""`gameserver types`: a room's declarations as TypeScript, for pages that are checked with `tsc`."""

from __future__ import annotations

from gameserver.cli.errors import plain_errors
from gameserver.loading import load_room
from gameserver.room.kind import make_kind
from gameserver.room.typescript import types_of_kind


def types(room: str) -> None:
    """Print the types of a room as TypeScript: entities, inputs, events, messages, options, listing.

    Args:
        room: The room class as MODULE:CLASS.
    """
    with plain_errors():
        text = types_of_kind(make_kind(load_room(room)), room)
    print(text, end="")
