"""Each wrong message closes its link with the close code of protocol.md, on the real server."""

import json
from typing import Any

import pytest

from tests.conformance import make_vectors
from tests.support.foreign.client import ACK, INPUT, JOIN, MESSAGE, RESUME, Client, pack
from tests.support.foreign.player import closing, enter, link

OPENING = ("JOIN", "RESUME")
STRANGER = Client("arena", {})
"""Takes what comes before a close; keeps nothing."""


def wrong_messages() -> list[dict[str, Any]]:
    """Return the vectors of wrong client messages; those of INPUT are about other inputs than the arena's."""
    cases = json.loads((make_vectors.FOLDER / "refused.json").read_text(encoding="utf-8"))
    return [case for case in cases if case["from"] == "client" and "inputs" not in case]


@pytest.mark.parametrize("case", wrong_messages(), ids=lambda case: case["name"])
def test_wrong_message_closes_the_link_with_its_code_and_a_reason(port: int, case: dict[str, Any]) -> None:
    client = Client("arena", {"name": "Wrong"})
    with link(port) as websocket:
        if not case["name"].startswith(OPENING):
            enter(client, websocket)
        websocket.send(bytes.fromhex(case["hex"]))
        closed = closing(client, websocket)
    assert closed.code == case["code"]
    assert closed.reason


@pytest.mark.parametrize("message", [pack(MESSAGE, "chat", {}), pack(ACK, 0), pack(INPUT, "wrong")])
def test_message_before_joining_is_out_of_state_whatever_its_items(port: int, message: bytes) -> None:
    with link(port) as websocket:
        websocket.send(message)
        assert closing(STRANGER, websocket).code == 4005


@pytest.mark.parametrize("message", [pack(JOIN, 2, 3), pack(RESUME)])
def test_second_opening_is_out_of_state_whatever_its_items(port: int, message: bytes) -> None:
    client = Client("arena", {"name": "Again"})
    with link(port) as websocket:
        enter(client, websocket)
        websocket.send(message)
        assert closing(client, websocket).code == 4005


def test_spectator_may_not_steer(port: int) -> None:
    client = Client("arena", {}, role=1)
    with link(port) as websocket:
        enter(client, websocket)
        websocket.send(pack(INPUT, 1, 0, 0))
        assert closing(client, websocket).code == 4005


@pytest.mark.parametrize(("opcode", "data", "code"), [(1, b"hello", 4002), (2, bytes(4097), 4006)])
def test_text_and_too_long_a_message_are_refused(port: int, opcode: int, data: bytes, code: int) -> None:
    with link(port) as websocket:
        websocket.send(data, opcode)
        assert closing(STRANGER, websocket).code == code


@pytest.mark.parametrize(
    ("join", "code"), [(["no-such-kind", None, 0, {}], 4010), (["arena", "no-such-room", 0, {}], 4011)]
)
def test_what_does_not_exist_is_refused(port: int, join: list[Any], code: int) -> None:
    with link(port) as websocket:
        websocket.send(pack(JOIN, *join))
        assert closing(STRANGER, websocket).code == code


def test_another_version_is_refused_with_the_one_that_the_server_speaks(port: int) -> None:
    with link(port, "gameserver.v9") as websocket:
        closed = closing(STRANGER, websocket)
    assert closed.code == 4001
    assert "gameserver.v1" in closed.reason
