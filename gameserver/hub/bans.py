"""Who may not come in, and what operators and rules have decided about players.

A player is known by the subject of its verified token, `sub:NAME`; without a token by its address only, such as
`address:192.0.2.7` or, with IPv6, the network `address:2001:db8::/64`. Rulings are kept here until a store takes them.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from gameserver.escaping import replace_surrogates
from gameserver.protocol.constants import CloseCode
from gameserver.protocol.errors import ProtocolError, banned_reason

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

SUBJECT: Final = "sub:"
ADDRESS: Final = "address:"
MAX_WHO_BYTES: Final = 1024
"""An identity on the command line."""
MAX_BANS: Final = 10_000
"""Beyond these the ban that ends first gives way."""
MAX_WAITING_RULINGS: Final = 1_000
"""Kicks that wait to be stored. More are not written down while the store takes nothing."""
BAN, UNBAN, KICK = "ban", "unban", "kick"


@dataclass(frozen=True, slots=True)
class Ban:
    """Somebody who may not come in.

    Args:
        who: The identity.
        reason: What it is sent.
        until: When the ban ends, in seconds since 1970; None: never.
    """

    who: str
    reason: str
    until: float | None


@dataclass(frozen=True, slots=True)
class Ruling:
    """Something that was decided, for the audit log.

    Args:
        at: When, in seconds since 1970.
        by: Who decided it.
        what: What was decided, in a word.
        about: Whom or what it is about.
        detail: The reason, and whatever else there is to say.
        ban: The ban that it puts in force; None: none.
    """

    at: float
    by: str
    what: str
    about: str
    detail: str = ""
    ban: Ban | None = None


class Bans:
    """The bans that are in force in one process.

    Args:
        wall_clock: Returns the seconds since 1970.
    """

    def __init__(self, wall_clock: Callable[[], float]) -> None:
        self.is_stored = False
        """Whether a store takes the rulings; otherwise bans hold in this process only, and nothing is written down."""
        self._wall_clock = wall_clock
        self._bans: dict[str, Ban] = {}
        self._waiting: deque[Ruling] = deque()

    def __len__(self) -> int:
        return len(self._bans)

    def check(self, claims: Mapping[str, object] | None, address_key: str) -> None:
        """Check that a client may come in.

        Args:
            claims: Of its verified token, if there is one.
            address_key: What its address is known by; "": it shares it with too many.

        Raises:
            ProtocolError: BANNED.
        """
        if not self._bans:
            return
        for who in identities(claims, address_key):
            ban = self._bans.get(who)
            if ban is None:
                continue
            left_s = self.left_s(ban)
            if left_s is None or left_s > 0:
                raise ProtocolError(CloseCode.BANNED, banned_reason(ban.reason, left_s))
            del self._bans[who]

    def ban(self, who: str, reason: str, seconds: float | None, by: str) -> Ban:
        """Ban somebody from now on.

        Args:
            who: The identity.
            reason: What it is sent.
            seconds: For how long; None: for good.
            by: Who decided it.
        """
        now_s = self._wall_clock()
        ban = Ban(who, reason, None if seconds is None else now_s + seconds)
        self._put(ban)
        self._note(Ruling(now_s, by, BAN, who, describe_ban(reason, seconds), ban))
        return ban

    def unban(self, who: str, by: str) -> bool:
        """Let somebody in again. Return whether it was banned."""
        was_banned = self._bans.pop(who, None) is not None
        if was_banned:
            self._note(Ruling(self._wall_clock(), by, UNBAN, who))
        return was_banned

    def note_kick(self, who: str, reason: str, by: str) -> None:
        """Write down that somebody was removed from a room."""
        if len(self._waiting) < MAX_WAITING_RULINGS:
            self._note(Ruling(self._wall_clock(), by, KICK, who, reason))

    def left_s(self, ban: Ban) -> float | None:
        """Return for how long a ban is in force from now on, in seconds; None: for good."""
        return None if ban.until is None else ban.until - self._wall_clock()

    def in_force(self) -> list[Ban]:
        """Return the bans that are in force now; those that end first come first."""
        now_s = self._wall_clock()
        found = [ban for ban in self._bans.values() if ban.until is None or ban.until > now_s]
        return sorted(found, key=_by_end)

    def _put(self, ban: Ban) -> None:
        self._bans[ban.who] = ban
        if len(self._bans) > MAX_BANS:
            self._bans = {kept.who: kept for kept in self.in_force()[-MAX_BANS:]}

    def _note(self, ruling: Ruling) -> None:
        if self.is_stored:
            self._waiting.append(ruling)

    # -- what keeps them in a store ------------------------------------------------------------------------------------

    def take(self) -> list[Ruling]:
        """Take the rulings that wait to be stored; from any thread."""
        taken = []
        while self._waiting:
            taken.append(self._waiting.popleft())
        return taken

    def put_back(self, rulings: Sequence[Ruling]) -> None:
        """They could not be stored; from any thread."""
        self._waiting.extendleft(reversed(rulings))

    def replace(self, stored: Iterable[Ban]) -> list[Ban]:
        """Take over what the store has, which others change too. Return the bans that are new here."""
        before = self._bans
        self._bans = {ban.who: ban for ban in stored}
        for ruling in list(self._waiting):
            if ruling.ban is not None:
                self._bans[ruling.about] = ruling.ban
            elif ruling.what == UNBAN:
                self._bans.pop(ruling.about, None)
        return [ban for who, ban in self._bans.items() if before.get(who) != ban]


def identities(claims: Mapping[str, object] | None, address_key: str) -> list[str]:
    """Return by what a client is known; the first is the one to ban it by."""
    subject = (claims or {}).get("sub")
    found = [f"{SUBJECT}{replace_surrogates(subject)}"] if isinstance(subject, str) and subject else []
    return [*found, f"{ADDRESS}{address_key}"] if address_key else found


def describe_ban(reason: str, seconds: float | None) -> str:
    """Return what the audit log says of a ban."""
    return f"{'for good' if seconds is None else f'for {seconds:g} s'}: {reason}"


def _by_end(ban: Ban) -> float:
    return float("inf") if ban.until is None else ban.until
