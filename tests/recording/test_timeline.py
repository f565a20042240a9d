"""Random access into a recording, without its rules."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest

from gameserver.games.arena import Arena
from gameserver.games.arena_flight import Ship
from gameserver.recording.format import Recording, RecordingError, pack_record
from gameserver.recording.timeline import Timeline
from gameserver.room.kind import Kind, make_kind
from gameserver.sync.decode.view_state import ViewState
from gameserver.sync.snapshot import Snapshot
from tests.support.recorded_game import recorded_game

if TYPE_CHECKING:
    from gameserver.state.table import Table

TICKS = 403
LAST = 402
"""The newest snapshot: one in three ticks."""


@pytest.fixture
def timeline(recorded: bytes, arena_kind: Kind) -> Timeline:
    return Timeline(Recording(recorded), arena_kind.schema)


def hash_of(tick: int, tables: tuple[Table, ...]) -> int:
    return Snapshot(tick, tables).hash()


def test_a_timeline_begins_at_the_first_snapshot_and_ends_at_the_last(timeline: Timeline) -> None:
    assert (timeline.first, timeline.last, timeline.every) == (3, LAST, 3)


def test_every_state_is_that_of_the_room_at_its_tick(timeline: Timeline, recorded: bytes) -> None:
    hashes = {tick.tick: tick.hash for tick in Recording(recorded).ticks()}
    for tick in range(timeline.first, timeline.last + 1, timeline.every):
        assert hash_of(tick, timeline.moment(tick)) == hashes[tick]


def test_states_read_in_any_order_are_those_of_the_room(timeline: Timeline, recorded: bytes) -> None:
    hashes = {tick.tick: tick.hash for tick in Recording(recorded).ticks()}
    dice = random.Random(1)
    for _ in range(60):
        tick = dice.randrange(timeline.first, timeline.last + 1, timeline.every)
        assert hash_of(tick, timeline.moment(tick)) == hashes[tick]


def test_a_moment_between_two_snapshots_is_interpolated(timeline: Timeline, arena_kind: Kind) -> None:
    def x(at: float) -> float:
        ship = ViewState(arena_kind.schema, 0, timeline.moment(at)).entities(Ship)[0]
        return ship.x

    ticks = [tick for tick in range(30, 300, 3) if abs(x(tick + 3) - x(tick)) > 1]
    assert len(ticks) > 20, "it moves"
    for tick in ticks:
        assert x(tick + 1.5) == pytest.approx((x(tick) + x(tick + 3)) / 2, abs=1 / 64)


def test_a_teleport_is_not_interpolated(arena_kind: Kind) -> None:
    class Jumpy(Arena):
        kind = "arena"

        def on_tick(self) -> None:
            super().on_tick()
            if self.tick == 50:
                self.teleport(self.players[0].avatar, x=self.players[0].avatar.x + 3.0)

    timeline = Timeline(Recording(recorded_game(60, Jumpy)), make_kind(Jumpy).schema)
    before = ViewState(arena_kind.schema, 0, timeline.moment(48)).entities(Ship)[0]
    halfway = ViewState(arena_kind.schema, 0, timeline.moment(49.5)).entities(Ship)[0]
    assert (halfway.x, halfway.y) == (before.x, before.y)


def test_events_for_everyone_come_once_and_in_order_and_private_ones_do_not(
    timeline: Timeline, recorded: bytes
) -> None:
    recorded_events = [event for tick in Recording(recorded).ticks() for event in tick.events]
    assert any(event[0] == "@avatar" for event in recorded_events), "some are for one player alone"
    public = [(name, payload) for name, payload, to in recorded_events if to is None]
    pieces = [(0, 100), (100, 100), (100, 107), (107, TICKS)]
    shown = [event for after, upto in pieces for event in timeline.events(after, upto)]
    assert shown == public
    assert "chat" in [name for name, _ in shown]


def test_a_timeline_of_a_cut_recording_ends_at_its_last_whole_state(recorded: bytes, arena_kind: Kind) -> None:
    recording = Recording(recorded[: len(recorded) * 3 // 4])
    timeline = Timeline(recording, arena_kind.schema)
    assert recording.damaged_at is not None
    assert timeline.first < timeline.last < LAST
    timeline.moment(timeline.last)


def test_a_recording_without_a_state_is_refused(recorded: bytes, arena_kind: Kind) -> None:
    first_tick = next(iter(Recording(recorded).placed_ticks()))[0]
    with pytest.raises(RecordingError, match="nothing to show"):
        Timeline(Recording(recorded[:first_tick]), arena_kind.schema)


def test_a_state_that_cannot_be_read_is_named(recorded: bytes, arena_kind: Kind) -> None:
    data = bytearray(recorded[: next(iter(Recording(recorded).placed_ticks()))[0]])
    for tick in Recording(recorded).ticks():
        data += pack_record([*tick[:-1], b"\x90\x91\x01\x90\x90" if tick.tick == 30 else tick.body])
    timeline = Timeline(Recording(bytes(data)), arena_kind.schema)
    timeline.moment(27)
    with pytest.raises(RecordingError, match="state of tick 30 cannot be read"):
        timeline.moment(60)
