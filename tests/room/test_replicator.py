"""Sending a snapshot: who gets which delta, who is skipped, and what changes only once a link has taken it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from gameserver.protocol.constants import CloseCode, Limits, Role, ServerMessage
from gameserver.room.player_views import EncodedViews, Near, PlayerViews
from gameserver.room.replicator import MAX_FULL_STATE_BYTES, Replicator
from gameserver.state.schema import Schema
from gameserver.state.world import World
from gameserver.sync.encode.encoder import DeltaEncoder
from gameserver.sync.encode.views import ALL
from gameserver.sync.events import EventLog
from gameserver.sync.snapshot import Snapshot
from tests.support.field_room import Dot
from tests.support.sessions import TICK_HZ, MemoryPeer, make_session

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gameserver.room.session import Session


class NotingViews(PlayerViews):
    """Notes which viewers it encoded together, and from which base."""

    def __init__(self, *declaration: Any, snapshot_hz: int) -> None:
        super().__init__(*declaration, snapshot_hz=snapshot_hz)
        self.asked: list[tuple[list[int], Snapshot | None]] = []
        self.stretch = 1

    def set_tier_stretch(self, stretch: int) -> None:
        self.stretch = stretch

    def encode(self, sessions: Sequence[Session], snapshot: Snapshot) -> EncodedViews:
        self.asked.append(([session.number for session in sessions], sessions[0].base))
        return super().encode(sessions, snapshot)


class Stage:
    """A replicator, a world that moves, and seated viewers."""

    def __init__(
        self, limits: Limits | None = None, *, near: bool = False, max_full_state_bytes: int = MAX_FULL_STATE_BYTES
    ) -> None:
        schema = Schema([Dot])
        self.limits = limits or Limits()
        self.world = World(schema)
        self.dot = self.world.spawn(Dot)
        self.events = EventLog(self.limits)
        encoder = self.encoder = DeltaEncoder(schema, TICK_HZ)
        self.player_views = NotingViews(schema, Near(radius=10), encoder, TICK_HZ, None, snapshot_hz=TICK_HZ)
        views = self.player_views if near else None
        self.replicator = Replicator(
            encoder, self.events, self.limits, views, max_full_state_bytes=max_full_state_bytes
        )
        self.sessions: list[Session] = []
        self.tick = 0

    def viewer(self, role: Role = Role.PLAYER, *, window: int = 30) -> tuple[MemoryPeer, Session]:
        peer = MemoryPeer()
        session = make_session(len(self.sessions) + 1, role, peer=peer, window=window)
        session.seated = True
        self.events.open(session.number)
        self.sessions.append(session)
        return peer, session

    def send(self, ticks: int = 1) -> Snapshot:
        """Make ticks, each with a snapshot that is sent."""
        for _ in range(ticks):
            self.tick += 1
            self.dot.x += 1
            snapshot = Snapshot(self.tick, self.world.capture())
            self.replicator.send(self.sessions, snapshot, self.tick / TICK_HZ)
        return snapshot


def spans(peer: MemoryPeer) -> list[tuple[int, int]]:
    """`(tick, span)` of every STATE that the peer's link took."""
    return [(message[1], message[2]) for message in peer.link.of(ServerMessage.STATE)]


@pytest.fixture
def stage() -> Stage:
    return Stage()


# -- deltas ------------------------------------------------------------------------------------------------------------


def test_the_first_state_is_full_and_each_later_one_leads_on_from_the_one_before(stage: Stage) -> None:
    peer, session = stage.viewer()
    newest = stage.send(3)
    assert spans(peer) == [(1, 0), (2, 1), (3, 1)]
    assert session.base is newest
    assert session.view is ALL


def test_viewers_that_hold_the_same_get_the_same_bytes(stage: Stage) -> None:
    peers = [stage.viewer()[0] for _ in range(3)]
    stage.send(2)
    late, _ = stage.viewer()
    stage.send()
    first, second, third = (peer.link.of(ServerMessage.STATE) for peer in peers)
    assert first == second == third
    assert spans(late) == [(3, 0)]


def test_who_is_not_seated_or_has_no_link_gets_nothing(stage: Stage) -> None:
    (joining, session), (_, suspended) = stage.viewer(), stage.viewer()
    session.seated = False
    suspended.detach(0.0)
    stage.send()
    assert joining.link.messages == []
    assert (stage.replicator.states, stage.replicator.skipped) == (0, 0)


def test_a_state_says_which_input_was_consumed_and_its_lead_once(stage: Stage) -> None:
    peer, session = stage.viewer()
    session.input_queue.push(7, (1,), 0.0)
    session.input_queue.take(0.5 / TICK_HZ, 1)
    stage.send(2)
    assert [message[3:5] for message in peer.link.of(ServerMessage.STATE)] == [[7, 128], [7, None]]


def test_states_and_their_bytes_are_counted(stage: Stage) -> None:
    for _ in range(3):
        stage.viewer()
    stage.send(4)
    assert stage.replicator.states == 12
    assert stage.replicator.state_bytes > 12 * 5


def test_a_crowd_without_a_base_gets_its_full_states_over_some_ticks() -> None:
    probe = Stage()
    size = len(probe.encoder.encode(None, probe.send(2)))
    stage = Stage(max_full_state_bytes=2 * size + 1)
    old, _ = stage.viewer()
    stage.send(2)
    crowd = [stage.viewer()[0] for _ in range(5)]
    stage.send()
    assert [spans(peer) for peer in crowd] == [[(3, 0)], [(3, 0)], [], [], []]
    stage.send(2)
    assert [spans(peer)[0] for peer in crowd] == [(3, 0), (3, 0), (4, 0), (4, 0), (5, 0)]
    assert spans(old)[-3:] == [(3, 1), (4, 1), (5, 1)]
    assert stage.replicator.skipped == 3 + 1
    assert all(session.behind_since_s is None for session in stage.sessions)


def test_clients_that_ask_for_a_full_state_in_every_tick_keep_it_from_nobody() -> None:
    stage = Stage(max_full_state_bytes=1)
    greedy = [stage.viewer()[1] for _ in range(4)]
    newcomers = [stage.viewer()[0] for _ in range(2)]
    for _ in range(6):
        stage.send()
        for session in greedy:
            session.resync()
    assert [spans(peer)[0] for peer in newcomers] == [(5, 0), (6, 0)]


# -- who is skipped ----------------------------------------------------------------------------------------------------


def test_a_viewer_with_a_busy_link_is_skipped_and_its_next_delta_spans_the_gap(stage: Stage) -> None:
    (busy, _), (other, _) = stage.viewer(), stage.viewer()
    stage.send()
    busy.link.ready = False
    stage.send(3)
    busy.link.ready = True
    stage.send()
    assert spans(busy) == [(1, 0), (5, 4)]
    assert spans(other) == [(1, 0), (2, 1), (3, 1), (4, 1), (5, 1)]
    assert stage.replicator.skipped == 3


def test_a_viewer_with_a_full_window_is_skipped_until_it_acks(stage: Stage) -> None:
    peer, session = stage.viewer(window=2)
    stage.send(5)
    assert spans(peer) == [(1, 0), (2, 1)]
    session.window.ack(2, 5)
    stage.send()
    assert spans(peer)[2:] == [(6, 4)]


def test_a_viewer_that_stays_behind_is_disconnected_after_the_stated_time() -> None:
    stage = Stage(Limits(evict_after_s=1.0))
    peer, session = stage.viewer()
    peer.link.ready = False
    stage.send(1 + TICK_HZ)
    assert peer.closed is None
    stage.send()
    assert peer.closed == (CloseCode.TOO_SLOW, "behind for 1 s")
    assert session.number == 1, "it may resume"


def test_a_state_that_arrives_starts_the_time_anew() -> None:
    stage = Stage(Limits(evict_after_s=1.0))
    peer, _ = stage.viewer()
    for _ in range(3):
        peer.link.ready = False
        stage.send(TICK_HZ)
        peer.link.ready = True
        stage.send()
    assert peer.closed is None


# -- events ------------------------------------------------------------------------------------------------------------


def test_events_go_out_with_the_state_and_before_it(stage: Stage) -> None:
    peer, session = stage.viewer()
    stage.events.append(1, "hit", None)
    stage.events.append(1, "secret", None, frozenset([2]))
    stage.send()
    assert [message[0] for message in peer.link.messages] == [ServerMessage.EVENTS, ServerMessage.STATE]
    assert peer.link.event_names() == ["hit"]
    assert (session.event_cursor, session.event_scan) == (2, 2)
    stage.send()
    assert peer.link.event_names() == ["hit"], "once"


def test_events_for_others_cost_a_viewer_no_message(stage: Stage) -> None:
    peer, session = stage.viewer()
    stage.events.append(1, "secret", None, frozenset([2]))
    stage.send()
    assert [message[0] for message in peer.link.messages] == [ServerMessage.STATE]
    assert (session.event_cursor, session.event_scan) == (0, 1)


def test_what_a_link_does_not_take_is_offered_again(stage: Stage) -> None:
    """A link may be ready, and take nothing all the same."""
    peer, session = stage.viewer()
    peer.link.offer = lambda *messages: False  # type: ignore[method-assign]
    stage.events.append(1, "hit", None)
    stage.send()
    assert (session.base, session.event_cursor, len(session.window)) == (None, 0, 0)
    assert (stage.replicator.states, stage.replicator.skipped) == (0, 1)
    del peer.link.offer
    stage.send()
    assert spans(peer) == [(2, 0)]
    assert peer.link.event_names() == ["hit"]


def test_a_viewer_that_has_missed_events_is_disconnected() -> None:
    stage = Stage(Limits(max_held_events=3))
    peer, _ = stage.viewer()
    peer.link.ready = False
    for tick in range(5):
        stage.events.append(tick, "hit", None)
        stage.send()
    peer.link.ready = True
    stage.send()
    assert peer.closed == (CloseCode.TOO_SLOW, "too many events missed")
    assert peer.link.messages == []


# -- views -------------------------------------------------------------------------------------------------------------


def test_players_of_a_room_with_views_are_encoded_together_and_spectators_see_everything() -> None:
    stage = Stage(near=True)
    (_, first), (_, second), (watcher, watching) = stage.viewer(), stage.viewer(), stage.viewer(Role.SPECTATOR)
    snapshot = stage.send()
    assert stage.player_views.asked == [([1, 2], None)]
    assert ALL not in (first.view, second.view)
    assert first.base is second.base is watching.base is snapshot
    assert watching.view is ALL
    assert spans(watcher) == [(1, 0)]


def test_players_with_different_bases_are_encoded_apart() -> None:
    stage = Stage(near=True)
    (busy, _), _ = stage.viewer(), stage.viewer()
    first = stage.send()
    busy.link.ready = False
    second = stage.send()
    busy.link.ready = True
    stage.send()
    assert stage.player_views.asked[2:] == [([1], first), ([2], second)]


def test_the_stretch_of_far_tiers_reaches_the_visibility_and_needs_none() -> None:
    stage = Stage(near=True)
    stage.replicator.set_tier_stretch(4)
    assert stage.player_views.stretch == 4
    Stage().replicator.set_tier_stretch(4)
