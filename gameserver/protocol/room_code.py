"""Room codes: the ids that a server makes, as people read them out and type them (protocol.md §3, JOIN)."""

from __future__ import annotations

import string
from typing import Final

ROOM_ID_ALPHABET: Final = "".join(sorted(set(string.ascii_lowercase + string.digits) - set("il1o0")))
"""Without letters and digits that look alike."""
ROOM_ID_CHARS: Final = 6


def room_of_code(code: str) -> str:
    """Return the id of the room with this code, as people type it: in any case, with spaces or hyphens in between."""
    return "".join(code.replace("-", " ").split()).lower()


def code_of_room(room_id: str) -> str | None:
    """Return the code of a room; None where a program chose an id that no code leads to, such as `cup-1`."""
    return room_id.upper() if room_of_code(room_id.upper()) == room_id else None
