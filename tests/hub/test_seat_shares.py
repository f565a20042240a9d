"""The seats that one address has in a room, over any order of joins, losses, resumes and moves."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gameserver import AnyRoom, Player, Room
from gameserver.hub.peer import Peer
from gameserver.protocol.constants import ClientMessage as C
from gameserver.protocol.constants import CloseCode, Role
from tests.support.memory_server import MemoryLink, MemoryServer

FULL = "one address has at most {} {} seats in this room"


class Hall(Room):
    single = True
    max_players = 5
    max_spectators = 4
    max_players_per_address = 3
    max_spectators_per_address = 2
    resume_grace_s = 5.0

    def on_message(self, player: Player, name: str, data: Any) -> None:
        self.move(player, AnyRoom("annex"))


class Annex(Hall):
    """Where players of the hall go."""


def server_of(*rooms: type[Room]) -> MemoryServer:
    server = MemoryServer(*rooms)
    server.hub.admission.limit_key = lambda address: "" if address == "127.0.0.1" else address
    return server


def connect(server: MemoryServer, address: str, *first: Any) -> tuple[MemoryLink, Peer]:
    link = MemoryLink()
    peer = server.hub.open(link, server.now_s, address=address)
    server.say(peer, *first)
    server.tick()
    return link, peer


def join(server: MemoryServer, address: str, role: Role = Role.PLAYER) -> tuple[MemoryLink, Peer]:
    return connect(server, address, C.JOIN, "hall", None, int(role), {})


@pytest.mark.parametrize(("role", "share", "noun"), [(Role.PLAYER, 3, "player"), (Role.SPECTATOR, 2, "spectator")])
def test_one_address_has_its_share_and_the_others_get_the_rest(role: Role, share: int, noun: str) -> None:
    server = server_of(Hall)
    peers = []
    for _ in range(share):
        link, peer = join(server, "203.0.113.7", role)
        assert link.closed is None
        peers.append(peer)
    assert join(server, "203.0.113.7", role)[0].closed == (CloseCode.ROOM_FULL, FULL.format(share, noun))
    assert join(server, "203.0.113.8", role)[0].closed is None
    peers[0].lost(server.now_s, CloseCode.NORMAL)
    server.tick()
    assert join(server, "203.0.113.7", role)[0].closed is None, "a seat that is free again"


def test_addresses_that_are_not_counted_get_all_seats() -> None:
    server = server_of(Hall)
    assert [join(server, "127.0.0.1")[0].closed for _ in range(5)] == [None] * 5


def test_a_seat_that_waits_for_its_client_counts_and_is_of_the_address_that_it_resumes_from() -> None:
    server = server_of(Hall)
    links = [join(server, "203.0.113.7") for _ in range(3)]
    link, peer = links[0]
    peer.lost(server.now_s, None)
    server.tick()
    assert join(server, "203.0.113.7")[0].closed is not None
    again, _ = connect(server, "203.0.113.8", C.RESUME, link.welcome["token"], 0, link.welcome["event"])
    assert again.closed is None
    assert join(server, "203.0.113.7")[0].closed is None, "the client has another address now"


def test_a_seat_that_its_client_has_moved_away_from_is_free_for_the_address() -> None:
    server = server_of(Hall, Annex)
    for _ in range(2):
        join(server, "203.0.113.7")
    _, peer = join(server, "203.0.113.7")
    server.say(peer, C.MESSAGE, "go", None)
    for _ in range(4):
        server.tick()
    assert server.hub.counts["moves"] == 1
    assert join(server, "203.0.113.7")[0].closed is None
    assert join(server, "203.0.113.7")[0].closed is not None


def test_seats_end_with_their_room() -> None:
    server = server_of(Hall)
    for _ in range(3):
        join(server, "203.0.113.7")
    (engine,) = server.hub.rooms.values()
    engine.close(CloseCode.ROOM_CLOSED, "over")
    server.tick()
    assert [join(server, "203.0.113.7")[0].closed for _ in range(3)] == [None] * 3


STEPS = st.lists(
    st.tuples(st.sampled_from(["join", "watch", "lose", "leave", "resume"]), st.integers(0, 2)), max_size=25
)


@given(STEPS)
def test_the_shares_are_those_of_the_seated_whatever_happens(steps: list[tuple[str, int]]) -> None:
    server = server_of(Hall)
    live: list[tuple[MemoryLink, Peer]] = []
    lost: list[MemoryLink] = []
    for step, number in steps:
        address = f"203.0.113.{number}"
        if step in ("join", "watch"):
            link, peer = join(server, address, Role.PLAYER if step == "join" else Role.SPECTATOR)
            if link.closed is None:
                live.append((link, peer))
        elif step == "resume" and lost:
            link = lost.pop()
            again, peer = connect(server, address, C.RESUME, link.welcome["token"], 0, link.welcome["event"])
            if again.closed is None:
                live.append((again, peer))
        elif live and step in ("lose", "leave"):
            link, peer = live.pop()
            peer.lost(server.now_s, None if step == "lose" else CloseCode.NORMAL)
            server.tick()
            if step == "lose":
                lost.append(link)
        seats = server.hub.admission.seats
        sessions = [session for engine in server.hub.rooms.values() for session in engine.seats.sessions.values()]
        assert sum(seats._seats.values()) == len(seats._of) == len(sessions)
        assert all(count > 0 for count in seats._seats.values())
