"""Resume tokens: which process and session a token belongs to, and the secret that makes it valid.

A token is the instance of the process, the key of the session and a secret that changes with every resume; their sizes
are in `protocol/constants.py`. The secret before the last resume stays valid until the client has shown that the new
one arrived (docs/decisions/0003-resume-tokens.md).
"""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING

from gameserver.protocol.constants import TOKEN_INSTANCE_BYTES, TOKEN_KEY_BYTES, TOKEN_SECRET_BYTES, CloseCode
from gameserver.protocol.errors import ProtocolError

if TYPE_CHECKING:
    from collections.abc import Callable

    from gameserver.room.engine import RoomEngine
    from gameserver.room.session import Session

_MAX_KEY = (1 << 8 * TOKEN_KEY_BYTES) - 1
_NO_SECRET = bytes(TOKEN_SECRET_BYTES)


class ResumeTokens:
    """The sessions of one process by their resume tokens."""

    def __init__(self, token_bytes: Callable[[int], bytes]) -> None:
        """`token_bytes(n)` returns `n` bytes from a cryptographic source."""
        self._token_bytes = token_bytes
        self.instance = token_bytes(TOKEN_INSTANCE_BYTES)
        """What the tokens of this process begin with."""
        self._sessions: dict[int, tuple[Session, RoomEngine]] = {}
        self._last_key = 0

    def __len__(self) -> int:
        return len(self._sessions)

    def new_key(self) -> int:
        """A key for a new session. Keys count up and start again from 1; those in use are skipped."""
        while True:
            self._last_key = self._last_key % _MAX_KEY + 1
            if self._last_key not in self._sessions:
                return self._last_key

    def new_secret(self) -> bytes:
        """A secret for a session."""
        return self._token_bytes(TOKEN_SECRET_BYTES)

    def add(self, session: Session, engine: RoomEngine) -> None:
        """From now on the session's token is valid, once the session is seated."""
        self._sessions[session.key] = (session, engine)

    def remove(self, session: Session) -> None:
        """The session has ended. Idempotent."""
        self._sessions.pop(session.key, None)

    def engine_of(self, session: Session) -> RoomEngine:
        """The room of a session that has not ended."""
        return self._sessions[session.key][1]

    def token_of(self, session: Session) -> bytes:
        """The token that the client of a session may resume with."""
        return self.instance + session.key.to_bytes(TOKEN_KEY_BYTES) + session.secret

    def renew(self, session: Session, token: bytes) -> None:
        """Give a session that resumes with `token` a new secret; the one in `token` stays valid for now."""
        session.previous_secret = token[-TOKEN_SECRET_BYTES:]
        session.secret = self.new_secret()

    def find(self, token: bytes) -> tuple[Session, RoomEngine]:
        """Find the session of a token.

        Raises:
            ProtocolError: SERVER_RESTARTED for a token of another process, SESSION_EXPIRED for one that is not valid
                (any more).
        """
        if token[:TOKEN_INSTANCE_BYTES] != self.instance:
            raise ProtocolError(CloseCode.SERVER_RESTARTED, "the session was of another server process")
        key = int.from_bytes(token[TOKEN_INSTANCE_BYTES : TOKEN_INSTANCE_BYTES + TOKEN_KEY_BYTES])
        found = self._sessions.get(key)
        if found is not None and _may_resume(found[0], token[-TOKEN_SECRET_BYTES:]):
            return found
        raise ProtocolError(CloseCode.SESSION_EXPIRED, "the session has ended, or the token was used up")


def _may_resume(session: Session, secret: bytes) -> bool:
    """Compare both secrets in any case, so that the time taken shows nothing."""
    fits = hmac.compare_digest(secret, session.secret)
    fits_previous = hmac.compare_digest(secret, session.previous_secret or _NO_SECRET) and bool(session.previous_secret)
    return session.seated and not session.leaving and (fits or fits_previous)
