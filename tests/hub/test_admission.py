"""Admission limits: the rooms of one address, the rooms of a process, the joins in flight, and suspended sessions."""

from typing import Any

import pytest

from bench.messages import messages
from gameserver import Player, Room
from gameserver.hub.admission import Admission
from gameserver.hub.peer import Peer, PeerState
from gameserver.hub.spending import ANSWER_BYTES, Spending, cost_s
from gameserver.net.addresses import client_key
from gameserver.protocol.constants import ClientMessage as C
from gameserver.protocol.constants import CloseCode, Limits
from gameserver.room.engine import RoomEngine
from gameserver.sync.token_bucket import MAX_IDLE_BUCKETS
from tests.support.field_room import Field
from tests.support.memory_server import MemoryLink, MemoryServer
from tests.support.nominal_time import decode_cost_s


class Private(Room):
    """Locks itself, so every JOIN that names no room opens another."""

    empty_close_s = 1.0

    def on_join(self, player: Player) -> None:
        self.lock()


class Lingering(Room):
    """Stays for long when everybody has left."""

    empty_close_s = 1_000.0


MAKE: tuple[Any, ...] = (C.JOIN, "lingering", {"create": {}}, 0, {})


def connect_from(server: MemoryServer, address: str, *first: Any) -> tuple[MemoryLink, Peer]:
    """A link from an address that has sent JOIN, or `first` if given."""
    link = MemoryLink()
    peer = server.hub.open(link, server.now_s, address=address)
    server.say(peer, *(first or (C.JOIN, "private", None, 0, {})))
    server.tick()
    return link, peer


def test_the_rooms_of_one_address_are_limited_and_other_addresses_still_open_theirs() -> None:
    server = MemoryServer(Private, limits=Limits(max_rooms_per_address=3))
    for _ in range(3):
        assert connect_from(server, "203.0.113.7")[0].closed is None
    assert connect_from(server, "203.0.113.7")[0].closed == (CloseCode.SERVER_FULL, "at most 3 rooms for one address")
    assert connect_from(server, "203.0.113.8")[0].closed is None


def test_while_ticks_take_most_of_the_time_one_address_opens_few_rooms() -> None:
    server = MemoryServer(Private)

    def play(taken: float) -> None:
        """Let two seconds pass in which the ticks of all rooms take this share of the time."""
        rooms = list(server.hub.rooms.values())
        for _ in range(int(2 / rooms[0].tick_s)):
            server.now_s += rooms[0].tick_s
            for engine in rooms:
                engine.note_pace(server.now_s, 0.0, taken * engine.tick_s / len(rooms))

    for _ in range(4):
        assert connect_from(server, "203.0.113.7")[0].closed is None
    play(0.4)
    assert connect_from(server, "203.0.113.7")[0].closed is None, "there is time"
    play(0.6)
    refused = (CloseCode.SERVER_FULL, "at most 5 rooms for one address while many play")
    assert connect_from(server, "203.0.113.7")[0].closed == refused
    for _ in range(4):
        assert connect_from(server, "203.0.113.8")[0].closed is None, "an address with few rooms"
    play(0.4)
    ends = [connect_from(server, "203.0.113.8")[0].closed for _ in range(9)]
    assert ends[0] is None
    assert ends[-1] is not None, "what rooms that were just opened will take is not known yet"
    play(0.4)
    assert connect_from(server, "203.0.113.7")[0].closed is None, "there is time again"


def test_a_closed_room_no_longer_counts() -> None:
    server = MemoryServer(Private, limits=Limits(max_rooms_per_address=1))
    _, peer = connect_from(server, "203.0.113.7")
    peer.lost(server.now_s, CloseCode.NORMAL)
    server.tick(30)
    assert connect_from(server, "203.0.113.7")[0].closed is None


def test_the_rooms_of_an_uncounted_address_are_not_limited() -> None:
    server = MemoryServer(Private, limits=Limits(max_rooms_per_address=1))
    server.hub.admission.limit_key = lambda address: "" if address == "192.0.2.1" else address
    for _ in range(3):
        assert connect_from(server, "192.0.2.1")[0].closed is None


def test_the_rooms_of_a_process_are_limited() -> None:
    server = MemoryServer(Private, limits=Limits(max_rooms=2))
    ends = [connect_from(server, f"203.0.113.{n}")[0].closed for n in range(3)]
    assert ends == [None, None, (CloseCode.SERVER_FULL, "no more rooms on this server now")]


def test_of_too_many_links_that_have_not_joined_the_oldest_goes_and_those_that_have_do_not_count() -> None:
    server = MemoryServer(Field, limits=Limits(max_joins_in_flight=2))
    for _ in range(4):
        assert server.join("field")[0].closed is None
    idle = [server.connect() for _ in range(3)]
    assert [link.closed and link.closed[0] for link, _ in idle] == [CloseCode.SERVER_FULL, None, None]
    assert server.hub.statistics()["refused"] == {"SERVER_FULL": 1}
    assert server.join("field")[0].closed is None
    assert idle[1][0].closed == (CloseCode.SERVER_FULL, "too many are on their way in: retry in 1 s")
    assert idle[2][0].closed is None


def test_who_fills_all_places_pushes_out_its_own_links_and_no_others() -> None:
    server = MemoryServer(Field, limits=Limits(max_joins_in_flight=100))
    server.hub.admission.limit_key = client_key
    newcomers = [silent_from(server, f"203.0.113.{n}") for n in range(10)]
    for round_ in range(64):
        for n in range(20):
            silent_from(server, f"2001:db8:0:{n:x}::{round_:x}")
    assert [link.closed for link, _ in newcomers] == [None] * 10
    for _, peer in newcomers:
        server.say(peer, C.JOIN, "field", None, 0, {})
    server.tick()
    assert all(link.welcome for link, _ in newcomers)


def silent_from(server: MemoryServer, address: str) -> tuple[MemoryLink, Peer]:
    """A link from an address that says nothing."""
    link = MemoryLink()
    return link, server.hub.open(link, server.now_s, address=address)


def test_of_too_many_sessions_without_a_link_from_one_address_the_oldest_ends() -> None:
    server = MemoryServer(Field, limits=Limits(max_suspended_per_address=3))
    server.hub.admission.limit_key = lambda address: "" if address == "127.0.0.1" else address
    links = []
    for address in ["203.0.113.7"] * 5 + ["203.0.113.8"] * 2 + ["127.0.0.1"] * 5:
        link, peer = connect_from(server, address, C.JOIN, "field", None, 1, {})
        peer.lost(server.now_s, None)
        links.append(link)
    server.tick()
    assert sum(room["suspended"] for room in server.hub.statistics()["rooms"]) == 3 + 2 + 5
    codes = [connect_from(server, "", C.RESUME, link.welcome["token"], 0, 0)[0].closed for link in links[:3]]
    assert codes[2] is None
    assert [closed and closed[0] for closed in codes[:2]] == [CloseCode.SESSION_EXPIRED] * 2


def test_a_session_that_has_resumed_or_ended_does_not_count_as_suspended() -> None:
    server = MemoryServer(Field, limits=Limits(max_suspended_per_address=1))
    first, peer = connect_from(server, "203.0.113.7", C.JOIN, "field", None, 1, {})
    peer.lost(server.now_s, None)
    first, first_peer = connect_from(server, "203.0.113.7", C.RESUME, first.welcome["token"], 0, 0)
    _, gone = connect_from(server, "203.0.113.7", C.JOIN, "field", None, 1, {})
    gone.lost(server.now_s, CloseCode.NORMAL)
    second, peer = connect_from(server, "203.0.113.7", C.JOIN, "field", None, 1, {})
    peer.lost(server.now_s, None)
    server.tick()
    assert first.closed is None
    first_peer.lost(server.now_s, None)
    server.tick()
    assert connect_from(server, "", C.RESUME, second.welcome["token"], 0, 0)[0].closed is not None
    assert connect_from(server, "", C.RESUME, first.welcome["token"], 0, 0)[0].closed is None


def test_a_link_that_has_resumed_is_no_join_in_flight() -> None:
    server = MemoryServer(Field, limits=Limits(max_joins_in_flight=1))
    link, peer = server.join("field")
    peer.lost(server.now_s, None)
    assert connect_from(server, "", C.RESUME, link.welcome["token"], 0, link.welcome["event"])[0].closed is None
    assert server.join("field")[0].closed is None


@pytest.mark.parametrize("where", ["constructor", "on_create"])
def test_a_room_that_cannot_be_made_refuses_the_join_with_the_errors_class(
    where: str, caplog: pytest.LogCaptureFixture
) -> None:
    class Broken(Field):
        kind = "field"

        def __init__(self) -> None:
            if where == "constructor":
                raise KeyError("secret")

        def on_create(self, options: Any) -> None:
            raise KeyError("secret")

    server = MemoryServer(Broken)
    for _ in range(2):
        link, _ = server.join("field")
        assert link.closed == (CloseCode.ROOM_FAILED, "the room's code raised KeyError; the server has logged where")
    assert server.hub.rooms == {}
    assert caplog.text.count("Traceback") == 2, "one traceback for each"
    assert "raise KeyError" in caplog.text


def test_a_room_that_the_process_has_no_means_for_is_not_there_at_all() -> None:
    server = MemoryServer(Field)
    out_of_descriptors = True

    def open_room(_engine: RoomEngine) -> None:
        if out_of_descriptors:
            raise OSError(24, "Too many open files")

    server.hub.on_room_opened = open_room
    link, _ = server.join("field")
    assert link.closed == (CloseCode.SERVER_FULL, "the room cannot be opened now")
    assert server.hub.rooms == {}
    assert server.hub.admission._opened_by == {}
    out_of_descriptors = False
    link, _ = server.join("field")
    assert link.closed is None
    assert link.welcome["room"] in server.hub.rooms


def test_joins_and_resumes_from_one_address_are_limited_a_second_and_others_are_not() -> None:
    limits = Limits(max_joins_per_s_per_address=0.5, max_joins_burst_per_address=5)
    server = MemoryServer(Field, limits=limits)
    server.hub.admission.limit_key = lambda address: "" if address == "127.0.0.1" else address

    def refused(address: str, tries: int) -> int:
        links = []
        for _ in range(tries):
            link, peer = connect_from(server, address, C.JOIN, "field", None, 1, {})
            links.append(link)
            peer.lost(server.now_s, 1000)
        found = [link.closed for link in links if link.closed is not None and link.closed[0] == CloseCode.SERVER_FULL]
        assert all("retry in 1 s" in reason for _, reason in found)
        return len(found)

    assert refused("203.0.113.5", 9) == 4
    assert refused("203.0.113.6", 5) == 0
    assert refused("127.0.0.1", 20) == 0
    server.tick(20)
    assert refused("203.0.113.5", 4) == 3, "one is allowed again"
    link, _ = connect_from(server, "203.0.113.5", C.RESUME, bytes(24), 0, 0)
    assert link.closed == (CloseCode.SERVER_FULL, "too many joins from one address: retry in 1 s")


def test_addresses_that_have_not_joined_lately_are_forgotten() -> None:
    admission = Admission(Limits())
    for number in range(3 * MAX_IDLE_BUCKETS):
        admission.check_join_rate(f"198.51.100.{number}", number * 1.0)
    assert len(admission._joins) <= MAX_IDLE_BUCKETS + 1


# -- what messages cost ------------------------------------------------------------------------------------------------


class Hall(Field):
    """Has a seat for everyone."""

    kind = "field"
    max_players = max_spectators = 1000


LARGE = [C.MESSAGE, "say", b"x" * 4000]


def flood(server: MemoryServer, seconds: float, address: str, subject: str | None = None) -> float:
    """Send large messages for some seconds over ten new links a second; return the processor seconds that they may have
    cost."""
    spent_s, claims = 0.0, None if subject is None else {"sub": subject}
    for number in range(int(10 * seconds)):
        link = MemoryLink()
        peer = server.hub.open(link, server.now_s, address=address, claims=claims)
        server.say(peer, C.JOIN, "field", None, 1, {"number": number})
        server.tick()
        while link.closed is None:
            server.say(peer, *LARGE)
            spent_s += cost_s(4007)
        peer.lost(server.now_s, 1000)
        server.now_s += 0.1
    return spent_s


def test_what_one_address_spends_is_bounded_however_often_it_connects_again() -> None:
    limits = Limits(max_processor_share_per_address=0.05, max_processor_burst_s_per_address=0.1)
    server = MemoryServer(Hall, limits=limits)
    links = 10 * 10
    assert flood(server, 10, "203.0.113.5") < 0.1 + 0.05 * 15 + links * (0.1 / 64 + cost_s(4007))


@pytest.mark.parametrize("address", ["203.0.113.{}", "127.0.0.1"])
def test_what_one_subject_spends_is_bounded_over_all_addresses(address: str) -> None:
    server = MemoryServer(Hall)
    server.hub.admission.limit_key = lambda address: "" if address == "127.0.0.1" else address
    spent_s = sum(flood(server, 0.1, address.format(number), subject="eve") for number in range(100))
    assert spent_s < 0.1 + 0.05 * 15 + 100 * (0.1 / 64 + cost_s(4007))
    calm_s = flood(server, 0.1, "203.0.113.200", subject="ada")
    assert calm_s > 0.03, "another one has all that anybody has"


def test_pings_are_charged_with_their_answers() -> None:
    server = MemoryServer(Hall, limits=Limits(max_processor_share_per_address=0.001))
    links = [connect_from(server, "203.0.113.5", C.JOIN, "field", None, 0, {}) for _ in range(20)]
    answered = 0
    for _, peer in links:
        for nonce in range(1_500):
            server.say(peer, C.PING, nonce)
        answered += 1_500 if peer.state is not PeerState.CLOSED else 0
    cost_of_a_ping_s = cost_s(4) + cost_s(ANSWER_BYTES)
    assert 0 < answered * cost_of_a_ping_s < 0.1
    assert links[-1][0].closed == (CloseCode.RATE_LIMITED, "too much to do for messages from one address")


def test_links_of_an_uncounted_address_have_only_their_own_limits() -> None:
    server = MemoryServer(Hall)
    server.hub.admission.limit_key = lambda address: ""
    assert flood(server, 1, "127.0.0.1") > 10 * 0.03


def test_whoever_shares_an_address_with_an_attacker_plays_on() -> None:
    server = MemoryServer(Hall)
    link, peer = connect_from(server, "203.0.113.5", C.JOIN, "field", None, 0, {})
    for second in range(10):
        flood(server, 0.5, "203.0.113.5")
        for number in range(20):
            server.say(peer, C.MESSAGE, "say", {"text": f"{second} {number}"})
            server.say(peer, C.ACK, server.engine.tick_number)
    assert link.closed is None


def test_a_link_that_spends_too_much_is_closed_with_a_reason() -> None:
    server = MemoryServer(Hall)
    flood(server, 0.5, "203.0.113.5")
    link, peer = connect_from(server, "203.0.113.5", C.JOIN, "field", None, 1, {})
    for _ in range(100):
        server.say(peer, *LARGE)
    assert link.closed == (CloseCode.RATE_LIMITED, "too much to do for messages from one address")


def test_what_is_kept_of_clients_is_bounded() -> None:
    spending = Spending(Limits())
    for number in range(3 * MAX_IDLE_BUCKETS):
        account = spending.account(f"address {number}", {"sub": f"subject {number}"}, float(number))
        assert account is not None
        spending.charge(account, 100, float(number))
    assert len(spending._spent) <= MAX_IDLE_BUCKETS + 1


def test_the_price_of_a_message_is_not_below_what_it_costs() -> None:
    """Of the messages that bench/messages.py tries."""
    limits = Limits()
    for name, data in messages():
        assert decode_cost_s(data, limits) < 2 * cost_s(len(data)), name


def test_a_link_that_keeps_its_own_limits_is_never_closed_however_high_they_are() -> None:
    limits = Limits(max_bytes_per_s=4_000_000, max_bytes_burst=8_000_000, max_messages_per_s=2_000)
    server = MemoryServer(Hall, limits=limits)
    link, peer = connect_from(server, "203.0.113.5", C.JOIN, "field", None, 0, {})
    server.tick()
    for _ in range(900 * 4):
        server.say(peer, *LARGE)
        server.now_s += 1 / 900
    assert link.closed is None


def test_when_there_are_no_more_rooms_one_that_clients_have_left_makes_place() -> None:
    server = MemoryServer(Lingering, limits=Limits(max_rooms=3))
    ours = server.hub.open_room("lingering")
    _, first = connect_from(server, "203.0.113.1", *MAKE)
    _, second = connect_from(server, "203.0.113.2", *MAKE)
    refused, _ = connect_from(server, "203.0.113.3", *MAKE)
    assert refused.closed == (CloseCode.SERVER_FULL, "no more rooms on this server now"), "somebody plays in each"
    left = first.engine
    server.say(first, C.LEAVE)
    server.tick(3)
    server.say(second, C.LEAVE)
    server.tick(3)
    link, _ = connect_from(server, "203.0.113.3", *MAKE)
    assert link.closed is None
    assert left is not None
    assert left.closed, "the one that was empty for longest"
    assert not ours.closed, "no client made it"
    assert len(server.hub.rooms) == 3


def test_a_room_that_keeps_a_seat_for_somebody_does_not_make_place() -> None:
    server = MemoryServer(Lingering, limits=Limits(max_rooms=1))
    _, peer = connect_from(server, "203.0.113.1", *MAKE)
    server.engine.room.reserve(seconds=60)
    server.say(peer, C.LEAVE)
    server.tick(5)
    link, _ = connect_from(server, "203.0.113.2", *MAKE)
    assert link.closed == (CloseCode.SERVER_FULL, "no more rooms on this server now")
