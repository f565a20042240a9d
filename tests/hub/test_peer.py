"""The limits of one link in time and number: exceeding one closes that link with its code, and no other link."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgpack
import pytest

from gameserver.protocol.constants import ClientMessage as C
from gameserver.protocol.constants import CloseCode, Limits
from gameserver.protocol.constants import ServerMessage as S
from tests.support.field_room import Field
from tests.support.memory_server import MemoryLink, MemoryServer

if TYPE_CHECKING:
    from gameserver.hub.peer import Peer

GARBAGE = b"\xc1"  # never used in msgpack


def code(link: MemoryLink) -> int | None:
    return None if link.closed is None else link.closed[0]


def wait(server: MemoryServer, peer: Peer, seconds: float) -> None:
    """Let time pass, with the checks that the net layer makes."""
    every_s = server.hub.limits.check_every_s
    for _ in range(round(seconds / every_s)):
        server.now_s += every_s
        peer.check(server.now_s)


# -- time --------------------------------------------------------------------------------------------------------------


def test_a_link_that_does_not_join_in_time_is_closed_even_if_it_sends_pings() -> None:
    server = MemoryServer(Field, limits=Limits(join_timeout_s=2.0))
    link, peer = server.connect()
    wait(server, peer, 2.0)
    server.say(peer, C.PING, 1)
    assert code(link) is None
    wait(server, peer, 0.5)
    assert code(link) == CloseCode.JOIN_TIMEOUT


def test_a_silent_client_gets_one_ping_after_a_third_of_the_dead_time() -> None:
    server = MemoryServer(Field, limits=Limits(dead_after_s=9.0))
    link, peer = server.join("field")
    wait(server, peer, 2.5)
    assert link.of(S.PING) == []
    wait(server, peer, 5.5)
    assert len(link.of(S.PING)) == 1
    assert code(link) is None


@pytest.mark.parametrize("offset_s", [0.0, 0.1, 0.3, 0.499])
def test_a_silent_link_is_closed_within_the_dead_time_whenever_the_silence_began(offset_s: float) -> None:
    server = MemoryServer(Field, limits=Limits(dead_after_s=10.0))
    link, peer = server.join("field")
    server.now_s += offset_s
    server.say(peer, C.ACK, 1)
    server.now_s -= offset_s
    wait(server, peer, 9.0)
    assert code(link) is None
    wait(server, peer, 1.0)
    assert code(link) == CloseCode.DEAD


def test_the_session_of_a_dead_link_is_suspended_at_once_and_not_when_the_link_has_closed() -> None:
    server = MemoryServer(Field, limits=Limits(dead_after_s=9.0))
    link, peer = server.join("field")
    wait(server, peer, 9.0)
    assert code(link) == CloseCode.DEAD
    server.tick()
    assert server.engine.statistics()["suspended"] == 1
    peer.lost(server.now_s + 2.0, CloseCode.DEAD)
    server.tick()
    assert server.engine.statistics()["suspended"] == 1


def test_no_ping_is_sent_while_messages_arrive() -> None:
    server = MemoryServer(Field, limits=Limits(dead_after_s=9.0))
    link, peer = server.join("field")
    for _ in range(20):
        wait(server, peer, 2.5)
        server.say(peer, C.ACK, 1)
    assert link.of(S.PING) == []
    assert code(link) is None


@pytest.mark.parametrize("answer", [[C.PONG, 1], [C.PING, 5], [C.ACK, 0]], ids=["pong", "ping", "ack"])
def test_any_message_ends_a_silence_and_the_next_silence_gets_its_own_ping(answer: list[int]) -> None:
    server = MemoryServer(Field, limits=Limits(dead_after_s=9.0))
    link, peer = server.join("field")
    wait(server, peer, 8.0)
    server.say(peer, *answer)
    wait(server, peer, 8.0)
    assert code(link) is None
    assert [message[1] for message in link.of(S.PING)] == [1, 2]


# -- number ------------------------------------------------------------------------------------------------------------


def flood(server: MemoryServer, peer: Peer, data: bytes, count: int) -> None:
    for _ in range(count):
        peer.receive(data, server.now_s)


def test_more_messages_than_the_burst_close_the_link_and_no_other() -> None:
    server = MemoryServer(Field, limits=Limits(max_messages_per_s=10, max_messages_burst=20))
    link, peer = server.join("field")
    other, _ = server.join("field")
    server.now_s += 10
    ack = msgpack.packb([C.ACK, 1])
    flood(server, peer, ack, 20)
    assert code(link) is None
    flood(server, peer, ack, 1)
    assert code(link) == CloseCode.RATE_LIMITED
    states = len(other.of(S.STATE))
    server.tick(3)
    assert len(other.of(S.STATE)) == states + 3
    assert server.hub.statistics()["refused"] == {"RATE_LIMITED": 1}


def test_messages_at_the_allowed_rate_are_accepted_without_end() -> None:
    server = MemoryServer(Field, limits=Limits(max_messages_per_s=10, max_messages_burst=20))
    link, peer = server.join("field")
    for _ in range(300):
        server.now_s += 0.1
        server.say(peer, C.ACK, 1)
    assert code(link) is None


def test_more_bytes_than_the_burst_close_the_link() -> None:
    server = MemoryServer(Field, limits=Limits(max_bytes_per_s=1_000, max_bytes_burst=8_000))
    link, peer = server.join("field")
    server.now_s += 60
    message = msgpack.packb([C.MESSAGE, "say", b"x" * 3_000])
    flood(server, peer, message, 2)
    assert code(link) is None
    flood(server, peer, message, 1)
    assert code(link) == CloseCode.RATE_LIMITED


def test_messages_are_counted_before_they_are_decoded() -> None:
    server = MemoryServer(Field, limits=Limits(max_messages_per_s=1, max_messages_burst=1))
    link, peer = server.connect()
    peer.receive(msgpack.packb([C.PING, 1]), server.now_s)
    peer.receive(GARBAGE, server.now_s)
    assert code(link) == CloseCode.RATE_LIMITED


def test_the_size_of_a_message_is_checked_before_anything_else() -> None:
    server = MemoryServer(Field, limits=Limits(max_message_bytes=100, max_messages_burst=1))
    link, peer = server.connect()
    peer.receive(msgpack.packb([C.PING, 1]), server.now_s)
    peer.receive(GARBAGE * 101, server.now_s)
    assert code(link) == CloseCode.TOO_BIG


def test_messages_that_arrive_on_a_closed_link_are_ignored() -> None:
    server = MemoryServer(Field)
    link, peer = server.join("field")
    peer.receive(GARBAGE, server.now_s)
    assert code(link) == CloseCode.MALFORMED
    server.say(peer, C.MESSAGE, "hi", 1)
    server.tick()
    assert link.event_names().count("echo") == 0
