"""The client's side of protocol.md §8, message by message. Time is whatever a test says."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from gameserver.client.heartbeat import MEASURE_EVERY_S
from gameserver.client.replica import Options
from gameserver.client.session_core import DEFAULT_LIMITS, Phase, SessionCore
from gameserver.client.session_events import Desynced, Joined, Moved, Updated
from gameserver.protocol import messages as m
from gameserver.protocol.codec import encode_server
from gameserver.protocol.constants import ClientMessage, CloseCode, Role
from gameserver.protocol.errors import ProtocolError
from gameserver.state.errors import StateError
from gameserver.state.fields import Int
from gameserver.state.inputs import Inputs
from gameserver.state.schema import Schema
from tests.support.core_table import TICK_HZ, TOKEN, WELCOME, Table, joined, opened, replace_welcome
from tests.support.ships import Controls, Ship


class Wide(Inputs):
    """The inputs of another kind of room."""

    x = Int(-9, 9)
    y = Int(-9, 9)
    z = Int(-9, 9)


# -- coming in


def test_the_first_message_is_join_and_nothing_else_leaves_before_welcome() -> None:
    table = opened()
    assert table.sent() == [[ClientMessage.JOIN, "flight", None, 0, {"name": "Ada"}]]
    table.wait(1.0)
    assert table.sent() == []


def test_welcome_makes_it_joined() -> None:
    table = opened()
    events = table.hear(WELCOME)
    assert [type(event) for event in events] == [Joined]
    assert table.core.phase is Phase.JOINED


def test_from_welcome_on_an_input_leaves_each_tick_numbered_and_with_the_ack() -> None:
    table = joined(seq=7)
    table.wait(0.0)
    table.show(6, seq=7)
    table.wait(1 / TICK_HZ)
    assert [message[:3] for message in table.sent()] == [[ClientMessage.INPUT, 8, 0], [ClientMessage.INPUT, 9, 6]]


def test_held_controls_count_until_others_are_held() -> None:
    table = joined()
    table.core.set_controls(Controls(turn=-1, thrust=True))
    table.wait(0.0)
    table.wait(1 / TICK_HZ)
    table.core.set_controls(None)
    table.wait(1 / TICK_HZ)
    assert [message[4:] for message in table.sent()] == [[-1, 1], [-1, 1], [0, 0]]


def test_controls_that_are_no_such_value_are_refused_where_they_are_made() -> None:
    table = joined()
    with pytest.raises(StateError, match="turn"):
        table.core.set_controls(Controls(turn=float("nan")))


def test_a_spectator_sends_acks_and_no_inputs() -> None:
    table = joined(role=Role.SPECTATOR)
    table.show(6)
    table.wait(1.0)
    assert table.sent() == [[ClientMessage.ACK, 6]]


# -- states and events


def test_a_state_is_applied_and_reported_with_what_was_before() -> None:
    table = joined()
    table.world.spawn(Ship, x=3.0, name="Ada")
    (first,) = table.show(6)
    (second,) = table.show(7)
    assert isinstance(first, Updated)
    assert isinstance(second, Updated)
    assert second.before is first.view
    assert second.view.tick == 7
    assert second.view.entities("Ship")[0].x == 3.0
    assert (table.core.counters.states, table.core.counters.desyncs) == (2, 0)


def test_how_long_an_ack_took_is_reported_once_for_each_new_seq() -> None:
    table = joined()
    table.wait(0.0)
    table.now_s += 0.08
    (first,) = table.show(6, seq=1, lead=128)
    (second,) = table.show(7, seq=1)
    assert isinstance(first, Updated)
    assert isinstance(second, Updated)
    assert first.acked_after_s == pytest.approx(0.08)
    assert second.acked_after_s is None


def test_a_delta_that_does_not_fit_is_not_drawn_and_a_full_state_is_asked_for() -> None:
    table = joined()
    table.world.spawn(Ship, x=3.0)
    table.show(6)
    table.state(7)  # never arrives
    view = table.core.replica.view  # type: ignore[union-attr]
    (event,) = table.show(8)
    assert isinstance(event, Desynced)
    assert table.core.replica.view is view  # type: ignore[union-attr]
    assert [ClientMessage.RESYNC, 6] in table.sent()
    assert table.show(9) == [], "states are dropped until the full one comes"
    table.base = None
    (full,) = table.show(10)
    assert isinstance(full, Updated)
    assert full.span == 0
    (after,) = table.show(11)
    assert isinstance(after, Updated)
    assert (table.core.counters.desyncs, table.core.counters.dropped_states) == (1, 1)


def test_events_come_in_order_and_a_missing_one_ends_the_link() -> None:
    table = joined()
    events = table.hear(m.Events(4, 6, (m.Event(6, "hit", {"ship": 1}), m.Event(6, "kill", None))))
    assert [event.name for event in events if isinstance(event, m.Event)] == ["hit", "kill"]
    with pytest.raises(ProtocolError) as wrong:
        table.hear(m.Events(7, 8, (m.Event(7, "chat", None),)))
    assert wrong.value.code is CloseCode.MALFORMED
    assert table.core.seat.events.cursor == 6  # type: ignore[union-attr]


def test_seqs_and_ticks_that_run_backwards_are_refused() -> None:
    table = joined()
    table.show(6, seq=3)
    with pytest.raises(ProtocolError, match="seq ran backwards"):
        table.show(7, seq=2)
    table.base = None
    with pytest.raises(ProtocolError, match="comes after"):
        table.show(5, seq=3)


def test_the_avatar_that_the_server_names_is_predicted_and_dropped_when_it_is_gone() -> None:
    table = joined()
    ship = table.world.spawn(Ship, x=3.0)
    table.core.set_controls(Controls(turn=1))
    table.wait(0.0)
    table.hear(m.Events(4, 5, (m.Event(6, "@avatar", ship.id),)))
    table.show(6)
    replica = table.core.replica
    assert replica is not None
    assert replica.predictor is not None
    assert replica.predictor.avatar.vx > 0, "the frame that was under way counts"
    assert replica.draw_avatar(table.now_s).x == pytest.approx(3.0, abs=0.01)
    table.world.despawn(ship)
    table.show(7)
    assert replica.predictor is None
    assert replica.draw_avatar(table.now_s) is None


def test_what_is_drawn_is_nothing_before_the_first_state() -> None:
    table = joined()
    assert table.core.replica.draw(table.now_s) is None  # type: ignore[union-attr]
    table.world.spawn(Ship)
    table.show(6)
    drawn = table.core.replica.draw(table.now_s)  # type: ignore[union-attr]
    assert drawn is not None
    assert len(drawn.tables[0]) == 1


def test_frames_say_how_far_in_the_past_the_others_were_drawn() -> None:
    table = joined(snapshot_every=1)
    for tick in range(6, 30):
        table.show(tick)
        table.wait(1 / TICK_HZ)
    assert table.sent()[-1][3] == 0, "nothing is drawn"
    for tick in range(30, 60):
        table.show(tick)
        table.core.replica.draw(table.now_s)  # type: ignore[union-attr]
        table.wait(1 / TICK_HZ)
    behind = table.sent()[-1][3]
    assert behind == pytest.approx(2 * 16, abs=2), "two intervals of delay"
    for tick in range(60, 80):
        table.show(tick)
        table.wait(1 / TICK_HZ)
    assert table.sent()[-1][3] == 0, "the window was closed"


# -- what the server must not send


@pytest.mark.parametrize(
    "message",
    [WELCOME, m.State(1, 0, 0, None, [], [], [], []), m.Events(0, 0, ())],
)
def test_nothing_of_a_room_may_come_before_it_was_asked_for(message: m.ServerMsg) -> None:
    core = SessionCore(m.Join("flight", None, Role.PLAYER, {}))
    with pytest.raises(ProtocolError) as wrong:
        core.receive(encode_server(message), 0.0)
    assert wrong.value.code is CloseCode.OUT_OF_STATE


def test_a_second_welcome_is_refused() -> None:
    table = joined()
    with pytest.raises(ProtocolError, match="not asked for"):
        table.hear(WELCOME)


def test_text_is_refused() -> None:
    with pytest.raises(ProtocolError) as wrong:
        joined().core.receive("hello", 0.0)
    assert wrong.value.code is CloseCode.TEXT_FRAME


def test_a_pong_of_a_ping_that_was_never_sent_is_refused() -> None:
    with pytest.raises(ProtocolError, match="nonce"):
        joined().hear(m.ServerPong(77, 1, 0, 0, 0))


def test_unknown_notices_are_passed_on_and_change_nothing() -> None:
    notice = m.Notice("later", {"x": 1})
    assert joined().hear(notice) == [notice]


# -- signs of life


def test_the_servers_ping_is_answered_at_once() -> None:
    table = joined()
    table.hear(m.ServerPing(9))
    assert table.sent() == [[ClientMessage.PONG, 9]]


def test_pings_measure_round_trip_and_lost_frames() -> None:
    table = joined(role=Role.SPECTATOR)
    table.wait(MEASURE_EVERY_S)
    ((_, nonce),) = table.sent(pings=True)
    table.now_s += 0.1
    table.hear(m.ServerPong(nonce, 6, 256, 3, 4))
    seat = table.core.seat
    assert seat is not None
    assert seat.frames.round_trip.rtt_s == pytest.approx(0.1 - 1 / TICK_HZ)
    assert (seat.missed, seat.trimmed) == (3, 4)


def test_silence_is_broken_after_a_third_of_the_dead_time_and_ends_the_link_after_all_of_it() -> None:
    table = joined(role=Role.SPECTATOR)
    quiet = 0.0
    while quiet < DEFAULT_LIMITS.dead_after_s - 0.5:
        table.wait(0.5)
        quiet += 0.5
    assert [ClientMessage.PING, 1] in table.sent(pings=True)
    with pytest.raises(ProtocolError) as dead:
        table.wait(1.0)
    assert dead.value.code is CloseCode.DEAD


def test_any_message_counts_as_life() -> None:
    table = joined(role=Role.SPECTATOR)
    for tick in range(6, 106):
        table.wait(0.5)
        table.show(tick)


def test_the_core_says_when_it_wants_to_be_woken() -> None:
    idle = SessionCore(m.Join("flight", None, Role.PLAYER, {}))
    assert idle.next_at_s == float("inf")
    table = opened()
    assert table.now_s < table.core.next_at_s <= table.now_s + DEFAULT_LIMITS.dead_after_s
    table.hear(WELCOME)
    table.wait(0.0)
    assert table.core.next_at_s == pytest.approx(table.now_s + 1 / TICK_HZ)


def test_waiting_until_woken_never_spins() -> None:
    for table in (opened(), joined(role=Role.SPECTATOR), joined()):
        wakes = 0
        while table.core.next_at_s < 100.0 + DEFAULT_LIMITS.dead_after_s - 0.01:
            at_s = table.core.next_at_s
            assert at_s >= table.now_s
            table.wait(at_s - table.now_s)
            wakes += 1
            assert wakes < 300


# -- coming back


def test_a_broken_link_is_resumed_with_token_tick_and_cursor() -> None:
    table = joined()
    table.show(6)
    table.hear(m.Events(4, 9, ()))
    table.sent()
    assert table.core.lost(None) == "resume"
    table.core.opened(table.now_s)
    assert table.sent() == [[ClientMessage.RESUME, TOKEN, 6, 9]]
    table.wait(0.5)
    assert table.sent() == [], "no inputs before WELCOME"
    (event,) = table.hear(replace_welcome(resumed=True, event=9, seq=2, token=bytes([1] * 24)))
    assert isinstance(event, Joined)
    assert event.resumed
    table.show(7)
    table.core.lost(None)
    table.core.opened(table.now_s)
    assert table.sent()[0][1] == bytes([1] * 24), "the new token"


def test_events_that_the_room_no_longer_holds_are_reported_and_the_session_goes_on() -> None:
    table = joined()
    table.hear(m.Events(4, 9, ()))
    table.core.lost(None)
    table.core.opened(table.now_s)
    joined_again, notice = table.hear(replace_welcome(resumed=True, event=5000))
    assert isinstance(joined_again, Joined)
    assert notice == m.Notice("missed", {"events": 4991})
    table.hear(m.Events(5000, 5001, (m.Event(8, "hi", None),)))
    table.core.lost(None)
    table.core.opened(table.now_s)
    assert table.sent()[-1][3] == 5001


def test_a_room_that_goes_on_from_an_earlier_tick_is_seen_anew_in_the_same_session() -> None:
    table = joined()
    table.show(60)
    table.hear(m.Events(4, 9, ()))
    table.core.lost(None)
    table.core.opened(table.now_s)
    again = replace_welcome(resumed=True, event=6, seq=2, rolled_back_to=40)
    assert table.hear(again) == [Joined(resumed=True, welcome=again), m.Notice("rolled_back", {"to": 40, "ticks": 20})]
    table.base = None
    table.show(44, seq=2)
    assert table.core.replica is not None
    assert table.core.replica.view.tick == 44
    table.hear(m.Events(6, 7, (m.Event(44, "hi", None),)))
    assert table.core.counters.desyncs == 0
    assert table.core.counters.resumes == 1


def test_a_resumed_session_numbers_its_frames_above_all_that_it_sent() -> None:
    table = joined()
    table.wait(0.0)
    for _ in range(9):
        table.wait(1 / TICK_HZ)
    table.core.lost(None)
    table.core.opened(table.now_s)
    table.hear(replace_welcome(resumed=True, seq=4))
    table.sent()
    table.wait(0.0)
    assert table.sent()[0][1] == 11


def test_a_welcome_of_another_session_is_no_answer_to_resume() -> None:
    table = joined()
    table.core.lost(None)
    table.core.opened(table.now_s)
    with pytest.raises(ProtocolError, match="not the session"):
        table.hear(replace_welcome(resumed=True, schema=Schema([Ship]).to_wire()))


def test_a_link_that_broke_before_welcome_is_joined_anew() -> None:
    table = opened()
    assert table.core.lost(None) == "join"
    table.sent()
    table.core.opened(table.now_s)
    assert table.kinds() == [ClientMessage.JOIN]


def test_a_join_that_was_not_answered_is_repeated_as_the_same_attempt_and_the_next_one_is_another() -> None:
    numbers = iter(range(9))
    join = m.Join("flight", None, Role.PLAYER, {})
    table = Table(SessionCore(join, new_attempt=lambda: bytes([next(numbers)]) * 16))
    attempts = []
    for end in (None, CloseCode.DEAD, CloseCode.SESSION_EXPIRED, None):
        table.core.opened(table.now_s)
        attempts.append(table.sent()[0][5])
        if end is CloseCode.DEAD:
            table.hear(WELCOME)
            table.sent()
            assert table.core.lost(end) == "resume"
            table.core.opened(table.now_s)
            assert table.sent()[0][0] == ClientMessage.RESUME
            end = CloseCode.SESSION_EXPIRED
        assert table.core.lost(end) == "join"
    assert attempts == [b"\0" * 16, b"\0" * 16, b"\1" * 16, b"\1" * 16]


def test_an_expired_session_is_forgotten_and_joined_anew() -> None:
    table = joined()
    assert table.core.lost(CloseCode.SESSION_EXPIRED) == "join"
    table.core.opened(table.now_s)
    assert table.kinds() == [ClientMessage.JOIN]
    table.hear(WELCOME)
    table.wait(0.0)
    assert table.sent()[0][1] == 1


def test_counters_go_on_over_sessions() -> None:
    table = joined()
    table.show(6)
    table.core.lost(CloseCode.ROOM_FAILED)
    table.core.opened(table.now_s)
    table.base = None
    table.hear(WELCOME)
    table.show(6)
    assert (table.core.counters.joins, table.core.counters.states) == (2, 2)


def test_leaving_says_so() -> None:
    table = joined()
    table.core.leave()
    assert table.kinds()[-1] == ClientMessage.LEAVE


@pytest.mark.parametrize(
    "payload", ["x" * 5000, [[[[[[[[[1]]]]]]]]], {"x": float("nan")}, 2**70], ids=["long", "deep", "nan", "large"]
)
def test_a_message_or_join_that_servers_refuse_is_refused_where_it_is_made(payload: object) -> None:
    table = joined()
    table.sent()
    with pytest.raises(ValueError, match=r"bytes|nested|finite|integer"):
        table.core.send("chat", payload)
    with pytest.raises(ValueError, match=r"bytes|nested|finite|integer"):
        SessionCore(m.Join("flight", None, Role.PLAYER, {"name": payload}))
    assert table.sent() == []


@pytest.mark.parametrize("name", ["", "x" * 65])
def test_a_message_has_a_name_that_servers_take(name: str) -> None:
    with pytest.raises(ValueError, match="name"):
        joined().core.send(name)


def test_nothing_is_sent_or_kept_while_no_room_is_joined() -> None:
    table = opened()
    table.sent()
    assert not table.core.send("chat", "hi")
    table.hear(WELCOME)
    assert table.sent() == []
    assert table.core.send("chat", "hi")
    assert table.sent() == [[ClientMessage.MESSAGE, "chat", "hi"]]


def limited(**limits: Any) -> Table:
    """A client in a room of a server with other limits than the defaults."""
    table = joined(limits=DEFAULT_LIMITS._replace(**limits))
    table.sent()
    return table


def test_the_limits_of_the_server_hold_not_the_defaults() -> None:
    table = limited(message_bytes=9000, depth=12, values=700, name_bytes=100)
    assert table.core.send("n" * 100, ["x" * 5000, [[[[[[[[[[[]]]]]]]]]]], *range(600)])
    table = limited(message_bytes=100, depth=2, values=9, name_bytes=3)
    for name, payload in [("name", 1), ("n", "x" * 100), ("n", [[[]]]), ("n", [1] * 7)]:
        with pytest.raises(ValueError, match=r"name|bytes|nested|values"):
            table.core.send(name, payload)
    assert len(table.sent()) == 0


def test_more_messages_than_the_server_takes_are_not_sent_and_reported_once() -> None:
    table = limited(messages_per_s=10, messages_burst=20)
    table.hear(m.ServerPing(1))
    assert [table.core.send("m") for _ in range(30)].count(True) == 17, "nine tenths, and one was the PONG"
    words = "message 'm' was not sent: this server takes 10 messages and 65536 bytes a second"
    assert [event for event in table.wait(0.5) if isinstance(event, m.Notice)] == [
        m.Notice("rate_limited", {"message": words})
    ]
    assert not any(isinstance(event, m.Notice) for event in table.wait(0.5))
    assert [table.core.send("m") for _ in range(30)].count(True) == 8, "and one was a PING"
    assert [event.name for event in table.wait(0.1) if isinstance(event, m.Notice)] == ["rate_limited"]


def test_more_bytes_than_the_server_takes_are_not_sent() -> None:
    table = limited(bytes_per_s=1000, bytes_burst=2000)
    assert [table.core.send("m", b"x" * 500) for _ in range(5)] == [True, True, True, False, False]


def test_the_dead_time_is_the_servers() -> None:
    table = limited(dead_after_s=3.0)
    for _ in range(5):
        table.wait(0.5)
    assert [message for message in table.sent(pings=True) if message[0] == ClientMessage.PING]
    table.wait(0.4)
    with pytest.raises(ProtocolError) as dead:
        table.wait(0.2)
    assert dead.value.code is CloseCode.DEAD


def test_what_the_wire_cannot_carry_is_refused_where_it_is_said() -> None:
    with pytest.raises(ValueError, match="payload"):
        joined().core.send("chat", object())


def test_options_are_values() -> None:
    assert replace(Options(), interpolate=False) == Options(interpolate=False)


# -- moving to another room


OTHER = Schema([Ship], Wide)
MOVED = m.Moved("match", "r2", None)
NEXT = replace_welcome(kind="match", room="r2", session=9, tick=70, event=30, seq=4, tick_hz=10, schema=OTHER.to_wire())


def test_a_move_reports_what_is_left_then_the_other_room_and_says_that_it_has_arrived() -> None:
    table = joined()
    table.world.spawn(Ship, x=3.0, name="Ada")
    table.show(6)
    table.core.draw(table.now_s)
    table.hear(m.Events(4, 5, (m.Event(400, "late", 1),)))
    table.wait(0.1)
    table.sent()
    assert table.hear(MOVED) == [m.Event(400, "late", 1), Moved("match", "r2")]
    assert table.core.phase is Phase.OPENING
    assert not table.core.send("chat", "lost")
    view = table.core.replica.view  # type: ignore[union-attr]
    assert len(view.entities("Ship")) == 1, "it is drawn until the other room is there"
    table.wait(1.0)
    assert table.sent() == []
    assert table.hear(NEXT) == [Joined(resumed=False, welcome=NEXT)]
    assert table.sent()[0] == [ClientMessage.ARRIVED]
    assert table.core.replica is not None
    assert table.core.replica.view.tick == 0
    assert table.core.me is not None
    assert table.core.me.number == 9
    table.wait(0.0)
    frames = table.sent()
    assert [frame[:3] for frame in frames] == [[ClientMessage.INPUT, 5, 0]]
    assert len(frames[0]) == 4 + len(OTHER.inputs.neutral_codes)
    assert table.hear(m.Events(30, 31, (m.Event(71, "hello", None),))) == [m.Event(71, "hello", None)]
    assert table.core.counters.moves == 1


def test_what_was_predicted_and_expected_before_a_move_is_forgotten() -> None:
    table = joined()
    table.core.expect("hit", 1, lambda _: True, table.now_s + 0.5)
    table.hear(MOVED)
    table.hear(replace_welcome(room="r2"))
    assert table.wait(1.0) == []
    assert table.core.replica is not None
    assert table.core.replica.avatar_id is None
    assert len(table.core.replica.spawns) == 0


def test_a_link_that_breaks_after_moved_resumes_and_learns_of_it_again() -> None:
    table = joined()
    table.hear(MOVED)
    assert table.core.lost(None) == "resume"
    table.core.opened(table.now_s)
    assert table.sent() == [[ClientMessage.RESUME, TOKEN, 0, 4]]
    table.hear(MOVED)
    table.hear(NEXT)
    assert table.sent()[0] == [ClientMessage.ARRIVED]


def test_a_move_to_another_process_resumes_there_over_a_new_link() -> None:
    table = joined()
    table.show(6)
    table.sent()
    token = bytes(range(24))
    table.hear(m.Moved("match", "r2", token))
    assert table.core.lost(CloseCode.GOING_AWAY) == "resume"
    table.core.opened(table.now_s)
    assert table.sent() == [[ClientMessage.RESUME, token, 0, None]]
    there = replace_welcome(kind="match", room="r2", token=token, resumed=True, schema=OTHER.to_wire())
    assert table.hear(there) == [Joined(resumed=True, welcome=there)]
    assert [message[0] for message in table.sent()] != [ClientMessage.ARRIVED]
    assert table.core.replica is not None
    assert table.core.replica.view.tick == 0


def test_a_move_before_the_first_welcome_is_out_of_place() -> None:
    table = opened()
    with pytest.raises(ProtocolError) as refused:
        table.hear(MOVED)
    assert refused.value.code is CloseCode.OUT_OF_STATE


def test_after_moved_a_state_of_the_room_before_is_out_of_place() -> None:
    table = joined()
    table.hear(MOVED)
    with pytest.raises(ProtocolError) as refused:
        table.show(6)
    assert refused.value.code is CloseCode.OUT_OF_STATE
