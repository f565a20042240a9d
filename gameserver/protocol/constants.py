"""The numbers and names of the wire, each standing once: message ids, close codes, limits.

protocol.md §1, §3, §10 and §11 print these tables, and `client_demo/sdk/constants.js` is generated from them; tests
fail when either differs.
"""

import math
from dataclasses import dataclass, field, fields
from enum import IntEnum
from typing import Final, Literal, NamedTuple, Self, TypeAlias

PROTOCOL_VERSION: Final = 1
SUBPROTOCOL_PREFIX: Final = "gameserver.v"  # with a number behind it: an offer to speak that version
SUBPROTOCOL: Final = f"{SUBPROTOCOL_PREFIX}{PROTOCOL_VERSION}"
TOKEN_PREFIX: Final = "token."  # marks the subprotocol entry that carries a JWT: browsers can send no header
WEBSOCKET_PATH: Final = "/ws"

MAX_COUNTER: Final = 2**32 - 1  # ticks, seqs, cursors, nonces: two years of 60 Hz, and exact in every language
MAX_CODE: Final = 2**30 - 1  # codes and entity ids: differences of two still fit 32 bits, zigzagged
LEAD_UNITS_PER_TICK: Final = 256  # at 60 ticks a second 65 µs: a lead's unit, and that of PONG's hold
MAX_LEAD: Final = 65_535  # in 1/256 tick: 255 ticks, more than any queue holds
BEHIND_UNITS_PER_TICK: Final = 16  # at 20 ticks a second 3 ms: finer than a frame is drawn
MAX_BEHIND: Final = 4095  # in 1/16 tick: a second at 240 ticks, and more than any server rewinds
TOKEN_INSTANCE_BYTES: Final = 4  # which server process a resume token is of
TOKEN_KEY_BYTES: Final = 4  # which session of that process
TOKEN_SECRET_BYTES: Final = 16  # 128 random bits: what makes the token unguessable
RESUME_TOKEN_BYTES: Final = TOKEN_INSTANCE_BYTES + TOKEN_KEY_BYTES + TOKEN_SECRET_BYTES
MAX_TICK_HZ: Final = 240
MAX_SERVER_DEPTH: Final = 16  # nesting in a server's message; WELCOME's schema needs 9
MAX_DEPTH_LIMIT: Final = 64  # what an operator may set max_depth to: a checker that walks payloads recurses so far
MAX_PAYLOAD_DEPTH: Final = 12  # of a payload that is sent: EVENTS adds 3, and a client takes MAX_SERVER_DEPTH
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


class ServerMessage(IntEnum):
    """Ids of the messages that the server sends."""

    WELCOME = 16
    STATE = 17
    EVENTS = 18
    PING = 19
    PONG = 20
    NOTICE = 21


class Role(IntEnum):
    """What a participant is in a room."""

    PLAYER = 0
    SPECTATOR = 1


Back: TypeAlias = Literal["no", "resume", "join"]
"""What a client does after a close: tell the user, come back to its session with RESUME, or JOIN anew."""


class CloseCode(IntEnum):
    """WebSocket close codes; each member is (code, meaning, what the client should do)."""

    meaning: str
    back: Back

    def __new__(cls, code: int, meaning: str = "", back: Back = "no") -> Self:
        """Make the member an int that carries its row; the defaults let type checkers pass `CloseCode(4000)`."""
        member = int.__new__(cls, code)
        member._value_ = code
        member.meaning = meaning
        member.back = back
        return member

    NORMAL = 1000, "left", "no"
    GOING_AWAY = 1001, "the server stops; reason `retry in N s`", "resume"
    LINK_LOST = 1006, "the link broke; never sent, only seen", "resume"
    MESSAGE_TOO_BIG = 1009, "larger than the WebSocket layer takes", "no"
    MALFORMED = 4000, "not a message of this protocol", "no"
    UNSUPPORTED_VERSION = 4001, "the reason names the versions that the server speaks", "no"
    TEXT_FRAME = 4002, "a text message", "no"
    UNKNOWN_MESSAGE = 4003, "message id not known", "no"
    INVALID_FIELD = 4004, "an item has the wrong type, range or length", "no"
    OUT_OF_STATE = 4005, "a message that the link's state does not allow", "no"
    TOO_BIG = 4006, "message above the limit", "no"
    RATE_LIMITED = 4007, "too many messages or bytes", "no"
    JOIN_TIMEOUT = 4008, "no JOIN or RESUME in time", "resume"
    DEAD = 4009, "nothing heard for the dead time", "resume"
    UNKNOWN_KIND = 4010, "no such kind of room", "no"
    ROOM_NOT_FOUND = 4011, "no such room", "no"
    ROOM_FULL = 4012, "no free seat", "no"
    JOIN_REFUSED = 4013, "the game says no; the reason is its own", "no"
    SERVER_FULL = 4014, "no more rooms, links or joins now", "join"
    ROOM_CLOSED = 4020, "the room has ended", "no"
    ROOM_FAILED = 4021, "the room's rules raised an error", "join"
    KICKED = 4022, "the game removed the player", "no"
    REPLACED = 4023, "the session goes on over another link", "no"
    SESSION_EXPIRED = 4024, "RESUME came after the grace time", "join"
    SERVER_RESTARTED = 4025, "the token is of an earlier server process", "join"
    TOO_SLOW = 4026, "the client did not keep up for too long", "resume"


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
"""Either side breaks silence of this share of the dead time with a PING: two more can be lost before the link counts as
dead."""

LOOKS_IN_DEAD_TIME: Final = 20
MAX_LOOK_EVERY_S: Final = 1.0
"""However long silence may last, the other time limits are looked at so often."""


def _limit(default: float, counts: str, *, may_be_zero: bool = False) -> float:
    """Give a limit its default and say what it counts."""
    limit: float = field(default=default, metadata={"counts": counts, "may_be_zero": may_be_zero})
    return limit


def _count(default: int, counts: str) -> int:
    """Give a limit in whole things its default and say what it counts."""
    limit: int = field(default=default, metadata={"counts": counts, "may_be_zero": False})
    return limit


class LimitError(ValueError):
    """A limit was set to what makes no sense."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Everything that a client can make grow, protocol.md §11; the unit is in each name."""

    max_message_bytes: int = _count(4096, "one message from a client")
    max_depth: int = _count(8, "nested arrays and maps in one message")
    max_messages_per_s: float = _limit(150, "messages from a link, counted before decoding")
    max_messages_burst: float = _limit(300, "messages at once, after silence")
    max_bytes_per_s: float = _limit(65_536, "bytes from a link, counted before decoding")
    max_bytes_burst: float = _limit(131_072, "bytes at once, after silence")
    max_kind_bytes: int = _count(64, "JOIN's kind")
    max_room_id_bytes: int = _count(64, "JOIN's room")
    max_name_bytes: int = _count(64, "MESSAGE's name")
    join_timeout_s: float = _limit(5, "from the upgrade to JOIN or RESUME")
    dead_after_s: float = _limit(10, "silence")
    resume_grace_s: float = _limit(20, "life of a session without a link", may_be_zero=True)
    input_hold_s: float = _limit(
        0.25, "a missing frame repeats the last, and the length of the queue", may_be_zero=True
    )
    max_unacked_snapshots: int = _count(32, "snapshots in flight to one viewer, however long its round trip")
    max_held_events: int = _count(4096, "events a room keeps for those who are behind")
    evict_after_s: float = _limit(15, "a viewer that takes no snapshot for so long is closed with TOO_SLOW")
    max_rooms: int = _count(1000, "rooms in one process")
    max_rooms_per_address: int = _count(32, "running rooms that clients of one address had made")
    max_joins_in_flight: int = _count(1000, "links in one process that have not said JOIN or RESUME yet")

    @property
    def look_every_s(self) -> float:
        """How often each link's time limits are looked at: so often that the last look within the dead time comes in
        its last twentieth."""
        return min(MAX_LOOK_EVERY_S, self.dead_after_s / LOOKS_IN_DEAD_TIME)

    def __post_init__(self) -> None:
        """Refuse, with `ValueError`, what would shut everyone out or let the decoder recurse too far."""
        for row in fields(self):
            value = getattr(self, row.name)
            if not (0 < value < math.inf or (value == 0 and row.metadata["may_be_zero"])):
                raise LimitError(f"{row.name} must be a finite number above 0, got {value}")
        if self.max_depth > MAX_DEPTH_LIMIT:
            raise LimitError(f"max_depth must be at most {MAX_DEPTH_LIMIT}, got {self.max_depth}")


class LimitInfo(NamedTuple):
    """One row of protocol.md §11."""

    name: str
    default: float
    counts: str


def limit_rows() -> list[LimitInfo]:
    """Return protocol.md §11's rows, in order."""
    default = Limits()
    return [LimitInfo(row.name.upper(), getattr(default, row.name), row.metadata["counts"]) for row in fields(Limits)]
