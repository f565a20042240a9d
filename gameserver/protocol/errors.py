"""The one exception that hostile bytes can raise."""

from typing import Final

from gameserver.protocol.constants import MAX_REASON_BYTES, CloseCode

_ELLIPSIS: Final = "…"


def fit_reason(text: str, max_bytes: int = MAX_REASON_BYTES) -> str:
    """Cut `text` to at most `max_bytes` of UTF-8, at a character, so that a close frame takes it."""
    raw = text.encode("utf-8", "replace")
    if len(raw) <= max_bytes:
        return raw.decode()
    room = max_bytes - len(_ELLIPSIS.encode())
    return raw[:room].decode("utf-8", "ignore") + _ELLIPSIS


class ProtocolError(Exception):
    """The other side broke the protocol.

    `code` is the close code that answers it; `reason` tells its developer what is wrong, in at most
    `MAX_REASON_BYTES` bytes of UTF-8.
    """

    def __init__(self, code: CloseCode, reason: str) -> None:
        """Keep the code and what fits of the reason."""
        self.code = code
        self.reason = fit_reason(reason)
        super().__init__(code, self.reason)

    def __str__(self) -> str:
        """Return `4004 INVALID_FIELD: INPUT: item 2 …`."""
        return f"{int(self.code)} {self.code.name}: {self.reason}"


class DeltaError(ProtocolError):
    """A delta that does not fit what the client holds: the client keeps that, and asks for a full state."""

    def __init__(self, reason: str) -> None:
        """Say what does not fit."""
        super().__init__(CloseCode.MALFORMED, reason)


def require(holds: object, reason: str) -> None:
    """Raise DeltaError when a check of protocol.md §5 fails."""
    if not holds:
        raise DeltaError(reason)
