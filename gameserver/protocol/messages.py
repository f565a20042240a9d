"""The messages as values. `specs` has the types of their items.

A message's attributes have the names of its items. Arrays stay as they are on the wire: gaps are not added up and rows
not unpacked; `gameserver.sync.decode.decoder` does that.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple, Self, TypeAlias

import msgspec

from gameserver.protocol.constants import ClientLimits, Role


class WireMessage(msgspec.Struct, frozen=True):
    """A message. Its attributes are its items, in order."""

    def to_items(self) -> list[object]:
        """Return the items after the message's id."""
        return [getattr(self, name) for name in self.__struct_fields__]

    @classmethod
    def from_items(cls, items: Sequence[Any]) -> Self:
        """Build the message from checked items."""
        return cls(*items)


# --- from client to server


class Join(WireMessage, frozen=True):
    """Enters a room. `room`: its id; None: any room of the kind that has a free seat; or a map, as protocol.md §3 says:
    `{"code": text}`, `{"create": options}`, `{"where": filter, "options": options}` with one of these or both, or
    `{"room": id, "reservation": key}`."""

    kind: str
    room: str | dict[str, Any] | None
    role: Role
    params: dict[str, Any]
    attempt: bytes | None = None
    """The same in each repetition of a JOIN that was not answered; None: it is never repeated."""

    def to_items(self) -> list[object]:
        """Return the items after the message's id."""
        items: list[object] = [self.kind, self.room, self.role, self.params]
        return items if self.attempt is None else [*items, self.attempt]

    @classmethod
    def from_items(cls, items: Sequence[Any]) -> Self:
        """Build the message from checked items."""
        kind, room, role, params, *attempt = items
        return cls(kind, room, Role(role), params, *attempt)


class Resume(WireMessage, frozen=True):
    """Resumes a session: its token, the newest tick applied (0: none), and the event cursor (None: the client knows
    nothing of the room)."""

    token: bytes
    tick: int
    event: int | None


class Input(WireMessage, frozen=True):
    """One input frame: its number, the newest tick applied (0: none), how far behind that tick the client drew other
    entities (in 1/16 tick), and one code per input field."""

    seq: int
    ack: int
    behind: int
    codes: tuple[int, ...]

    def to_items(self) -> list[object]:
        """Return the items after the message's id."""
        return [self.seq, self.ack, self.behind, *self.codes]

    @classmethod
    def from_items(cls, items: Sequence[Any]) -> Self:
        """Build the message from checked items."""
        return cls(items[0], items[1], items[2], tuple(items[3:]))


class Message(WireMessage, frozen=True):
    """A message that the game defines."""

    name: str
    payload: Any


class Ping(WireMessage, frozen=True):
    """Asks the server for a `ServerPong`: measures the round trip and keeps the link alive."""

    nonce: int


class Pong(WireMessage, frozen=True):
    """Answers `ServerPing`."""

    nonce: int


class Resync(WireMessage, frozen=True):
    """Asks for a full state: a delta did not fit the state of `tick`."""

    tick: int


class Ack(WireMessage, frozen=True):
    """Acknowledges the newest applied tick, where no input does."""

    tick: int


class Leave(WireMessage, frozen=True):
    """Leaves the room and ends the session."""


class Arrived(WireMessage, frozen=True):
    """The client has the WELCOME that followed `Moved`: what comes after this is meant for that room."""


# --- from server to client


class Welcome(WireMessage, frozen=True, kw_only=True):
    """Answers `Join` and `Resume`. protocol.md §3 describes each key."""

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
    limits: ClientLimits
    rolled_back_to: int | None = None

    def to_items(self) -> list[object]:
        """Return the one map after the message's id."""
        known = {name: getattr(self, name) for name in self.__struct_fields__}
        if self.rolled_back_to is None:
            del known["rolled_back_to"]
        return [{**known, "limits": self.limits._asdict()}]

    @classmethod
    def from_items(cls, items: Sequence[Any]) -> Self:
        """Build the message from a checked map. Keys that this version does not know are dropped."""
        known = {name: items[0][name] for name in cls.__struct_fields__ if name in items[0]}
        limits = ClientLimits(**{name: known["limits"][name] for name in ClientLimits._fields})
        return cls(**{**known, "role": Role(known["role"]), "limits": limits})


class State(WireMessage, frozen=True):
    """A delta as it is on the wire (protocol.md §5). `lead` is in 1/256 tick.

    A block of `enters` is `[type, ids, widths, rows]`, of `changes` `[type, who, widths, rows]`, of `values`
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
    """One event of a tick."""

    tick: int
    name: str
    payload: Any


class Events(WireMessage, frozen=True):
    """The events for this viewer between two cursors, oldest first."""

    since: int
    upto: int
    items: tuple[Event, ...]

    @classmethod
    def from_items(cls, items: Sequence[Any]) -> Self:
        """Build the message from checked items."""
        since, upto, happened = items
        return cls(since, upto, tuple(Event(*one) for one in happened))


class ServerPing(WireMessage, frozen=True):
    """Asks the client for a `Pong`."""

    nonce: int


class ServerPong(WireMessage, frozen=True):
    """Answers `Ping`. `held` is in 1/256 tick."""

    nonce: int
    tick: int
    held: int
    missed: int
    trimmed: int


class Notice(WireMessage, frozen=True):
    """Information that a client may show. Clients ignore names that they do not know."""

    name: str
    detail: dict[str, Any]


class Moved(WireMessage, frozen=True):
    """The session goes on in another room. `token`: what resumes it there over a new link; None: a WELCOME of that room
    follows over this one."""

    kind: str
    room: str
    token: bytes | None


ClientMsg: TypeAlias = Join | Resume | Input | Message | Ping | Pong | Resync | Ack | Leave | Arrived
ServerMsg: TypeAlias = Welcome | State | Events | ServerPing | ServerPong | Notice | Moved
