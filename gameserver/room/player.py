"""The author's view of somebody in a room. Everything about bytes and links lives in `session.py`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gameserver.protocol.constants import Role

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from gameserver.state.entity import Entity


class JoinRefused(Exception):
    """Raise it in `on_auth` or `on_join` to turn somebody away; the text is the reason that they are told (120
    bytes)."""


class Player:
    """A participant in a room: a player, or a spectator, who sees everything and steers nothing.

    `data` is the author's, for whatever belongs to the participant and is not replicated.
    """

    __slots__ = (
        "__weakref__",
        "_avatar",
        "_kick",
        "_tell_avatar",
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
        self.number = number
        """The participant's number in this room, from 1, never used twice."""
        self.role = role
        self.params = params
        """What the client sent along with JOIN: its own word, checked for size and shape only."""
        self.claims = claims
        """What the verified token says, or None without one."""
        self.connected = True
        """False while its link is lost and its session waits to be resumed."""
        self.bytes_per_s: float | None = None
        """What this player may be sent, in a room with `interest`; None: as the room says."""
        self.data: Any = None
        self._avatar: Entity | None = None
        self._tell_avatar: Callable[[Player], None] | None = None
        self._kick: Callable[[Player, str], None] | None = None

    @property
    def is_spectator(self) -> bool:
        return self.role is Role.SPECTATOR

    @property
    def avatar(self) -> Any:
        """The entity this player steers, or None. Setting it tells the client, which predicts that entity from then
        on."""
        return self._avatar

    @avatar.setter
    def avatar(self, entity: Entity | None) -> None:
        if entity is self._avatar:
            return
        self._avatar = entity
        if self._tell_avatar is not None:
            self._tell_avatar(self)

    def text(self, key: str, default: str = "", max_chars: int = 24) -> str:
        """`params[key]` as one line of at most `max_chars` printable characters, or `default` when there is none."""
        value = self.params.get(key)
        if not isinstance(value, str):
            return default
        line = "".join(c for c in value if c.isprintable()).strip()
        return line[:max_chars].strip() or default

    def kick(self, reason: str) -> None:
        """Remove the participant from the room; its client is told the reason and does not come back by itself."""
        if self._kick is not None:
            self._kick(self, reason)

    def __repr__(self) -> str:
        return f"<Player {self.number} {self.role.name.lower()}>"
