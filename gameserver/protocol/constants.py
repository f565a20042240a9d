"""The numbers and names of the wire, each defined once: message ids, close codes, limits.

protocol.md §1, §3, §10 and §11 print these tables, and `client_demo/sdk/constants.js` is generated from them; tests
fail when either differs.
"""

import math
from dataclasses import dataclass, field, fields
from enum import IntEnum
from typing import Any, Final, Literal, NamedTuple, Self, TypeAlias

PROTOCOL_VERSION: Final = 1
SUBPROTOCOL_PREFIX: Final = "gameserver.v"  # followed by a number, it offers that version
SUBPROTOCOL: Final = f"{SUBPROTOCOL_PREFIX}{PROTOCOL_VERSION}"
TOKEN_PREFIX: Final = "token."  # begins the subprotocol entry that carries a JWT: browsers cannot set a header
WEBSOCKET_PATH: Final = "/ws"
PROTOCOL_EVENT_PREFIX: Final = "@"  # begins the names of events that are the protocol's own (protocol.md §6)
AVATAR_EVENT: Final = "@avatar"  # the event that says which entity a player steers (protocol.md §6)

MAX_COUNTER: Final = 2**32 - 1  # ticks, seqs, cursors, nonces: two years at 60 Hz, exact in every language
MAX_CODE: Final = 2**30 - 1  # codes and entity ids: the zigzag of a difference fits 32 bits
LEAD_UNITS_PER_TICK: Final = 256  # unit of STATE's lead and PONG's held: 65 µs at 60 Hz
MAX_LEAD: Final = 65_535  # in 1/256 tick: 255 ticks, longer than any queue
BEHIND_UNITS_PER_TICK: Final = 16  # unit of INPUT's behind: 3 ms at 20 Hz, less than a drawn frame
MAX_BEHIND: Final = 4095  # in 1/16 tick: one second at 240 Hz, more than a server rewinds
TOKEN_INSTANCE_BYTES: Final = 4  # of a resume token: the server process
TOKEN_KEY_BYTES: Final = 4  # of a resume token: the session
TOKEN_SECRET_BYTES: Final = 16  # of a resume token: 128 random bits, so it cannot be guessed
RESUME_TOKEN_BYTES: Final = TOKEN_INSTANCE_BYTES + TOKEN_KEY_BYTES + TOKEN_SECRET_BYTES
ATTEMPT_BYTES: Final = 16  # of JOIN's attempt: random, so that no other client has the same
RESERVATION_BYTES: Final = 16  # of JOIN's reservation: random, so that it cannot be guessed
MAX_TICK_HZ: Final = 240
MAX_SERVER_BYTES: Final = 16 << 20  # of a server's message: a full state of some million entities
MAX_SERVER_DEPTH: Final = 16  # of nested arrays and maps in a server's message; WELCOME's schema needs 9
MAX_DEPTH_LIMIT: Final = 64  # the highest max_depth an operator can set: checking a payload recurses this deep
MAX_PAYLOAD_DEPTH: Final = 12  # of a payload to send: EVENTS adds 3, within MAX_SERVER_DEPTH
MAX_EVENT_BYTES: Final = 65_536  # one event, packed; also the events of one EVENTS message, unless it has only one
MAX_REASON_BYTES: Final = 120  # a WebSocket close frame holds 123 bytes of reason


class ClientMessage(IntEnum):
    """Ids of the messages that a client sends."""

    JOIN = 1
    RESUME = 2
    INPUT = 3
    MESSAGE = 4
    PING = 5
    PONG = 6
    RESYNC = 7
    ACK = 8
    LEAVE = 9
    ARRIVED = 10


class ServerMessage(IntEnum):
    """Ids of the messages that the server sends."""

    WELCOME = 16
    STATE = 17
    EVENTS = 18
    PING = 19
    PONG = 20
    NOTICE = 21
    MOVED = 22


class Role(IntEnum):
    """What a participant is in a room."""

    PLAYER = 0
    SPECTATOR = 1


Back: TypeAlias = Literal["no", "resume", "join", "token"]
"""What a client does after a close: "no": show the reason, "resume": reconnect with RESUME, "join": send JOIN again,
"token": get a new token, then reconnect with RESUME.
"""


class CloseCode(IntEnum):
    """WebSocket close codes; each member is (code, meaning, what the client should do)."""

    meaning: str
    back: Back

    def __new__(cls, code: int, meaning: str = "", back: Back = "no") -> Self:
        """Create the member as an int with attributes. The defaults let type checkers accept `CloseCode(4000)`."""
        member = int.__new__(cls, code)
        member._value_ = code
        member.meaning = meaning
        member.back = back
        return member

    NORMAL = 1000, "the client left", "no"
    GOING_AWAY = 1001, "the server is stopping; the reason is `retry in N s`", "resume"
    LINK_LOST = 1006, "the connection broke; never sent", "resume"
    MESSAGE_TOO_BIG = 1009, "a message larger than the WebSocket layer accepts", "no"
    MALFORMED = 4000, "not a valid message of this protocol", "no"
    UNSUPPORTED_VERSION = 4001, "protocol version not supported; the reason lists the supported ones", "no"
    TEXT_FRAME = 4002, "a text message; all messages are binary", "no"
    UNKNOWN_MESSAGE = 4003, "unknown message id", "no"
    INVALID_FIELD = 4004, "an item has the wrong type, range or length", "no"
    OUT_OF_STATE = 4005, "a message that is not allowed in this state of the link", "no"
    TOO_BIG = 4006, "a message larger than `MAX_MESSAGE_BYTES`", "no"
    RATE_LIMITED = 4007, "too many messages or bytes", "no"
    JOIN_TIMEOUT = 4008, "no JOIN or RESUME within `JOIN_TIMEOUT_S`", "resume"
    DEAD = 4009, "nothing received for `DEAD_AFTER_S`", "resume"
    UNKNOWN_KIND = 4010, "unknown kind of room", "no"
    ROOM_NOT_FOUND = 4011, "no room with this id or code", "no"
    ROOM_FULL = 4012, "no free seat in the room", "no"
    JOIN_REFUSED = 4013, "the game refused the join and gives the reason", "no"
    SERVER_FULL = 4014, "the server accepts no more rooms, links or joins at the moment", "resume"
    UNAUTHORIZED = 4015, "a token is needed, or it has expired; the reason says which", "token"
    FORBIDDEN = 4016, "the token, the page's origin, or the host that was named, is not allowed here", "no"
    UNAVAILABLE = 4017, "the server cannot check the token at the moment", "resume"
    ROOM_LOCKED = 4018, "the room takes nobody new", "no"
    INVALID_OPTIONS = 4019, "the options for a new room are not what its kind declares", "no"
    ROOM_CLOSED = 4020, "the room has ended", "no"
    ROOM_FAILED = 4021, "the room ended because its code raised an exception", "join"
    KICKED = 4022, "the game removed the player", "no"
    REPLACED = 4023, "the session was resumed over another link", "no"
    SESSION_EXPIRED = 4024, "the session has ended, or its token was used already", "join"
    SERVER_RESTARTED = 4025, "the token is from another server process; the server was restarted", "join"
    TOO_SLOW = 4026, "the client reads too slowly: no snapshot for `EVICT_AFTER_S`, or a full queue", "resume"
    INVALID_WHERE = 4027, "the filter asks for what the listing of the kind does not declare", "no"
    INVALID_RESERVATION = 4028, "the reservation has expired or was used, or it is for another role or subject", "no"
    MOVED = 4029, "the session goes on in another server process; MOVED has said where", "resume"
    BANNED = 4030, "the player is banned; the reason says for how long, and why", "no"


class CloseInfo(NamedTuple):
    """One row of protocol.md §10."""

    code: int
    name: str
    meaning: str
    back: Back


CLOSE: Final[dict[CloseCode, CloseInfo]] = {
    code: CloseInfo(int(code), code.name, code.meaning, code.back) for code in CloseCode
}


PING_AFTER_DEAD_SHARE: Final = 1 / 3
"""A side sends a PING after silence of this share of `dead_after_s`: two can be lost before the link counts as dead."""

CHECKS_IN_DEAD_TIME: Final = 20
MAX_CHECK_EVERY_S: Final = 1.0
"""The longest interval between two checks of a link's time limits, whatever `dead_after_s` is."""


def _limit(default: float, counts: str, *, may_be_zero: bool = False) -> float:
    """Declare a limit with its default and what it counts."""
    limit: float = field(default=default, metadata={"counts": counts, "may_be_zero": may_be_zero})
    return limit


def _count(default: int, counts: str) -> int:
    """Declare a limit that is a whole number, with its default and what it counts."""
    limit: int = field(default=default, metadata={"counts": counts, "may_be_zero": False})
    return limit


class LimitError(ValueError):
    """A limit has an invalid value."""

    def __init__(self, name: str, problem: str) -> None:
        super().__init__(f"{name} {problem}")
        self.name = name
        """Which limit."""


def check_limits(limits: Any) -> None:
    """Check that each field of a dataclass of limits is a finite number above 0, or 0 where its field allows that.

    Raises:
        LimitError: One is not.
    """
    for row in fields(limits):
        value = getattr(limits, row.name)
        if not (0 < value < math.inf or (value == 0 and row.metadata.get("may_be_zero"))):
            least = "from 0 up" if row.metadata.get("may_be_zero") else "above 0"
            raise LimitError(row.name, f"must be a finite number {least}, got {value}")


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of everything that a client can make grow, protocol.md §11. Each name ends with its unit.

    Raises:
        LimitError: A limit is not a finite number above 0 (or 0 where that is allowed), or `max_depth` is too high.
    """

    max_message_bytes: int = _count(4096, "the size of one message from a client")
    max_depth: int = _count(8, "nested arrays and maps in JOIN's params and options and in MESSAGE's payload")
    max_values: int = _count(512, "values in a message from a client: arrays, maps, keys and all others")
    max_messages_per_s: float = _limit(150, "messages from one link besides one INPUT or ACK a tick")
    max_messages_burst: float = _limit(300, "these messages at once, after silence")
    max_bytes_per_s: float = _limit(65_536, "bytes of these messages")
    max_bytes_burst: float = _limit(131_072, "bytes of these messages at once, after silence")
    max_kind_bytes: int = _count(64, "the length of JOIN's kind")
    max_room_id_bytes: int = _count(64, "the length of JOIN's room or code")
    max_name_bytes: int = _count(64, "the length of MESSAGE's name")
    join_timeout_s: float = _limit(5, "the time from the upgrade to JOIN or RESUME")
    dead_after_s: float = _limit(10, "silence after which a link counts as dead")
    resume_grace_s: float = _limit(60, "how long a session without a link is kept", may_be_zero=True)
    going_away_grace_s: float = _limit(
        5, "the same for a client that closed with 1001, as a page that is left or loaded again", may_be_zero=True
    )
    input_hold_s: float = _limit(
        0.25, "how long the last input frame is repeated, and the length of the input queue", may_be_zero=True
    )
    max_unacked_snapshots: int = _count(32, "unacknowledged snapshots to one viewer, however long its round trip")
    max_held_events: int = _count(4096, "events for everyone that a room keeps for clients that are behind")
    max_held_event_bytes: int = _count(1_048_576, "the size of these events")
    max_private_events: int = _count(1024, "events for one session that a room keeps in case its client is behind")
    max_private_event_bytes: int = _count(131_072, "the size of these events")
    evict_after_s: float = _limit(15, "how long a viewer may take no snapshot before it is closed with TOO_SLOW")
    max_rooms: int = _count(1000, "rooms in one process")
    max_rooms_per_address: int = _count(32, "running rooms that clients from one address created")
    max_joins_per_s_per_address: float = _limit(10, "JOIN and RESUME from one address, a second")
    max_joins_burst_per_address: float = _limit(100, "JOIN and RESUME from one address at once, after a pause")
    max_processor_share_per_address: float = _limit(
        0.05, "the share of a processor that messages from one address, or of one token's subject, may take"
    )
    max_processor_burst_s_per_address: float = _limit(0.1, "the seconds of a processor for these messages at once")
    max_joins_in_flight: int = _count(1000, "links in one process that have not sent JOIN or RESUME yet")
    max_suspended_per_address: int = _count(64, "sessions without a link whose clients had the same address")

    @property
    def check_every_s(self) -> float:
        """The interval between two checks of a link's time limits, in seconds: a twentieth of `dead_after_s`, so that a
        dead link is found at most that much early."""
        return min(MAX_CHECK_EVERY_S, self.dead_after_s / CHECKS_IN_DEAD_TIME)

    def __post_init__(self) -> None:
        check_limits(self)
        if self.max_depth > MAX_DEPTH_LIMIT:
            raise LimitError("max_depth", f"must be at most {MAX_DEPTH_LIMIT}, got {self.max_depth}")


class ClientLimits(NamedTuple):
    """The limits that a client must keep, as WELCOME says them."""

    message_bytes: int
    """The size of one message."""
    depth: int
    """Nested arrays and maps in a payload."""
    values: int
    """Values in one message."""
    name_bytes: int
    """The length of MESSAGE's name."""
    messages_per_s: float
    """Messages besides one INPUT or ACK a tick."""
    messages_burst: float
    bytes_per_s: float
    """Bytes of these messages."""
    bytes_burst: float
    dead_after_s: float
    """Silence after which the server closes a link."""
    input_hold_s: float
    """How long the last input frame is repeated, and the length of the input queue."""

    @classmethod
    def of(cls, limits: Limits) -> Self:
        """Return those of a server."""
        return cls(
            limits.max_message_bytes,
            limits.max_depth,
            limits.max_values,
            limits.max_name_bytes,
            limits.max_messages_per_s,
            limits.max_messages_burst,
            limits.max_bytes_per_s,
            limits.max_bytes_burst,
            limits.dead_after_s,
            limits.input_hold_s,
        )

    def server_limits(self) -> Limits:
        """Return limits that refuse what a server with these refuses, as far as one message goes."""
        return Limits(
            max_message_bytes=self.message_bytes,
            max_depth=self.depth,
            max_values=self.values,
            max_name_bytes=self.name_bytes,
        )


class LimitInfo(NamedTuple):
    """One row of protocol.md §11."""

    name: str
    default: float
    counts: str


def limit_rows() -> list[LimitInfo]:
    """Return the rows of protocol.md §11, in order."""
    default = Limits()
    return [LimitInfo(row.name.upper(), getattr(default, row.name), row.metadata["counts"]) for row in fields(Limits)]
