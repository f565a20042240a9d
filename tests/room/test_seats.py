"""The seats of a room: requests wait for the tick, and what they change there, hook by hook."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgpack
import pytest

from gameserver.protocol.constants import AVATAR_EVENT, BEHIND_UNITS_PER_TICK, CloseCode, Limits, Role
from gameserver.room import commands
from gameserver.room.kind import make_kind
from gameserver.room.lifecycle import Lifecycle
from gameserver.room.moves import Moves
from gameserver.room.outside_work import OutsideWork
from gameserver.room.player import JoinRefused, Player
from gameserver.room.room import Room
from gameserver.room.seats import Seats
from gameserver.state.world import World
from gameserver.sync.events import EventLog
from gameserver.sync.history import History
from gameserver.sync.snapshot import Snapshot
from gameserver.testing.links import Close
from tests.support.field_room import Dot, Push
from tests.support.sessions import MemoryPeer

if TYPE_CHECKING:
    from gameserver.room.session import Session


class Hooks(Room[Push]):
    """Notes which hooks were called, `name number`; a player called `nobody` is refused, `unwelcome` a moment later."""

    kind = "hooks"
    entities = (Dot,)
    max_players = 2
    max_spectators = 1
    resume_grace_s = 5.0
    going_away_grace_s = 2.0

    def __init__(self) -> None:
        self.calls: list[str] = []

    def on_auth(self, player: Player) -> None:
        self.calls.append(f"auth {player.number}")
        if player.params.get("name") == "nobody":
            raise JoinRefused("not you")

    def on_join(self, player: Player) -> None:
        self.calls.append(f"join {player.number}")
        if player.params.get("name") == "unwelcome":
            raise JoinRefused("")

    def on_spectate(self, spectator: Player) -> None:
        self.calls.append(f"spectate {spectator.number}")
        if spectator.params.get("name") == "unwelcome":
            raise JoinRefused("no one watches")

    def on_leave(self, player: Player) -> None:
        self.calls.append(f"leave {player.number}")

    def on_suspend(self, player: Player) -> None:
        self.calls.append(f"suspend {player.number}")

    def on_resume(self, player: Player) -> None:
        self.calls.append(f"resume {player.number}")

    def on_message(self, player: Player, name: str, payload: Any) -> None:
        self.calls.append(f"{name} {player.number} {payload}")


class Table:
    """Seats and the life of their sessions without an engine around them, and what they send and log."""

    def __init__(self) -> None:
        self.kind = make_kind(Hooks)
        self.room = Hooks()
        self.world = World(self.kind.schema)
        self.history = History(8)
        self.events = EventLog(Limits())
        self.logged: list[tuple[str, object, frozenset[int] | None]] = []
        moves = Moves("id")
        self.seats = Seats(self.kind, "r1", Limits(), moves=moves, secret=b"secret")
        self.lifecycle = Lifecycle(
            self.kind,
            self.seats,
            room=self.room,
            world=self.world,
            history=self.history,
            events=self.events,
            work=OutsideWork("id", lambda _command: None),
            moves=moves,
            roster=None,
            welcome=lambda session, resumed: msgpack.packb([16, session.number, resumed]),
            log_event=lambda name, payload, to: self.logged.append((name, payload, to)),
        )
        self.now_s = 0.0

    def join(self, role: Role = Role.PLAYER, **params: object) -> tuple[MemoryPeer, Session]:
        """Take a seat; it is taken at the next tick."""
        peer = MemoryPeer()
        return peer, self.seats.join(peer, role, params, key=1, secret=b"")

    def tick(self, seconds: float = 0.05) -> None:
        self.now_s += seconds
        self.lifecycle.apply(self.seats.take_commands(self.now_s))

    def seated(self, role: Role = Role.PLAYER, **params: object) -> tuple[MemoryPeer, Session]:
        """Take a seat, and let it take effect."""
        joined = self.join(role, **params)
        self.tick()
        return joined

    def lose(self, session: Session) -> None:
        self.seats.lose_link(session, self.now_s, None)


@pytest.fixture
def table() -> Table:
    return Table()


# -- joining -----------------------------------------------------------------------------------------------------------


def test_a_seat_is_taken_at_once_and_the_hooks_run_at_the_tick(table: Table) -> None:
    peer, session = table.join(name="Ada")
    assert table.seats.taken == (1, 0)
    assert (table.room.calls, table.seats.players, peer.link.messages) == ([], [], [])
    table.tick()
    assert table.room.calls == ["auth 1", "join 1"]
    assert table.seats.players == [session.player]
    assert session.player.params == {"name": "Ada"}
    assert peer.link.messages == [[16, 1, False]]
    assert peer.link.room == "r1"


def test_numbers_go_up_and_are_used_once(table: Table) -> None:
    assert [table.seated()[1].number for _ in range(2)] == [1, 2]
    table.seats.leave(table.seats.sessions[2])
    table.tick()
    assert table.seated()[1].number == 3
    assert list(table.seats.sessions) == [1, 3]


def test_players_and_spectators_have_seats_of_their_own(table: Table) -> None:
    table.join()
    assert (table.seats.has_free(Role.PLAYER), table.seats.has_free(Role.SPECTATOR)) == (True, True)
    table.join()
    table.join(Role.SPECTATOR)
    assert (table.seats.has_free(Role.PLAYER), table.seats.has_free(Role.SPECTATOR)) == (False, False)
    table.tick()
    assert [player.number for player in table.seats.players] == [1, 2]
    assert [player.number for player in table.seats.spectators] == [3]
    assert table.seats.taken == (2, 1)


def test_on_join_is_for_players_and_on_spectate_for_spectators(table: Table) -> None:
    peer, session = table.seated(Role.SPECTATOR)
    assert table.room.calls == ["auth 1", "spectate 1"]
    assert peer.link.messages == [[16, 1, False]]
    table.lose(session)
    table.tick()
    table.seats.leave(session)
    table.tick()
    assert table.room.calls[2:] == ["suspend 1", "leave 1"]


def test_on_spectate_may_refuse_a_spectator(table: Table) -> None:
    peer, _ = table.seated(Role.SPECTATOR, name="unwelcome")
    assert peer.closed == Close(CloseCode.JOIN_REFUSED, "no one watches")
    assert (table.seats.taken, table.room.calls) == ((0, 0), ["auth 1", "spectate 1"])


@pytest.mark.parametrize(
    ("name", "calls", "reason"),
    [("nobody", ["auth 1"], "not you"), ("unwelcome", ["auth 1", "join 1"], "the game refuses")],
)
def test_a_refused_join_frees_its_seat_without_on_leave(table: Table, name: str, calls: list[str], reason: str) -> None:
    gone: list[Session] = []
    peer, session = table.join(name=name)
    session.on_gone = gone.append
    table.tick()
    assert table.room.calls == calls
    assert peer.closed == (CloseCode.JOIN_REFUSED, reason)
    assert peer.was_released
    assert gone == [session]
    assert table.seats.taken == (0, 0)


def test_events_from_before_the_join_are_not_for_it(table: Table) -> None:
    table.events.append(1, "early", None)
    _, session = table.seated()
    assert (session.event_cursor, session.event_scan) == (1, 1)


def test_a_client_that_is_gone_before_the_tick_never_joins(table: Table) -> None:
    _, session = table.join()
    table.lose(session)
    table.tick()
    assert table.room.calls == []
    assert table.seats.sessions == {}


# -- losing the link, and coming back ----------------------------------------------------------------------------------


def test_a_lost_link_suspends_and_the_seat_stays_taken(table: Table) -> None:
    _, session = table.seated()
    table.lose(session)
    assert session.player.connected, "until the tick"
    table.tick()
    assert not session.player.connected
    assert table.room.calls[2:] == ["suspend 1"]
    assert table.seats.players == [session.player]


def test_a_resume_brings_the_base_the_cursor_and_the_author_s_hook(table: Table) -> None:
    _, session = table.seated()
    snapshot = Snapshot(3, table.world.capture())
    table.history.put(snapshot)
    for tick in range(3):
        table.events.append(tick, "beat", None)
    table.lose(session)
    table.tick()
    peer = MemoryPeer()
    table.seats.resume(session, peer, 3, 2)
    table.tick()
    assert session.base is snapshot
    assert (session.event_cursor, session.event_scan) == (2, 2)
    assert peer.link.messages == [[16, 1, True]]
    assert peer.link.room == "r1"
    assert table.room.calls[2:] == ["suspend 1", "resume 1"]


def test_a_resume_from_a_tick_that_nobody_remembers_gets_a_full_state(table: Table) -> None:
    _, session = table.seated()
    table.lose(session)
    table.tick()
    table.seats.resume(session, MemoryPeer(), 77, 0)
    table.tick()
    assert session.base is None


def test_a_resume_before_the_tick_calls_no_hook(table: Table) -> None:
    """The player was never away for the author: both commands are of the same tick."""
    _, session = table.seated()
    table.seats.resume(session, MemoryPeer(), 0, 0)
    table.tick()
    assert table.room.calls[2:] == []


def test_a_resume_replaces_a_link_that_is_still_up(table: Table) -> None:
    first, session = table.seated()
    second = MemoryPeer()
    table.seats.resume(session, second, 0, 0)
    assert first.was_replaced
    table.tick()
    assert session.peer is second


def test_of_two_resumes_in_a_tick_the_later_one_takes_effect(table: Table) -> None:
    _, session = table.seated()
    earlier, later = MemoryPeer(), MemoryPeer()
    table.seats.resume(session, earlier, 0, 0)
    table.seats.resume(session, later, 0, 0)
    table.tick()
    assert earlier.was_replaced
    assert earlier.link.messages == []
    assert later.link.messages == [[16, 1, True]]


def test_after_the_grace_time_the_session_leaves(table: Table) -> None:
    _, session = table.seated()
    table.lose(session)
    assert table.seats.grace_s == 5.0
    table.tick(5.0)
    assert 1 in table.seats.sessions
    table.tick(0.1)
    assert table.seats.sessions == {}
    assert table.room.calls[2:] == ["suspend 1", "leave 1"]
    assert table.seats.take_commands(table.now_s + 100) == [], "once"


# -- leaving -----------------------------------------------------------------------------------------------------------


def test_leaving_takes_effect_at_the_tick_once_and_takes_along_what_the_player_owns(table: Table) -> None:
    peer, session = table.seated()
    dot, other = table.world.spawn(Dot, owner=session.player), table.world.spawn(Dot)
    gone: list[Session] = []
    session.on_gone = gone.append
    table.seats.leave(session)
    table.seats.leave(session)
    assert table.seats.taken == (1, 0)
    table.tick()
    assert table.room.calls[2:] == ["leave 1"]
    assert (dot.alive, other.alive) == (False, True)
    assert peer.was_released
    assert gone == [session]
    assert (session.seated, session.peer, session.link) == (False, None, None)


def test_a_client_that_leaves_for_good_is_not_suspended(table: Table) -> None:
    _, session = table.seated()
    table.seats.lose_link(session, table.now_s, CloseCode.NORMAL)
    table.tick()
    assert table.room.calls[2:] == ["leave 1"]


def test_a_client_that_goes_away_has_a_short_grace(table: Table) -> None:
    """As a page does that is left, or loaded again: Firefox closes with 1001 before the page can send LEAVE."""
    away, lost = (table.seated()[1] for _ in range(2))
    table.seats.lose_link(away, table.now_s, CloseCode.GOING_AWAY)
    table.seats.lose_link(lost, table.now_s, None)
    table.tick(2.0)
    assert table.room.calls[4:] == ["suspend 1", "suspend 2"]
    table.tick(0.1)
    assert table.room.calls[6:] == ["leave 1"]
    table.tick(3.0)
    assert table.room.calls[7:] == ["leave 2"]


def test_a_page_that_is_loaded_again_in_time_keeps_its_seat_and_gets_the_whole_grace_back(table: Table) -> None:
    _, session = table.seated()
    table.seats.lose_link(session, table.now_s, CloseCode.GOING_AWAY)
    table.tick(1.9)
    table.seats.resume(session, MemoryPeer(), tick=0, event=0)
    table.tick()
    table.lose(session)
    table.tick(4.9)
    assert table.room.calls[2:] == ["suspend 1", "resume 1", "suspend 1"]


def test_going_away_is_never_waited_for_longer_than_a_lost_link(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Hooks, "resume_grace_s", 0.5)
    table = Table()
    _, session = table.seated()
    table.seats.lose_link(session, table.now_s, CloseCode.GOING_AWAY)
    table.tick(0.6)
    assert table.room.calls[2:] == ["suspend 1", "leave 1"]


def test_a_kick_closes_the_link_at_once_and_ends_the_session_at_the_tick(table: Table) -> None:
    peer, session = table.seated()
    session.player.kick("enough")
    assert peer.closed == (CloseCode.KICKED, "enough")
    assert 1 in table.seats.sessions
    table.tick()
    assert table.seats.sessions == {}
    session.player.kick("again")
    assert peer.closed == Close(CloseCode.KICKED, "enough"), "a player that has left cannot be kicked"


def test_when_the_room_ends_on_leave_is_called_for_everyone_and_links_stay(table: Table) -> None:
    peers = [table.seated()[0] for _ in range(2)]
    joining, _ = table.join(Role.SPECTATOR)
    table.lifecycle.empty()
    assert table.room.calls[4:] == ["leave 1", "leave 2"]
    assert [peer.closed for peer in (*peers, joining)] == [None, None, None]


# -- what players do ---------------------------------------------------------------------------------------------------


def test_messages_reach_the_rules_in_order_of_arrival_and_only_from_the_seated(table: Table) -> None:
    _, first = table.seated()
    _, second = table.join()
    table.seats.message(first, "say", "one")
    table.seats.message(second, "say", "two")
    table.seats.leave(first)
    table.seats.message(first, "say", "too late")
    table.tick()
    assert table.room.calls[2:] == ["auth 2", "join 2", "say 1 one", "say 2 two", "leave 1"]


def test_a_new_avatar_is_an_event_for_its_player_alone(table: Table) -> None:
    _, session = table.seated()
    session.player.avatar = table.world.spawn(Dot, owner=session.player)
    session.player.avatar = None
    assert table.logged == [(AVATAR_EVENT, 1, frozenset([1])), (AVATAR_EVENT, None, frozenset([1]))]


def test_one_input_a_tick_is_taken_of_each_player_in_order_of_joining(table: Table) -> None:
    _, first = table.seated()
    _, watcher = table.seated(Role.SPECTATOR)
    _, second = table.join()
    assert table.seats.take_inputs(0.0, 1) == [(first, (0,))], "who is not seated yet steers nothing"
    table.tick()
    for seq, codes in ((1, (1,)), (2, (2,))):
        second.input_queue.push(seq, codes, 0.0)
    assert table.seats.take_inputs(0.0, 2) == [(first, (0,)), (second, (1,))]
    assert table.seats.take_inputs(0.0, 3) == [(first, (0,)), (second, (2,))]
    assert watcher.number in table.seats.sessions


def test_how_far_a_player_sees_behind_is_that_of_its_newest_frame(table: Table) -> None:
    _, session = table.seated()
    assert table.seats.lag_of(session.player) == 0
    session.input_queue.push(1, (0,), 0.0, seen=8 * BEHIND_UNITS_PER_TICK)
    table.seats.take_inputs(0.0, 10)
    assert table.seats.lag_of(session.player) == 2 * BEHIND_UNITS_PER_TICK
    table.seats.leave(session)
    table.tick()
    assert table.seats.lag_of(session.player) == 0, "a player that has left"


# -- replays -----------------------------------------------------------------------------------------------------------


def test_commands_of_a_recording_take_effect_without_links(table: Table) -> None:
    _, session = Table().join()
    session.detach(0.0)
    batches = ([commands.Join(session)], [commands.Suspend(session)], [commands.Resume(session, 0, 0)])
    for batch in batches:
        table.lifecycle.apply(batch)
    assert table.room.calls == ["auth 1", "join 1", "suspend 1", "resume 1"]
    assert table.seats.players == [session.player]
