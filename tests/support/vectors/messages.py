"""Vectors of messages: `messages.json`, which both sides must read, and `refused.json`, with the close code of each."""

from collections.abc import Iterator
from typing import Any, Final, cast

import msgpack

from gameserver.protocol import ClientMessage, Role, encode_client, encode_server
from gameserver.protocol import messages as m
from gameserver.protocol.constants import MAX_BEHIND, MAX_CODE, MAX_COUNTER, MAX_LEAD, ClientLimits, CloseCode, Limits
from gameserver.protocol.specs import SPEC_OF
from tests.support.vectors.json import Case

TOKEN: Final = bytes(range(24))
INPUTS: Final = (("turn", -1, 1), ("thrust", 0, 1), ("fire", 0, 1))
"""The input fields that INPUT is held to in `refused.json`: name, lowest and highest code."""

ODD_KEYS: Final[dict[str, Any]] = {
    "__proto__": {"polluted": True}, "constructor": {"prototype": 1}, "prototype": None, "toString": [], "": 0
}  # fmt: skip

CLIENT: Final[dict[str, m.ClientMsg]] = {
    "JOIN any room": m.Join("arena", None, Role.PLAYER, {"name": "Ada"}),
    "JOIN one room as spectator": m.Join("arena", "arena-7", Role.SPECTATOR, {}),
    "JOIN by a code": m.Join("arena", {"code": "K7P-2QX"}, Role.PLAYER, {}),
    "JOIN of a new room": m.Join("arena", {"create": {"map": "ice", "laps": 3}}, Role.PLAYER, {}),
    "JOIN of any room, with options for one that must be made": m.Join("arena", {"options": {}}, Role.PLAYER, {}),
    "JOIN of a room whose listing fits": m.Join("arena", {"where": {"map": ["ice", "sand"]}}, Role.PLAYER, {}),
    "JOIN of a room whose listing fits, with options": m.Join(
        "arena", {"where": {"laps": {"min": 3}, "boss": {"exists": False}}, "options": {"laps": 3}}, Role.PLAYER, {}
    ),
    "JOIN of a room with a reservation": m.Join(
        "arena", {"room": "k7p2qx", "reservation": bytes(range(16))}, Role.SPECTATOR, {}
    ),
    "JOIN with an attempt": m.Join("arena", None, Role.PLAYER, {}, bytes(range(16))),
    "JOIN with every kind of payload": m.Join(
        "ä" * 32, "r", Role.PLAYER,
        {"nil": None, "yes": True, "no": False, "int": -129, "big": 2**53 - 1, "float": 0.1, "text": "Grüße 🚀",
         "bytes": b"\x00\xff", "list": [1, [2, [3]]], "map": {"": {}}},
    ),
    "RESUME": m.Resume(TOKEN, 1200, 17),
    "RESUME with nothing applied": m.Resume(b"\xff" * 24, 0, MAX_COUNTER),
    "RESUME of a page that was loaded again": m.Resume(TOKEN, 0, None),
    "INPUT": m.Input(300, 1200, 40, (-1, 1, 0)),
    "INPUT of a room without inputs": m.Input(1, 0, 0, ()),
    "INPUT of the arena, nothing pressed": m.Input(1, 0, 0, (0,) * 6),
    "INPUT of the arena, all pressed": m.Input(301, 1200, 40, (-1, 1, 1, 1, 1, 1023)),
    "INPUT at its bounds": m.Input(MAX_COUNTER, MAX_COUNTER, MAX_BEHIND, (-MAX_CODE, MAX_CODE, 0)),
    "MESSAGE": m.Message("chat", {"text": "hi"}),
    "MESSAGE with keys that mean something in JavaScript": m.Message("m", ODD_KEYS),
    "MESSAGE without a payload": m.Message("x" * 64, None),
    "MESSAGE as deep as it may be": m.Message("m", [[[[[[[{}]]]]]]]),
    "MESSAGE with as many values as it may have": m.Message("m", [{"a": 1}] * 169 + [None]),
    "PING": m.Ping(7),
    "PONG": m.Pong(MAX_COUNTER),
    "RESYNC": m.Resync(1200),
    "ACK": m.Ack(1203),
    "LEAVE": m.Leave(),
    "ARRIVED": m.Arrived(),
}  # fmt: skip

SCHEMA: Final[dict[str, Any]] = {
    "fingerprint": "804050add3ef69c5",
    "entities": [
        {
            "name": "Ship",
            "fields": [
                {"name": "x", "kind": "float", "step": 0.0625, "lo": -MAX_CODE, "hi": MAX_CODE, "rate": 1},
                {"name": "vx", "kind": "float", "step": 0.0625, "lo": -MAX_CODE, "hi": MAX_CODE, "rate": None},
                {"name": "hp", "kind": "int", "lo": 0, "hi": 100},
                {"name": "name", "kind": "text", "max_bytes": 24},
            ],
        }
    ],
    "inputs": [
        {"name": "turn", "kind": "int", "lo": -1, "hi": 1},
        {"name": "thrust", "kind": "flag"},
        {"name": "fire", "kind": "flag"},
    ],
}


def welcome(**changed: Any) -> m.Welcome:
    """Return a WELCOME, changed as said."""
    known: dict[str, Any] = {
        "server": "k3v9", "session": 5, "token": TOKEN, "resumed": False, "kind": "race", "room": "race-1",
        "role": Role.PLAYER, "tick": 38, "tick_hz": 20, "snapshot_every": 3, "grace_s": 20, "event": 17, "seq": 0,
        "schema": SCHEMA, "step": None, "limits": ClientLimits.of(Limits()),
    }  # fmt: skip
    return m.Welcome(**{**known, **changed})


WELCOME_MAP: Final = cast("dict[str, object]", welcome().to_items()[0])

SERVER: Final[dict[str, m.ServerMsg]] = {
    "WELCOME": welcome(),
    "WELCOME back": welcome(resumed=True, seq=299, tick=1200, grace_s=0.5, step="step/race-804050add3ef69c5.js"),
    "STATE where nothing unforeseen happened": m.State(43, 3, 0, None, [], [], [], []),
    "STATE from nothing": m.State(
        40, 0, 0, None, [], [[0, [1], b"\x0c\x0a\x08", b"\x80\x0c\x28\x32"]], [], [[0, 3, None, ["Ada"]]]
    ),
    "STATE with everything": m.State(
        70_000, 300, MAX_COUNTER, MAX_LEAD, [3, 1, 200],
        [[0, [7, 1], b"\x01\x00\x00", b"\x01\x00"], [1, [], b"", b""]],
        [[0, None, b"\x02\x07\x05", b"\xfe\x27"], [0, b"\x05", b"\x01\x00\x00", b"\x01\x01"], [0, [0, 2], b"", b""]],
        [[0, 3, b"\x01", ["ü"]], [2, 0, [4], [[1, 2, 3]]]],
    ),
    "EVENTS": m.Events(17, 19, (m.Event(1204, "hit", {"ship": 3, "by": 4}),)),
    "EVENTS with keys that mean something in JavaScript": m.Events(0, 1, (m.Event(5, "m", ODD_KEYS),)),
    "EVENTS for others": m.Events(17, 40, ()),
    "EVENTS of the protocol": m.Events(0, 2, (m.Event(5, "@avatar", 3), m.Event(9, "@avatar", None))),
    "PING": m.ServerPing(3),
    "PONG": m.ServerPong(7, 1204, 200, 2, 0),
    "NOTICE": m.Notice("skipped", {"ticks": 12}),
    "MOVED": m.Moved("match", "k7p2qx", None),
    "MOVED to another process": m.Moved("match", "k7p2qx", TOKEN),
    "NOTICE that nobody knows": m.Notice("weather", {"rain": [0.5, None]}),
}  # fmt: skip

OTHER_FORMS: Final = {
    "PING whose array, id and nonce are as long as they can be": "dd00000002 cf0000000000000005 d30000000000000007",
    "INPUT with unsigned, signed, 8 and 64 bits":
        "dc0007 cc03 cd012c ce000004b0 d028 d3ffffffffffffffff d001 cf0000000000000000",
    "MESSAGE with str 32, bin 32, map 32, float 32":
        "93 04 db0000000163 df00000002 d90161 c600000001ff da000162 ca3fc00000",
}  # fmt: skip


def messages() -> Iterator[Case]:
    """Yield messages that must be read, and, unless they say otherwise, written like this."""
    for name, message in CLIENT.items():
        yield _case(name, "client", encode_client(message), _array(message))
    for name, sent in SERVER.items():
        yield _case(name, "server", encode_server(sent), _array(sent))
    for name, packed in OTHER_FORMS.items():
        data = bytes.fromhex(packed)
        yield {**_case(name, "client", data, msgpack.unpackb(data)), "only_read": True}


def _array(message: m.WireMessage) -> list[object]:
    return [int(SPEC_OF[type(message)].id), *message.to_items()]


def _case(name: str, sender: str, data: bytes, array: object) -> Case:
    return {"name": name, "from": sender, "hex": data.hex(), "message": array}


def _packed(*items: object) -> str:
    data: bytes = msgpack.packb(items)
    return data.hex()


MALFORMED: Final = {
    "nothing": "",
    "the byte that msgpack never uses": "c1",
    "an array that ends early": "9205",
    "a second value": "92050700",
    "a nil behind": "920507c0",
    "an extension": "930507d40100",
    "a timestamp in a payload": "9304a161d6ff00000000",
    "a str of which half is missing": "9304a563",
    "an array header that promises 4 billion items": "ddffffffff05",
    "array headers that promise many items at each depth": "dcffff" * 8 + "c0" * 20,
    "more than 512 values": "9304a161dc01fd" + "01" * 509,
    "more than 512 values, nested": "9304a161" + "9a" + "dc0033" * 10 + "c0" * 510,
    "a str that is not UTF-8": "9304a161a2c328",
    "a str with half of a surrogate pair": "9304a161a3eda080",
    "a map with an integer as key": "9304a1618101c0",
    "a map with a bin as key": "9304a16181c40161c0",
    "a map with a key twice": "9304a16182a16101a16102",
    "an integer": "05",
    "a map": "80",
    "text": "a24849",
    "an empty array": "90",
    "an array that begins with text": "91a4504f4e47",
    "an array that begins with true": "91c3",
    "an array that begins with a float": "92cb401400000000000007",
}  # fmt: skip

ONLY_SERVERS_REFUSE: Final = frozenset(
    {
        "more than 512 values",  # a server's messages may have more
        "more than 512 values, nested",
        "a str that is not UTF-8",  # these four many a msgpack library reads without a word, and a client may
        "a str with half of a surrogate pair",
        "a map with a key twice",
        "an array that begins with a float",
    }
)

INVALID: Final[dict[str, tuple[object, ...]]] = {
    "JOIN without params": (1, "arena", None, 0),
    "JOIN with a number as room": (1, "arena", 7, 0, {}),
    "JOIN with a room in none of the forms": (1, "arena", {"id": "arena-7"}, 0, {}),
    "JOIN with a room in no form": (1, "arena", {}, 0, {}),
    "JOIN with a room in two forms": (1, "arena", {"code": "k7p2qx", "create": {}}, 0, {}),
    "JOIN with an empty code": (1, "arena", {"code": ""}, 0, {}),
    "JOIN with options that are no map": (1, "arena", {"options": None}, 0, {}),
    "JOIN with an empty kind": (1, "", None, 0, {}),
    "JOIN with a kind of 65 bytes": (1, "k" * 65, None, 0, {}),
    "JOIN with a kind of 33 characters in 66 bytes": (1, "ü" * 33, None, 0, {}),
    "JOIN with a kind as bin": (1, b"arena", None, 0, {}),
    "JOIN with an empty room": (1, "arena", "", 0, {}),
    "JOIN with a third role": (1, "arena", None, 2, {}),
    "JOIN with false as role": (1, "arena", None, False, {}),
    "JOIN with an array as params": (1, "arena", None, 0, []),
    "JOIN with NaN in its params": (1, "arena", None, 0, {"x": float("nan")}),
    "RESUME with a token of 23 bytes": (2, TOKEN[:23], 0, 0),
    "RESUME with a token as str": (2, "t" * 24, 0, 0),
    "RESUME with a negative tick": (2, TOKEN, -1, 0),
    "RESUME with a cursor as bool": (2, TOKEN, 0, False),
    "MESSAGE with 2^53": (4, "id", [2**53]),
    "JOIN with -2^53 in its params": (1, "race", None, 0, {"id": -(2**53)}),
    "INPUT with seq 0": (3, 0, 0, 0, 0, 0, 0),
    "INPUT with a seq of 33 bits": (3, 2**32, 0, 0, 0, 0, 0),
    "INPUT with a float as ack": (3, 1, 0.0, 0, 0, 0, 0),
    "INPUT with a negative behind": (3, 1, 0, -1, 0, 0, 0),
    "INPUT with a behind of 13 bits": (3, 1, 0, MAX_BEHIND + 1, 0, 0, 0),
    "INPUT with too few codes": (3, 1, 0, 0, 0, 0),
    "INPUT with too many codes": (3, 1, 0, 0, 0, 0, 0, 0),
    "INPUT with a code out of its range": (3, 1, 0, 0, 2, 0, 0),
    "INPUT with true for a flag": (3, 1, 0, 0, 0, True, 0),
    "INPUT with NaN": (3, 1, 0, 0, float("nan"), 0, 0),
    "MESSAGE without a name": (4, "", 1),
    "MESSAGE without a payload": (4, "chat"),
    "MESSAGE nested deeper than 8": (4, "m", [[[[[[[[[None]]]]]]]]]),
    "MESSAGE nested deeper than 8, the innermost empty": (4, "m", [[[[[[[[{}]]]]]]]]),
    "JOIN nested deeper than 8": (1, "arena", None, 0, {"x": [[[[[[[[]]]]]]]]}),
    "MESSAGE with infinity deep inside": (4, "m", [{"a": [float("-inf")]}]),
    "PING without a nonce": (5,),
    "PING with a nonce of nil": (5, None),
    "PONG with a nonce above 2^32 - 1": (6, 2**32),
    "RESYNC with a float": (7, 1.0),
    "ACK with two ticks": (8, 1, 2),
    "LEAVE with an item": (9, 0),
    "ARRIVED with an item": (10, None),
}

SERVER_INVALID: Final[dict[str, tuple[object, ...]]] = {
    "WELCOME with an empty map": (16, {}),
    "WELCOME with a tick rate of 0": (16, {**WELCOME_MAP, "tick_hz": 0}),
    "STATE of tick 0": (17, 0, 0, 0, None, [], [], [], []),
    "STATE with a span above its tick": (17, 5, 6, 0, None, [], [], [], []),
    "STATE with a lead of 65536": (17, 5, 5, 0, 65_536, [], [], [], []),
    "STATE without values": (17, 5, 5, 0, None, [], [], []),
    "EVENTS that run backwards": (18, 5, 4, []),
    "EVENTS with an event of two items": (18, 4, 5, [[1, "hit"]]),
    "EVENTS with 2^53 in a payload": (18, 4, 5, [[1, "hit", {"by": [2**53]}]]),
    "NOTICE with -2^53": (21, "skipped", {"ticks": -(2**53)}),
    "EVENTS with NaN in a payload": (18, 4, 5, [[1, "hit", [float("nan")]]]),
    "PING with text": (19, "1"),
    "PONG with four items": (20, 7, 0, 0, 0),
    "NOTICE without a map": (21, "skipped", None),
    "MOVED without a token": (22, "match", "k7p2qx"),
    "MOVED with a token of 23 bytes": (22, "match", "k7p2qx", TOKEN[:23]),
    "MOVED to a number": (22, "match", 7, None),
}  # fmt: skip


def refused() -> Iterator[Case]:
    """Yield messages that must be refused, and with which code; INPUT is held to `INPUTS`, the rest to the defaults."""
    for name, packed in MALFORMED.items():
        yield _refusal(name, "client", packed, CloseCode.MALFORMED)
        if name not in ONLY_SERVERS_REFUSE:
            yield _refusal(name, "server", packed, CloseCode.MALFORMED)
    for number in (0, 11, 16, -1, 2**32):
        yield _refusal(f"message id {number}", "client", _packed(number, "?"), CloseCode.UNKNOWN_MESSAGE)
    for number in (0, *ClientMessage, 23, -1, 2**32):
        yield _refusal(f"message id {int(number)}", "server", _packed(int(number), "?"), CloseCode.UNKNOWN_MESSAGE)
    for name, items in INVALID.items():
        yield _refusal(name, "client", _packed(*items), CloseCode.INVALID_FIELD)
    for name, items in SERVER_INVALID.items():
        yield _refusal(name, "server", _packed(*items), CloseCode.INVALID_FIELD)


def _refusal(name: str, sender: str, packed: str, code: CloseCode) -> Case:
    case: Case = {"name": name, "from": sender, "hex": packed, "code": int(code)}
    if sender == "client" and packed[2:4] == f"{int(ClientMessage.INPUT):02x}":
        case["inputs"] = [{"name": name, "lo": lo, "hi": hi} for name, lo, hi in INPUTS]
    return case
