"""The items of each message: the table of the encoder, the decoder, the export to JavaScript, and protocol.md §3."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from gameserver.protocol.constants import (
    ATTEMPT_BYTES,
    MAX_BEHIND,
    MAX_CODE,
    MAX_LEAD,
    MAX_TICK_HZ,
    RESUME_TOKEN_BYTES,
    ClientMessage,
    Role,
    ServerMessage,
)
from gameserver.protocol.items import (
    AnyArray,
    Array,
    Bin,
    Bool,
    Int,
    Item,
    Keys,
    Map,
    Number,
    OrNil,
    Payload,
    RoomChoice,
    Row,
    Text,
)
from gameserver.protocol.messages import (
    Ack,
    Arrived,
    Events,
    Input,
    Join,
    Leave,
    Message,
    Moved,
    Notice,
    Ping,
    Pong,
    Resume,
    Resync,
    ServerPing,
    ServerPong,
    State,
    Welcome,
    WireMessage,
)


@dataclass(frozen=True, slots=True)
class MessageSpec:
    """The id and items of a message.

    Args:
        id: The message's id.
        type: The class of its values.
        items: The items after the id.
        rest: The type of any further items; None if there are none.
        may_lack: How many of the last items may be left out.
        rule: Returns what is wrong with items that are valid each for itself, or None.
    """

    id: ClientMessage | ServerMessage
    type: type[WireMessage]
    items: tuple[Item, ...] = ()
    rest: Item | None = None
    may_lack: int = 0
    rule: Callable[[Sequence[Any]], str | None] | None = None

    @property
    def name(self) -> str:
        """The message's name in protocol.md."""
        return self.id.name


def _span_fits(items: Sequence[Any]) -> str | None:
    """Check that the base is not before tick 0."""
    return "span must not be above tick" if items[1] > items[0] else None


def _cursor_advances(items: Sequence[Any]) -> str | None:
    """Check that the cursor does not go back."""
    return "upto must not be below since" if items[1] < items[0] else None


_COUNTER: Final = Int()
_TICK: Final = Item("tick", _COUNTER)
_NONCE: Final = Item("nonce", _COUNTER)
_ROLE: Final = Item("role", Int(min(Role), max(Role)))
_TOKEN: Final = Item("token", Bin(RESUME_TOKEN_BYTES))

LIMIT_KEYS: Final = (
    Item("message_bytes", Int(1)),
    Item("depth", Int(1)),
    Item("values", Int(1)),
    Item("name_bytes", Int(1)),
    Item("messages_per_s", Number()),
    Item("messages_burst", Number()),
    Item("bytes_per_s", Number()),
    Item("bytes_burst", Number()),
    Item("dead_after_s", Number()),
    Item("input_hold_s", Number()),
)
WELCOME_KEYS: Final = (
    Item("server", Text()),
    Item("session", Int(1)),
    _TOKEN,
    Item("resumed", Bool()),
    Item("kind", Text()),
    Item("room", Text()),
    _ROLE,
    _TICK,
    Item("tick_hz", Int(1, MAX_TICK_HZ)),
    Item("snapshot_every", Int(1)),
    Item("grace_s", Number()),
    Item("event", _COUNTER),
    Item("seq", _COUNTER),
    Item("schema", Map()),
    Item("step", OrNil(Text())),
    Item("limits", Keys(LIMIT_KEYS)),
)
WELCOME_MAY_LACK: Final = (Item("rolled_back_to", _COUNTER),)

CLIENT_MESSAGES: Final = (
    MessageSpec(
        ClientMessage.JOIN,
        Join,
        (
            Item("kind", Text("max_kind_bytes")),
            Item("room", RoomChoice()),
            _ROLE,
            Item("params", Map()),
            Item("attempt", Bin(ATTEMPT_BYTES)),
        ),
        may_lack=1,
    ),
    MessageSpec(ClientMessage.RESUME, Resume, (_TOKEN, _TICK, Item("event", OrNil(_COUNTER)))),
    MessageSpec(
        ClientMessage.INPUT,
        Input,
        (Item("seq", Int(1)), Item("ack", _COUNTER), Item("behind", Int(0, MAX_BEHIND))),
        rest=Item("v", Int(-MAX_CODE, MAX_CODE)),
    ),
    MessageSpec(ClientMessage.MESSAGE, Message, (Item("name", Text("max_name_bytes")), Item("payload", Payload()))),
    MessageSpec(ClientMessage.PING, Ping, (_NONCE,)),
    MessageSpec(ClientMessage.PONG, Pong, (_NONCE,)),
    MessageSpec(ClientMessage.RESYNC, Resync, (_TICK,)),
    MessageSpec(ClientMessage.ACK, Ack, (_TICK,)),
    MessageSpec(ClientMessage.LEAVE, Leave),
    MessageSpec(ClientMessage.ARRIVED, Arrived),
)

SERVER_MESSAGES: Final = (
    MessageSpec(ServerMessage.WELCOME, Welcome, (Item("map", Keys(WELCOME_KEYS, WELCOME_MAY_LACK)),)),
    MessageSpec(
        ServerMessage.STATE,
        State,
        (
            Item("tick", Int(1)),
            Item("span", _COUNTER),
            Item("seq", _COUNTER),
            Item("lead", OrNil(Int(0, MAX_LEAD))),
            Item("leaves", AnyArray()),
            Item("enters", AnyArray()),
            Item("changes", AnyArray()),
            Item("values", AnyArray()),
        ),
        rule=_span_fits,
    ),
    MessageSpec(
        ServerMessage.EVENTS,
        Events,
        (
            Item("since", _COUNTER),
            Item("upto", _COUNTER),
            Item("items", Array(Row((_TICK, Item("name", Text()), Item("payload", Payload()))))),
        ),
        rule=_cursor_advances,
    ),
    MessageSpec(ServerMessage.PING, ServerPing, (_NONCE,)),
    MessageSpec(
        ServerMessage.PONG,
        ServerPong,
        (
            _NONCE,
            _TICK,
            Item("held", Int(0, MAX_LEAD)),
            Item("missed", _COUNTER),
            Item("trimmed", _COUNTER),
        ),
    ),
    MessageSpec(ServerMessage.NOTICE, Notice, (Item("name", Text()), Item("map", Map()))),
    MessageSpec(
        ServerMessage.MOVED,
        Moved,
        (Item("kind", Text()), Item("room", Text()), Item("token", OrNil(Bin(RESUME_TOKEN_BYTES)))),
    ),
)

CLIENT_SPECS: Final[Mapping[int, MessageSpec]] = {spec.id: spec for spec in CLIENT_MESSAGES}
SERVER_SPECS: Final[Mapping[int, MessageSpec]] = {spec.id: spec for spec in SERVER_MESSAGES}
SPEC_OF: Final[Mapping[type, MessageSpec]] = {spec.type: spec for spec in (*CLIENT_MESSAGES, *SERVER_MESSAGES)}
