"""Friends meet in a party and go on together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gameserver import Room
from gameserver.match import MatchRules, Party, Queue
from gameserver.protocol.constants import ClientMessage as C
from tests.support.waiting import Waiting

if TYPE_CHECKING:
    from gameserver.hub.peer import Peer
    from tests.support.memory_server import MemoryLink


class Fours(Room[Any]):
    kind = "fours"
    tick_hz = 5
    max_players = 4


class FoursQueue(Queue):
    kind = "waiting"
    destination = "fours"
    rules = MatchRules(teams=2, team_size=2)


class Friends(Party):
    kind = "friends"
    next_kind = "waiting"
    tick_hz = 5
    choices = ("ice", "sand")


class Lost(Party):
    kind = "lost"
    tick_hz = 5
    next_kind = "no such kind"


KINDS = (Fours, FoursQueue, Friends, Lost)


def meet(server: Waiting, kind: str = "friends", count: int = 2) -> list[tuple[MemoryLink, Peer]]:
    """A new party; the first to come makes it, the others join by its id."""
    first, peer = server.connect()
    server.say(peer, C.JOIN, kind, {"create": {}}, 0, {"name": "1"})
    server.tick()
    more = [server.join(kind, room=first.welcome["room"], name=str(number)) for number in range(2, count + 1)]
    return [(first, peer), *more]


def say(server: Waiting, peer: Peer, name: str, payload: object = None) -> None:
    server.say(peer, C.MESSAGE, name, payload)
    server.tick()


def party_of(server: Waiting, kind: str = "friends") -> Any:
    (room,) = [engine.room for engine in server.hub.rooms.values() if engine.kind.name == kind]
    return room


def test_strangers_do_not_find_it() -> None:
    server = Waiting(*KINDS)
    (first, _), _ = meet(server)
    other, _ = server.join("friends", name="x")
    assert other.welcome["room"] != first.welcome["room"]


def test_a_party_goes_into_a_queue_and_plays_on_one_team() -> None:
    server = Waiting(*KINDS)
    (first, leader), (second, member) = meet(server)
    for _, peer in ((first, leader), (second, member)):
        say(server, peer, "ready", True)
    say(server, leader, "go")
    server.tick(20)
    assert [server.kind_of(first), server.kind_of(second)] == ["waiting", "waiting"]
    others = [server.join("waiting", name=name, mode="ice")[0] for name in ("x", "y")]
    server.tick(80)
    assert {server.kind_of(link) for link in (first, second, *others)} == {"fours"}
    teams = server.teams(first)
    assert teams["1"] == teams["2"] != teams["x"] == teams["y"]


def test_it_goes_only_when_all_are_ready_and_the_leader_says_so() -> None:
    server = Waiting(*KINDS)
    (first, leader), (_, member) = meet(server)
    say(server, leader, "ready", True)
    say(server, leader, "go")
    say(server, member, "ready", True)
    say(server, member, "go")
    server.tick(20)
    assert server.kind_of(first) == "friends"
    say(server, leader, "go")
    server.tick(20)
    assert server.kind_of(first) == "waiting"


def test_a_new_choice_is_agreed_to_anew() -> None:
    server = Waiting(*KINDS)
    (_, leader), (_, member) = meet(server)
    room = party_of(server)
    assert room.state.choice == "ice"
    say(server, member, "ready", True)
    say(server, member, "choose", "sand")
    say(server, leader, "choose", "lava")
    assert room.state.choice == "ice"
    say(server, leader, "choose", "sand")
    assert room.state.choice == "sand"
    assert not any(entry.ready for entry in room.roster)


def test_the_next_who_came_leads_when_the_leader_leaves() -> None:
    server = Waiting(*KINDS)
    (_, leader), _, _ = meet(server, count=3)
    room = party_of(server)
    assert room.state.leader == 1
    server.say(leader, C.LEAVE)
    server.tick()
    assert room.state.leader == 2


def test_a_party_that_finds_no_place_stays_and_is_told_why() -> None:
    server = Waiting(*KINDS)
    (first, leader), (second, member) = meet(server, "lost")
    for peer in (leader, member):
        say(server, peer, "ready", True)
    say(server, leader, "go")
    server.tick(20)
    assert [server.kind_of(link) for link in (first, second)] == ["lost", "lost"]
    assert "failed" in first.event_names()
    room = party_of(server, "lost")
    assert not room.state.leaving
    assert not any(entry.ready for entry in room.roster)


def test_nonsense_changes_nothing() -> None:
    server = Waiting(*KINDS)
    (_, leader), _ = meet(server)
    room = party_of(server)
    for name, payload in (("ready", "yes"), ("choose", ["sand"]), ("choose", {}), ("go", 1), ("?", None)):
        say(server, leader, name, payload)
    assert (room.state.choice, room.state.leaving) == ("ice", False)
    assert not any(entry.ready for entry in room.roster)


def test_a_party_that_fits_no_team_of_the_queue_stays_and_learns_why() -> None:
    server = Waiting(*KINDS)
    members = meet(server, count=3)
    for _, peer in members:
        say(server, peer, "ready", True)
    say(server, members[0][1], "go")
    server.tick(20)
    assert {server.kind_of(link) for link, _ in members} == {"friends"}
    failed = next(payload for _, name, payload in members[0][0].events if name == "failed")
    assert "a party of 3 does not fit into a team of 2" in failed
