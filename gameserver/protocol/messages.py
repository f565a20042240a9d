"""The messages as values. What their items may be stands in `specs`.

A message's attributes carry the names of its items. Arrays stay as they are on the wire: gaps are not undone and
rows not unpacked, since `gameserver.sync.encode.encoder` reads those.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple, Self, TypeAlias

import msgspec

from gameserver.protocol.constants import Role


class WireMessage(msgspec.Struct, frozen=True):
    """A message: its attributes are its items, in order."""

    def to_items(self) -> list[object]:
        """Return the items that follow the message's id."""
        return [getattr(self, name) for name in self.__struct_fields__]

    @classmethod
    def from_items(cls, items: Sequence[Any]) -> Self:
        """Build the message from items that were checked."""
        return cls(*items)


# --- from client to server


class Join(WireMessage, frozen=True):
    """Enter a room: a running one by its id, or with None any of that kind that has a free seat."""

    kind: str
    room: str | None
    role: Role
    params: dict[str, Any]

    @classmethod
    def from_items(cls, items: Sequence[Any]) -> Self:
        """Build the message from items that were checked."""
        kind, room, role, params = items
        return cls(kind, room, Role(role), params)


class Resume(WireMessage, frozen=True):
    """Come back to a session: with its token, the newest tick applied (0: none) and the event cursor."""

    token: bytes
    tick: int
    event: int


class Input(WireMessage, frozen=True):
    """One input frame: its number, the newest tick applied (0: none), how far behind that the others were drawn as it
    was made (in 1/16 tick), a code for each input field."""

    seq: int
    ack: int
    behind: int
    codes: tuple[int, ...]

    def to_items(self) -> list[object]:
        """Return the items that follow the message's id."""
        return [self.seq, self.ack, self.behind, *self.codes]

    @classmethod
    def from_items(cls, items: Sequence[Any]) -> Self:
        """Build the message from items that were checked."""
        return cls(items[0], items[1], items[2], tuple(items[3:]))


class Message(WireMessage, frozen=True):
    """Anything that the game defines."""

    name: str
    payload: Any


class Ping(WireMessage, frozen=True):
    """The client measures, or shows life."""

    nonce: int


class Pong(WireMessage, frozen=True):
    """The client's answer to `ServerPing`."""

    nonce: int


class Resync(WireMessage, frozen=True):
    """A delta did not fit on top of `tick`."""

    tick: int


class Ack(WireMessage, frozen=True):
    """The newest applied tick, when no input carries it."""

    tick: int


class Leave(WireMessage, frozen=True):
    """Leave for good."""


# --- from server to client


class Welcome(WireMessage, frozen=True, kw_only=True):
    """The answer to `Join` and `Resume`. protocol.md §3 describes each key."""

    server: str
    session: int
    token: bytes
    resumed: bool
    kind: str
    room: str
    role: Role
    tick: int
    tick_hz: int
    snapshot_every: int
    grace_s: float
    event: int
    seq: int
    schema: dict[str, Any]
    step: str | None

    def to_items(self) -> list[object]:
        """Return the one map that follows the message's id."""
        return [{name: getattr(self, name) for name in self.__struct_fields__}]

    @classmethod
    def from_items(cls, items: Sequence[Any]) -> Self:
        """Build the message from a checked map; keys of a later version are dropped."""
        known = {name: items[0][name] for name in cls.__struct_fields__}
        return cls(**{**known, "role": Role(known["role"])})


class State(WireMessage, frozen=True):
    """A delta as it is on the wire, protocol.md §5. `lead` is in 1/256 tick.

    Blocks of `enters` are `[type, ids, widths, rows]`, of `changes` `[type, who, widths, rows]`, of `values`
    `[type, field, who, values]`.
    """

    tick: int
    span: int
    seq: int
    lead: int | None
    leaves: Sequence[int]
    enters: Sequence[Sequence[Any]]
    changes: Sequence[Sequence[Any]]
    values: Sequence[Sequence[Any]]


class Event(NamedTuple):
    """What happened at a tick."""

    tick: int
    name: str
    payload: Any


class Events(WireMessage, frozen=True):
    """What happened for this viewer between two cursors, oldest first."""

    since: int
    upto: int
    items: tuple[Event, ...]

    @classmethod
    def from_items(cls, items: Sequence[Any]) -> Self:
        """Build the message from items that were checked."""
        since, upto, happened = items
        return cls(since, upto, tuple(Event(*one) for one in happened))


class ServerPing(WireMessage, frozen=True):
    """The server asks whether the client lives."""

    nonce: int


class ServerPong(WireMessage, frozen=True):
    """The server's answer to `Ping`; `held` is in 1/256 tick."""

    nonce: int
    tick: int
    held: int
    missed: int
    trimmed: int


class Notice(WireMessage, frozen=True):
    """Something that a client may want to show; unknown names are ignored."""

    name: str
    detail: dict[str, Any]


ClientMsg: TypeAlias = Join | Resume | Input | Message | Ping | Pong | Resync | Ack | Leave
ServerMsg: TypeAlias = Welcome | State | Events | ServerPing | ServerPong | Notice
