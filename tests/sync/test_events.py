"""Each session gets its events once and in order, in bounded memory, and an error when some are lost."""

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gameserver.protocol.constants import MAX_EVENT_BYTES, Limits
from gameserver.sync.events import EventLog, EventsLost

LIMITS = Limits()


def make_log(*sessions: int, **limits: int) -> EventLog:
    """An empty log for some sessions."""
    log = EventLog(Limits(**limits))
    for session in sessions:
        log.open(session)
    return log


def names(log: EventLog, cursor: int, session: int) -> list[object]:
    """The names of the events that a session gets after a cursor, in all messages that it takes."""
    found: list[object] = []
    while cursor < log.newest:
        message, upto = log.backlog(cursor, cursor, session)
        assert upto > cursor
        if message is not None:
            _, since, until, events = msgpack.unpackb(message)
            assert (since, until) == (cursor, upto)
            found += [name for _, name, _ in events]
        cursor = upto
    return found


def test_all_sessions_get_a_broadcast_and_only_the_named_ones_a_private_event() -> None:
    log = make_log(1, 2)
    log.append(1, "all", None)
    log.append(1, "two", None, frozenset({2}))
    log.append(1, "again", None)
    assert names(log, 0, 1) == ["all", "again"]
    assert names(log, 0, 2) == ["all", "two", "again"]


def test_a_cursor_gets_what_came_after_it_in_order() -> None:
    log = make_log(1)
    for i in range(10):
        log.append(i, str(i), i)
    assert names(log, 7, 1) == ["7", "8", "9"]
    assert names(log, 10, 1) == []


def test_a_cursor_older_than_the_log_raises() -> None:
    log = make_log(1, max_held_events=3)
    for i in range(5):
        log.append(i, str(i), None)
    assert log.oldest_cursor(1) == 2
    assert names(log, 2, 1) == ["2", "3", "4"]
    with pytest.raises(EventsLost):
        log.backlog(1, 1, 1)


def test_a_session_that_missed_events_goes_on_behind_the_older_half_of_what_is_held() -> None:
    log = make_log(1, 2, max_held_events=4, max_private_events=2)
    for i in range(6):
        log.append(i, str(i), None)
    assert (log.resume_cursor(1, 2), log.resume_cursor(1, 6)) == (2, 6), "nothing is missing"
    assert log.resume_cursor(1, 1) == 4
    for i in range(6, 9):
        log.append(i, str(i), None, frozenset({2}))
    assert names(log, log.resume_cursor(2, 2), 2) == ["8"]
    assert names(log, log.resume_cursor(1, 0), 1) == ["4", "5"]


def test_events_for_others_push_out_nothing_that_a_session_needs() -> None:
    log = make_log(1, 2, max_held_events=4, max_private_events=4)
    log.append(1, "all", None)
    log.append(1, "mine", None, frozenset({1}))
    for i in range(1000):
        log.append(2, "noise", i, frozenset({2}))
    assert names(log, 0, 1) == ["all", "mine"]
    assert log.oldest_cursor(1) == 0
    assert log.oldest_cursor(2) == 998


def test_a_session_misses_nothing_of_what_was_sent_before_it_came() -> None:
    log = make_log(1, max_held_events=2)
    for i in range(9):
        log.append(i, str(i), None)
    log.open(5)
    assert log.oldest_cursor(5) == 9
    log.append(9, "hello", None, frozenset({5}))
    assert names(log, 9, 5) == ["hello"]


def test_a_session_that_has_ended_gets_and_keeps_nothing() -> None:
    log = make_log(1)
    log.close(1)
    log.close(1)
    log.append(1, "late", None, frozenset({1}))
    assert log._private == {}


@given(st.lists(st.tuples(st.integers(0, 2000), st.booleans()), max_size=60))
def test_memory_is_bounded_in_number_and_bytes_for_all_and_for_each(sizes: list[tuple[int, bool]]) -> None:
    log = make_log(1, max_held_events=8, max_held_event_bytes=4000, max_private_events=5, max_private_event_bytes=3000)
    sent: list[tuple[int, bytes]] = []
    for size, private in sizes:
        payload = bytes(size)
        log.append(1, "e", payload, frozenset({1}) if private else None)
        sent.append((log.newest, payload))
        for held, (most, most_bytes) in ((log._for_all, (8, 4000)), (log._private[1], (5, 3000))):
            assert len(held.entries) <= most
            assert sum(len(event.packed) for event in held.entries) <= most_bytes
    oldest = log.oldest_cursor(1)
    assert names(log, oldest, 1) == ["e"] * sum(number > oldest for number, _ in sent)


def test_viewers_with_the_same_cursor_share_the_bytes() -> None:
    log = make_log(1, 2, 3)
    log.append(1, "all", [1, 2, 3])
    assert log.backlog(0, 0, 1).message is log.backlog(0, 0, 2).message
    before = log.backlog(0, 0, 1).message
    log.append(1, "more", None)
    assert log.backlog(0, 0, 1).message is not before


def test_a_message_holds_events_up_to_a_size_and_the_next_one_goes_on() -> None:
    log = make_log(1)
    for i in range(5):
        log.append(i, str(i), bytes(30_000))
    message, upto = log.backlog(0, 0, 1)
    assert message is not None
    assert len(message) <= MAX_EVENT_BYTES + 16
    assert upto == 2
    assert names(log, 0, 1) == ["0", "1", "2", "3", "4"]


def test_the_largest_event_goes_alone_and_a_larger_one_is_refused() -> None:
    log = make_log(1)
    log.append(1, "a", 1)
    log.append(1, "b", bytes(MAX_EVENT_BYTES - 8))
    log.append(1, "c", 1)
    assert names(log, 0, 1) == ["a", "b", "c"]
    for payload in (bytes(MAX_EVENT_BYTES), "x" * (MAX_EVENT_BYTES + 1), [0.5] * 9000):
        with pytest.raises(ValueError, match="at most 65536 bytes"):
            log.append(1, "d", payload)
    assert log.newest == 3


@pytest.mark.parametrize("payload", [object(), float("nan"), {1: 2}, {"deep": float("inf")}])
def test_a_payload_that_no_message_can_carry_is_refused_and_not_logged(payload: object) -> None:
    log = make_log(1)
    with pytest.raises(ValueError, match="payload"):
        log.append(1, "bad", payload)
    assert log.newest == 0
    log.append(1, "good", 1)
    assert names(log, 0, 1) == ["good"]
