"""A session: what outlives a lost link, what does not, and what a link that has taken a message changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgpack
import pytest

from gameserver.protocol.constants import Limits, Role
from gameserver.state.schema import Schema
from gameserver.state.world import World
from gameserver.sync.encode.views import ALL
from gameserver.sync.events import EventLog, EventsLost
from gameserver.sync.snapshot import Snapshot
from tests.support.field_room import Dot
from tests.support.sessions import MemoryPeer, make_session

if TYPE_CHECKING:
    from gameserver.room.session import Session


def snapshot(tick: int) -> Snapshot:
    return Snapshot(tick, World(Schema([Dot])).capture())


def events_of(message: bytes | None) -> list[object]:
    """The names of the events in an EVENTS message."""
    return [] if message is None else [name for _, name, _ in msgpack.unpackb(message)[3]]


def times(session: Session) -> tuple[float | None, float | None]:
    """When its link was lost, and since when it is behind."""
    return session.lost_at_s, session.behind_since_s


@pytest.fixture
def log() -> EventLog:
    log = EventLog(Limits(max_held_events=4))
    log.open(1)
    log.open(2)
    return log


def test_only_a_seated_player_steers() -> None:
    player, spectator = make_session(1), make_session(2, Role.SPECTATOR)
    assert not player.steers
    player.seated = spectator.seated = True
    assert player.steers
    assert not spectator.steers


def test_without_a_link_nothing_is_in_flight_and_no_old_input_acts() -> None:
    session = make_session(window=1)
    session.input_queue.push(1, (1,), 0.0)
    session.state_sent(snapshot(5), ALL, 100)
    assert not session.window.open
    session.detach(12.5)
    assert (session.link, session.peer, session.lost_at_s) == (None, None, 12.5)
    assert (len(session.input_queue), len(session.window)) == (0, 0)
    assert session.window.open


def test_over_a_new_link_nobody_is_behind_and_the_round_trip_is_unknown() -> None:
    session = make_session(window=3)
    session.window.sent(1)
    session.window.ack(1, 1)
    session.behind_since_s = 3.0
    session.detach(4.0)
    peer = MemoryPeer()
    session.attach(peer)
    assert (session.peer, session.link) == (peer, peer.link)
    assert times(session) == (None, None)
    assert session.window.width == 3


def test_a_lost_link_leaves_the_seat_the_cursor_and_the_numbering() -> None:
    session = make_session()
    session.seated = True
    session.input_queue.push(7, (1,), 0.0)
    session.input_queue.take(0.0, 1)
    session.events_sent(4)
    session.state_sent(snapshot(5), ALL, 100)
    session.detach(1.0)
    assert session.seated
    assert (session.input_queue.consumed, session.event_cursor) == (7, 4)
    assert session.base is not None


def test_a_state_that_the_link_took_is_the_base_of_the_next() -> None:
    session = make_session()
    session.behind_since_s = 2.0
    session.budget_bytes = 150.0
    session.input_queue.lead = 99
    newest = snapshot(5)
    session.state_sent(newest, ALL, 100)
    assert session.base is newest
    assert session.view is ALL
    assert times(session) == (None, None)
    assert session.budget_bytes == 50.0
    assert session.input_queue.lead is None, "it is sent once"
    assert len(session.window) == 1


def test_a_resync_forgets_what_the_client_holds() -> None:
    session = make_session(window=1)
    session.state_sent(snapshot(5), ALL, 100)
    session.resync()
    assert session.base is None
    assert session.window.open


def test_events_are_pending_until_the_link_has_taken_them(log: EventLog) -> None:
    session = make_session()
    log.append(1, "for all", None)
    log.append(1, "for it", None, frozenset([1]))
    log.append(1, "for another", None, frozenset([2]))
    for _ in range(2):  # the link did not take them the first time
        backlog = session.pending_events(log)
        assert events_of(backlog.message) == ["for all", "for it"]
        assert session.event_cursor == 0
    session.events_sent(backlog.upto)
    assert (session.event_cursor, session.event_scan) == (3, 3)
    assert session.pending_events(log).message is None


def test_events_for_others_are_checked_once_and_move_no_cursor(log: EventLog) -> None:
    session = make_session()
    log.append(1, "for another", None, frozenset([2]))
    assert session.pending_events(log).message is None
    assert (session.event_cursor, session.event_scan) == (0, 1)
    log.append(2, "for it", None, frozenset([1]))
    message, upto = session.pending_events(log)
    assert message is not None
    assert msgpack.unpackb(message)[1:3] == [0, 2], "from the cursor that the client has"
    assert upto == 2


def test_a_session_that_has_missed_events_is_found_out(log: EventLog) -> None:
    session = make_session()
    for tick in range(5):
        log.append(tick, "for all", None)
    with pytest.raises(EventsLost):
        session.pending_events(log)
