"""The tick: everything takes effect at a tick, in order, and a failure ends one room only."""

import asyncio
import logging
import sys
import types
from collections.abc import Callable
from typing import Any, cast

import pytest

from gameserver.protocol.constants import MAX_CODE, MAX_COUNTER, CloseCode, Limits
from gameserver.protocol.constants import ClientMessage as C
from gameserver.protocol.constants import ServerMessage as S
from gameserver.room.player import Player
from gameserver.room.room import Room
from gameserver.state.entity import Entity
from gameserver.state.fields import Int, Jumps, Text
from gameserver.state.inputs import Inputs
from tests.support.field_room import Dot, Field, field
from tests.support.memory_server import MemoryLink, MemoryServer


def test_a_join_gets_welcome_events_and_a_full_state_at_the_next_tick() -> None:
    server = MemoryServer(Field)
    link, peer = server.connect()
    server.say(peer, C.JOIN, "field", None, 0, {})
    assert link.messages == [], "nothing happens between ticks"
    server.tick()
    assert [message[0] for message in link.messages] == [S.WELCOME, S.EVENTS, S.STATE]
    assert link.welcome["tick"] == 1
    assert link.of(S.STATE)[0][1:3] == [1, 0]
    assert link.event_names() == ["@avatar", "hello"]
    assert link.room == server.engine.id


def test_inputs_are_consumed_one_a_tick_and_acked_in_state() -> None:
    server = MemoryServer(Field)
    link, peer = server.join("field")
    server.say(peer, C.INPUT, 1, 0, 0, 1)
    server.say(peer, C.INPUT, 2, 0, 0, 1)
    dot = field(server).players[0].avatar
    server.tick()
    assert (dot.x, link.of(S.STATE)[-1][3]) == (1.0, 1)
    server.tick()
    assert (dot.x, link.of(S.STATE)[-1][3]) == (2.0, 2)


def test_join_or_create_fills_a_room_before_it_makes_another() -> None:
    server = MemoryServer(Field)
    rooms = {server.join("field")[0].welcome["room"] for _ in range(4)}
    assert len(rooms) == 2
    assert sorted(len(engine.players) for engine in server.hub.rooms.values()) == [1, 3]


def test_a_join_by_room_id_is_refused_when_the_room_is_full_or_unknown() -> None:
    server = MemoryServer(Field)
    link, _ = server.join("field")
    room_id = link.welcome["room"]
    for _ in range(2):
        server.join("field", room=room_id)
    assert server.join("field", room=room_id)[0].closed == (CloseCode.ROOM_FULL, "no free seat in this room")
    assert server.join("field", room="nowhere")[0].closed == (CloseCode.ROOM_NOT_FOUND, "no such room")
    refused = server.join("chess")[0].closed
    assert refused is not None
    assert refused[0] == CloseCode.UNKNOWN_KIND


def test_a_spectator_gets_states_and_may_not_send_inputs() -> None:
    server = MemoryServer(Field)
    server.join("field")
    link, peer = server.join("field", role=1)
    assert [player.number for player in field(server).players] == [1]
    assert link.of(S.STATE)
    server.say(peer, C.INPUT, 1, 0, 0, 1)
    assert link.closed is not None
    assert link.closed[0] == CloseCode.OUT_OF_STATE


def test_a_join_refused_by_the_rules_frees_its_seat() -> None:
    server = MemoryServer(Field)
    server.join("field")
    link, _ = server.join("field", name="nobody")
    assert link.closed == (CloseCode.JOIN_REFUSED, "not you")
    assert len(server.engine.seats.sessions) == 1
    assert field(server).calls == ["join 1"]


def test_rules_that_raise_end_their_own_room_only(caplog: pytest.LogCaptureFixture) -> None:
    server = MemoryServer(Field)
    links = [server.join("field") for _ in range(3)]
    other, other_peer = server.join("field")
    with caplog.at_level(logging.ERROR):
        server.say(links[0][1], C.MESSAGE, "boom", None)
        server.tick()
    assert "a bug of the author's" in caplog.text
    assert all(link.closed is not None and link.closed[0] == CloseCode.ROOM_FAILED for link, _ in links)
    assert other.closed is None
    server.say(other_peer, C.MESSAGE, "hi", 1)
    server.tick()
    assert other.event_names()[-1] == "echo"


def test_a_private_event_reaches_its_player_only() -> None:
    server = MemoryServer(Field)
    a, a_peer = server.join("field")
    b, _ = server.join("field")
    server.say(a_peer, C.MESSAGE, "hi", {"x": 1})
    server.tick()
    assert a.events[-1][1:] == ["echo", ["hi", {"x": 1}]]
    assert "echo" not in b.event_names()


def test_a_viewer_that_cannot_take_a_snapshot_is_skipped_and_its_next_delta_spans_the_gap() -> None:
    server = MemoryServer(Field)
    link, peer = server.join("field")
    link.ready = False
    server.say(peer, C.MESSAGE, "hi", None)
    server.tick(5)
    assert len(link.of(S.STATE)) == 1
    link.ready = True
    server.tick()
    assert link.of(S.STATE)[-1][1:3] == [7, 6]
    assert link.event_names()[-1] == "echo", "events wait for the link"


def test_unacked_snapshots_are_bounded_by_the_window() -> None:
    server = MemoryServer(Field, limits=Limits(max_unacked_snapshots=4))
    link, peer = server.join("field")
    server.tick(20)
    assert len(link.of(S.STATE)) == 4
    server.say(peer, C.ACK, link.of(S.STATE)[-1][1])
    server.tick()
    assert len(link.of(S.STATE)) == 5


@pytest.mark.parametrize("ahead", [1, 1000, MAX_COUNTER])
@pytest.mark.parametrize("carrier", [C.ACK, C.INPUT])
def test_an_ack_above_the_newest_tick_counts_as_one_of_everything_that_was_sent(carrier: C, ahead: int) -> None:
    server = MemoryServer(Field, limits=Limits(max_unacked_snapshots=4))
    link, peer = server.join("field")
    server.tick(10)
    assert len(link.of(S.STATE)) == 4
    tick = min(server.engine.tick_number + ahead, MAX_COUNTER)
    server.say(peer, *((C.ACK, tick) if carrier is C.ACK else (C.INPUT, 1, tick, 0, 0)))
    server.tick(10)
    states = link.of(S.STATE)
    assert len(states) == 8, "as many as after an ack of the newest"
    assert [tick - span for _, tick, span, *_ in states[1:]] == [tick for _, tick, *_ in states[:-1]]
    assert link.closed is None


def test_an_ack_below_an_earlier_one_changes_nothing() -> None:
    server = MemoryServer(Field, limits=Limits(max_unacked_snapshots=4))
    link, peer = server.join("field")
    server.tick(2)
    server.say(peer, C.ACK, 2)
    server.tick(10)
    sent = link.of(S.STATE)
    for tick in (2, 1, 0):
        server.say(peer, C.ACK, tick)
    server.tick(10)
    assert link.of(S.STATE) == sent


def test_a_viewer_that_stays_behind_too_long_is_disconnected() -> None:
    server = MemoryServer(Field, limits=Limits(evict_after_s=1.0))
    link, _ = server.join("field")
    link.ready = False
    server.tick(19)
    assert link.closed is None
    server.tick(4)
    assert link.closed is not None
    assert link.closed[0] == CloseCode.TOO_SLOW


def test_resync_is_answered_with_a_full_state() -> None:
    server = MemoryServer(Field)
    link, peer = server.join("field")
    server.tick()
    assert link.of(S.STATE)[-1][2] == 1
    server.say(peer, C.RESYNC, 2)
    server.tick()
    assert link.of(S.STATE)[-1][2] == 0


def test_leaving_takes_effect_at_a_tick_and_despawns_the_avatar() -> None:
    server = MemoryServer(Field)
    server.join("field")
    link, peer = server.join("field")
    server.say(peer, C.LEAVE)
    peer.lost(server.now_s, 1000)
    assert link.closed == (CloseCode.NORMAL, "left")
    server.tick()
    assert field(server).calls == ["join 1", "join 2", "leave 2"]
    assert len(field(server).all(Dot)) == 1


def test_a_kicked_player_is_gone_at_the_next_tick() -> None:
    server = MemoryServer(Field)
    link, peer = server.join("field")
    server.join("field")
    server.say(peer, C.MESSAGE, "kick", None)
    server.tick(2)
    assert link.closed == (CloseCode.KICKED, "enough")
    assert [player.number for player in field(server).players] == [2]


def test_nothing_of_a_room_goes_to_a_client_before_its_welcome() -> None:
    class Raises(Field):
        kind = "field"

        def on_join(self, player: Player) -> None:
            self.broadcast("hello", None)
            raise RuntimeError

    server = MemoryServer(Raises)
    link, peer = server.connect()
    server.say(peer, C.JOIN, "field", None, 0, {})
    server.tick()
    assert link.closed is not None
    assert link.closed.code == CloseCode.ROOM_FAILED
    assert link.messages == []


def test_an_empty_room_closes_after_its_empty_close_time() -> None:
    server = MemoryServer(Field)
    _, peer = server.join("field")
    peer.lost(server.now_s, 1000)
    server.tick(20)
    assert server.hub.rooms
    server.tick(5)
    assert not server.hub.rooms


def test_a_pong_says_how_long_the_ping_was_held() -> None:
    server = MemoryServer(Field)
    link, peer = server.join("field")
    server.say(peer, C.PING, 7)
    server.tick()
    assert link.of(S.PONG) == [[S.PONG, 7, 2, 255, 0, 0]] or link.of(S.PONG) == [[S.PONG, 7, 2, 256, 0, 0]]


def test_all_pongs_of_a_client_are_sent_together(monkeypatch: pytest.MonkeyPatch) -> None:
    server = MemoryServer(Field)
    (link, peer), (other_link, other) = server.join("field"), server.join("field")
    sent: list[tuple[object, int]] = []
    send = type(link).send

    def note(to: MemoryLink, *messages: bytes) -> None:
        sent.append((to, len(messages)))
        send(to, *messages)

    monkeypatch.setattr(MemoryLink, "send", note)
    for nonce in range(5):
        server.say(peer, C.PING, nonce)
        server.say(other, C.PING, nonce)
    server.tick()
    assert sent == [(link, 5), (other_link, 5)]
    assert [pong[1] for pong in link.of(S.PONG)] == [0, 1, 2, 3, 4]


def test_clients_are_notified_of_skipped_ticks() -> None:
    server = MemoryServer(Field)
    link, _ = server.join("field")
    server.engine.skip(9)
    assert link.of(S.NOTICE) == [[S.NOTICE, "skipped", {"ticks": 9}]]


def test_a_room_that_closes_sends_its_last_events_first() -> None:
    class Final(Field):
        kind = "field"
        tick_hz = 60
        snapshot_hz = 10

        def on_message(self, player: Player, name: str, payload: Any) -> None:
            self.broadcast("over", {"winner": player.number})
            self.close("the game is over")

    server = MemoryServer(Final)
    link, peer = server.join("field")
    slow, _ = server.join("field", room=server.engine.id)
    server.tick(2)
    slow.ready = False  # it takes no snapshot now
    server.say(peer, C.MESSAGE, "end", None)
    server.tick()
    assert link.event_names()[-1] == slow.event_names()[-1] == "over"
    assert slow.event_names().count("over") == link.event_names().count("over") == 1
    assert link.closed == (CloseCode.ROOM_CLOSED, "the game is over")
    assert server.hub.rooms == {}


def test_the_same_seed_and_inputs_give_the_same_snapshots() -> None:
    def play() -> list[int]:
        server = MemoryServer(Field, seed=5)
        _, peer = server.join("field")
        hashes = []
        for seq in range(1, 30):
            server.say(peer, C.INPUT, seq, 0, 0, seq % 3 - 1)
            server.tick()
            newest = server.engine.history.newest
            assert newest is not None
            hashes.append(newest.hash())
        return hashes

    assert play() == play()


@pytest.mark.parametrize("end", ["author", "drain"])
def test_everyone_leaves_once_before_the_room_is_disposed(end: str) -> None:
    class Brief(Field):
        kind = "field"

        def on_dispose(self) -> None:
            self.calls.append("dispose")

    server = MemoryServer(Brief)
    server.join("field")
    _, lost = server.join("field")
    server.join("field", role=1)
    lost.lost(server.now_s, None)
    server.tick()
    room = field(server)
    room.calls.clear()
    if end == "author":
        room.close("over")
        server.tick()
    else:
        server.hub.drain(1.0)
    assert room.calls == ["leave 1", "leave 2", "leave 3", "dispose"]


def test_nobody_leaves_a_room_whose_rules_have_failed() -> None:
    server = MemoryServer(Field)
    _, peer = server.join("field")
    room = field(server)
    server.say(peer, C.MESSAGE, "boom", None)
    server.tick()
    assert room.calls == ["join 1"]


def test_a_hook_that_raises_while_a_room_ends_keeps_no_link_open(caplog: pytest.LogCaptureFixture) -> None:
    class Sore(Field):
        kind = "field"

        def on_leave(self, player: Player) -> None:
            raise RuntimeError("a bug of the author's")

    server = MemoryServer(Sore)
    links = [server.join("field")[0] for _ in range(2)]
    server.hub.drain(1.0)
    assert [link.closed and link.closed[0] for link in links] == [CloseCode.GOING_AWAY] * 2
    assert "a bug of the author's" in caplog.text


@pytest.mark.parametrize("counter", ["tick", "event", "session", "entity"])
def test_a_room_ends_in_good_order_before_a_counter_passes_the_protocols_limit(counter: str) -> None:
    server = MemoryServer(Field)
    link, peer = server.join("field")
    server.keep_up(link, peer)
    engine, room = server.engine, field(server)
    match counter:
        case "tick":
            engine.tick_number = MAX_COUNTER - 2
        case "event":
            engine.events.newest = MAX_COUNTER
        case "session":
            engine.seats.last_number = MAX_COUNTER
        case "entity":
            engine.world._next_id = MAX_CODE
    server.tick(3)
    assert link.closed == (CloseCode.ROOM_CLOSED, "the room is too old: its counters are used up")
    assert engine.closed
    assert engine.failure is None
    assert max(state[1] for state in link.of(S.STATE)) <= MAX_COUNTER
    assert room.calls == ["join 1", "leave 1"]
    again, _ = server.join("field")
    assert again.welcome["tick"] == 1, "a new room"


def recurse() -> None:
    recurse()


def interrupt() -> None:
    raise KeyboardInterrupt  # not by a signal: a process in the background may ignore SIGINT


def throw(error: BaseException) -> None:
    raise error


@pytest.mark.parametrize(
    ("bug", "name"),
    [
        (lambda room: sys.exit(3), "SystemExit"),
        (lambda room: interrupt(), "KeyboardInterrupt"),
        (lambda room: throw(asyncio.CancelledError()), "CancelledError"),
        (lambda room: throw(BaseExceptionGroup("of a nursery", [SystemExit(3)])), "BaseExceptionGroup"),
        (lambda room: recurse(), "RecursionError"),
        (lambda room: room.broadcast("news", bytes(100 << 20)), "ValueError"),
        (lambda room: room.broadcast("news", ["x" * 1000] * 1000), "ValueError"),
    ],
    ids=["exit", "interrupt", "asyncio", "group", "recursion", "huge bytes", "huge list"],
)
@pytest.mark.parametrize("hook", ["on_create", "on_auth", "on_join", "on_tick", "on_leave", "on_dispose"])
def test_whatever_the_rules_raise_ends_their_room_only(
    bug: Callable[[Room[Any]], object], name: str, hook: str, caplog: pytest.LogCaptureFixture
) -> None:
    class Sore(Room[Any]):
        kind = "sore"

    def fail(self: Room[Any], *_: object) -> None:
        bug(self)

    setattr(Sore, hook, fail)
    server = MemoryServer(Sore, Field)
    other, other_peer = server.join("field")
    link, peer = server.join("sore")
    server.tick()
    peer.lost(server.now_s, 1000)
    server.tick()
    if hook == "on_dispose":
        server.hub.drain(1.0)
    else:
        server.say(other_peer, C.MESSAGE, "hi", 1)
        server.tick()
        assert other.event_names()[-1] == "echo"
    assert caplog.text.count("Traceback") == 1
    assert name in caplog.text
    if hook not in ("on_leave", "on_dispose"):
        assert link.closed == (
            CloseCode.ROOM_FAILED,
            f"the room's code raised {name}; the server has logged where",
        )


class Scroll(Entity):
    text = Text(max_bytes=65_535)


def test_a_state_that_is_larger_than_clients_take_ends_its_room_with_the_sizes_in_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Library(Room[Any]):
        kind = "library"
        entities = (Scroll,)

    server = MemoryServer(Library)
    link, _ = server.join("library")
    for number in range(300):
        server.engine.room.spawn(Scroll, text=f"{number:05}" * 13_000)
    server.tick()
    assert link.closed is not None
    assert link.closed[0] == CloseCode.ROOM_FAILED
    assert "clients take messages of at most 16777216" in caplog.text


def test_fields_may_be_called_like_the_parameters_of_spawn_and_teleport() -> None:
    mirror = types.new_class(
        "Mirror", (Entity,), {}, lambda body: body.update(self=Int(0, 9), entity=Int(0, 9), jumps=Jumps())
    )

    class Hall(Room[Inputs]):
        entities = (cast("type[Entity]", mirror),)

        def on_tick(self) -> None:
            made = self.spawn(self.entities[0], self=1, entity=2)
            self.teleport(made, self=3, entity=4)

    server = MemoryServer(Hall)
    server.join("hall")
    table = server.engine.history.newest.tables[0]  # type: ignore[union-attr]  # a tick has been made
    assert table.codes.tolist() == [[3], [4], [1]]
