"""Resume tokens: which process and session a token belongs to, and the secret that makes it valid.

A token is the instance of the process, the key of the session and a secret that changes with every resume; their sizes
are in `protocol/constants.py`. Instance and key stay the same for the session's life, in whichever process its room
is after a restart. The secret before the last resume stays valid until the client has shown that the new
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

TOKEN_PREFIX_BYTES: Final = TOKEN_INSTANCE_BYTES + TOKEN_KEY_BYTES
"""What says which session a token is of."""
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
        self._adopted: set[bytes] = set()
        self._strays: set[_Id] = set()
        """What tokens name that another process which runs now has issued, while their rooms are here."""
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
        """Take the tokens of another process too, which there is no more: its rooms are here now.

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
        self._note_stray((instance, key))

    def _note_stray(self, named: _Id) -> None:
        if named[0] != self.instance and named[0] not in self._adopted:
            self._strays.add(named)

    @property
    def prefixes(self) -> list[bytes]:
        """What the tokens that this process takes begin with; first those of its own.

        They are instances. Of an instance that another process has now they are instances and keys: its rooms came here
        while there were fewer processes.
        """
        return [self.instance, *sorted(self._adopted), *sorted([prefix_of(*named) for named in self._strays])]

    def takes(self, token: bytes) -> bool:
        """Whether the session of a token is, or was, in this process."""
        named = _named_by(token)
        return named[0] == self.instance or named[0] in self._adopted or named in self._strays

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

    def new_secret(self, key: int) -> bytes:
        """The first secret of a new session.

        Args:
            key: The session's.
        """
        return self._make_secret((self.instance, key), 1)

    def _make_secret(self, named: _Id, generation: int) -> bytes:
        """A secret for what a token names, the `generation`th of it."""
        if self._signing_key is None:
            return self._token_bytes(TOKEN_SECRET_BYTES)
        return _signed(self._signing_key, named, generation)

    def add(self, session: Session, engine: RoomEngine) -> None:
        """From now on the session's token is valid, once the session is seated."""
        own = self._id_of(session)
        self._sessions[own] = (session, engine)
        self._note_stray(own)

    def remove(self, session: Session) -> None:
        """The session has ended. Idempotent."""
        self._sessions.pop(self._id_of(session), None)

    def sessions(self) -> list[tuple[Session, RoomEngine]]:
        """All sessions, each with its room."""
        return list(self._sessions.values())

    def engine_of(self, session: Session) -> RoomEngine:
        """The room of a session that has not ended."""
        return self._sessions[self._id_of(session)][1]

    def session_of(self, key: int) -> Session | None:
        """The session with this key; None if it has ended."""
        found = self._sessions.get((self.instance, key))
        return None if found is None else found[0]

    def token_of(self, session: Session) -> bytes:
        """The token that the client of a session may resume with."""
        return prefix_of(*self._id_of(session)) + session.secret

    def renew(self, session: Session, token: bytes) -> None:
        """Give a session that resumes with `token` a new secret; the one in `token` stays valid for now."""
        session.previous_secret = token[-TOKEN_SECRET_BYTES:]
        self._give_secret(session)

    def replace(self, session: Session) -> None:
        """Give a session whose JOIN was repeated a new secret. The one before, which may not have arrived, is void."""
        session.previous_secret = b""
        self._give_secret(session)

    def _give_secret(self, session: Session) -> None:
        session.generation += 1
        session.secret = self._make_secret(self._id_of(session), session.generation)

    def find(self, token: bytes) -> tuple[Session, RoomEngine]:
        """Find the session of a token.

        Raises:
            ProtocolError: SERVER_RESTARTED for a token of another process, ROOM_CLOSED if its room did not go on after
                a restart, SESSION_EXPIRED for one that is not valid (any more).
        """
        if not self.takes(token):
            raise ProtocolError(CloseCode.SERVER_RESTARTED, "the session was of another server process")
        named = _named_by(token)
        found = self._sessions.get(named)
        if found is not None and self._fits(found[0], named, token[-TOKEN_SECRET_BYTES:]):
            return found
        if found is None and named in self._ended:
            raise ProtocolError(CloseCode.ROOM_CLOSED, self._ended[named])
        raise ProtocolError(CloseCode.SESSION_EXPIRED, "the session has ended, or the token was used up")

    def _fits(self, session: Session, named: _Id, secret: bytes) -> bool:
        if session.restored_tick is None or self._signing_key is None:
            return _may_resume(session, secret)
        generation = int.from_bytes(secret[:GENERATION_BYTES])
        is_signed = hmac.compare_digest(secret, _signed(self._signing_key, named, generation))
        if not is_signed or generation < session.generation - 1 or not session.keeps_seat:
            return False
        session.generation = max(session.generation, generation)
        return True


def prefix_of(instance: bytes, key: int) -> bytes:
    """Return what a token begins with: what it names."""
    return instance + key.to_bytes(TOKEN_KEY_BYTES)


def _named_by(token: bytes) -> _Id:
    key = token[TOKEN_INSTANCE_BYTES:TOKEN_PREFIX_BYTES]
    return token[:TOKEN_INSTANCE_BYTES], int.from_bytes(key)


def _signed(signing_key: bytes, named: _Id, generation: int) -> bytes:
    """Return the secret of a session's generation, which only who has the signing key can make."""
    stamp = generation.to_bytes(GENERATION_BYTES)
    signed = hmac.digest(signing_key, prefix_of(*named) + stamp, "sha256")
    return stamp + signed[: TOKEN_SECRET_BYTES - GENERATION_BYTES]


def _may_resume(session: Session, secret: bytes) -> bool:
    """Compare both secrets in any case, so that the time taken shows nothing."""
    fits = hmac.compare_digest(secret, session.secret)
    fits_previous = hmac.compare_digest(secret, session.previous_secret or _NO_SECRET) and bool(session.previous_secret)
    is_there = session.keeps_seat or (session.expected and not session.leaving)
    return is_there and (fits or fits_previous)
