"""Checks values that a game chooses: `params`, `payload` and maps; and describes invalid ones."""

import math
from collections.abc import Iterable
from typing import Any, Final, NamedTuple

import numpy as np


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


_FIT: Final = frozenset({type(None), bool, str, bytes})
"""Types whose values always fit. (That a str can be encoded is found out by encoding it.)"""

MAX_PAYLOAD_INTEGER: Final = 2**53 - 1
"""The largest integer of a payload, in both directions: what a double holds exactly, and with it every language."""
_MIN_64_BITS: Final = -(2**63)
_MAX_64_BITS: Final = 2**64 - 1


def storable_problem(value: Any, depth: int) -> Problem | None:
    """Return the first part of a value that a recording cannot hold, or None: as `payload_problem`, but integers may
    have 64 bits, since no client reads them."""
    return payload_problem(value, depth, _MIN_64_BITS, _MAX_64_BITS)


def payload_problem(
    value: Any, depth: int, least: int = -MAX_PAYLOAD_INTEGER, most: int = MAX_PAYLOAD_INTEGER
) -> Problem | None:
    """Return the first part of a value that the wire cannot carry, or None.

    A client's message can have hundreds of values, so exact types are asked for first, and the loops over arrays and
    maps pass the usual values without a call.

    Args:
        value: Any value.
        depth: The most nested arrays and maps.
        least: The lowest integer.
        most: The highest integer.
    """
    kind = type(value)
    if kind in _FIT:
        return None
    if kind is list or kind is tuple:
        return _nested_too_deeply(value) if depth <= 0 else _array_problem(value, depth - 1, least, most)
    if kind is dict:
        return _nested_too_deeply(value) if depth <= 0 else _map_problem(value, depth - 1, least, most)
    if kind is int:
        return None if least <= value <= most else _too_large(most)
    if kind is float:
        return None if math.isfinite(value) else Problem("", "a finite number", str(value))
    return _unusual_problem(value, depth, least, most)


def _unusual_problem(value: object, depth: int, least: int, most: int) -> Problem | None:
    """Check a value of a subclass, such as an enum's member or a named tuple. Only values of this side can be one."""
    if isinstance(value, str | bytes):
        return None
    if isinstance(value, int):
        return payload_problem(int(value), depth, least, most)
    if isinstance(value, float):
        return payload_problem(float(value), depth, least, most)
    if isinstance(value, list | tuple):
        return payload_problem(list(value), depth, least, most)
    if isinstance(value, dict):
        return payload_problem(dict(value), depth, least, most)
    if isinstance(value, np.ndarray):
        return Problem("", "a list (write array.tolist())", "a numpy array")
    if isinstance(value, np.generic):
        try:
            return payload_problem(plain(value), depth, least, most)
        except TypeError:
            pass
    return Problem("", "nil, a bool, a number, a str, a bin, an array or a map", describe(value))


def text_place(name: str, payload: object) -> str:
    """Return where an event has text that cannot be encoded: its name, or a place in its payload."""
    return "name" if not _is_text(name) else f"payload{_bad_text(payload) or ''}"


def _bad_text(value: object) -> str | None:
    """Return the path to the first text that cannot be encoded; None without one."""
    if isinstance(value, str):
        return None if _is_text(value) else ""
    if isinstance(value, dict):
        if not all(map(_is_text, value)):
            return ", a key of a map,"
        parts: Iterable[tuple[str, object]] = [(f".{key}", part) for key, part in value.items()]
    elif isinstance(value, list | tuple):
        parts = [(f"[{index}]", part) for index, part in enumerate(value)]
    else:
        return None
    return next((path + found for path, part in parts if (found := _bad_text(part)) is not None), None)


def _is_text(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def plain(value: object) -> bool | int | float:
    """Return a scalar of numpy, such as an item of a column, as the Python value that goes over the wire.

    Raises:
        TypeError: It is none, or one that has no such value.
    """
    if isinstance(value, np.bool_):
        return bool(value)
    if isinstance(value, np.integer) and not isinstance(value, np.timedelta64):
        return int(value)
    if isinstance(value, np.floating):
        return float(value)
    raise TypeError(f"{type(value).__name__} cannot be sent")


def plain_payload(value: Any) -> Any:
    """Return a payload with every scalar of numpy replaced: what a client, or a replay, gets.

    Args:
        value: A payload that `payload_problem` finds nothing wrong with.
    """
    if isinstance(value, dict):
        return {key: plain_payload(part) for key, part in value.items()}
    if type(value) is list or type(value) is tuple:
        return type(value)([plain_payload(part) for part in value])
    return plain(value) if isinstance(value, np.generic) and not isinstance(value, str | bytes) else value


def _nested_too_deeply(value: object) -> Problem:
    return Problem("", "nested less deeply", describe(value))


def _too_large(most: int) -> Problem:
    if most > MAX_PAYLOAD_INTEGER:
        return Problem("", "an integer of at most 64 bits", "a larger one")
    return Problem("", "an integer from -(2**53 - 1) to 2**53 - 1 (send a larger one as text)", "a larger one")


def _array_problem(values: Iterable[Any], depth: int, least: int, most: int) -> Problem | None:
    for index, value in enumerate(values):
        kind = type(value)
        if kind in _FIT or (kind is int and least <= value <= most):
            continue
        if depth and (kind is list or kind is dict) and not value:
            continue
        if found := payload_problem(value, depth, least, most):
            return found.under(f"[{index}]")
    return None


def _map_problem(values: dict[object, Any], depth: int, least: int, most: int) -> Problem | None:
    for index, (key, value) in enumerate(values.items()):
        if not isinstance(key, str):
            return Problem(f"{{{index}}}", "a str as key", describe(key))
        kind = type(value)
        if kind in _FIT or (kind is int and least <= value <= most):
            continue
        if depth and (kind is list or kind is dict) and not value:
            continue
        if found := payload_problem(value, depth, least, most):
            return found.under(f".{key}" if _is_short_name(key) else f"{{{index}}}")
    return None


def _is_short_name(key: str) -> bool:
    """Return True if a key of the other side can be repeated in a reason."""
    return len(key) <= 24 and key.isascii() and key.isidentifier()
