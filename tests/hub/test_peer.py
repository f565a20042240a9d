"""The limits of one link in time and number: exceeding one closes that link with its code, and no other link."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import msgpack
import pytest

from gameserver.hub.rate_limit import rates_inside
from gameserver.protocol import messages as m
from gameserver.protocol.codec import InputCodec, encode_client
from gameserver.protocol.constants import MAX_BEHIND, MAX_CODE, MAX_COUNTER, MAX_REASON_BYTES, CloseCode, Limits
from gameserver.protocol.constants import ClientMessage as C
from gameserver.protocol.constants import ServerMessage as S
from gameserver.room.player import JoinRefused
from gameserver.room.room import Room
from tests.support.field_room import Field, Push
from tests.support.memory_server import MemoryLink, MemoryServer

if TYPE_CHECKING:
    from collections.abc import Callable

    from gameserver.hub.peer import Peer
    from gameserver.room.player import Player

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
    other, _ = server.join("field")
    link, peer = server.connect()
    ping = msgpack.packb([C.PING, 1])
    flood(server, peer, ping, 20)
    assert code(link) is None
    flood(server, peer, ping, 1)
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
    limits = Limits(max_bytes_per_s=1_000, max_bytes_burst=8_000)
    server = MemoryServer(Field, limits=limits)
    link, peer = server.join("field")
    allowed = rates_inside(limits, Field.tick_hz, server.engine.kind.input_codec.max_bytes)
    message = msgpack.packb([C.MESSAGE, "say", b"x" * 3_000])
    flood(server, peer, message, int(allowed.bytes_burst / len(message)))
    assert code(link) is None
    flood(server, peer, message, 1)
    assert code(link) == CloseCode.RATE_LIMITED


class Fast(Room[Push]):
    """As fast as rooms are."""

    tick_hz = snapshot_hz = 240
    entities = ()


@pytest.mark.parametrize("room", [Fast, Field], ids=["240 Hz", "20 Hz"])
def test_one_input_a_tick_is_never_too_much(room: type[Room[Push]]) -> None:
    """At the pace of a client that catches up, and with as much else as WELCOME allows in the long run."""
    server = MemoryServer(room)
    link, peer = server.join(room.__name__.lower())
    pace, rest, seconds = 1.1, 0.0, 30
    for seq in range(1, int(seconds * pace * room.tick_hz)):
        server.now_s += 1 / (pace * room.tick_hz)
        server.say(peer, C.INPUT, seq, server.engine.tick_number, 0, 1)
        server.engine.tick(server.now_s)
        rest += link.welcome["limits"]["messages_per_s"] / (pace * room.tick_hz)
        while rest >= 1:
            server.say(peer, C.MESSAGE, "say", None)
            rest -= 1
        assert code(link) is None, f"after {seq} inputs"


@pytest.mark.parametrize("room", [Fast, Field], ids=["240 Hz", "20 Hz"])
def test_what_a_network_held_up_for_less_than_the_dead_time_is_accepted_at_once(room: type[Room[Push]]) -> None:
    server = MemoryServer(room)
    link, peer = server.join(room.__name__.lower())
    limits = link.welcome["limits"]
    stalled_s = 0.95 * limits["dead_after_s"]
    server.now_s += stalled_s
    for seq in range(1, int(stalled_s * 1.1 * room.tick_hz)):
        server.say(peer, C.INPUT, seq, 0, 0, -1)
    for _ in range(int(limits["messages_burst"] + stalled_s * limits["messages_per_s"])):
        server.say(peer, C.MESSAGE, "say", None)
    assert code(link) is None


@pytest.mark.parametrize("ends", [(0, 1), (-MAX_CODE, MAX_CODE)], ids=["small", "large"])
@pytest.mark.parametrize("count", [0, 1, 12, 60])
def test_no_input_is_larger_than_the_largest(count: int, ends: tuple[int, int]) -> None:
    codec = InputCodec([ends] * count)
    for end in ends:
        data = encode_client(m.Input(MAX_COUNTER, MAX_COUNTER, MAX_BEHIND, (end,) * count))
        assert codec.try_decode(data) is not None
        assert len(data) <= codec.max_bytes <= len(data) + 10 + 4 * count


def test_a_client_is_sent_the_limits_that_hold_for_it() -> None:
    limits = Limits(
        max_message_bytes=999, max_depth=3, max_values=77, max_name_bytes=9, dead_after_s=4, input_hold_s=0.5
    )
    link, _ = MemoryServer(Field, limits=limits).join("field")
    assert link.welcome["limits"] == {
        "message_bytes": 999,
        "depth": 3,
        "values": 77,
        "name_bytes": 9,
        "messages_per_s": 150,
        "messages_burst": 300,
        "bytes_per_s": 65_536,
        "bytes_burst": 131_072,
        "dead_after_s": 4,
        "input_hold_s": 0.5,
    }


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


# -- reasons of rules --------------------------------------------------------------------------------------------------


class Wordy(Room):
    """Closes links with the reason that a client chose."""

    kind = "wordy"

    def on_auth(self, player: Player) -> None:
        if player.params["by"] == "refuse":
            raise JoinRefused(REASONS[str(player.params["reason"])])

    def on_tick(self) -> None:
        for player in self.players:
            if player.params["by"] == "kick":
                player.kick(REASONS[str(player.params["reason"])])
            else:
                self.close(REASONS[str(player.params["reason"])])


REASONS = {"long": "é" * 300, "half": "half \ud83d", "plain": "enough"}


@pytest.mark.parametrize(
    ("reason", "sent"),
    [("long", "é" * 58 + "…"), ("half", "half ?"), ("plain", "enough")],
    ids=["long", "half", "plain"],
)
@pytest.mark.parametrize(
    ("by", "closed"),
    [("refuse", CloseCode.JOIN_REFUSED), ("kick", CloseCode.KICKED), ("close", CloseCode.ROOM_CLOSED)],
)
def test_a_reason_of_the_rules_is_cut_to_what_a_close_frame_carries(
    by: str, closed: CloseCode, reason: str, sent: str
) -> None:
    server = MemoryServer(Wordy)
    link, _ = server.join("wordy", by=by, reason=reason)
    for _ in range(3):
        server.tick()
    assert link.closed == (closed, sent)
    assert len(sent.encode()) <= MAX_REASON_BYTES


# -- what is counted and logged as refused -----------------------------------------------------------------------------


def never_joins(server: MemoryServer) -> tuple[MemoryLink, Peer]:
    link, peer = server.connect()
    wait(server, peer, server.hub.limits.join_timeout_s + 1.0)
    return link, peer


def falls_silent(server: MemoryServer) -> tuple[MemoryLink, Peer]:
    link, peer = server.join("field")
    wait(server, peer, server.hub.limits.dead_after_s + 1.0)
    return link, peer


def does_not_read(server: MemoryServer) -> tuple[MemoryLink, Peer]:
    link, peer = server.join("field")
    link.ready = False
    server.tick(round(server.hub.limits.evict_after_s * 20) + 40)
    return link, peer


@pytest.mark.parametrize(
    ("client", "closed"),
    [
        (never_joins, CloseCode.JOIN_TIMEOUT),
        (falls_silent, CloseCode.DEAD),
        (does_not_read, CloseCode.TOO_SLOW),
    ],
)
def test_a_link_that_is_cut_off_is_counted_and_logged_with_its_room_and_session(
    client: Callable[[MemoryServer], tuple[MemoryLink, Peer]], closed: CloseCode, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    server = MemoryServer(Field)
    link, peer = client(server)
    assert code(link) == closed
    peer.lost(server.now_s, closed)
    assert server.hub.refusals.counts == {closed: 1}
    (record,) = [record for record in caplog.records if record.name == "gameserver.refused"]
    fields = vars(record)
    assert (fields["code"], fields["address"]) == (closed, "test")
    assert ("room" in fields, "session" in fields) == (client is not never_joins, client is not never_joins)


def test_a_refused_message_is_counted_once_and_a_close_of_the_rules_is_no_refusal() -> None:
    server = MemoryServer(Field)
    link, peer = server.join("field")
    peer.receive(GARBAGE, server.now_s)
    peer.lost(server.now_s, None)
    other, kicked = server.join("field")
    kicked.close(CloseCode.KICKED, "enough")
    kicked.lost(server.now_s, None)
    assert code(other) == CloseCode.KICKED
    assert server.hub.refusals.counts == {CloseCode(code(link) or 0): 1}
