"""Room ids that people can read out: a made id is also the code by which friends join the room."""

from __future__ import annotations

import string
from typing import Final

ROOM_ID_ALPHABET: Final = "".join(sorted(set(string.ascii_lowercase + string.digits) - set("il1o0")))
"""Without letters and digits that look alike."""
ROOM_ID_CHARS: Final = 6


def room_of_code(code: str) -> str:
    """Return the id of the room with this code, as people type it: in any case, with spaces or hyphens in between."""
    return "".join(code.replace("-", " ").split()).lower()
