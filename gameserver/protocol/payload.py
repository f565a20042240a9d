"""Values of a game's own choosing: what `params`, `payload` and maps may hold, and words for what is wrong."""

import math
from collections.abc import Sequence
from typing import Final, NamedTuple


class Problem(NamedTuple):
    """What is wrong with a value; `path` leads from the item to the part that is."""

    path: str
    expected: str
    got: str

    def under(self, path: str) -> "Problem":
        """Return the same problem, seen from one level further out."""
        return self._replace(path=path + self.path)


def describe(value: object) -> str:
    """Name a value in a few bytes: its type, and the value itself only if it is a number that fits."""
    match value:
        case None:
            return "nil"
        case bool():
            return "a bool"
        case int():
            return str(value)
        case float():
            return "a float" if math.isfinite(value) else str(value)
        case str():
            return f"a {len(value.encode('utf-8', 'replace'))}-byte str"
        case bytes():
            return f"a {len(value)}-byte bin"
        case list() | tuple():
            return f"an array of {len(value)}"
        case dict():
            return f"a map of {len(value)}"
        case _:
            return f"something of type {type(value).__name__}"


_HARMLESS: Final = frozenset({type(None), bool, str, bytes})


def payload_problem(value: object, depth: int) -> Problem | None:
    """Look for what msgpack or the protocol cannot hold, at most `depth` arrays and maps deep."""
    if type(value) in _HARMLESS:  # most of what there is, and a client may send thousands of them
        return None
    match value:
        case int():
            in_range = -(2**63) <= value < 2**64
            return None if in_range else Problem("", "an integer of at most 64 bits", "a larger one")
        case float():
            return None if math.isfinite(value) else Problem("", "a finite number", str(value))
        case list() | tuple() | dict() if not depth:
            return Problem("", "nested less deeply", describe(value))
        case list() | tuple():
            return _sequence_problem(value, depth - 1) if value else None
        case dict():
            return _map_problem(value, depth - 1) if value else None
        case str() | bytes():  # subclasses, from this side only
            return None
        case _:
            expected = "nil, a bool, a number, a str, a bin, an array or a map"
            return Problem("", expected, describe(value))


def _is_short_name(key: str) -> bool:
    """Say whether a key of the other side's may stand in a reason."""
    return len(key) <= 24 and key.isascii() and key.isidentifier()


def _sequence_problem(values: Sequence[object], depth: int) -> Problem | None:
    for index, value in enumerate(values):
        if found := payload_problem(value, depth):
            return found.under(f"[{index}]")
    return None


def _map_problem(values: dict[object, object], depth: int) -> Problem | None:
    for index, (key, value) in enumerate(values.items()):
        if not isinstance(key, str):
            return Problem(f"{{{index}}}", "a str as key", describe(key))
        if found := payload_problem(value, depth):
            return found.under(f".{key}" if _is_short_name(key) else f"{{{index}}}")
    return None
