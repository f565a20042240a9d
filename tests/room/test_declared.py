"""Declared events and messages are checked on both ways; undeclared ones go on working."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal, TypedDict

import msgspec
import pytest

from gameserver import Event, Player, Room, message
from gameserver.protocol.constants import ClientMessage, ServerMessage
from gameserver.room.kind import make_kind
from gameserver.state.errors import DeclarationError
from tests.support.memory_server import MemoryServer


class Tagged(msgspec.Struct):
    by: str
    who: str
    points: int = 1


@dataclass
class Place:
    x: float
    y: float


class Named(TypedDict):
    name: str


class Vote(msgspec.Struct):
    choice: Literal["yes", "no"]
    weight: Annotated[int, msgspec.Meta(ge=1, le=3)] = 1


class Lost(msgspec.Struct):
    at: Nowhere  # type: ignore[name-defined]  # noqa: F821


class Base(Room):
    tagged = Event(Tagged)

    @message
    def vote(self, player: Player, ballot: Vote) -> None:
        raise NotImplementedError


class Game(Base):
    moved = Event(Place)
    named = Event(Named, name="has-name")
    counted = Event(int)

    def __init__(self) -> None:
        self.votes: list[Vote] = []
        self.said: list[tuple[str, Any]] = []

    def vote(self, player: Player, ballot: Vote) -> None:
        self.votes.append(ballot)
        self.tagged(by=player.text("name"), who=ballot.choice)

    @message
    def shout(self, player: Player, text: str) -> None:
        self.said.append(("shout", text))

    @message(name="set-ready")
    def set_ready(self, player: Player) -> None:
        self.said.append(("set-ready", None))

    @message
    def pick(self, player: Player, cards: set) -> None:  # type: ignore[type-arg]
        self.said.append(("pick", cards))

    @message
    def put(self, player: Player, anything) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001
        self.said.append(("put", anything))

    def on_message(self, player: Player, name: str, payload: Any) -> None:
        self.said.append((name, payload))
        self.broadcast("chat", payload)


def serve() -> tuple[MemoryServer, Any, Any, Any]:
    server = MemoryServer(Game)
    link, peer = server.join("game", name="Ada")
    return server, link, peer, server.engine.room


def say(server: MemoryServer, peer: Any, name: str, payload: object = None) -> None:
    server.say(peer, ClientMessage.MESSAGE, name, payload)
    server.tick(6)


def of_game(link: Any) -> list[Any]:
    return [event[1:] for event in link.events if not event[1].startswith("@")]


def test_a_declared_message_arrives_as_its_type() -> None:
    server, link, peer, room = serve()
    say(server, peer, "vote", {"choice": "yes"})
    say(server, peer, "shout", "hello")
    say(server, peer, "set-ready")
    say(server, peer, "put", [1, {"a": 2}])
    assert room.votes == [Vote(choice="yes", weight=1)]
    assert room.said == [("shout", "hello"), ("set-ready", None), ("put", [1, {"a": 2}])]
    assert of_game(link) == [["tagged", {"by": "Ada", "who": "yes", "points": 1}]]


@pytest.mark.parametrize(
    ("name", "payload", "reason"),
    [
        ("vote", {"choice": "perhaps"}, "vote: 'choice': invalid enum value 'perhaps'"),
        ("vote", {"choice": "no", "weight": 9}, "vote: 'weight': expected int <= 3"),
        ("vote", {}, "vote: object missing required field choice"),
        ("vote", None, "vote: expected object, got null"),
        ("shout", {"text": "hello"}, "shout: expected str, got object"),
        ("set-ready", 3, "set-ready: expected null, got int"),
        ("shout", ["x" * 3000], "shout: expected str, got array"),
        ("pick", [[1]], "pick: unhashable type: 'list'"),
    ],
)
def test_one_that_does_not_fit_is_dropped_and_its_sender_learns_why(name: str, payload: object, reason: str) -> None:
    server, link, peer, room = serve()
    other, _ = server.join("game", room=server.engine.id)
    say(server, peer, name, payload)
    assert link.of(ServerMessage.NOTICE)[-1][1:] == ["refused", {"message": name, "reason": reason}]
    assert other.of(ServerMessage.NOTICE) == []
    assert (room.votes, room.said, link.closed) == ([], [], None)


def test_undeclared_ones_go_on_working() -> None:
    server, link, peer, room = serve()
    say(server, peer, "chat", {"text": "hello"})
    assert room.said == [("chat", {"text": "hello"})]
    assert link.events[-1][1:] == ["chat", {"text": "hello"}]


def test_rules_get_no_message_with_a_name_of_the_protocol_which_they_could_not_send_on() -> None:
    server, link, peer, room = serve()
    say(server, peer, "@avatar", 3)
    say(server, peer, "chat", "hello")
    assert (room.said, link.closed) == ([("chat", "hello")], None)


def test_an_event_goes_to_whom_it_is_for() -> None:
    server, link, _, room = serve()
    other, _ = server.join("game", room=server.engine.id)
    ada, bob = room.players
    room.moved.to(bob)(x=1.5, y=2)
    room.named.to(ada, bob)(name="Cid")
    room.counted(7)
    server.tick(6)
    own = [event[1:] for event in link.events if not event[1].startswith("@")]
    assert own == [["has-name", {"name": "Cid"}], ["counted", 7]]
    assert [event[1:] for event in other.events if not event[1].startswith("@")] == [
        ["moved", {"x": 1.5, "y": 2.0}],
        *own,
    ]


@pytest.mark.parametrize(
    ("send", "says"),
    [
        (lambda room: room.tagged(by="Ada", who=3), "event tagged: 'who': expected str, got int"),
        (lambda room: room.broadcast("tagged", {"by": "Ada"}), "event tagged: object missing required field who"),
        (lambda room: room.send(room.players[0], "counted", "7"), "event counted: expected int, got str"),
        (
            lambda room: room.broadcast("tagged", object()),
            "event tagged: encoding objects of type object .*",
        ),
    ],
)
def test_an_event_that_does_not_fit_is_an_error_where_it_is_sent(send: Any, says: str) -> None:
    _, _, _, room = serve()
    with pytest.raises(ValueError, match=f"^{says}$"):
        send(room)


def test_plain_data_of_a_declared_event_is_filled_in() -> None:
    server, link, _, room = serve()
    room.broadcast("tagged", {"by": "Ada", "who": "Bob"})
    server.tick(6)
    assert link.events[-1][2] == {"by": "Ada", "who": "Bob", "points": 1}


def waits() -> Any:
    @message
    async def vote(self: object, player: Player, ballot: Vote) -> None: ...

    return vote


def many() -> Any:
    @message
    def vote(self: object, player: Player, ballot: Vote, more: int) -> None: ...

    return vote


def missing() -> Any:
    @message
    def vote(self: object, player: Player, ballot: Ballot) -> None: ...  # type: ignore[name-defined]  # noqa: F821

    return vote


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({"vote": waits()}, r"Odd\.vote is async, and a room waits for nothing; write def vote\(self, pl"),
        ({"vote": many()}, r"Odd\.vote takes \(.*\) -> .*; write def vote\(self, player, payload\)"),
        ({"vote": missing()}, "vote: ballot: Ballot: name 'Ballot' is not defined; the type is needed when"),
        ({"lock": Event(int)}, "Odd.lock: every room has a `lock` already; take another name"),
        ({"hit": Event(int, name="@hit")}, "Odd.hit: '@hit' is no name for an event or message"),
        ({"hit": Event(Lost)}, "Odd, payload of hit: name 'Nowhere' is not defined"),
    ],
)  # fmt: skip
def test_a_declaration_that_cannot_work_is_refused(body: dict[str, Any], says: str) -> None:
    with pytest.raises(DeclarationError, match=says):
        make_kind(type("Odd", (Room,), body))
