"""What a session reports: the events that its core returns, its status, and the counts that it keeps.

`client_demo/sdk/session_events.js` is the twin. There events go to handlers by name: `joined`, `moved`, `updated`,
`roster`, `room`, `event`, `notice`, `predicted`, `contact`, `withdrawn`, `status` and `closed`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any, TypeAlias

from gameserver.client.roster import room_of, roster_of
from gameserver.protocol import messages as m

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gameserver.state.entity import Entity
    from gameserver.sync.decode.view_state import ViewState


class SessionState(Enum):
    """What a session is doing."""

    CONNECTING = "connecting"
    """A link is being opened, or waits for its WELCOME."""
    JOINED = "joined"
    """It is in a room."""
    WAITING = "waiting"
    """The link was lost; the next attempt follows after `Status.retry_in_s`, or with a new token if that is None."""
    CLOSED = "closed"
    """The session has ended."""


@dataclass(frozen=True, slots=True)
class Status:
    """The status of a session.

    Args:
        state: What the session is doing.
        code: The close code of the link that ended; None for a link that broke, or while none has ended.
        reason: What was given as the reason.
        attempt: While WAITING the number of the next attempt, from 1 on.
        retry_in_s: While WAITING the seconds until the next attempt; None while a new token is waited for.
    """

    state: SessionState
    code: int | None = None
    reason: str = ""
    attempt: int = 0
    retry_in_s: float | None = None


@dataclass(frozen=True, slots=True)
class Joined:
    """A WELCOME came."""

    resumed: bool
    """Whether the session goes on; otherwise it is a new one, with nothing left of an earlier."""
    welcome: m.Welcome


@dataclass(frozen=True, slots=True)
class Moved:
    """The room's rules have moved the session to another room; `Joined` follows, with what that one is like. All events
    of the room before have been reported, and nothing of it is predicted any more.

    Args:
        kind: The kind of the other room.
        room: Its id.
    """

    kind: str
    room: str


@dataclass(frozen=True, slots=True)
class Updated:
    """A STATE was applied."""

    before: ViewState
    view: ViewState
    span: int
    """Ticks between the two views; 0 for a full state."""
    acked_after_s: float | None
    """Seconds between sending the newest consumed input frame and this STATE, if the STATE is the first to ack it."""


@dataclass(frozen=True, slots=True)
class RosterChanged:
    """Who is in the room, or what is known of one of them, has changed. After the first state it is always reported.

    Args:
        view: The newest state.
    """

    view: ViewState

    @property
    def roster(self) -> list[Any]:
        """The participants, in order of joining."""
        return roster_of(self.view)


@dataclass(frozen=True, slots=True)
class RoomChanged:
    """What the room says of itself has changed. After the first state it is always reported.

    Args:
        view: The newest state.
    """

    view: ViewState

    @property
    def room(self) -> Any:
        """What it says now."""
        return room_of(self.view)


@dataclass(frozen=True, slots=True)
class Desynced:
    """A STATE did not fit; a full one was asked for."""

    reason: str


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """What was shown ahead of the server did not happen.

    Args:
        entity: An entity of `Session.predict_spawn`; None for an event.
        name: The name of an event of `Session.expect_event`; None for an entity.
        payload: That event's payload.
    """

    entity: Entity | None = None
    name: str | None = None
    payload: Any = None


@dataclass(frozen=True, slots=True)
class PredictedTick:
    """A tick of the own avatar that was predicted for the first time.

    Args:
        seq: Number of the tick's input frame.
        before: The avatar's attributes before the tick.
        avatar: The avatar after it; read it, do not keep it.
        controls: The inputs that the tick ran with.
    """

    seq: int
    before: Mapping[str, Any]
    avatar: Any
    controls: Any


@dataclass(frozen=True, slots=True)
class PredictedContact:
    """A contact of the predicted world (`predict_world`) that has changed one of its two bodies, in a tick that was
    predicted for the first time. All bodies here are copies.

    Args:
        seq: Number of the tick's input frame.
        one: The first body as the contact has left it.
        other: The second one.
        one_before: The first body as it was when the contact began.
        other_before: The second one.
    """

    seq: int
    one: Any
    other: Any
    one_before: Any
    other_before: Any


EVENTS_MISSED = "missed"
"""Name of a notice that the client itself makes: up to so many `events` were lost while the link was down."""

ROLLED_BACK = "rolled_back"
"""Name of a notice that the client itself makes: the server was restarted, and the room goes on from its tick `to`; the
`ticks` after that, which this client had seen, did not happen."""

RATE_LIMITED = "rate_limited"
"""Name of a notice that the client itself makes: a message was not sent, because there were too many before it."""

SessionEvent: TypeAlias = (
    Joined | Moved | Updated | RosterChanged | RoomChanged | Desynced | Withdrawn | m.Event | m.Notice | m.ServerPong
)


@dataclass(slots=True)
class Counters:
    """What has happened since the session core was made, over all links and rooms.

    The SDK has `stats.js` in its place: figures of the last second, for a net graph that a person watches.
    """

    states: int = 0
    state_bytes: int = 0
    dropped_states: int = 0
    """STATEs that came while a full one was awaited."""
    desyncs: int = 0
    """STATEs that did not fit."""
    events: int = 0
    inputs: int = 0
    """Input frames sent."""
    bytes_received: int = 0
    bytes_sent: int = 0
    corrections: int = 0
    joins: int = 0
    resumes: int = 0
    moves: int = 0
