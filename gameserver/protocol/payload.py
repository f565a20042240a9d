"""Checks values that a game chooses: `params`, `payload` and maps; and describes invalid ones."""

import math
from collections.abc import Sequence
from typing import Final, NamedTuple


class Problem(NamedTuple):
    """What is wrong with a value. `path` leads from the message's item to the part that is wrong."""

    path: str
    expected: str
    got: str

    def under(self, path: str) -> "Problem":
        """Return the same problem with a path that begins one level further out."""
        return self._replace(path=path + self.path)


def describe(value: object) -> str:
    """Describe a value in a few bytes: its type or length, or the value if it is an int or not finite."""
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
    """Return the first part of a value that the wire cannot carry, or None.

    Args:
        value: Any value.
        depth: The most nested arrays and maps.
    """
    if type(value) in _HARMLESS:  # the usual case, and a message can have thousands of them
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
        case str() | bytes():  # subclasses; only values of this side can be ones
            return None
        case _:
            expected = "nil, a bool, a number, a str, a bin, an array or a map"
            return Problem("", expected, describe(value))


def _is_short_name(key: str) -> bool:
    """Return True if a key of the other side can be repeated in a reason."""
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
