"""A participant as the author's rules see it. Everything about bytes and links is in `session.py`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gameserver.protocol.constants import Role

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from gameserver.state.entity import Entity


class JoinRefused(Exception):
    """Raise it in `on_auth` or `on_join` to refuse a join; its text, at most 120 bytes, is the reason that the client
    gets."""


class Player:
    """A participant in a room: a player, or a spectator, who sees everything and steers nothing.

    `data` is the author's, for whatever belongs to the participant and is not replicated.
    """

    __slots__ = (
        "__weakref__",
        "_avatar",
        "_kick",
        "_on_avatar",
        "bytes_per_s",
        "claims",
        "connected",
        "data",
        "number",
        "params",
        "role",
    )

    def __init__(
        self,
        number: int,
        role: Role,
        params: Mapping[str, object],
        claims: Mapping[str, object] | None = None,
    ) -> None:
        """Make a participant; rooms do this.

        Args:
            number: Its number in its room.
            role: Player or spectator.
            params: What its client sent with JOIN.
            claims: The claims of its verified token, if it has one.
        """
        self.number = number
        """The participant's number in this room, from 1, never used twice."""
        self.role = role
        self.params = params
        """What the client sent with JOIN; only its size and shape are checked."""
        self.claims = claims
        """The claims of the verified token, or None without a token."""
        self.connected = True
        """False while its link is lost and its session may resume."""
        self.bytes_per_s: float | None = None
        """The byte budget of this player in a room with `interest`, a second; None: the room's."""
        self.data: Any = None
        self._avatar: Entity | None = None
        self._on_avatar: Callable[[Player], None] | None = None
        self._kick: Callable[[Player, str], None] | None = None

    @property
    def is_spectator(self) -> bool:
        """Whether it is a spectator."""
        return self.role is Role.SPECTATOR

    @property
    def avatar(self) -> Any:
        """The entity that this player steers, or None.

        Setting it informs the client, which predicts that entity from then on.
        """
        return self._avatar

    @avatar.setter
    def avatar(self, entity: Entity | None) -> None:
        if entity is self._avatar:
            return
        self._avatar = entity
        if self._on_avatar is not None:
            self._on_avatar(self)

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
            reason: The reason that the client gets.
        """
        if self._kick is not None:
            self._kick(self, reason)

    def __repr__(self) -> str:
        return f"<Player {self.number} {self.role.name.lower()}>"
