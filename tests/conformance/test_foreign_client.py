"""A client written from protocol.md alone understands the examples there."""

import ast
import json
from pathlib import Path

import msgpack
import pytest

from tests.support.foreign import client as foreign_client
from tests.support.foreign import view as foreign_view
from tests.support.foreign.client import Broken, Client
from tests.support.protocol_page import Example, examples

FOREIGN = ("client.py", "view.py", "websocket.py")


def example_of(number: int, nth: int = 0) -> Example:
    return [example for example in examples() if example.array[0] == number][nth]


def welcomed() -> Client:
    client = Client("race", {})
    assert client.receive(example_of(foreign_client.WELCOME).data) == []
    return client


@pytest.mark.parametrize("name", FOREIGN)
def test_it_imports_nothing_of_the_server(name: str) -> None:
    tree = ast.parse(Path(foreign_client.__file__).with_name(name).read_text(encoding="utf-8"))
    imported = {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    imported |= {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    assert not any(module.split(".")[0] == "gameserver" for module in imported)
    assert {module for module in imported if module.startswith("tests.")} <= {"tests.support.foreign.view"}


def test_it_writes_the_pages_examples() -> None:
    joining = Client("arena", {"name": "Ada"})
    del joining.join[5]  # the page's first example leaves the attempt out
    assert joining.open() == example_of(foreign_client.JOIN).data
    client = welcomed()
    client.view = foreign_view.View(tick=1200)
    assert client.open() == example_of(foreign_client.RESUME).data
    client.seq = 299
    assert client.steer([-1, 1, 0], behind=40) == example_of(foreign_client.INPUT).data
    assert client.receive(msgpack.packb([19, 7])) == [example_of(foreign_client.PONG).data]


def test_it_follows_the_pages_ship() -> None:
    client = welcomed()
    seen = []
    for nth in range(3):
        [ack] = client.receive(example_of(foreign_client.STATE, nth).data)
        assert ack == msgpack.packb([8, client.view.tick])
        seen.append((client.view.tick, client.view.entities[1].codes))
    assert seen == [
        (40, [1600, 320, 100, "Ada"]),
        (43, [1648, 320, 100, "Ada"]),
        (46, [1690, 256, 90, "Ada"]),
    ]
    ship = client.types[0]
    assert [field.value(code) for field, code in zip(ship.fields, seen[1][1], strict=True)] == [103.0, 20.0, 100, "Ada"]
    assert (client.consumed, client.leads) == (12, [140])


def test_it_asks_for_a_full_state_when_a_delta_does_not_fit_and_drops_others_until_it_comes() -> None:
    client = welcomed()
    client.receive(example_of(foreign_client.STATE).data)
    assert client.receive(example_of(foreign_client.STATE, 2).data) == [msgpack.packb([7, 40])]
    assert client.view.tick == 40
    assert client.receive(example_of(foreign_client.STATE, 1).data) == []
    assert client.receive(example_of(foreign_client.STATE).data) == [msgpack.packb([8, 40])]
    assert client.receive(example_of(foreign_client.STATE, 1).data) == [msgpack.packb([8, 43])]
    assert client.resyncs == 1


def test_it_counts_events_by_their_cursor() -> None:
    client = welcomed()
    client.receive(example_of(foreign_client.EVENTS).data)
    assert client.event == 19
    assert client.events == [[1204, "hit", {"ship": 3, "by": 4}]]
    with pytest.raises(Broken, match="events from 17"):
        client.receive(example_of(foreign_client.EVENTS).data)


def test_a_resumed_session_keeps_its_view_its_cursor_and_its_input_numbers() -> None:
    client = welcomed()
    client.receive(example_of(foreign_client.STATE).data)
    client.receive(example_of(foreign_client.EVENTS).data)
    client.seq = 12
    welcome = {**client.welcome, "token": bytes(24), "resumed": True, "seq": 10, "event": 17, "tick": 60}
    client.receive(msgpack.packb([16, welcome]))
    assert client.open() == msgpack.packb([2, bytes(24), 40, 19])
    assert client.steer([0, 0, 0])[2] == 13


@pytest.mark.parametrize(
    ("data", "code"),
    [(b"", 4000), (b"\xc1", 4000), (b"\x90", 4000), (b"\x91\xc0", 4000), (b"\x91\x63", 4003), (b"\x91\x11", 4004),
     (b"\x92\x13\xc7\x00\x05", 4000), (b"\x92\x10\x82\xa1a\x01\xa1a\x01", 4000), (b"\x92\x13\x01\x00", 4000)],
)  # fmt: skip
def test_it_refuses_what_is_no_message(data: bytes, code: int) -> None:
    with pytest.raises(Broken) as broken:
        welcomed().receive(data)
    assert broken.value.code == code


def test_it_finds_who_is_in_the_room_by_the_use_of_a_type() -> None:
    stories = json.loads((Path(__file__).parent / "vectors/deltas.json").read_text("utf-8"))
    [story] = [story for story in stories if story["name"].startswith("who is in the room")]
    types, view = foreign_view.read_schema(story["schema"]), foreign_view.View()
    for step in story["steps"][:3]:
        view = foreign_view.apply_state(types, 20, view, msgpack.unpackb(bytes.fromhex(step["hex"]))[1:])
    found = foreign_view.used_as(types, view, "players")
    assert [[each[key] for key in ("number", "name", "spectator", "connected", "avatar")] for each in found] == [
        [1, "Ada", False, False, 3],
        [2, "Zoë", True, True, 0],
    ]
    assert foreign_view.used_as(types, view, "room") == [{"phase": "racing", "ends_at_tick": 2400}]
