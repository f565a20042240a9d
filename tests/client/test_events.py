"""Events in order and once, held until they are drawn; and those that were reported ahead of the server."""

import pytest

from gameserver.client.events import EventQueue, Expected
from gameserver.protocol.constants import CloseCode
from gameserver.protocol.errors import ProtocolError
from gameserver.protocol.messages import Event, Events


def queue(*events: Event) -> EventQueue:
    """A queue that these events have arrived in."""
    made = EventQueue(10)
    made.add(Events(10, 10 + len(events), events))
    return made


def expect(name: str = "shot", payload: object = None, *, until_s: float = 1.0, only: object = None) -> Expected:
    return Expected(name, payload, lambda found: only is None or found == only, until_s)


def test_events_come_out_in_order_and_once_when_their_tick_is_reached() -> None:
    events = queue(Event(3, "a", 1), Event(3, "b", 2), Event(5, "a", 3))
    assert events.take(2.9) == []
    assert [event.payload for event in events.take(3.0)] == [1, 2]
    assert events.take(4.0) == []
    assert [event.payload for event in events.take(float("inf"))] == [3]
    assert events.take(float("inf")) == []


def test_the_protocols_own_events_are_not_the_games() -> None:
    events = queue(Event(1, "@avatar", 3), Event(1, "a", 1), Event(2, "@later", None))
    assert events.cursor == 13
    assert [event.name for event in events.take(9)] == ["a"]


def test_an_event_of_an_earlier_tick_does_not_overtake_one_that_waits() -> None:
    events = queue(Event(5, "a", 1), Event(3, "b", 2))
    assert events.take(4.0) == []
    assert [event.payload for event in events.take(5.0)] == [1, 2]


def test_a_gap_is_refused_and_changes_nothing() -> None:
    events = queue(Event(3, "a", 1))
    with pytest.raises(ProtocolError) as wrong:
        events.add(Events(12, 13, (Event(4, "b", 2),)))
    assert wrong.value.code is CloseCode.MALFORMED
    assert events.cursor == 11
    events.add(Events(11, 15, ()))
    assert events.cursor == 15


def test_the_servers_own_is_claimed_once() -> None:
    events = queue()
    events.expect(expect())
    events.add(Events(10, 12, (Event(1, "shot", 7), Event(2, "shot", 8))))
    assert [event.payload for event in events.take(2)] == [8]
    assert events.take_overdue(9.0) == []


def test_only_the_name_and_payload_that_match_are_claimed() -> None:
    events = queue()
    events.expect(expect(only=7))
    events.add(Events(10, 13, (Event(1, "hit", 7), Event(1, "shot", 8), Event(1, "shot", 7))))
    assert [(event.name, event.payload) for event in events.take(1)] == [("hit", 7), ("shot", 8)]


def test_what_does_not_come_in_time_is_given_up_oldest_first() -> None:
    events = queue()
    for number, until_s in enumerate((1.0, 5.0, 2.0)):
        events.expect(expect(payload=number, until_s=until_s))
    assert [one.payload for one in events.take_overdue(2.0)] == [0, 2]
    assert events.take_overdue(2.0) == []
    assert [one.payload for one in events.take_overdue(5.0)] == [1]
