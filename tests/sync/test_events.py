"""Each session gets its events once and in order, and an error when some are lost."""

import msgpack
import pytest

from gameserver.protocol.codec import encode_events
from gameserver.sync.events import EventLog, EventsLost


def names(log: EventLog, cursor: int, session: int) -> list[object]:
    """Return the names of the events that a session gets after a cursor."""
    return [msgpack.unpackb(packed)[1] for packed in log.after(cursor, session)]


def test_all_sessions_get_a_broadcast_and_only_the_named_ones_a_private_event() -> None:
    log = EventLog(100)
    log.append(1, "all", None)
    log.append(1, "two", None, frozenset({2}))
    assert names(log, 0, 1) == ["all"]
    assert names(log, 0, 2) == ["all", "two"]


def test_a_cursor_gets_what_came_after_it_in_order() -> None:
    log = EventLog(100)
    for i in range(10):
        log.append(i, str(i), i)
    assert names(log, 7, 1) == ["7", "8", "9"]
    assert names(log, 10, 1) == []


def test_a_cursor_older_than_the_log_raises() -> None:
    log = EventLog(3)
    for i in range(5):
        log.append(i, str(i), None)
    assert log.oldest_cursor == 2
    assert names(log, 2, 1) == ["2", "3", "4"]
    with pytest.raises(EventsLost):
        log.after(1, 1)


@pytest.mark.parametrize("payload", [object(), float("nan"), {1: 2}, {"deep": float("inf")}])
def test_a_payload_that_no_message_can_carry_is_refused_and_not_logged(payload: object) -> None:
    log = EventLog(3)
    with pytest.raises(ValueError, match="payload"):
        log.append(1, "bad", payload)
    assert log.newest == 0
    log.append(1, "good", 1)
    assert names(log, 0, 1) == ["good"]


def test_the_message_carries_both_cursors() -> None:
    log = EventLog(10)
    log.append(4, "hit", {"hp": 80})
    message = encode_events(0, log.newest, log.after(0, 1))
    assert msgpack.unpackb(message) == [18, 0, 1, [[4, "hit", {"hp": 80}]]]
