"""What clients send to a chat, read with a reason for each thing that does not fit."""

from __future__ import annotations

from typing import Any, Final

MAX_ID: Final = 1_000_000_000


class MessageRefused(Exception):
    """Raise it in `Chat.moderate` to refuse a message; its text is the reason that the author of the message gets."""


def is_count(value: Any) -> bool:
    """Return whether a value is a number of a message or channel, or 0."""
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MAX_ID


def value_of(what: str, payload: Any, key: str, wanted: type) -> Any:
    """Read a value of a message's payload.

    Raises:
        MessageRefused: It is missing, or of another type.
    """
    value = payload.get(key) if isinstance(payload, dict) else None
    if not isinstance(value, wanted) or (wanted is int and isinstance(value, bool)):
        raise MessageRefused(f"{what}: {key} is no {wanted.__name__}")
    return value
