"""Functions that rules start beside the room: their results come at a tick, are recorded, and never run twice."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from gameserver import Int, Job, JoinRefused, Player, Room, WorkFailed
from gameserver.protocol.constants import CloseCode
from gameserver.recording.format import Recorder, Recording
from gameserver.recording.verify import verify
from gameserver.room.kind import make_kind
from gameserver.room.outside_work import MAX_JOBS
from gameserver.state.entity import Entity
from tests.support.memory_server import MemoryServer


class Pawn(Entity):
    gold = Int(0, 1000)


def look_up(name: str) -> dict[str, int]:
    """What a database would know."""
    return {"gold": len(name) * 10}


class Bank(Room[Any]):
    """Loads what a player has before it joins."""

    kind = "bank"
    entities = (Pawn,)

    def on_create(self, options: Any) -> None:
        self.calls: list[Any] = []

    def on_auth(self, player: Player) -> Job | None:
        if player.params.get("at_once"):
            return None
        return self.run(look_up, player.text("name"), then=partial(self.on_loaded, player), timeout_s=3.0)

    def on_loaded(self, player: Player, found: dict[str, int]) -> None:
        if not found["gold"]:
            raise JoinRefused("who are you?")
        player.data = found["gold"]

    def on_join(self, player: Player) -> None:
        self.calls.append(f"join {player.number}")
        player.avatar = self.spawn(Pawn, owner=player, gold=player.data or 0)

    def on_leave(self, player: Player) -> None:
        self.calls.append(f"leave {player.number}")

    def on_message(self, player: Player, name: str, payload: Any) -> None:
        self.run(look_up, name, then=self.calls.append, failed=lambda failure: self.calls.append(str(failure)))


class Desk:
    """Takes the jobs of a server in memory; the test decides when and how they end."""

    def __init__(self, server: MemoryServer) -> None:
        self.jobs: list[tuple[Any, Job]] = []
        server.hub.run_work = lambda engine, job: self.jobs.append((engine, job))

    def finish(self, error: str | None = None) -> None:
        """End the oldest job: with what its function returns, or with an error."""
        engine, job = self.jobs.pop(0)
        engine.work.finish(job, None if error else job.work(*job.args), error)


def bank() -> tuple[MemoryServer, Desk]:
    server = MemoryServer(Bank)
    return server, Desk(server)


def test_a_join_waits_for_its_job_and_has_its_seat_meanwhile() -> None:
    server, desk = bank()
    link, _ = server.join("bank", name="Ada")
    server.tick(5)
    assert link.messages == []
    assert server.engine.seats.taken == (1, 0)
    assert server.engine.players == []
    desk.finish()
    server.tick()
    assert link.welcome["resumed"] is False
    assert server.engine.players[0].avatar.gold == 30
    assert len(server.engine.work) == 0


def test_a_result_may_refuse_the_join() -> None:
    server, desk = bank()
    link, _ = server.join("bank", name="")
    desk.finish()
    server.tick()
    assert link.closed == (CloseCode.JOIN_REFUSED, "who are you?")
    assert server.engine.seats.sessions == {}


def test_a_job_that_fails_refuses_the_join_that_waits_for_it() -> None:
    server, desk = bank()
    link, _ = server.join("bank", name="Ada")
    desk.finish("OSError: no database")
    server.tick()
    assert link.closed == (CloseCode.JOIN_REFUSED, "the game could not decide: OSError: no database")
    assert server.engine.seats.sessions == {}
    assert not server.engine.closed


def test_who_leaves_while_its_join_waits_has_never_joined() -> None:
    server, desk = bank()
    server.join("bank", name="Bob", at_once=True)
    _, peer = server.join("bank", name="Ada")
    peer.lost(server.now_s, None)
    server.tick()
    desk.finish()
    server.tick(2)
    room = server.engine.room
    assert isinstance(room, Bank)
    assert room.calls == ["join 1"]
    assert server.engine.seats.taken == (1, 0)


def test_clients_that_do_not_wait_for_their_answer_keep_no_place_among_the_jobs() -> None:
    server, desk = bank()
    for _ in range(MAX_JOBS):
        _, peer = server.join("bank", name="Eve")
        peer.lost(server.now_s, 1000)
        server.tick()
    assert len(server.engine.work) == 0
    link, _ = server.join("bank", name="Ada")
    desk.jobs[:] = desk.jobs[-1:]
    desk.finish()
    server.tick()
    assert server.engine.session_count == 1
    assert link.closed is None


def test_results_and_failures_reach_the_rules_at_a_tick() -> None:
    server, desk = bank()
    _, peer = server.join("bank", at_once=True)
    room = server.engine.room
    assert isinstance(room, Bank)
    room.calls.clear()
    for name in ("a", "bb"):
        room.on_message(room.players[0], name, None)
    desk.finish()
    desk.finish("it took longer than 10 s\x1b[2J")
    assert room.calls == []
    server.tick()
    assert room.calls == [{"gold": 10}, "it took longer than 10 s\\x1b[2J"]
    assert peer.session is not None


@pytest.mark.parametrize("number", [2**53, 2**64 - 1, -(2**63)])
def test_a_result_may_have_integers_of_64_bits_which_no_client_reads(number: int) -> None:
    server, desk = bank()
    server.join("bank", at_once=True)
    room = server.engine.room
    assert isinstance(room, Bank)
    room.calls.clear()
    room.run(lambda: {"row": number}, then=lambda result: room.calls.append(result))
    desk.finish()
    server.tick()
    assert room.calls == [{"row": number}]


def test_a_result_that_no_recording_can_hold_is_a_failure() -> None:
    server, desk = bank()
    server.join("bank", at_once=True)
    room = server.engine.room
    assert isinstance(room, Bank)
    room.calls.clear()
    room.run(lambda: object(), failed=lambda failure: room.calls.append(failure))
    desk.finish()
    server.tick()
    (failure,) = room.calls
    assert isinstance(failure, WorkFailed)
    assert "not plain data" in str(failure)


def test_a_failure_that_nobody_handles_is_logged_and_the_room_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    server, desk = bank()
    server.join("bank", at_once=True)
    server.engine.room.run(look_up, "x")
    desk.finish("ValueError: no")
    server.tick()
    assert "ValueError: no" in caplog.text
    assert not server.engine.closed


def test_jobs_are_bounded_and_one_too_many_fails() -> None:
    server, desk = bank()
    server.join("bank", at_once=True)
    room = server.engine.room
    assert isinstance(room, Bank)
    room.calls.clear()
    for _ in range(MAX_JOBS + 2):
        room.run(look_up, "x", failed=lambda failure: room.calls.append(str(failure)))
    assert len(desk.jobs) == MAX_JOBS
    server.tick()
    assert room.calls == [f"the room has {MAX_JOBS} jobs already"] * 2


def test_a_room_that_ends_cancels_its_jobs_and_late_results_change_nothing() -> None:
    server, desk = bank()
    server.join("bank", name="Ada")
    cancelled = []
    desk.jobs[0][1].cancel = lambda: cancelled.append(True)
    server.engine.close(CloseCode.ROOM_CLOSED, "over")
    assert cancelled == [True]
    desk.finish()


def test_jobs_that_on_create_starts_run_once_the_room_is_there() -> None:
    class Early(Bank):
        def on_create(self, options: Any) -> None:
            super().on_create(options)
            self.run(look_up, "early", then=self.calls.append)

    server = MemoryServer(Early)
    desk = Desk(server)
    server.hub.open_room("bank")
    desk.finish()
    server.tick()
    room = server.engine.room
    assert isinstance(room, Bank)
    assert room.calls == [{"gold": 50}]


def test_a_replay_gets_the_recorded_results_and_runs_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    server, desk = bank()
    data = bytearray()
    engine = server.hub.open_room("bank")
    engine.record(Recorder(engine, data.extend))
    server.join("bank", name="Ada")
    server.tick(3)
    desk.finish()
    server.join("bank", name="Grace")
    desk.finish("OSError: away")
    server.tick(3)
    assert engine.players[0].avatar.gold == 30

    def never(_name: str) -> Any:
        raise AssertionError("a replay runs nothing")

    monkeypatch.setitem(globals(), "look_up", never)
    verdict = verify(Recording(bytes(data)), make_kind(Bank))
    assert verdict.differs_at is None
    assert verdict.ticks == engine.tick_number
