"""A participant as the author's rules see it. Everything about bytes and links is in `session.py`."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final, Generic, cast

from gameserver.protocol.constants import Role
from gameserver.room.scopes import has_scope
from gameserver.room.type_variables import A, D
from gameserver.state.entity import Entity

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


LONGEST_BAN_S: Final = 250_000_000_000.0
"""About 7900 years, to the end of what calendars can show. A longer ban is for good."""


class JoinRefused(Exception):
    """Raise it in `on_auth`, `on_join` or `on_spectate` to refuse a join; its text, at most 120 bytes, is the reason
    that the client gets."""


def check_byte_rate(rate: Any) -> float:
    """Check a byte budget.

    Raises:
        TypeError: It is no number.
        ValueError: It is below 0 or NaN; infinity lifts a budget.
    """
    if isinstance(rate, bool) or not hasattr(rate, "__float__"):
        raise TypeError(f"bytes_per_s is {rate!r}; write a number of bytes, or None")
    if not rate >= 0:
        raise ValueError(f"bytes_per_s is {rate!r}; write a number of bytes, 0 or more, or None")
    return float(rate)


class Player(Generic[A, D]):
    """A participant in a room: a player, or a spectator, who sees everything and steers nothing.

    `data` is the author's, for whatever belongs to the participant and is not replicated.

    For type checkers, `Player[Dot]` steers a `Dot`, and `Player[Dot, Score]` has a `Score` as its `data`. Write
    `Player[Dot | None]` to be reminded that there is no avatar before `on_join` has set it, and after the player's end.
    """

    __slots__ = (
        "__weakref__",
        "_avatar",
        "_bytes_per_s",
        "_kick",
        "_on_avatar",
        "came_from",
        "claims",
        "connected",
        "data",
        "number",
        "params",
        "role",
    )

    def __class_getitem__(cls, arguments: object) -> Any:
        """Name the avatar and the data, for type checkers only."""
        return cls

    def __init__(
        self,
        number: int,
        role: Role,
        params: Mapping[str, object],
        claims: Mapping[str, object] | None = None,
        came_from: str | None = None,
    ) -> None:
        """Make a participant; rooms do this.

        Args:
            number: Its number in its room.
            role: Player or spectator.
            params: What its client sent with JOIN.
            claims: The claims of its verified token, if it has one.
            came_from: The id of the room that it moved here from; None: it joined.
        """
        self.number = number
        """The participant's number in this room, from 1, never used twice."""
        self.role = role
        self.params = params
        """What the client sent with JOIN; only its size and shape are checked. Whoever was moved here has what it had
        there, and what the rules there added."""
        self.claims = claims
        """The claims of the verified token, or None without a token."""
        self.came_from = came_from
        """The id of the room whose rules moved the participant here; None: its client joined."""
        self.connected = True
        """False while its link is lost and its session may resume."""
        self._bytes_per_s: float | None = None
        self.data: D = None  # type: ignore[assignment]  # until the author's rules set it
        self._avatar: Entity | None = None
        self._on_avatar: Callable[[Player], None] | None = None
        self._kick: Callable[[Player, str, float | None], None] | None = None

    @property
    def is_spectator(self) -> bool:
        """Whether it is a spectator."""
        return self.role is Role.SPECTATOR

    @property
    def bytes_per_s(self) -> float | None:
        """The byte budget of this player in a room with `interest`, a second; None: the room's.

        Raises:
            TypeError: What is set is no number.
            ValueError: What is set is below 0 or NaN.
        """
        return self._bytes_per_s

    @bytes_per_s.setter
    def bytes_per_s(self, rate: float | None) -> None:
        self._bytes_per_s = None if rate is None else check_byte_rate(rate)

    @property
    def avatar(self) -> A:
        """The entity that this player steers, or None. It is None once the player's seat is free.

        Setting it informs the client, which predicts that entity from then on.

        Raises:
            TypeError: What is set is no entity.
        """
        return cast("A", self._avatar)

    @avatar.setter
    def avatar(self, entity: A | None) -> None:
        if entity is self._avatar:
            return
        if entity is not None and not isinstance(entity, Entity):
            raise TypeError(f"avatar is {entity!r}; write an entity that spawn returned, or None")
        if entity is not None and not entity.id:
            raise TypeError(f"avatar is {entity!r}, which is in no room; write what spawn returned")
        self._avatar = entity
        if self._on_avatar is not None:
            self._on_avatar(self)

    def has_scope(self, scope: str) -> bool:
        """Whether its token allows something: whether the claim `scope` names it.

        Args:
            scope: Such as `publish:news`. A token for `publish` allows it too.

        Returns:
            Whether it does; False without a token.
        """
        return has_scope(self.claims, scope)

    def text(self, key: str, default: str = "", max_chars: int = 24) -> str:
        """Read one of the `params` as a line of text.

        Args:
            key: The parameter's name.
            default: What to return when there is no such text, or nothing printable in it.
            max_chars: The most characters to return.

        Returns:
            One line of printable characters, without spaces around it.
        """
        value = self.params.get(key)
        if not isinstance(value, str):
            return default
        line = "".join(c for c in value if c.isprintable()).strip()
        return line[:max_chars].strip() or default

    def kick(self, reason: str) -> None:
        """Remove the participant from the room; its client does not reconnect by itself.

        Args:
            reason: The reason that the client gets, cut to 120 bytes.

        Raises:
            TypeError: `reason` is not a str.
        """
        check_reason(reason)
        if self._kick is not None:
            self._kick(self, reason, None)

    def ban(self, reason: str, seconds: float | None = None) -> None:
        """Remove the participant from the room, and keep it out of all rooms of this server, with `--data` after a
        restart too.

        It is known by the subject of its token; without a token by its address, which others may share. One that has no
        token, and comes from an address that many clients are expected to share, is only removed.

        Args:
            reason: The reason that the client gets, cut to 120 bytes together with the time.
            seconds: For how long; None: for good, or until an operator lets it in.

        Raises:
            TypeError: `reason` is not a str, or `seconds` is not a number.
            ValueError: `seconds` is not above 0.
        """
        check_reason(reason)
        banned_s = check_ban_time(seconds)
        if self._kick is not None:
            self._kick(self, reason, banned_s)

    def __repr__(self) -> str:
        return f"<Player {self.number} {self.role.name.lower()}>"


def check_ban_time(seconds: Any) -> float:
    """Check for how long somebody is to be banned.

    Returns:
        For how long, in seconds; infinity: for good.

    Raises:
        TypeError: It is not a number.
        ValueError: It is not above 0.
    """
    if seconds is None:
        return math.inf
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        raise TypeError(f"seconds is {seconds!r}; write a number, or None for good")
    if not seconds > 0:
        raise ValueError(f"seconds is {seconds!r}; write a number above 0, or None for good")
    return math.inf if seconds > LONGEST_BAN_S else float(seconds)


def check_reason(reason: object) -> None:
    """Check what a client is to get as a reason.

    Raises:
        TypeError: It is not a str.
    """
    if not isinstance(reason, str):
        raise TypeError(f"reason is {reason!r}; write a text, which the client gets")
