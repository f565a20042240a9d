"""What a client core reports: the events that `SessionCore.receive` returns, and the counts that it keeps."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any, TypeAlias

from gameserver.protocol import messages as m

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gameserver.state.entity import Entity
    from gameserver.sync.decode.view_state import ViewState


class SessionState(Enum):
    """What a session is doing."""

    CONNECTING = "connecting"
    JOINED = "joined"
    WAITING = "waiting"
    """The link was lost; the next attempt follows after `Status.retry_in_s`."""
    CLOSED = "closed"
    """The session has ended."""


@dataclass(frozen=True, slots=True)
class Status:
    """`code` and `reason` are those of the link that ended, if one did; `retry_in_s` is set while WAITING."""

    state: SessionState
    code: int | None = None
    reason: str = ""
    retry_in_s: float | None = None


@dataclass(frozen=True, slots=True)
class Joined:
    """WELCOME came. `resumed`: the session goes on; otherwise it is a new one, with nothing left of an earlier."""

    resumed: bool
    welcome: m.Welcome


@dataclass(frozen=True, slots=True)
class Updated:
    """A STATE was applied."""

    before: ViewState
    view: ViewState
    span: int
    acked_after_s: float | None
    """How long the newest frame took from leaving to this ack, if this STATE acks a new one."""


@dataclass(frozen=True, slots=True)
class Desynced:
    """A STATE did not fit; a full one was asked for."""

    reason: str


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """What was shown ahead of the server did not happen: an entity of `predict_spawn`, or an event of
    `expect_event`.
    """

    entity: Entity | None = None
    name: str | None = None
    payload: Any = None


@dataclass(frozen=True, slots=True)
class PredictedTick:
    """A tick of the own avatar, run ahead of the server: its attributes before, and the avatar after."""

    seq: int
    before: Mapping[str, Any]
    avatar: Any


SessionEvent: TypeAlias = Joined | Updated | Desynced | Withdrawn | m.Event | m.Notice | m.ServerPong


@dataclass(slots=True)
class Counters:
    """What has happened since the client was made, over all links and sessions."""

    states: int = 0
    state_bytes: int = 0
    dropped_states: int = 0
    """STATEs that came while a full one was awaited."""
    desyncs: int = 0
    events: int = 0
    inputs: int = 0
    bytes_received: int = 0
    bytes_sent: int = 0
    corrections: int = 0
    missed: int = 0
    """Ticks at which the server found no frame of ours, as it last said."""
    trimmed: int = 0
    """Frames of ours that it dropped, as it last said."""
    joins: int = 0
    resumes: int = 0
