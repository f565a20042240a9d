"""Resuming: the same seat, avatar, numbering and events over a new link, or the close code that says why not."""

from itertools import pairwise

import pytest

from gameserver import Near
from gameserver.hub.peer import Peer
from gameserver.protocol.constants import MAX_COUNTER, CloseCode, Limits
from gameserver.protocol.constants import ClientMessage as C
from gameserver.protocol.constants import ServerMessage as S
from gameserver.room.player import Player
from tests.support.field_room import Dot, Field, field
from tests.support.memory_server import MemoryLink, MemoryServer


def lose(server: MemoryServer, peer: Peer) -> None:
    peer.lost(server.now_s, None)


def resume(server: MemoryServer, link: MemoryLink, token: bytes | None = None) -> tuple[MemoryLink, Peer]:
    """Resume with what a client knows: its newest token, tick and event cursor."""
    events = link.of(S.EVENTS)
    new, peer = server.connect()
    tick = link.of(S.STATE)[-1][1]
    cursor = events[-1][2] if events else link.welcome["event"]
    server.say(peer, C.RESUME, token or link.welcome["token"], tick, cursor)
    server.tick()
    return new, peer


def test_a_resumed_player_has_its_seat_avatar_and_numbering() -> None:
    server = MemoryServer(Field)
    link, peer = server.join("field")
    server.say(peer, C.INPUT, 9, 0, 0, 1)
    server.tick()
    avatar = field(server).players[0].avatar
    lose(server, peer)
    server.tick(10)
    assert not field(server).players[0].connected
    new, _ = resume(server, link)
    assert new.welcome["resumed"] is True
    assert (new.welcome["session"], new.welcome["seq"]) == (1, 9)
    assert field(server).players[0].avatar is avatar
    assert field(server).players[0].connected
    assert field(server).calls == ["join 1", "suspend 1", "resume 1"]
    assert len(field(server).all(Dot)) == 1, "no ghost"


def test_the_first_delta_after_resume_starts_from_the_last_acked_tick() -> None:
    server = MemoryServer(Field)
    link, peer = server.join("field")
    server.tick(3)
    lose(server, peer)
    server.tick(5)
    new, _ = resume(server, link)
    tick, span = new.of(S.STATE)[0][1:3]
    assert tick - span == link.of(S.STATE)[-1][1]


def test_a_resume_from_a_tick_that_the_history_has_dropped_gets_one_full_state() -> None:
    server = MemoryServer(Field)
    link, peer = server.join("field")
    lose(server, peer)
    server.tick(100)
    new, _ = resume(server, link)
    assert new.of(S.STATE)[0][2] == 0


@pytest.mark.parametrize(("tick_hz", "kept"), [(1, 32), (20, 32), (60, 60), (240, 240)])
@pytest.mark.parametrize("older", [0, 1])
def test_a_base_is_kept_for_a_second_and_for_32_ticks_at_least(tick_hz: int, kept: int, older: int) -> None:
    room = type("Paced", (Field,), {"kind": "paced", "tick_hz": tick_hz, "snapshot_hz": tick_hz})
    server = MemoryServer(room, limits=Limits(resume_grace_s=1000.0))
    link, peer = server.join("paced")
    lose(server, peer)
    base = link.of(S.STATE)[-1][1]
    server.tick(kept - 1 + older)
    assert server.engine.tick_number == base + kept - 1 + older
    new, _ = resume(server, link)
    tick, span = new.of(S.STATE)[0][1:3]
    assert span == (tick - base if older == 0 else 0)


@pytest.mark.parametrize("tick", [2, 3, 500, MAX_COUNTER])
def test_a_resume_from_a_tick_that_was_never_sent_gets_a_full_state(tick: int) -> None:
    server = MemoryServer(Field)
    link, peer = server.join("field")
    lose(server, peer)
    new, new_peer = server.connect()
    server.say(new_peer, C.RESUME, link.welcome["token"], tick, link.of(S.EVENTS)[-1][2])
    server.tick(5)
    assert new.of(S.STATE)[0][2] == 0


def test_missed_events_come_once_and_in_order() -> None:
    server = MemoryServer(Field)
    link, peer = server.join("field")
    server.join("field")
    server.tick()
    lose(server, peer)
    server.join("field")
    server.tick(4)
    new, _ = resume(server, link)
    server.tick(3)
    assert [event[1:] for event in link.events + new.events] == [
        ["@avatar", 1],
        ["hello", 1],
        ["hello", 2],
        ["hello", 3],
    ]
    cursors = [message[1:3] for message in link.of(S.EVENTS) + new.of(S.EVENTS)]
    assert all(before[1] == after[0] for before, after in pairwise(cursors))


def test_an_event_that_was_in_flight_when_the_link_broke_is_sent_again() -> None:
    server = MemoryServer(Field)
    link, peer = server.join("field")
    server.say(peer, C.MESSAGE, "hi", 1)
    server.tick()
    assert link.event_names()[-1] == "echo"
    link.messages = [m for m in link.messages if m[0] != S.EVENTS or "echo" not in str(m)]  # it never arrived
    lose(server, peer)
    new, _ = resume(server, link)
    assert new.event_names() == ["echo"]


def test_a_token_works_once() -> None:
    server = MemoryServer(Field)
    link, peer = server.join("field")
    lose(server, peer)
    new, new_peer = resume(server, link)
    server.say(new_peer, C.ACK, 1)
    lose(server, new_peer)
    again, _ = resume(server, link)
    assert again.closed is not None
    assert again.closed[0] == CloseCode.SESSION_EXPIRED
    assert resume(server, new)[0].welcome["resumed"] is True


def test_a_used_token_stays_valid_until_its_client_has_sent_something_over_the_new_link() -> None:
    server = MemoryServer(Field)
    link, peer = server.join("field")
    lose(server, peer)
    _, second_peer = resume(server, link)  # its WELCOME never arrives
    lose(server, second_peer)
    third, _ = resume(server, link)
    assert third.closed is None
    assert third.welcome["resumed"] is True


def test_a_used_token_stays_valid_while_its_client_only_pings_and_waits_for_the_welcome() -> None:
    server = MemoryServer(Field)
    link, peer = server.join("field")
    lose(server, peer)
    _, second_peer = resume(server, link)  # its WELCOME is late
    server.say(second_peer, C.PING, 1)
    server.say(second_peer, C.PONG, 1)
    lose(server, second_peer)
    third, _ = resume(server, link)
    assert third.closed is None
    assert third.welcome["resumed"] is True


def test_a_resume_takes_over_from_a_link_that_is_still_open() -> None:
    server = MemoryServer(Field)
    link, peer = server.join("field")
    new, _ = resume(server, link)
    assert link.closed is not None
    assert link.closed[0] == CloseCode.REPLACED
    peer.lost(server.now_s, None)
    server.tick(2)
    assert new.closed is None
    assert field(server).players[0].connected
    assert field(server).calls == ["join 1"]


def test_of_two_resumes_at_once_one_succeeds_and_the_other_is_closed_without_a_welcome() -> None:
    server = MemoryServer(Field)
    link, peer = server.join("field")
    lose(server, peer)
    first, first_peer = server.connect()
    second, second_peer = server.connect()
    for rival in (first_peer, second_peer):
        server.say(rival, C.RESUME, link.welcome["token"], 1, link.of(S.EVENTS)[-1][2])
    server.tick(2)
    assert first.closed is not None
    assert first.closed[0] == CloseCode.REPLACED
    assert first.of(S.WELCOME) == []
    assert [message[1]["resumed"] for message in second.of(S.WELCOME)] == [True], "one WELCOME, not one for each link"
    assert second.of(S.STATE)
    assert field(server).calls == ["join 1", "suspend 1", "resume 1"]


def test_after_the_grace_time_a_resume_is_refused_as_expired() -> None:
    server = MemoryServer(Field, limits=Limits(resume_grace_s=2.0))
    link, peer = server.join("field")
    server.join("field")
    lose(server, peer)
    server.tick(39)
    assert len(field(server).players) == 2
    server.tick(3)
    assert field(server).calls[-1] == "leave 1"
    assert len(field(server).all(Dot)) == 1
    new, _ = resume(server, link)
    assert new.closed is not None
    assert new.closed[0] == CloseCode.SESSION_EXPIRED


@pytest.mark.parametrize(("going_away_s", "waits_s"), [(5.0, 5.0), (1.0, 1.0), (90.0, 60.0)])
def test_a_client_that_closes_with_1001_is_waited_for_by_a_setting_of_the_server(
    going_away_s: float, waits_s: float
) -> None:
    server = MemoryServer(Field, limits=Limits(going_away_grace_s=going_away_s))
    _, peer = server.join("field")
    server.join("field")
    peer.lost(server.now_s, CloseCode.GOING_AWAY)
    server.tick(round(waits_s * 20) - 1)
    assert field(server).calls[-1] == "suspend 1"
    server.tick(3)
    assert field(server).calls[-1] == "leave 1"


def test_a_token_of_another_process_is_refused_as_restarted() -> None:
    server = MemoryServer(Field)
    link, _ = server.join("field")
    token = b"\xff" * 4 + link.welcome["token"][4:]
    new, _ = resume(server, link, token=token)
    assert new.closed is not None
    assert new.closed[0] == CloseCode.SERVER_RESTARTED


def test_an_event_cursor_above_what_was_sent_is_refused_and_the_session_stays() -> None:
    server = MemoryServer(Field)
    link, peer = server.join("field")
    lose(server, peer)
    new, new_peer = server.connect()
    server.say(new_peer, C.RESUME, link.welcome["token"], 1, 999)
    assert new.closed is not None
    assert new.closed[0] == CloseCode.INVALID_FIELD
    assert resume(server, link)[0].welcome["resumed"] is True


def test_inputs_from_before_the_loss_are_not_applied_after_it() -> None:
    server = MemoryServer(Field)
    _, peer = server.join("field")
    for seq in range(1, 5):
        server.say(peer, C.INPUT, seq, 0, 0, 1)
    server.tick()
    dot = field(server).players[0].avatar
    assert dot.x == 1.0
    lose(server, peer)
    server.tick(10)
    assert dot.x == 1.0


def test_a_client_that_closes_with_1000_leaves_for_good() -> None:
    server = MemoryServer(Field)
    server.join("field")
    _, peer = server.join("field")
    peer.lost(server.now_s, 1000)
    server.tick()
    assert field(server).calls[-1] == "leave 2"


def test_player_counts_stay_exact_through_many_losses() -> None:
    server = MemoryServer(Field)
    links = [server.join("field") for _ in range(3)]
    for _ in range(10):
        for i, (link, peer) in enumerate(links):
            lose(server, peer)
            server.tick()
            links[i] = resume(server, link)
            server.tick()
    assert len(field(server).players) == 3
    assert all(player.connected for player in field(server).players)
    assert len(server.engine.seats.sessions) == len(server.hub.tokens._sessions) == 3


def test_a_resume_before_the_first_state_in_a_room_with_interest_gets_a_full_state() -> None:
    class Hills(Field):
        kind = "hills"
        tick_hz, snapshot_hz, interest = 60, 20, Near(radius=100)

    server = MemoryServer(Hills)
    other, other_peer = server.join("hills")
    server.keep_up(other, other_peer)
    while server.engine.tick_number % 3:
        server.tick()
    link, peer = server.join("hills")
    assert link.of(S.STATE) == [], "WELCOME is here, the first snapshot is two ticks away"
    lose(server, peer)
    new, peer = server.connect()
    server.say(peer, C.RESUME, link.welcome["token"], server.engine.tick_number, link.welcome["event"])
    server.keep_up(new, peer)
    server.tick(6)
    assert new.of(S.STATE)[0][2] == 0, "a full state"
    assert new.closed is None
    assert other.closed is None


def test_a_resume_that_missed_more_events_than_the_room_holds_keeps_its_session() -> None:
    server = MemoryServer(Field, limits=Limits(max_held_events=10))
    link, peer = server.join("field")
    lose(server, peer)
    room = field(server)
    for number in range(25):
        room.broadcast("news", number)
    server.tick()
    new, _ = resume(server, link)
    assert new.closed is None
    assert new.welcome["resumed"]
    assert new.welcome["event"] > link.welcome["event"]
    first = new.of(S.EVENTS)[0]
    assert first[1] == new.welcome["event"]
    assert [event[1:] for event in first[3]] == [*[["news", number] for number in range(20, 25)], ["@avatar", 1]]


def test_a_client_that_missed_too_many_events_gets_in_while_events_go_on() -> None:
    class Busy(Field):
        kind = "busy"

        def on_tick(self) -> None:
            self.broadcast("news", self.tick)

        def on_resume(self, player: Player) -> None:
            self.send(player, "welcome back")

    server = MemoryServer(Busy, limits=Limits(max_held_events=10, max_private_events=3))
    link, peer = server.join("busy")
    lose(server, peer)
    for number in range(5):
        field(server).send(field(server).players[0], "mail", number)
        server.tick(5)
    new, peer = resume(server, link)
    server.keep_up(new, peer)
    server.tick(30)
    assert new.closed is None
    assert new.event_names()[-1] == "news"


def test_a_client_that_missed_too_many_events_learns_which_entity_it_steers() -> None:
    server = MemoryServer(Field, limits=Limits(max_held_events=4))
    link, peer = server.join("field")
    lose(server, peer)
    room = field(server)
    room.players[0].avatar = other = room.spawn(Dot)
    for number in range(9):
        room.broadcast("news", number)
    server.tick()
    new, _ = resume(server, link)
    assert new.events[-1][1:] == ["@avatar", other.id]


def load_again(server: MemoryServer, link: MemoryLink) -> tuple[MemoryLink, Peer]:
    """Resume as a page that was loaded again: with the token alone."""
    new, peer = server.connect()
    server.say(peer, C.RESUME, link.welcome["token"], 0, None)
    server.tick()
    return new, peer


@pytest.mark.parametrize("noticed", [True, False])
def test_a_page_that_was_loaded_again_gets_all_that_a_newcomer_gets_and_its_own_seat(noticed: bool) -> None:
    server = MemoryServer(Field)
    link, peer = server.join("field")
    for seq in range(1, 5):
        server.say(peer, C.INPUT, seq, 0, 0, 1)
    server.tick()
    if noticed:
        peer.lost(server.now_s, CloseCode.GOING_AWAY)
        server.tick(3)
    room = field(server)
    new, new_peer = load_again(server, link)
    assert (new.welcome["resumed"], new.welcome["session"], new.welcome["seq"]) == (True, 1, 1)
    assert new.of(S.STATE)[0][2] == 0, "a full state"
    assert [event[1:] for event in new.events] == [["@avatar", room.players[0].avatar.id]], "nothing of before"
    assert room.calls == ["join 1", "suspend 1", "resume 1"], "the rules may send again what the page has forgotten"
    assert room.players[0].connected
    x = room.players[0].avatar.x
    server.say(new_peer, C.INPUT, 2, 0, 0, 1)
    server.tick()
    assert room.players[0].avatar.x == x + 1, "frames count on from WELCOME's seq: none of before is in the queue"


def test_a_page_that_was_loaded_again_gets_what_happens_as_it_comes_back() -> None:
    class Greeting(Field):
        def on_resume(self, player: Player) -> None:
            self.send(player, "your role", "wolf")

    server = MemoryServer(Greeting)
    link, _ = server.join("greeting")
    new, peer = load_again(server, link)
    server.keep_up(new, peer)
    field(server).broadcast("news", 1)
    server.tick()
    assert new.event_names() == ["@avatar", "your role", "news"]


def test_a_session_is_resumed_by_its_own_subject_only() -> None:
    server = MemoryServer(Field)
    owner = MemoryLink()
    server.say(
        server.hub.open(owner, server.now_s, address="test", claims={"sub": "ada"}), C.JOIN, "field", None, 0, {}
    )
    server.tick()
    for claims, is_resumed in (({"sub": "bob"}, False), (None, False), ({"sub": "ada", "exp": 9}, True)):
        link = MemoryLink()
        peer = server.hub.open(link, server.now_s, address="test", claims=claims)
        server.say(peer, C.RESUME, owner.welcome["token"], 0, None)
        server.tick()
        assert bool(link.of(S.WELCOME)) is is_resumed
        assert (link.closed or [None])[0] == (None if is_resumed else CloseCode.SESSION_EXPIRED)


@pytest.mark.parametrize("claims", [{"sub": "eve"}, {}, None])
def test_a_client_with_the_token_of_another_subject_gets_no_session_of_it(claims: dict[str, object] | None) -> None:
    server = MemoryServer(Field)
    link = MemoryLink()
    peer = server.hub.open(link, server.now_s, address="test", claims={"sub": "ada", "exp": 1})
    server.say(peer, C.JOIN, "field", None, 0, {})
    server.tick()
    lose(server, peer)
    for rival, code in ((claims, CloseCode.SESSION_EXPIRED), ({"sub": "ada", "exp": 2}, None)):
        new = MemoryLink()
        newcomer = server.hub.open(new, server.now_s, address="test", claims=rival)
        server.say(newcomer, C.RESUME, link.welcome["token"], 1, link.welcome["event"])
        server.tick()
        assert (new.closed and new.closed[0]) == code
    assert new.welcome["resumed"] is True
