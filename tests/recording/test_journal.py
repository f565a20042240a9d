"""A checkpoint and the journal since then make the room again, at any tick of any game, to the last bit."""

from __future__ import annotations

import random
from typing import Any

import msgpack
import pytest

from gameserver import Room
from gameserver.games.arena import Arena
from gameserver.games.hockey import Hockey
from gameserver.protocol.constants import Limits
from gameserver.recording.format import RecordingError, pack_record
from gameserver.recording.journal import Differs, ticks_of
from gameserver.room.outside_work import WorkFailed
from gameserver.sync.snapshot import HASH_VERSION
from gameserver.testing.game import Game, game
from gameserver.testing.network import Network
from gameserver.testing.random_play import Played, _RandomPlay
from tests.support.checkpoints import Saved, as_bytes, read


class Errands(Room):
    """Runs work beside itself, and kicks whoever says so."""

    lasting = True

    def on_create(self, options: Any) -> None:
        self.done: list[Any] = []

    def on_message(self, player: Any, name: str, payload: Any) -> None:
        if name == "kick":
            player.kick("asked for")
        else:
            self.run(str, payload, then=self.note, failed=self.note)
            self.every(3, self.broadcast, "beat", self.random.random())

    def note(self, what: Any) -> None:
        self.done.append(str(what) if isinstance(what, WorkFailed) else what)


MESSAGES: dict[type[Room[Any]], dict[str, list[Any]]] = {
    Arena: {"chat": [{"text": "hi"}]},
    Hockey: {"ready": [True], "team": ["red", "blue"]},
    Errands: {"kick": [1], "run": [1, 2]},
}


def rooms_of(g: Game) -> list[Any]:
    return list(g._simulation.hub.rooms.values())


@pytest.mark.parametrize(("kind", "seed"), [(Arena, 1), (Arena, 2), (Hockey, 3), (Errands, 4)])
def test_a_room_that_is_restored_at_any_tick_plays_on_as_the_other_one(kind: type[Room[Any]], seed: int) -> None:
    dice = random.Random(seed)
    saved: list[Saved] = []
    with game(kind, seed=seed, network=Network(delay_ms=40, jitter_ms=15)) as g:
        play = _RandomPlay(g, dice, Played(), {**MESSAGES[kind]}, {})
        for _ in range(150):
            play.act(5)
            g.ticks()
            if dice.random() < 0.02:
                saved += [Saved(engine) for engine in rooms_of(g)]
        still_there = [one for one in saved if not one.engine.closed]
        assert still_there
        for one in still_there:
            assert as_bytes(one.again()) == as_bytes(one.engine)


def test_a_checkpoint_of_a_restored_room_is_the_same_again() -> None:
    with game(Arena) as g:
        g.join().controls(thrust=True)
        g.ticks(30)
        (engine,) = rooms_of(g)
        first = Saved(engine)
        g.ticks(30)
        then = first.again()
        second = Saved(then)
        assert as_bytes(second.again()) == as_bytes(engine)


CLOCK = random.Random(0)


class Wild(Arena):
    """Its rules use random numbers that are not the room's."""

    kind = "wild"

    def on_tick(self) -> None:
        super().on_tick()
        for player in self.players:
            player.avatar.hue = CLOCK.randrange(360)


def test_rules_that_are_not_deterministic_are_found_out() -> None:
    g = game(Wild)  # not a block, which would find it out itself
    g.join()
    (engine,) = rooms_of(g)
    saved = Saved(engine)
    g.ticks(20)
    with pytest.raises(Differs, match="tick"):
        saved.again()


@pytest.mark.parametrize("version", [None, HASH_VERSION - 1])
def test_hashes_that_another_build_has_made_otherwise_are_not_compared(version: int | None) -> None:
    with game(Arena) as g:
        g.join().controls(thrust=True)
        g.ticks()
        (engine,) = rooms_of(g)
        saved = Saved(engine)
        saved.checkpoint = msgpack.packb({**read(saved.checkpoint), "hash": version})
        g.ticks(20)
        (_, _, records) = saved.journal.take() or (0, 0, b"")
        ticks = [tick._replace(hash=tick.hash ^ 1) for tick in ticks_of(records)]
        saved.records = b"".join(map(pack_record, ticks))
        assert as_bytes(saved.again()) == as_bytes(engine)


def test_a_journal_ends_where_it_is_damaged_and_must_follow_its_checkpoint() -> None:
    with game(Arena) as g:
        g.join()
        (engine,) = rooms_of(g)
        saved = Saved(engine)
        before = engine.tick_number
        g.ticks(10)
        after = saved.again()
        assert after.tick_number == engine.tick_number
        whole, saved.records = saved.records, saved.records[:-3]
        assert saved.again().tick_number == engine.tick_number - 1
        saved.records = whole[len(whole) // 2 :]
        assert saved.again().tick_number == before
        (first, *_) = ticks_of(whole)
        assert first.tick == before + 1


def test_limits_are_those_of_the_server() -> None:
    limits = Limits(max_held_events=4)
    with game(Arena, limits=limits) as g:
        g.join()
        (engine,) = rooms_of(g)
        for _ in range(9):
            engine.emit("beep", None, None)
        saved = Saved(engine)
        g.ticks(10)
        assert as_bytes(saved.again(limits=limits)) == as_bytes(engine)


def test_a_gap_is_an_error() -> None:
    with game(Arena) as g:
        g.join()
        (engine,) = rooms_of(g)
        saved = Saved(engine)
        g.ticks(4)
        taken = saved.journal.take()
        assert taken is not None
        g.ticks(4)
        with pytest.raises(RecordingError, match="has tick"):
            saved.again()
