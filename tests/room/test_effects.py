"""`self.effect`: run once the tick that asked for it is stored, kept with the room, and always under the same id."""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING, Any

import pytest

from gameserver import Entity, Int, OldRoom, Player, Room
from gameserver.protocol.constants import ClientMessage as C
from gameserver.protocol.constants import CloseCode
from gameserver.room.checkpoint import restore_room
from gameserver.room.kind import make_kind
from gameserver.room.output_gate import OutputGate
from gameserver.room.outside_work import MAX_EFFECTS
from gameserver.room.saveable import CannotRestore
from tests.support.checkpoints import Saved, as_bytes, read, restored
from tests.support.memory_server import MemoryServer

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from gameserver.room.engine import RoomEngine
    from gameserver.room.outside_work import Effect, WorkFailed
    from gameserver.testing import Game

LEDGER: dict[str, int] = {}
"""What the bank has booked, by the id of the payment."""


def pay(key: str, amount: int) -> int:
    """The bank: it drops what it has booked already."""
    LEDGER.setdefault(key, amount)
    return amount


def refuse(key: str) -> None:
    raise OSError("no bank")


class Coin(Entity):
    worth = Int(0, 100)


class Shop(Room):
    lasting = True
    entities = (Coin,)

    def on_create(self, options: Any) -> None:
        self.paid: list[Any] = []
        self.ids: list[str] = []

    def on_message(self, player: Player, name: str, payload: Any) -> None:
        self.ids.append(self.effect(pay, payload, then=self.note, failed=self.failed))

    def keep(self, result: object) -> None:
        self.paid.append(result)

    def note(self, amount: int) -> None:
        self.keep(amount)
        self.spawn(Coin, worth=amount)

    def failed(self, failure: WorkFailed) -> None:
        self.paid.append(str(failure))

    def on_leave(self, player: Player) -> None:
        self.ids.append(self.effect(pay, 99))


class Bank:
    """Takes the effects of a server in memory; the test decides when they run."""

    def __init__(self, server: MemoryServer) -> None:
        self.effects: list[Effect] = []
        server.hub.run_effects_with(self.effects.append)
        server.hub.run_work = lambda _engine, _job: None

    def run(self) -> None:
        effect = self.effects.pop(0)
        effect.report(effect.work(*effect.args_of_call()), None)


def shop() -> tuple[MemoryServer, Bank, Shop]:
    LEDGER.clear()
    server = MemoryServer(Shop)
    bank = Bank(server)
    server.join("shop")
    return server, bank, room_of(server.engine)


def room_of(engine: RoomEngine) -> Shop:
    assert isinstance(engine.room, Shop)
    return engine.room


def test_without_a_store_it_is_run_at_once_and_its_result_comes_at_a_later_tick() -> None:
    server, bank, room = shop()
    room.on_message(room.players[0], "pay", 5)
    bank.run()
    assert {room.ids[0]: 5} == LEDGER
    assert room.paid == []
    server.tick()
    assert room.paid == [5]
    assert len(server.engine.work) == 0


def test_one_that_is_done_has_succeeded_whatever_it_returned(caplog: pytest.LogCaptureFixture) -> None:
    server, bank, room = shop()
    key = room.effect(pay, 5, then=room.keep, failed=room.failed)
    bank.effects[0].report(object(), None)
    server.tick()
    assert room.paid == [None]
    assert f"effect {key} of room {server.engine.id} is done, but its result is not plain data" in caplog.text


def test_it_waits_until_its_tick_is_stored() -> None:
    server, bank, room = shop()
    gate = server.engine.gate = OutputGate(durable=False, max_ahead=20)
    gate.tick = server.engine.tick_number
    room.on_message(room.players[0], "pay", 5)
    server.tick(3)
    gate.release(0)
    assert bank.effects == []
    gate.release(server.engine.tick_number)
    assert [effect.id for effect in bank.effects] == room.ids


def test_each_has_an_id_of_its_own() -> None:
    server, _, room = shop()
    for amount in (5, 5, 6):
        room.on_message(room.players[0], "pay", amount)
    server.tick()
    room.on_message(room.players[0], "pay", 5)
    other = room_of(server.hub.open_room("shop"))
    server.tick()
    other.on_message(room.players[0], "pay", 5)
    assert len({*room.ids, *other.ids}) == 5
    assert {len(one) for one in room.ids} == {32}


def test_a_checkpoint_has_what_has_no_outcome_yet_and_it_is_run_again_under_the_same_id() -> None:
    server, bank, room = shop()
    room.on_message(room.players[0], "pay", 5)
    room.on_message(room.players[0], "pay", 6)
    bank.run()
    server.tick()
    again = restored(server.engine)
    started: list[Any] = []
    again.go_live(0.0)
    again.work.run_with(started.append)
    (effect,) = started
    assert (effect.id, effect.args_of_call(), effect.work) == (room.ids[1], (room.ids[1], 6), pay)
    effect.report(effect.work(*effect.args_of_call()), None)
    again.tick(0.0)
    assert room_of(again).paid == [5, 6]


def test_a_journal_asks_again_for_what_was_asked_since_the_checkpoint() -> None:
    server, bank, _ = shop()
    peer = server.join("shop")[1]
    server.tick()
    saved = Saved(server.engine)
    server.say(peer, C.MESSAGE, "pay", 5)
    server.say(peer, C.MESSAGE, "pay", 6)
    server.tick()
    bank.run()
    server.tick()
    again = saved.again()
    assert room_of(again).ids == room_of(server.engine).ids
    assert room_of(again).paid == [5]
    started: list[Any] = []
    again.go_live(0.0)
    again.work.run_with(started.append)
    assert [effect.args_of_call()[1] for effect in started] == [6]


def test_functions_of_run_are_not_run_again_after_a_restart() -> None:
    server, _, room = shop()
    room.run(pay, "x", 1, failed=room.failed)
    again = restored(server.engine)
    started: list[Any] = []
    again.go_live(0.0)
    again.work.run_with(started.append)
    again.tick(0.0)
    assert started == []
    assert room_of(again).paid == ["the server was restarted while it ran"]


def test_what_a_room_has_asked_for_goes_on_after_its_end(caplog: pytest.LogCaptureFixture) -> None:
    server, bank, room = shop()
    room.on_message(room.players[0], "pay", 5)
    engine = server.engine
    engine.close(CloseCode.ROOM_CLOSED, "over")
    assert [effect.args_of_call()[1] for effect in bank.effects] == [5, 99]
    bank.run()
    bank.effects[0].report(None, "OSError: no bank\x1b")
    assert room.paid == []
    assert [effect.is_over for effect in engine.work.left] == [True, True]
    assert f"effect {room.ids[1]} of room {engine.id}, which has ended, failed: OSError: no bank" in caplog.text


def test_a_room_that_goes_on_in_the_next_process_stops_them_here() -> None:
    server, bank, room = shop()
    room.on_message(room.players[0], "pay", 5)
    engine = server.engine
    engine.close(CloseCode.GOING_AWAY, "restart", lasts=True)
    assert bank.effects[0].is_over
    assert engine.work.left == []


def test_one_too_many_fails_also_in_a_replay() -> None:
    server, bank, _ = shop()
    peer = server.join("shop")[1]
    server.tick()
    saved = Saved(server.engine)
    room = room_of(server.engine)
    for amount in range(MAX_EFFECTS + 1):
        server.say(peer, C.MESSAGE, "pay", amount)
        server.tick()
    assert len(bank.effects) == MAX_EFFECTS
    server.tick()
    assert room.paid == [f"the room has {MAX_EFFECTS} effects already"]
    assert room_of(saved.again()).paid == room.paid
    room.run(pay, "x", 1, then=room.note)
    assert len(server.engine.work) == MAX_EFFECTS + 1  # functions of `run` have places of their own


class Changed(Shop):
    kind = "shop"
    saved_version = 2

    def migrate(self, old: OldRoom) -> None:
        self.paid, self.ids = [], []


def test_the_next_build_does_what_the_one_before_was_asked_for() -> None:
    server, _, room = shop()
    room.on_message(room.players[0], "pay", 5)
    saved = read(as_bytes(server.engine))
    kind = make_kind(Changed)
    again = restore_room(kind, saved, limits=server.hub.limits, welcome=lambda *_: b"")
    started: list[Any] = []
    again.go_live(0.0)
    again.work.run_with(started.append)
    assert [effect.id for effect in started] == room.ids
    started[0].report(5, None)
    again.tick(0.0)
    assert not again.closed
    assert room_of(again).paid == []


def test_recordings_hold_the_outcomes_and_a_replay_runs_nothing(play: Callable[..., Game]) -> None:
    LEDGER.clear()
    g = play(Shop)
    ada = g.join()
    ada.send("pay", 5)
    g.ticks(3)
    assert room_of(g.engines[0]).paid == [5]
    assert list(LEDGER.values()) == [5]
    g.check()
    assert list(LEDGER.values()) == [5]


@pytest.mark.parametrize(
    ("ask", "said"),
    [
        (lambda room: room.effect(lambda key: key), "write a function of the module itself"),
        (lambda room: room.effect(room.note), "write a function of the module itself"),
        (lambda room: room.effect(5), "work is 5; write the function itself"),
        (lambda room: room.effect(pay, object()), "payload"),
        (lambda room: room.effect(pay, "x" * 70_000), "write at most 65536"),
        (lambda room: room.effect(pay, 1, then=lambda _: None), "write a method"),
        (lambda room: room.effect(pay, 1, tries=0), "1 to 100"),
        (lambda room: room.effect(pay, 1, tries=1.5), "whole number"),
        (lambda room: room.effect(pay, 1, timeout_s=0), "above 0"),
    ],
)
def test_what_cannot_be_an_effect_is_refused_at_the_call(ask: Callable[[Any], object], said: str) -> None:
    _, _, room = shop()
    with pytest.raises((TypeError, ValueError), match=said):
        ask(room)


def test_arguments_are_those_of_the_call_also_if_the_rules_change_theirs() -> None:
    _, bank, room = shop()
    given = [1, (2, 3)]
    room.effect(pay, given)
    given.append(4)
    assert bank.effects[0].args_of_call()[1] == [1, [2, 3]]


def test_what_a_call_changes_the_next_one_and_a_checkpoint_do_not_get() -> None:
    server, bank, room = shop()
    room.effect(pay, [1, 2])
    (effect,) = bank.effects
    _, taken = effect.args_of_call()
    assert isinstance(taken, list)
    taken.clear()
    assert effect.args_of_call() == (effect.id, [1, 2])
    (again,) = restored(server.engine).work.running()
    assert again.args_of_call() == (effect.id, [1, 2])


def test_a_function_may_be_of_a_module_that_is_imported_where_it_is_needed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    module = tmp_path / "late_bank.py"
    module.write_text("def pay(key: str, amount: int) -> int:\n    return amount\n")
    server, _, room = shop()
    room.effect(importlib.import_module("late_bank").pay, 5)
    saved = as_bytes(server.engine)
    del sys.modules["late_bank"]  # a new process, in which no rule has imported it yet
    (effect,) = restored(server.engine, saved).work.running()
    assert effect.work("key", 5) == 5
    del sys.modules["late_bank"]
    module.write_text("import a_bank_that_is_gone\n")
    with pytest.raises(CannotRestore, match="no pay in late_bank any more: ModuleNotFoundError: No module named 'a_b"):
        restored(server.engine, saved)
