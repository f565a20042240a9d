"""Generates `client_demo/sdk/constants.js`, the browser's copy of the tables in `constants` and `specs`.

python -m gameserver.protocol.export            writes it
python -m gameserver.protocol.export --check    exits with 1 if it is out of date
"""

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from enum import IntEnum
from pathlib import Path
from typing import Final

from gameserver.protocol import constants
from gameserver.protocol.constants import CLOSE, ClientMessage, CloseCode, CloseInfo, Role, ServerMessage, limit_rows
from gameserver.protocol.items import Item
from gameserver.protocol.specs import CLIENT_MESSAGES, LIMIT_KEYS, SERVER_MESSAGES, WELCOME_KEYS, MessageSpec

TARGET: Final = Path(__file__).parents[2] / "client_demo" / "sdk" / "constants.js"

_HEAD: Final = """\
/**
 * The numbers and names of the wire, as protocol.md has them: message ids, close codes, limits.
 * Generated from the server's tables by `python -m gameserver.protocol.export`; do not edit.
 */
"""

_SCALARS: Final = (
    ("PROTOCOL_VERSION", "The protocol version of this client."),
    ("SUBPROTOCOL", "The WebSocket subprotocol to offer."),
    ("TOKEN_PREFIX", "The beginning of the subprotocol entry that carries a token (a JWT)."),
    ("WEBSOCKET_PATH", "The path of the WebSocket."),
    ("PROTOCOL_EVENT_PREFIX", "The beginning of the names of events that are the protocol's own."),
    ("AVATAR_EVENT", "The name of the event that says which entity the player steers."),
    ("MAX_COUNTER", "The highest tick, seq, event cursor and nonce."),
    ("MAX_CODE", "Codes are within ±MAX_CODE; also the highest entity id."),
    ("LEAD_UNITS_PER_TICK", "The units of STATE's lead and PONG's held in a tick."),
    ("MAX_LEAD", "The highest lead and held, in 1/256 tick."),
    ("BEHIND_UNITS_PER_TICK", "The units of INPUT's behind in a tick."),
    ("MAX_BEHIND", "The highest behind, in 1/16 tick."),
    ("RESUME_TOKEN_BYTES", "The length of WELCOME's token."),
    ("ATTEMPT_BYTES", "The length of JOIN's attempt."),
    ("RESERVATION_BYTES", "The length of JOIN's reservation."),
    ("MAX_TICK_HZ", "The most ticks per second."),
    ("MAX_SERVER_DEPTH", "The most nested arrays and maps in a server's message."),
    ("MAX_PAYLOAD_DEPTH", "The most nested arrays and maps in a payload."),
    ("MAX_REASON_BYTES", "The most bytes of a close reason."),
    ("PING_AFTER_DEAD_SHARE", "A side sends a PING after silence of this share of the dead time."),
)

_CLOSE_TYPES: Final = """\
/**
 * @typedef {object} CloseInfo
 * @property {string} name
 * @property {string} meaning
 * @property {"no" | "resume" | "join" | "token"} back what a client does: show the reason, RESUME with back-off, JOIN
 *   again, or get a new token and RESUME
 */
"""


def render() -> str:
    """Return the text of `constants.js`."""
    return "\n".join((_HEAD, *_scalars(), *_enums(), _CLOSE_TYPES, _close_table(), _limits(), *_items()))


def _scalars() -> Iterable[str]:
    for name, comment in _SCALARS:
        yield f"/** {comment} */\nexport const {name} = {json.dumps(getattr(constants, name))};\n"


def _enums() -> Iterable[str]:
    yield _enum("Ids of the messages that a client sends.", ClientMessage)
    yield _enum("Ids of the messages that the server sends.", ServerMessage)
    yield _enum("What a participant is in a room.", Role)
    yield _enum("WebSocket close codes.", CloseCode)


def _enum(comment: str, members: type[IntEnum]) -> str:
    return _frozen(comment, members.__name__, {member.name: str(int(member)) for member in members})


def _close_table() -> str:
    rows = {str(info.code): _close_row(info) for info in CLOSE.values()}
    note = "@type {Readonly<Record<number, Readonly<CloseInfo>>>}"
    return _frozen(f"What each close code means. {note}", "CLOSE", rows)


def _limits() -> str:
    rows = {row.name: f"{row.default:g}" if row.default % 1 else str(int(row.default)) for row in limit_rows()}
    return _frozen("The default limits of a server; each name ends with its unit.", "LIMITS", rows)


def _items() -> Iterable[str]:
    yield _item_names("The items of each client message, after its id.", "CLIENT_ITEMS", CLIENT_MESSAGES)
    yield _item_names("The items of each server message, after its id.", "SERVER_ITEMS", SERVER_MESSAGES)
    yield _keys("The keys of WELCOME's map, all present.", "WELCOME_KEYS", WELCOME_KEYS)
    yield _keys("The keys of the limits in WELCOME, all present.", "LIMIT_KEYS", LIMIT_KEYS)


def _keys(comment: str, name: str, items: Sequence[Item]) -> str:
    rows = "".join(f"\n  {json.dumps(item.name)}," for item in items)
    return f"/** {comment} */\nexport const {name} = Object.freeze([{rows}\n]);\n"


def _item_names(comment: str, name: str, specs: Sequence[MessageSpec]) -> str:
    note = "@type {Readonly<Record<number, readonly string[]>>}"
    rows = {str(int(spec.id)): json.dumps([item.name for item in spec.items]) for spec in specs}
    return _frozen(f"{comment} {note}", name, rows)


def _frozen(comment: str, name: str, rows: Mapping[str, str]) -> str:
    """Return the text of an exported, frozen object."""
    body = "".join(f"\n  {key}: {value}," for key, value in rows.items())
    return f"/** {comment} */\nexport const {name} = Object.freeze({{{body}\n}});\n"


def _close_row(info: CloseInfo) -> str:
    """Return the text of a frozen object, always over several lines, as Biome formats it whatever its length."""
    rows = ("name", info.name), ("meaning", info.meaning), ("back", info.back)
    body = "".join(f"\n    {key}: {json.dumps(value, ensure_ascii=False)}," for key, value in rows)
    return f"Object.freeze({{{body}\n  }})"


def main(arguments: Sequence[str], target: Path = TARGET) -> int:
    """Write the file, or only compare it with `--check`; return the exit status."""
    text = render()
    if "--check" not in arguments:
        target.write_text(text, encoding="utf-8")
        return 0
    if target.exists() and target.read_text(encoding="utf-8") == text:
        return 0
    sys.stderr.write(f"{target.name} is out of date: run python -m gameserver.protocol.export\n")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
