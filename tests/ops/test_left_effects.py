"""Effects over kills and stops: never before they are stored, never lost afterwards, also those of ended rooms."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from gameserver.ops import left_effects
from gameserver.protocol.constants import CloseCode
from gameserver.store.api import EffectUpdate, SavedEffect, StoreError
from gameserver.store.entries import packed
from tests.support.lasting_server import Cellar, Ledger, Process, pay

if TYPE_CHECKING:
    from pathlib import Path

    from gameserver.room.outside_work import Effect


class Bank:
    """Takes the effects of a process; the test decides when they run."""

    def __init__(self, process: Process) -> None:
        self.effects: list[Effect] = []
        process.server.hub.run_work = lambda _engine, _job: None
        process.server.hub.run_effects_with(self.effects.append)

    @property
    def asked(self) -> list[Any]:
        return [effect.args_of_call()[1] for effect in self.effects]

    def run(self) -> None:
        effect = self.effects.pop(0)
        effect.report(effect.work(*effect.args_of_call()), None)


def begun(folder: Path, kind: type[Cellar] = Cellar) -> tuple[Process, Bank]:
    """A process with a room that is stored already."""
    process = Process(folder, kind)
    bank = Bank(process)
    process.server.join(kind.kind or kind.__name__.lower())
    process.commit()
    return process, bank


def test_nothing_is_done_before_it_is_stored_and_what_was_not_stored_is_forgotten(tmp_path: Path) -> None:
    one, bank = begun(tmp_path)
    one.server.engine.command("pay", 5)
    one.server.tick()
    assert bank.effects == []
    one.kill()
    two = Process(tmp_path, seed=2)
    bank = Bank(two)
    two.commit()
    assert bank.effects == []
    two.kill()


def test_what_was_stored_is_done_after_a_kill_and_again_until_its_outcome_is_stored(tmp_path: Path) -> None:
    one, bank = begun(tmp_path)
    one.server.engine.command("pay", 5)
    one.server.tick()
    one.commit()
    assert bank.asked == [5]
    key = bank.effects[0].id
    one.kill()
    two = Process(tmp_path, seed=2)
    bank = Bank(two)
    two.commit()
    assert [effect.id for effect in bank.effects] == [key]
    bank.run()
    two.server.tick()
    assert two.cellar.heard == [5]
    two.kill()  # the outcome was not stored
    three = Process(tmp_path, seed=3)
    bank = Bank(three)
    three.commit()
    assert [effect.id for effect in bank.effects] == [key]
    bank.run()
    three.server.tick()
    three.commit()
    three.kill()
    four = Process(tmp_path, seed=4)
    assert four.cellar.heard == [5]
    assert len(four.server.engine.work) == 0
    four.kill()


@pytest.mark.parametrize("kind", [Cellar, Ledger])
def test_what_a_room_asked_for_at_its_end_waits_for_the_store_and_outlives_a_kill(
    tmp_path: Path, kind: type[Cellar]
) -> None:
    class Farewell(kind):  # type: ignore[valid-type, misc]
        kind = "farewell"

        def on_dispose(self) -> None:
            self.effect(pay, 7)

    one, bank = begun(tmp_path, Farewell)
    one.server.engine.command("pay", 5)
    one.server.tick()
    before = one.store.effects(0)
    one.server.engine.close(CloseCode.ROOM_CLOSED, "over")
    if not kind.durable:
        assert bank.effects == []
        one.commit()
    assert bank.asked == [5, 7]
    keys = [effect.id for effect in bank.effects]
    bank.run()
    one.commit()
    assert before == []
    assert one.store.rooms(0) == []
    assert [effect.id for effect in one.store.effects(0)] == keys[1:]
    one.kill()
    two = Process(tmp_path, Farewell, seed=2)
    bank = Bank(two)
    assert [(effect.id, effect.args_of_call()) for effect in bank.effects] == [(keys[1], (keys[1], 7))]
    bank.run()
    two.commit()
    assert two.store.effects(0) == []
    two.kill()


@pytest.mark.parametrize("kind", [Cellar, Ledger])
def test_what_a_room_asks_for_as_it_is_closed_between_two_ticks_waits_for_its_end_to_be_stored(
    tmp_path: Path, kind: type[Cellar], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Brief(kind):  # type: ignore[valid-type, misc]
        kind = "brief"

        def on_dispose(self) -> None:
            self.effect(pay, 7)

    one, bank = begun(tmp_path, Brief)
    one.server.tick()
    one.commit()

    def fail(*_: object) -> None:
        raise StoreError("the disk is full")

    with monkeypatch.context() as broken:
        broken.setattr(one.store, "commit", fail)
        one.server.engine.close(CloseCode.ROOM_CLOSED, "over")
        assert bank.effects == []
    one.commit()
    assert bank.asked == [7]
    one.kill()


def test_one_that_runs_when_its_room_ends_is_not_started_twice(tmp_path: Path) -> None:
    one, bank = begun(tmp_path)
    one.server.engine.command("pay", 5)
    one.server.tick()
    one.commit()
    one.server.engine.close(CloseCode.ROOM_CLOSED, "over")
    one.commit()
    assert bank.asked == [5]
    assert len(one.store.effects(0)) == 1
    bank.run()
    one.commit()
    assert one.store.effects(0) == []
    one.kill()


def test_a_stop_keeps_them_with_their_rooms(tmp_path: Path) -> None:
    one, bank = begun(tmp_path)
    one.server.engine.command("pay", 5)
    one.server.tick()
    one.stop()
    assert bank.effects == []
    two = Process(tmp_path, seed=2)
    (job,) = two.server.engine.work.running()
    assert job.args_of_call()[1] == 5
    two.kill()


def test_they_wait_while_nothing_can_be_stored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one, bank = begun(tmp_path)

    def fail(*_: object) -> None:
        raise StoreError("the disk is full")

    with monkeypatch.context() as broken:
        broken.setattr(one.store, "commit", fail)
        one.server.engine.command("pay", 5)
        one.server.tick()
        one.commit()
        one.server.engine.close(CloseCode.ROOM_CLOSED, "over")
        one.commit()
        assert bank.effects == []
    one.commit()
    assert bank.asked == [5]
    one.kill()


def test_a_room_that_could_not_be_saved_leaves_them_at_its_end(tmp_path: Path) -> None:
    one, bank = begun(tmp_path)
    one.cellar.heard.append(number for number in range(3))
    one.lasting._rooms[one.server.engine.id].stored = False
    one.commit()
    one.server.engine.command("pay", 5)
    one.server.tick()
    assert bank.asked == [5]  # at once: there is nothing to wait for
    one.stop()
    two = Process(tmp_path, seed=2)
    assert Bank(two).asked == [5]
    two.kill()


def test_a_room_that_ended_in_its_journal_has_left_them_too(tmp_path: Path) -> None:
    class Brief(Cellar):
        kind = "brief"

        def on_command(self, name: str, payload: Any) -> None:
            super().on_command(name, payload)
            self.close()

    one, bank = begun(tmp_path, Brief)
    one.server.engine.command("pay", 5)
    engine = one.server.engine
    kept = one.lasting._rooms[engine.id]
    one.server.tick()
    one.lasting._ended.clear()  # the server is killed between the last tick and the note that the room has ended
    one.lasting._rooms[engine.id] = kept
    one.lasting._effects = left_effects.LeftEffects(bank.effects.append)
    one.commit()
    one.kill()
    assert bank.effects == []
    two = Process(tmp_path, Brief, seed=2)
    bank = Bank(two)
    assert bank.effects == []
    two.commit()
    assert bank.asked == [5]
    two.kill()


def test_fewer_workers_do_what_those_were_asked_for_that_there_are_no_more(tmp_path: Path) -> None:
    one = [Process(tmp_path, seed=10 + slot, slot=slot, processes=2) for slot in range(2)]
    for process in one:
        Bank(process)
        process.server.join("cellar")
        process.server.engine.command("pay", process.lasting._slot)
        process.server.tick()
        process.commit()
        process.server.engine.close(CloseCode.ROOM_CLOSED, "over")
        process.commit()
        process.kill()
    alone = Process(tmp_path, seed=20)
    bank = Bank(alone)
    assert bank.asked == [0, 1]
    bank.run()
    bank.run()
    alone.commit()
    assert [*alone.store.effects(0), *alone.store.effects(1)] == []
    alone.kill()


def test_a_function_that_is_gone_is_named_and_its_effect_waits(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    one, _ = begun(tmp_path)
    call = packed(["key", "tests.support.lasting_server:pay_twice", [5], 30.0, 10])
    one.store.commit(0, [], [], EffectUpdate([SavedEffect("key", "cellar", "aaaaaa", call)]))
    one.kill()
    two = Process(tmp_path, seed=2)
    assert "effect key of room aaaaaa (cellar) waits: there is no pay_twice in tests.support.lasting_server" in (
        caplog.text
    )
    assert len(two.store.effects(0)) == 1
    two.kill()


def test_too_many_of_ended_rooms_are_not_kept(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(left_effects, "MAX_LEFT", 1)
    one, bank = begun(tmp_path)
    for amount in (5, 6):
        one.server.engine.command("pay", amount)
    one.server.tick()
    one.server.engine.close(CloseCode.ROOM_CLOSED, "over")
    one.commit()
    assert bank.asked == [5]
    assert "which has ended, failed: 1 effects of ended rooms wait already" in caplog.text
    one.kill()


def test_those_that_are_done_while_nothing_can_be_stored_take_no_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, bank = begun(tmp_path)
    left = one.lasting._effects
    for amount in (5, 6):
        one.server.engine.command("pay", amount)
    one.server.tick()
    one.commit()
    one.server.engine.close(CloseCode.ROOM_CLOSED, "over")
    bank.run()
    taken = left.changes()
    bank.run()
    left.put_back(taken)
    assert left.changes() == EffectUpdate([], [])
    one.kill()


def test_one_too_many_that_runs_goes_on_but_is_not_kept(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(left_effects, "MAX_LEFT", 0)
    one, bank = begun(tmp_path)
    one.server.engine.command("pay", 5)
    one.server.tick()
    one.commit()
    one.server.engine.close(CloseCode.ROOM_CLOSED, "over")
    assert "which has ended, is not kept: 0 effects of ended rooms wait already" in caplog.text
    assert "failed" not in caplog.text
    bank.run()
    one.commit()
    assert one.store.effects(0) == []
    one.kill()
