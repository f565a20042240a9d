"""What no server accepts is refused where it is sent, in both clients alike; and what both send, the server accepts."""

from __future__ import annotations

import json
import subprocess
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgpack
import pytest

from gameserver.client.session_core import SessionCore
from gameserver.protocol import messages as m
from gameserver.protocol.codec import decode_client, decode_server
from gameserver.protocol.constants import CloseCode, Limits, Role
from gameserver.protocol.errors import ProtocolError
from tests.support.core_table import joined
from tests.support.twins import NODE

if TYPE_CHECKING:
    from collections.abc import Callable

CODEC = (Path(__file__).parents[2] / "client_demo" / "sdk" / "codec.js").as_uri()

SENDS: dict[str, tuple[Any, Any, str, bool]] = {
    "text": ("chat", "hi", "encodeMessage('chat', 'hi')", True),
    "a whole emoji": ("chat", "\U0001f600", "encodeMessage('chat', '\\u{1f600}')", True),
    "half an emoji": ("chat", "\ud83d", "encodeMessage('chat', '\\ud83d')", False),
    "half an emoji, nested": ("chat", {"a": ["\ude00"]}, "encodeMessage('chat', {a: ['\\ude00']})", False),
    "half an emoji as key": ("chat", {"\ud83d": 1}, "encodeMessage('chat', {'\\ud83d': 1})", False),
    "half an emoji as name": ("\ud83d", None, "encodeMessage('\\ud83d', null)", False),
    "NaN": ("move", {"x": float("nan")}, "encodeMessage('move', {x: NaN})", False),
    "infinity": ("move", [float("-inf")], "encodeMessage('move', [-Infinity])", False),
    "eight deep": ("move", [[[[[[[[]]]]]]]], "encodeMessage('move', [[[[[[[[]]]]]]]])", True),
    "nine deep": ("move", [[[[[[[[[]]]]]]]]], "encodeMessage('move', [[[[[[[[[]]]]]]]]])", False),
    "a map nine deep": ("move", [[[[[[[[{}]]]]]]]], "encodeMessage('move', [[[[[[[[{}]]]]]]]])", False),
    "the longest name": ("n" * 64, 1, "encodeMessage('n'.repeat(64), 1)", True),
    "a name too long": ("n" * 65, 1, "encodeMessage('n'.repeat(65), 1)", False),
    "a name too long in bytes": ("ü" * 33, 1, "encodeMessage('ü'.repeat(33), 1)", False),
    "no name": ("", 1, "encodeMessage('', 1)", False),
    "a missing name": (None, 1, "encodeMessage(undefined, 1)", False),
    "the largest integer": ("id", 2**53 - 1, "encodeMessage('id', 2 ** 53 - 1)", True),
    "the smallest integer": ("id", 1 - 2**53, "encodeMessage('id', 1 - 2 ** 53)", True),
    "a larger integer": ("id", 2**53, "encodeMessage('id', 2n ** 53n)", False),
    "a function": ("run", print, "encodeMessage('run', () => 1)", False),
    "as many values as fit": ("many", [0] * 508, "encodeMessage('many', Array(508).fill(0))", True),
    "too many values": ("many", [0] * 509, "encodeMessage('many', Array(509).fill(0))", False),
    "too many bytes": ("long", "x" * 4096, "encodeMessage('long', 'x'.repeat(4096))", False),
}

JOINS: dict[str, tuple[tuple[Any, Any, Any, Any], str, bool]] = {
    "any room": (("race", None, 0, {"name": "Ada"}), "encodeJoin('race', null, 0, {name: 'Ada'})", True),
    "the longest kind": (("k" * 64, None, 0, {}), "encodeJoin('k'.repeat(64), null, 0, {})", True),
    "a kind too long": (("k" * 65, None, 0, {}), "encodeJoin('k'.repeat(65), null, 0, {})", False),
    "no kind": (("", None, 0, {}), "encodeJoin('', null, 0, {})", False),
    "a missing kind": ((None, None, 0, {}), "encodeJoin(undefined, null, 0, {})", False),
    "no room's id": (("race", "", 0, {}), "encodeJoin('race', '', 0, {})", False),
    "a room too long": (("race", "r" * 65, 0, {}), "encodeJoin('race', 'r'.repeat(65), 0, {})", False),
    "a code": (("race", {"code": "K7P-2QX"}, 0, {}), "encodeJoin('race', {code: 'K7P-2QX'}, 0, {})", True),
    "no code": (("race", {"code": ""}, 0, {}), "encodeJoin('race', {code: ''}, 0, {})", False),
    "a code that is no text": (("race", {"code": None}, 0, {}), "encodeJoin('race', {code: null}, 0, {})", False),
    "a new room": (("race", {"create": {"a": 1}}, 0, {}), "encodeJoin('race', {create: {a: 1}}, 0, {})", True),
    "options": (("race", {"options": {}}, 0, {}), "encodeJoin('race', {options: {}}, 0, {})", True),
    "a filter": (("race", {"where": {"a": 1}}, 0, {}), "encodeJoin('race', {where: {a: 1}}, 0, {})", True),
    "a filter and options": (
        ("race", {"where": {}, "options": {}}, 0, {}),
        "encodeJoin('race', {options: {}, where: {}}, 0, {})",
        True,
    ),
    "a filter and a new room": (
        ("race", {"where": {}, "create": {}}, 0, {}),
        "encodeJoin('race', {where: {}, create: {}}, 0, {})",
        False,
    ),
    "a filter that is no map": (("race", {"where": []}, 0, {}), "encodeJoin('race', {where: []}, 0, {})", False),
    "a reservation": (
        ("race", {"room": "r1", "reservation": b"\7" * 16}, 0, {}),
        "encodeJoin('race', {room: 'r1', reservation: new Uint8Array(16).fill(7)}, 0, {})",
        True,
    ),
    "a reservation too short": (
        ("race", {"room": "r1", "reservation": b"\7" * 15}, 0, {}),
        "encodeJoin('race', {room: 'r1', reservation: new Uint8Array(15)}, 0, {})",
        False,
    ),
    "a reservation of no room": (
        ("race", {"reservation": b"\7" * 16}, 0, {}),
        "encodeJoin('race', {reservation: new Uint8Array(16)}, 0, {})",
        False,
    ),
    "options that are no map": (("race", {"options": 1}, 0, {}), "encodeJoin('race', {options: 1}, 0, {})", False),
    "no form": (("race", {}, 0, {}), "encodeJoin('race', {}, 0, {})", False),
    "two forms": (
        ("race", {"code": "a", "create": {}}, 0, {}),
        "encodeJoin('race', {code: 'a', create: {}}, 0, {})",
        False,
    ),
    "another form": (("race", {"id": "a"}, 0, {}), "encodeJoin('race', {id: 'a'}, 0, {})", False),
    "a number as room": (("race", 7, 0, {}), "encodeJoin('race', 7, 0, {})", False),
    "another role": (("race", None, 2, {}), "encodeJoin('race', null, 2, {})", False),
    "params that are no map": (("race", None, 0, ["Ada"]), "encodeJoin('race', null, 0, ['Ada'])", False),
    "half an emoji": (("race", None, 0, {"n": "\ud83d"}), "encodeJoin('race', null, 0, {n: '\\ud83d'})", False),
    "NaN": (("race", None, 0, {"n": float("nan")}), "encodeJoin('race', null, 0, {n: NaN})", False),
    "seven deep": (("race", None, 0, {"n": [[[[[[[]]]]]]]}), "encodeJoin('race', null, 0, {n: [[[[[[[]]]]]]]})", True),
    "nine deep": (
        ("race", None, 0, {"n": [[[[[[[[]]]]]]]]}),
        "encodeJoin('race', null, 0, {n: [[[[[[[[]]]]]]]]})",
        False,
    ),
    "a larger integer": (("race", None, 0, {"n": 2**53}), "encodeJoin('race', null, 0, {n: 2n ** 53n})", False),
}


def in_javascript(calls: list[str]) -> list[str | None]:
    """Return what the SDK encodes for each call, in hexadecimal; None for those that it refuses where it is called."""
    script = f"""
      const {{ encodeMessage, encodeJoin }} = await import({json.dumps(CODEC)});
      const attempt = (call) => {{
        try {{ return Buffer.from(call()).toString("hex"); }} catch (error) {{
          if (error instanceof TypeError || error instanceof RangeError) return null;
          throw error;
        }}
      }};
      console.log(JSON.stringify([{",".join(f"() => {call}" for call in calls)}].map(attempt)));
    """
    if NODE is None:
        pytest.fail("these tests need Node: install nodejs")
    command = [NODE, "--input-type=module", "-e", script]
    found: list[str | None] = json.loads(subprocess.run(command, capture_output=True, check=True, timeout=60).stdout)
    return found


def attempt(call: Callable[[], bytes]) -> str | None:
    """Return what the Python client encodes, in hexadecimal; None when it refuses."""
    try:
        return call().hex()
    except (TypeError, ValueError):
        return None


def sent(name: Any, payload: Any) -> bytes:
    table = joined()
    assert table.core.send(name, payload)
    data = table.core.next_message(table.now_s)
    assert data is not None
    return data


def joining(kind: Any, room: Any, role: Any, params: Any) -> bytes:
    core = SessionCore(m.Join(kind, room, role, params))
    core.opened(0.0)
    data = core.next_message(0.0)
    assert data is not None
    return data


def check(names: list[str], ours: list[str | None], theirs: list[str | None], accepted: list[bool]) -> None:
    for name, one, other, fits in zip(names, ours, theirs, accepted, strict=True):
        assert (one is not None) == fits, f"Python, {name}"
        assert (other is not None) == fits, f"JavaScript, {name}"
        for data in (one, other):
            if data is not None:
                decode_client(bytes.fromhex(data), Limits())


def test_messages_are_refused_at_the_call_in_both_clients() -> None:
    ours = [attempt(partial(sent, name, payload)) for name, payload, _, _ in SENDS.values()]
    theirs = in_javascript([call for _, _, call, _ in SENDS.values()])
    check(list(SENDS), ours, theirs, [fits for *_, fits in SENDS.values()])


def test_joins_are_refused_at_the_call_in_both_clients() -> None:
    ours = [attempt(partial(joining, *items)) for items, _, _ in JOINS.values()]
    theirs = in_javascript([call for _, call, _ in JOINS.values()])
    check(list(JOINS), ours, theirs, [fits for *_, fits in JOINS.values()])


@pytest.mark.parametrize("number", [2**53, -(2**53), 2**64 - 1])
def test_integers_that_a_browser_would_round_are_refused_on_both_sides(number: int) -> None:
    for data, decode in (
        (msgpack.packb([4, "id", {"n": [number]}]), lambda data: decode_client(data, Limits())),
        (msgpack.packb([1, "race", None, Role.PLAYER, {"n": [number]}]), lambda data: decode_client(data, Limits())),
        (msgpack.packb([18, 0, 1, [[1, "id", {"n": [number]}]]]), decode_server),
        (msgpack.packb([21, "id", {"n": [number]}]), decode_server),
    ):
        with pytest.raises(ProtocolError, match=r"\.n\[0\] must be an integer from -\(2\*\*53 - 1\)") as refused:
            decode(data)
        assert refused.value.code == CloseCode.INVALID_FIELD
