"""`ProtocolError`, the only exception that invalid bytes raise."""

from typing import Final

from gameserver.protocol.constants import MAX_REASON_BYTES, CloseCode

_ELLIPSIS: Final = "…"


def fit_reason(text: str, max_bytes: int = MAX_REASON_BYTES) -> str:
    """Cut `text` at a character to at most `max_bytes` of UTF-8, so that it fits into a close frame."""
    raw = text.encode("utf-8", "replace")
    if len(raw) <= max_bytes:
        return raw.decode()
    room = max_bytes - len(_ELLIPSIS.encode())
    return raw[:room].decode("utf-8", "ignore") + _ELLIPSIS


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
