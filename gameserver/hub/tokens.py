"""Resume tokens: which process and session a token belongs to, and the secret that makes it valid.

A token is the instance of the process, the key of the session and a secret that changes with every resume; their sizes
are in `protocol/constants.py`. The secret before the last resume stays valid until the client has shown that the new
one arrived (docs/decisions/0003-resume-tokens.md). A server that keeps its rooms has the same instance after a
restart, and signs its secrets.
"""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING, Final, TypeAlias

from gameserver.protocol.constants import TOKEN_INSTANCE_BYTES, TOKEN_KEY_BYTES, TOKEN_SECRET_BYTES, CloseCode
from gameserver.protocol.errors import ProtocolError

if TYPE_CHECKING:
    from collections.abc import Callable

    from gameserver.room.engine import RoomEngine
    from gameserver.room.session import Session

GENERATION_BYTES: Final = 4
"""Of a signed secret: how many the session has had."""
KEYS_OF_A_PROCESS: Final = 1 << 20
_Id: TypeAlias = tuple[bytes, int]
"""What a token names: the instance of the process that has issued it, and a key."""
_MAX_KEY = (1 << 8 * TOKEN_KEY_BYTES) - 1
_NO_SECRET = bytes(TOKEN_SECRET_BYTES)


class ResumeTokens:
    """The sessions of one process by their resume tokens."""

    def __init__(self, token_bytes: Callable[[int], bytes]) -> None:
        """`token_bytes(n)` returns `n` bytes from a cryptographic source."""
        self._token_bytes = token_bytes
        self.instance = token_bytes(TOKEN_INSTANCE_BYTES)
        """What the tokens of this process begin with."""
        self._sessions: dict[_Id, tuple[Session, RoomEngine]] = {}
        self._former: dict[_Id, _Id] = {}
        """What the tokens of adopted sessions named before their first resume here: their WELCOME may not arrive."""
        self._adopted: set[bytes] = set()
        self._ended: dict[_Id, str] = {}
        """Why the rooms of sessions of the process before have ended."""
        self._last_key = 0
        self._signing_key: bytes | None = None

    def go_on(self, instance: bytes | None, starts: int, signing_key: bytes) -> None:
        """Go on with the tokens of the processes before this one.

        Secrets are signed from now on, so that a process which does not know the newest one of a session, because it
        was given out right before the process before was killed, can still check it.

        Args:
            instance: What their tokens began with; None: there was no process before.
            starts: How many there were: each has keys of its own, so that no lost session's token fits another one.
            signing_key: From a cryptographic source, and the same in each of them.
        """
        self.instance = self.instance if instance is None else instance
        self._last_key = (starts * KEYS_OF_A_PROCESS) % _MAX_KEY
        self._signing_key = signing_key

    def adopt(self, instance: bytes) -> None:
        """Take the tokens of another process too, whose rooms are here now.

        Args:
            instance: What they begin with.
        """
        self._adopted.add(instance)

    def note_ended(self, instance: bytes, key: int, reason: str) -> None:
        """The room of a session of the process before has ended: its client gets the reason when it comes back.

        Args:
            instance: What its token begins with.
            key: The session's.
            reason: Why.
        """
        self._ended[instance, key] = reason

    @property
    def instances(self) -> list[bytes]:
        """What the tokens that this process takes begin with; its own first."""
        return [self.instance, *sorted(self._adopted)]

    def __len__(self) -> int:
        return len(self._sessions)

    def _id_of(self, session: Session) -> _Id:
        return session.instance or self.instance, session.key

    def new_key(self) -> int:
        """A key for a new session. Keys count up and start again from 1; those in use are skipped."""
        while True:
            self._last_key = self._last_key % _MAX_KEY + 1
            if (self.instance, self._last_key) not in self._sessions:
                return self._last_key

    def new_secret(self, key: int, generation: int = 1) -> bytes:
        """A secret for a session.

        Args:
            key: The session's.
            generation: How many it has had with this one.
        """
        if self._signing_key is None:
            return self._token_bytes(TOKEN_SECRET_BYTES)
        return _signed(self._signing_key, (self.instance, key), generation)

    def add(self, session: Session, engine: RoomEngine) -> None:
        """From now on the session's token is valid, once the session is seated."""
        self._sessions[self._id_of(session)] = (session, engine)

    def remove(self, session: Session) -> None:
        """The session has ended. Idempotent."""
        own = self._id_of(session)
        self._sessions.pop(own, None)
        if self._former:
            self._former = {former: now for former, now in self._former.items() if now != own}

    def engine_of(self, session: Session) -> RoomEngine:
        """The room of a session that has not ended."""
        return self._sessions[self._id_of(session)][1]

    def session_of(self, key: int) -> Session | None:
        """The session with this key; None if it has ended."""
        found = self._sessions.get((self.instance, key))
        return None if found is None else found[0]

    def token_of(self, session: Session) -> bytes:
        """The token that the client of a session may resume with."""
        return (session.instance or self.instance) + session.key.to_bytes(TOKEN_KEY_BYTES) + session.secret

    def renew(self, session: Session, token: bytes) -> None:
        """Give a session that resumes with `token` a new secret; the one in `token` stays valid for now."""
        session.previous_secret = token[-TOKEN_SECRET_BYTES:]
        if session.instance:
            self._make_own(session)
        self._give_secret(session)

    def _make_own(self, session: Session) -> None:
        """Have a session that was adopted named by a token of this process from now on."""
        former = self._id_of(session)
        _, engine = self._sessions.pop(former)
        session.key, session.instance = self.new_key(), b""
        self.add(session, engine)
        self._former[former] = self._id_of(session)

    def replace(self, session: Session) -> None:
        """Give a session whose JOIN was repeated a new secret. The one before, which may not have arrived, is void."""
        session.previous_secret = b""
        self._give_secret(session)

    def _give_secret(self, session: Session) -> None:
        session.generation += 1
        session.secret = self.new_secret(session.key, session.generation)

    def find(self, token: bytes) -> tuple[Session, RoomEngine]:
        """Find the session of a token.

        Raises:
            ProtocolError: SERVER_RESTARTED for a token of another process, ROOM_CLOSED if its room did not go on after
                a restart, SESSION_EXPIRED for one that is not valid (any more).
        """
        instance = token[:TOKEN_INSTANCE_BYTES]
        if instance != self.instance and instance not in self._adopted:
            raise ProtocolError(CloseCode.SERVER_RESTARTED, "the session was of another server process")
        named = instance, int.from_bytes(token[TOKEN_INSTANCE_BYTES : TOKEN_INSTANCE_BYTES + TOKEN_KEY_BYTES])
        found = self._sessions.get(self._former.get(named, named))
        if found is not None and self._fits(found[0], named, token[-TOKEN_SECRET_BYTES:]):
            return found
        if found is None and named in self._ended:
            raise ProtocolError(CloseCode.ROOM_CLOSED, self._ended[named])
        raise ProtocolError(CloseCode.SESSION_EXPIRED, "the session has ended, or the token was used up")

    def _fits(self, session: Session, named: _Id, secret: bytes) -> bool:
        if session.restored_tick is None or self._signing_key is None:
            return named == self._id_of(session) and _may_resume(session, secret)
        generation = int.from_bytes(secret[:GENERATION_BYTES])
        is_signed = hmac.compare_digest(secret, _signed(self._signing_key, named, generation))
        if not is_signed or generation < session.generation - 1 or not session.keeps_seat:
            return False
        session.generation = max(session.generation, generation)
        return True


def _signed(signing_key: bytes, named: _Id, generation: int) -> bytes:
    """Return the secret of a session's generation, which only who has the signing key can make."""
    stamp = generation.to_bytes(GENERATION_BYTES)
    signed = hmac.digest(signing_key, named[0] + named[1].to_bytes(TOKEN_KEY_BYTES) + stamp, "sha256")
    return stamp + signed[: TOKEN_SECRET_BYTES - GENERATION_BYTES]


def _may_resume(session: Session, secret: bytes) -> bool:
    """Compare both secrets in any case, so that the time taken shows nothing."""
    fits = hmac.compare_digest(secret, session.secret)
    fits_previous = hmac.compare_digest(secret, session.previous_secret or _NO_SECRET) and bool(session.previous_secret)
    is_there = session.keeps_seat or (session.expected and not session.leaving)
    return is_there and (fits or fits_previous)
