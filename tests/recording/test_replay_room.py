"""A recording shown as a room: pause, seek, speed, and requests that are not valid."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import msgpack
import pytest

from gameserver import Int, Player, PlayerState, Room, Roster
from gameserver.client.session_core import SessionCore
from gameserver.games.arena_flight import Ship
from gameserver.protocol.constants import ClientMessage as C
from gameserver.protocol.constants import Limits, Role, ServerMessage
from gameserver.protocol.messages import Join, State
from gameserver.recording.format import Recorder, Recording
from gameserver.recording.replay_room import Playhead, ReplayRoom, replay_kind
from gameserver.recording.timeline import Timeline
from gameserver.sync.decode.decoder import DeltaDecoder
from tests.support.memory_server import MemoryServer

if TYPE_CHECKING:
    from gameserver.room.kind import Kind
    from gameserver.sync.decode.view_state import ViewState

LAST = 402


class Replay:
    """A room that shows the recording, and one viewer that decodes every state."""

    def __init__(self, kind: Kind, recorded: bytes, *, role: Role = Role.SPECTATOR) -> None:
        self.timeline = Timeline(Recording(recorded), kind.schema)
        self.server = MemoryServer(limits=replace(Limits(), max_rooms=1))
        self.server.hub.kinds["arena"] = replay_kind(kind, self.timeline)
        self.engine = self.server.hub.open_room("arena", {"timeline": self.timeline})
        self.link, self.peer = self.server.join("arena", role=role)
        self.server.keep_up(self.link, self.peer)
        self._decoder = DeltaDecoder(kind.schema, 60)
        self._decoded = 0
        self.view: ViewState = self._decoder.empty()

    def watch(self, ticks: int) -> list[ViewState]:
        """Let `ticks` pass. Return what the viewer saw, snapshot by snapshot."""
        self.server.tick(ticks)
        views = []
        states = self.link.of(ServerMessage.STATE)
        for _, *items in states[self._decoded :]:
            self.view = self._decoder.apply(self.view, State(*items))
            views.append(self.view)
        self._decoded = len(states)
        return views

    def control(self, **request: Any) -> None:
        self.server.say(self.peer, C.MESSAGE, "replay", request)
        self.watch(1)

    @property
    def shown(self) -> dict[str, Any]:
        """The newest `replay` event."""
        payload: dict[str, Any] = [event[2] for event in self.link.events if event[1] == "replay"][-1]
        return payload

    @property
    def head(self) -> Playhead:
        room = self.engine.room
        assert isinstance(room, ReplayRoom)
        return room.head


@pytest.fixture
def replay(arena_kind: Kind, recorded: bytes) -> Replay:
    return Replay(arena_kind, recorded)


def ship(view: ViewState) -> Ship:
    return view.entities(Ship)[0]


def test_a_viewer_sees_the_recorded_states(replay: Replay) -> None:
    views = replay.watch(300)
    assert len(views) == 100
    start = int(replay.head.at) - 300
    for number, view in enumerate(views):
        recorded = replay.timeline.moment((start // 3 + 1 + number) * 3)
        for shown, table in zip(view.tables, recorded, strict=True):
            assert shown.ids.tolist() == table.ids.tolist()
            assert shown.codes.tolist() == table.codes.tolist()
            assert shown.objects == table.objects


def test_no_rules_run(replay: Replay) -> None:
    replay.watch(100)
    assert len(replay.engine.world) == 0
    assert replay.link.welcome["step"] is None
    assert replay.link.welcome["kind"] == "arena"


def test_a_joining_viewer_gets_the_playhead(replay: Replay) -> None:
    replay.watch(3)
    shown = replay.shown
    assert (shown["ticks"], shown["paused"], shown["speed"]) == (LAST, False, 1.0)
    assert 3 <= shown["tick"] < 12


def test_while_paused_the_state_stays_and_all_rates_are_0(replay: Replay) -> None:
    replay.watch(60)
    assert abs(ship(replay.view).vx) > 0
    replay.control(pause=True)
    still = replay.watch(3)[-1]
    assert replay.shown["paused"] is True
    for view in replay.watch(60):
        assert (ship(view).x, ship(view).y) == (ship(still).x, ship(still).y)
        assert (ship(view).vx, ship(view).vy) == (0.0, 0.0)
    replay.control(pause=False)
    assert ship(replay.watch(30)[-1]).x != ship(still).x


@pytest.mark.parametrize("speed", [0.25, 0.5, 2, 8.0])
def test_rates_are_multiplied_by_the_speed(replay: Replay, speed: float) -> None:
    replay.control(speed=speed)
    start = replay.head.at
    views = replay.watch(24)
    assert replay.head.at - start == pytest.approx(24 * speed)
    assert replay.shown["speed"] == speed
    shown = ship(views[-1])
    at = replay.head.at - replay.engine.tick_number % 3 * speed  # when the newest snapshot was made
    (index,) = [i for i, kind in enumerate(replay.view.schema.entities) if kind.name == "Ship"]
    there = replay.timeline.moment(at)[index]
    vx = there.codes[list(Ship.entity_type.numeric).index("vx"), 0] / 16
    assert shown.vx == pytest.approx(vx * speed, abs=1 / 16)


def test_a_seek_shows_the_state_of_that_tick_and_counts_as_a_jump_of_every_entity(replay: Replay) -> None:
    jumps = ship(replay.watch(6)[-1]).jumps
    replay.control(pause=True)
    replay.control(seek=300)
    view = replay.watch(3)[-1]
    assert replay.shown["tick"] == 300
    assert view.tables[0].ids.tolist() == replay.timeline.moment(300)[0].ids.tolist()
    assert ship(view).jumps == jumps + 1
    replay.control(seek=99)
    assert ship(replay.watch(3)[-1]).jumps == jumps + 2


@pytest.mark.parametrize(("sought", "shown"), [(-5, 3), (10**12, LAST), (0, 3)])
def test_a_seek_beyond_either_end_goes_to_that_end(replay: Replay, sought: int, shown: int) -> None:
    replay.control(pause=True)
    replay.control(seek=sought)
    assert replay.shown["tick"] == shown


def test_it_pauses_at_the_end_and_continues_from_the_beginning(replay: Replay) -> None:
    replay.control(seek=LAST - 10)
    replay.watch(20)
    assert (replay.shown["tick"], replay.shown["paused"]) == (LAST, True)
    replay.control(pause=False)
    replay.watch(30)
    assert 3 < replay.head.at < 60
    assert replay.shown["paused"] is False


def test_recorded_events_are_sent_as_the_playhead_passes_them_and_not_when_a_seek_skips_them(replay: Replay) -> None:
    replay.watch(80)
    assert replay.link.event_names().count("chat") == 1
    replay.control(seek=30)
    replay.watch(5)
    assert replay.link.event_names().count("chat") == 1
    replay.watch(60)
    assert replay.link.event_names().count("chat") == 2
    assert "@avatar" not in replay.link.event_names()


@pytest.mark.parametrize(
    "payload",
    [
        None,
        7,
        [],
        {},
        {"pause": 1},
        {"seek": True},
        {"seek": 1.5},
        {"seek": "3"},
        {"speed": 3},
        {"speed": -1},
        {"speed": True},
        {"speed": "fast"},
        {"rewind": 5},
    ],
)
def test_a_request_that_is_not_valid_is_ignored(replay: Replay, payload: object) -> None:
    replay.control(speed=2)
    before = (replay.head.paused, replay.head.jumps)
    replay.server.say(replay.peer, C.MESSAGE, "replay", payload)
    replay.watch(1)
    assert (replay.head.paused, replay.head.jumps) == before
    assert replay.head.speed == 2
    assert not replay.engine.closed


def test_a_player_may_join_and_its_inputs_have_no_effect(arena_kind: Kind, recorded: bytes) -> None:
    replay = Replay(arena_kind, recorded, role=Role.PLAYER)
    replay.server.say(replay.peer, C.INPUT, 1, 0, 0, 1, 1, 0, 1, 0, 0)
    assert len(replay.watch(30)) == 10
    assert replay.link.closed is None
    assert replay.link.of(ServerMessage.STATE)[-1][3] == 1, "its frame was consumed"


def test_two_viewers_share_one_playhead(replay: Replay) -> None:
    other, _ = replay.server.join("arena", role=1)
    assert len(replay.server.hub.rooms) == 1
    replay.control(speed=4)
    assert [event for event in other.events if event[1] == "replay"][-1][2]["speed"] == 4


@pytest.mark.parametrize("speed", [0.25, 1.0, 4.0])
@pytest.mark.parametrize("now", range(100, 103))
def test_after_a_seek_at_any_tick_snapshots_fall_on_recorded_ones(speed: float, now: int) -> None:
    head = Playhead(3, 600, 3)
    head.speed = speed
    head.seek(100.7, now)
    assert 96 < head.at <= 100.7
    while now % 3:
        now += 1
        head.advance()
    assert head.at % 3 == 0


class Speaker(PlayerState):
    words = Int(0, 99)


class Talk(Room):
    entities = ()
    roster = Roster(Speaker)

    def on_message(self, player: Player, name: str, payload: Any) -> None:
        self.roster[player].words += 1


def test_a_recording_shows_the_people_of_then_and_the_viewer_is_none_of_them() -> None:
    server = MemoryServer(Talk)
    data = bytearray()
    server.hub.open_recording = lambda engine: Recorder(engine, data.extend)
    link, peer = server.join("talk", name="Ada")
    server.keep_up(link, peer)
    server.say(peer, C.MESSAGE, "word", None)
    server.tick(30)
    kind = server.hub.kinds["talk"]
    timeline = Timeline(Recording(bytes(data)), kind.schema)
    shown = MemoryServer(limits=replace(Limits(), max_rooms=1))
    shown.hub.kinds["talk"] = replay_kind(kind, timeline)
    shown.hub.open_room("talk", {"timeline": timeline})
    viewer, viewer_peer = shown.join("talk", role=Role.SPECTATOR)
    shown.keep_up(viewer, viewer_peer)
    shown.tick(20)
    core = SessionCore(Join("talk", None, Role.SPECTATOR, {}))
    core.opened(0.0)
    for message in viewer.messages:
        core.receive(msgpack.packb(message), 0.0)
    assert [(entry.number, entry.name, entry.words) for entry in core.roster] == [(1, "Ada", 1)]
    assert core.me is not None
    assert (core.me.number, core.me.name, core.me.state) == (1, "", None)
