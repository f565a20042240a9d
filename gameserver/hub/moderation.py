"""Keeps out whoever is banned, and writes down whom rules remove."""

from __future__ import annotations

import logging
import math
from typing import TYPE_CHECKING, Protocol

from gameserver.hub.bans import Bans, identities
from gameserver.protocol.constants import CloseCode
from gameserver.protocol.errors import banned_reason

if TYPE_CHECKING:
    from collections.abc import Callable

    from gameserver.hub.admission import Admission
    from gameserver.hub.bans import Ban
    from gameserver.hub.peer import Peer
    from gameserver.hub.tokens import ResumeTokens
    from gameserver.room.engine import RoomEngine
    from gameserver.room.session import Session

log = logging.getLogger("gameserver.bans")


class ModerationOwner(Protocol):
    """What moderation asks of the hub."""

    admission: Admission
    tokens: ResumeTokens


class Moderation:
    """The bans of one process, and what they do to links and sessions.

    Args:
        owner: The hub.
        wall_clock: Returns the seconds since 1970.
    """

    def __init__(self, owner: ModerationOwner, wall_clock: Callable[[], float]) -> None:
        self._owner = owner
        self._has_warned = False
        self.bans = Bans(wall_clock)

    def check(self, peer: Peer) -> None:
        """Check that a peer's client may come in.

        Raises:
            ProtocolError: BANNED.
        """
        self.bans.check(peer.claims, self._owner.admission.key_of(peer.address))

    def ban(self, who: str, reason: str, seconds: float | None, by: str) -> None:
        """Ban somebody from now on, and remove it from its rooms.

        Args:
            who: The identity.
            reason: What it is sent.
            seconds: For how long; None: for good.
            by: Who decided it.
        """
        self.enforce(self.bans.ban(who, reason, seconds, by))

    def enforce(self, ban: Ban) -> None:
        """Remove somebody who is banned now from its rooms."""
        text = banned_reason(ban.reason, self.bans.left_s(ban))
        for session, engine in self._owner.tokens.sessions():
            if ban.who in self._identities(session):
                engine.remove(session, CloseCode.BANNED, text)

    def note_removed(self, engine: RoomEngine, session: Session, reason: str, banned_s: float | None) -> None:
        """The rules of a room have removed a participant, and banned it if `banned_s` says for how long."""
        by = f"room {engine.id} ({engine.kind.name})"
        known_as = self._identities(session)
        if banned_s is not None and known_as:
            self.ban(known_as[0], reason, None if banned_s == math.inf else banned_s, by)
            return
        if banned_s is not None and not self._has_warned:
            self._has_warned = True
            log.warning(
                "%s bans a player who has no token, and whose address may be that of many: it is only removed; with "
                "--auth it is known by its subject, and behind a proxy by its address with --trusted-proxy",
                by,
            )
        self.bans.note_kick(known_as[0] if known_as else f"player {session.number}", reason, by)

    def _identities(self, session: Session) -> list[str]:
        return identities(session.player.claims, self._owner.admission.key_of(session.address))
