"""Who knocks often uses up nothing that others need."""

from typing import Any

from gameserver import Player, Room
from gameserver.hub.peer import Peer
from gameserver.protocol.constants import ClientMessage as C
from gameserver.protocol.constants import CloseCode, Limits
from tests.support.field_room import Field
from tests.support.memory_server import MemoryLink, MemoryServer


class Private(Room):
    """Nobody else comes in."""

    empty_close_s = 1.0

    def on_join(self, player: Player) -> None:
        self.lock()


def knock(server: MemoryServer, address: str, *say: Any) -> tuple[MemoryLink, Peer]:
    """A link from an address, that says JOIN, or what is given."""
    link = MemoryLink()
    peer = server.hub.open(link, server.now_s, address=address)
    server.say(peer, *(say or (C.JOIN, "private", None, 0, {})))
    server.tick()
    return link, peer


def test_one_address_may_have_so_many_rooms_made_and_others_still_get_theirs() -> None:
    server = MemoryServer(Private, limits=Limits(max_rooms_per_address=3))
    for _ in range(3):
        assert knock(server, "203.0.113.7")[0].closed is None
    assert knock(server, "203.0.113.7")[0].closed == (CloseCode.SERVER_FULL, "at most 3 rooms for one address")
    assert knock(server, "203.0.113.8")[0].closed is None


def test_a_room_that_has_ended_counts_no_more() -> None:
    server = MemoryServer(Private, limits=Limits(max_rooms_per_address=1))
    _, peer = knock(server, "203.0.113.7")
    peer.lost(server.now_s, CloseCode.NORMAL)
    server.tick(30)
    assert knock(server, "203.0.113.7")[0].closed is None


def test_a_proxys_address_stands_for_many() -> None:
    server = MemoryServer(Private, limits=Limits(max_rooms_per_address=1))
    server.hub.admission.uncounted_addresses = frozenset({"192.0.2.1"})
    for _ in range(3):
        assert knock(server, "192.0.2.1")[0].closed is None


def test_the_rooms_of_a_process_are_bounded() -> None:
    server = MemoryServer(Private, limits=Limits(max_rooms=2))
    ends = [knock(server, f"203.0.113.{n}")[0].closed for n in range(3)]
    assert ends == [None, None, (CloseCode.SERVER_FULL, "no more rooms on this server now")]


def test_links_that_do_not_join_are_bounded_and_those_in_a_room_are_not() -> None:
    server = MemoryServer(Field, limits=Limits(max_joins_in_flight=2))
    for _ in range(4):
        assert server.join("field")[0].closed is None
    idle = [server.connect() for _ in range(3)]
    assert [link.closed and link.closed[0] for link, _ in idle] == [None, None, CloseCode.SERVER_FULL]
    assert server.hub.statistics()["refused"] == {"SERVER_FULL": 1}
    idle[0][1].lost(server.now_s, None)
    assert server.join("field")[0].closed is None


def test_a_resume_is_on_its_way_in_no_longer_than_a_join() -> None:
    server = MemoryServer(Field, limits=Limits(max_joins_in_flight=1))
    link, peer = server.join("field")
    peer.lost(server.now_s, None)
    assert knock(server, "", C.RESUME, link.welcome["token"], 0, link.welcome["event"])[0].closed is None
    assert server.join("field")[0].closed is None
