"""`ProtocolError`, the only exception that invalid bytes raise."""

import math
from typing import Final

from gameserver.protocol.constants import MAX_REASON_BYTES, CloseCode

_ELLIPSIS: Final = "…"
_UNITS: Final = (("s", 1, 90), ("min", 60, 90 * 60), ("h", 3600, 48 * 3600))
"""Units of time, each with its seconds, and up to how many seconds it is used."""


def fit_reason(text: str, max_bytes: int = MAX_REASON_BYTES) -> str:
    """Cut `text` at a character to at most `max_bytes` of UTF-8, so that it fits into a close frame."""
    raw = text.encode("utf-8", "replace")
    if len(raw) <= max_bytes:
        return raw.decode()
    room = max_bytes - len(_ELLIPSIS.encode())
    return raw[:room].decode("utf-8", "ignore") + _ELLIPSIS


def banned_reason(reason: str, left_s: float | None) -> str:
    """Return what somebody is sent who is banned.

    Args:
        reason: Why; may be empty.
        left_s: For how long from now on, in seconds; None: for good.
    """
    text = "banned" if left_s is None else f"banned for {_roughly(left_s)}"
    return fit_reason(f"{text}: {reason}" if reason else text)


def _roughly(seconds: float) -> str:
    """Return a time as people say it, never less than it is."""
    for unit, unit_s, upto_s in _UNITS:
        if seconds <= upto_s:
            return f"{math.ceil(seconds / unit_s)} {unit}"
    return f"{math.ceil(seconds / 86_400)} days"


class ProtocolError(Exception):
    """The other side broke the protocol.

    Args:
        code: The close code to answer with.
        reason: What is wrong, for the developer of the other side; cut to `MAX_REASON_BYTES` of UTF-8.
    """

    def __init__(self, code: CloseCode, reason: str) -> None:
        self.code = code
        self.reason = fit_reason(reason)
        super().__init__(code, self.reason)

    def __str__(self) -> str:
        """Return `4004 INVALID_FIELD: INPUT: item 2 …`."""
        return f"{int(self.code)} {self.code.name}: {self.reason}"


class DeltaError(ProtocolError):
    """A delta does not fit the state that the client has. The client keeps that state and asks for a full one."""

    def __init__(self, reason: str) -> None:
        super().__init__(CloseCode.MALFORMED, reason)


def require(holds: object, reason: str) -> None:
    """Check a rule of protocol.md §5.

    Raises:
        DeltaError: `holds` is false.
    """
    if not holds:
        raise DeltaError(reason)
