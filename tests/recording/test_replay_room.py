"""A recording shown as a room: pause, jumps, pace, and nothing that a viewer says can break it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from gameserver.games.arena_flight import Ship
from gameserver.protocol.constants import ClientMessage as C
from gameserver.protocol.constants import Limits, Role, ServerMessage
from gameserver.protocol.messages import State
from gameserver.recording.format import Recording
from gameserver.recording.replay_room import Playhead, ReplayRoom, replay_kind
from gameserver.recording.timeline import Timeline
from gameserver.sync.decode.decoder import DeltaDecoder
from tests.support.memory_server import MemoryServer

if TYPE_CHECKING:
    from gameserver.room.kind import Kind
    from gameserver.sync.decode.view_state import ViewState

LAST = 402


class Cinema:
    """A room that shows the recording, and one who watches and decodes all that comes."""

    def __init__(self, kind: Kind, recorded: bytes, *, role: Role = Role.SPECTATOR) -> None:
        self.timeline = Timeline(Recording(recorded), kind.schema)
        self.server = MemoryServer(limits=replace(Limits(), max_rooms=1))
        self.server.hub.kinds["arena"] = replay_kind(kind, self.timeline)
        self.engine = self.server.hub.open_room("arena", {"timeline": self.timeline})
        self.link, self.peer = self.server.join("arena", role=role)
        self.server.keep_up(self.link, self.peer)
        self._decoder = DeltaDecoder(kind.schema, 60)
        self._seen = 0
        self.view: ViewState = self._decoder.empty()

    def watch(self, ticks: int) -> list[ViewState]:
        """What the viewer sees in this time, snapshot by snapshot."""
        self.server.tick(ticks)
        views = []
        states = self.link.of(ServerMessage.STATE)
        for _, *items in states[self._seen :]:
            self.view = self._decoder.apply(self.view, State(*items))
            views.append(self.view)
        self._seen = len(states)
        return views

    def say(self, **wish: Any) -> None:
        self.server.say(self.peer, C.MESSAGE, "replay", wish)
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
def cinema(arena_kind: Kind, recorded: bytes) -> Cinema:
    return Cinema(arena_kind, recorded)


def ship(view: ViewState) -> Ship:
    return view.entities(Ship)[0]


def test_viewers_see_what_was_recorded_state_by_state(cinema: Cinema) -> None:
    views = cinema.watch(300)
    assert len(views) == 100
    start = int(cinema.head.at) - 300
    for number, view in enumerate(views):
        recorded = cinema.timeline.moment((start // 3 + 1 + number) * 3)
        for shown, table in zip(view.tables, recorded, strict=True):
            assert shown.ids.tolist() == table.ids.tolist()
            assert shown.codes.tolist() == table.codes.tolist()
            assert shown.objects == table.objects


def test_no_rules_run(cinema: Cinema) -> None:
    cinema.watch(100)
    assert len(cinema.engine.world) == 0
    assert cinema.link.welcome["step"] is None
    assert cinema.link.welcome["kind"] == "arena"


def test_who_comes_in_is_told_where_it_is(cinema: Cinema) -> None:
    cinema.watch(3)
    shown = cinema.shown
    assert (shown["ticks"], shown["paused"], shown["speed"]) == (LAST, False, 1.0)
    assert 3 <= shown["tick"] < 12


def test_a_pause_is_a_still_picture_in_which_nothing_moves_by_itself(cinema: Cinema) -> None:
    cinema.watch(60)
    assert abs(ship(cinema.view).vx) > 0
    cinema.say(pause=True)
    still = cinema.watch(3)[-1]
    assert cinema.shown["paused"] is True
    for view in cinema.watch(60):
        assert (ship(view).x, ship(view).y) == (ship(still).x, ship(still).y)
        assert (ship(view).vx, ship(view).vy) == (0.0, 0.0)
    cinema.say(pause=False)
    assert ship(cinema.watch(30)[-1]).x != ship(still).x


@pytest.mark.parametrize("speed", [0.25, 0.5, 2, 8.0])
def test_at_another_pace_things_move_and_say_that_they_move_so_fast(cinema: Cinema, speed: float) -> None:
    cinema.say(speed=speed)
    start = cinema.head.at
    views = cinema.watch(24)
    assert cinema.head.at - start == pytest.approx(24 * speed)
    assert cinema.shown["speed"] == speed
    shown = ship(views[-1])
    at = cinema.head.at - cinema.engine.tick_number % 3 * speed  # when the newest snapshot was made
    (index,) = [i for i, kind in enumerate(cinema.view.schema.entities) if kind.name == "Ship"]
    there = cinema.timeline.moment(at)[index]
    vx = there.codes[list(Ship.entity_type.numeric).index("vx"), 0] / 16
    assert shown.vx == pytest.approx(vx * speed, abs=1 / 16)


def test_a_jump_shows_the_state_of_that_tick_and_puts_everyone_elsewhere(cinema: Cinema) -> None:
    jumps = ship(cinema.watch(6)[-1]).jumps
    cinema.say(pause=True)
    cinema.say(seek=300)
    view = cinema.watch(3)[-1]
    assert cinema.shown["tick"] == 300
    assert view.tables[0].ids.tolist() == cinema.timeline.moment(300)[0].ids.tolist()
    assert ship(view).jumps == jumps + 1
    cinema.say(seek=99)
    assert ship(cinema.watch(3)[-1]).jumps == jumps + 2


@pytest.mark.parametrize(("wish", "there"), [(-5, 3), (10**12, LAST), (0, 3)])
def test_a_jump_beyond_the_ends_goes_to_the_end(cinema: Cinema, wish: int, there: int) -> None:
    cinema.say(pause=True)
    cinema.say(seek=wish)
    assert cinema.shown["tick"] == there


def test_it_stops_at_the_end_says_so_and_begins_again(cinema: Cinema) -> None:
    cinema.say(seek=LAST - 10)
    cinema.watch(20)
    assert (cinema.shown["tick"], cinema.shown["paused"]) == (LAST, True)
    cinema.say(pause=False)
    cinema.watch(30)
    assert 3 < cinema.head.at < 60
    assert cinema.shown["paused"] is False


def test_what_was_told_is_told_again_as_it_passes_and_not_when_jumped_over(cinema: Cinema) -> None:
    cinema.watch(80)
    assert cinema.link.event_names().count("chat") == 1
    cinema.say(seek=30)
    cinema.watch(5)
    assert cinema.link.event_names().count("chat") == 1
    cinema.watch(60)
    assert cinema.link.event_names().count("chat") == 2
    assert "@avatar" not in cinema.link.event_names()


@pytest.mark.parametrize(
    "wish",
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
def test_nonsense_is_ignored(cinema: Cinema, wish: object) -> None:
    cinema.say(speed=2)
    before = (cinema.head.paused, cinema.head.jumps)
    cinema.server.say(cinema.peer, C.MESSAGE, "replay", wish)
    cinema.watch(1)
    assert (cinema.head.paused, cinema.head.jumps) == before
    assert cinema.head.speed == 2
    assert not cinema.engine.closed


def test_a_player_may_take_a_seat_and_steers_nothing(arena_kind: Kind, recorded: bytes) -> None:
    cinema = Cinema(arena_kind, recorded, role=Role.PLAYER)
    cinema.server.say(cinema.peer, C.INPUT, 1, 0, 0, 1, 1, 0, 1, 0, 0)
    assert len(cinema.watch(30)) == 10
    assert cinema.link.closed is None
    assert cinema.link.of(ServerMessage.STATE)[-1][3] == 1, "its frame was consumed"


def test_two_who_watch_see_the_same(cinema: Cinema) -> None:
    other, _ = cinema.server.join("arena", role=1)
    assert len(cinema.server.hub.rooms) == 1
    cinema.say(speed=4)
    assert [event for event in other.events if event[1] == "replay"][-1][2]["speed"] == 4


@pytest.mark.parametrize("speed", [0.25, 1.0, 4.0])
@pytest.mark.parametrize("now", range(100, 103))
def test_snapshots_fall_on_recorded_ones_whenever_the_playhead_was_touched(speed: float, now: int) -> None:
    head = Playhead(3, 600, 3)
    head.speed = speed
    head.seek(100.7, now)
    assert 96 < head.at <= 100.7
    while now % 3:
        now += 1
        head.advance()
    assert head.at % 3 == 0
