"""A recording replays tick for tick; a difference is located; damage is detected and raises nothing."""

import random
from typing import Annotated, Any

import pytest
from msgspec import Meta

from gameserver.games.arena import Arena
from gameserver.protocol.constants import ClientMessage as C
from gameserver.recording.format import MAGIC, Recorder, Recording, RecordingError, pack_record
from gameserver.recording.verify import verify
from gameserver.room.engine import RoomEngine
from gameserver.room.kind import Kind, make_kind
from gameserver.room.options import Options
from tests.support.memory_server import MemoryLink, MemoryServer


def test_a_recorded_game_replays_tick_for_tick(recorded: bytes, arena_kind: Kind) -> None:
    recording = Recording(recorded)
    verdict = verify(recording, arena_kind)
    assert (verdict.ticks, verdict.differs_at) == (403, None)
    assert recording.damaged_at is None


def test_the_recorded_game_has_commands_events_and_motion(recorded: bytes) -> None:
    ticks = list(Recording(recorded).ticks())
    words = [command[0] for tick in ticks for command in tick.commands]
    assert words == ["join", "join", "join", "message", "suspend", "leave"]
    assert len({tick.hash for tick in ticks}) > 390, "things moved"
    assert any(event[0] == "chat" for tick in ticks for event in tick.events)


def test_lags_are_recorded_and_a_replay_without_them_differs(recorded: bytes, arena_kind: Kind) -> None:
    lags = [lag for tick in Recording(recorded).ticks() for lag in tick.lags]
    assert len(lags) > 20, "shots were fired"
    assert len(set(lags)) > 10
    packed = [[*tick] for tick in Recording(recorded).ticks()]
    without_lags = bytearray(recorded[: recorded.index(pack_record(packed[0]))])
    for number, tick in enumerate(Recording(recorded).ticks()):
        packed[number][3] = [0] * len(tick.lags)
        without_lags += pack_record(packed[number])
    verdict = verify(Recording(bytes(without_lags)), arena_kind)
    first = next(tick.tick for tick in Recording(recorded).ticks() if any(lag >= 32 for lag in tick.lags))
    assert verdict.differs_at == first


def test_the_first_tick_and_field_that_differ_are_named(recorded: bytes) -> None:
    class Drifting(Arena):
        kind = "arena"

        def on_tick(self) -> None:
            super().on_tick()
            if self.tick == 200:
                self.players[0].avatar.x += 1 / 64

    verdict = verify(Recording(recorded), make_kind(Drifting))
    assert verdict.differs_at == 200
    assert "tick 201" in verdict.how
    assert "Ship" in verdict.how
    assert " x " in verdict.how or "x is" in verdict.how


def test_rules_that_fail_only_in_the_replay_are_reported(recorded: bytes) -> None:
    class Failing(Arena):
        kind = "arena"

        def on_tick(self) -> None:
            super().on_tick()
            if self.tick == 90:
                raise RuntimeError("only now")

    verdict = verify(Recording(recorded), make_kind(Failing))
    assert verdict.differs_at == 90
    assert "raised" in verdict.how


def test_other_rules_are_refused_by_their_fingerprints(recorded: bytes, arena_kind: Kind) -> None:
    class Slower(Arena):
        kind = "arena"
        tick_hz = 20

    class Other(Arena):
        kind = "other"

    class NoStep(Arena):
        kind = "arena"
        predict = None  # type: ignore[assignment]

    for room, word in ((Slower, "ticks"), (Other, "kind"), (NoStep, "step")):
        with pytest.raises(RecordingError, match=word):
            verify(Recording(recorded), make_kind(room))


class Laps(Options):
    laps: Annotated[int, Meta(le=9)] = 3


class FewerLaps(Options):
    laps: Annotated[int, Meta(le=4)] = 3


def test_options_that_the_room_does_not_declare_any_more_are_refused() -> None:
    class Race(Arena):
        kind = "race"
        options = Laps()

    class Sprint(Arena):
        kind = "race"
        options = FewerLaps()

    server, data = MemoryServer(Race), bytearray()
    engine = server.hub.open_room("race", {"laps": 7})
    engine.record(Recorder(engine, data.extend))
    engine.tick(0.05)
    assert verify(Recording(bytes(data)), make_kind(Race)).differs_at is None
    with pytest.raises(RecordingError, match="the recording's options are not those of 'race' now: options: 'laps'"):
        verify(Recording(bytes(data)), make_kind(Sprint))


def test_a_file_that_is_not_a_recording_is_refused() -> None:
    for data in (b"", b"hello", MAGIC, MAGIC + b"\0" * 40, MAGIC[:-1]):
        with pytest.raises(RecordingError):
            Recording(data)


def test_a_recording_cut_anywhere_can_be_read_up_to_the_cut(recorded: bytes) -> None:
    whole = sum(1 for _ in Recording(recorded).ticks())
    dice = random.Random(1)
    for _ in range(40):
        cut = dice.randrange(len(recorded) // 2, len(recorded))
        recording = Recording(recorded[:cut])
        ticks = list(recording.ticks())
        assert len(ticks) < whole
        assert [tick.tick for tick in ticks] == list(range(1, len(ticks) + 1))
        if recording.damaged_at is None:  # between two records: with one byte less, one tick less is whole
            assert len(list(Recording(recorded[: cut - 1]).ticks())) == len(ticks) - 1


def test_a_damaged_byte_ends_the_recording_at_its_record_and_raises_nothing(recorded: bytes) -> None:
    dice = random.Random(2)
    start = 6000
    for _ in range(40):
        data = bytearray(recorded)
        place = dice.randrange(start, len(data))
        data[place] ^= 1 << dice.randrange(8)
        recording = Recording(bytes(data))
        count = sum(1 for _ in recording.ticks())
        assert recording.damaged_at is not None
        assert recording.damaged_at <= place
        assert 0 < count < 403


def test_recording_does_not_change_the_game() -> None:
    def hashes(record: bool) -> list[Any]:
        server = MemoryServer(Arena, seed=9)
        engine = server.hub.open_room("arena")
        if record:
            engine.record(Recorder(engine, lambda _: None))
        _, peer = server.join("arena")
        made = []
        for seq in range(1, 60):
            server.say(peer, C.INPUT, seq, 0, 0, 1, 1, 0, 1, 0, 0)
            server.tick()
            assert engine.history.newest is not None
            made.append(engine.history.newest.hash())
        return made

    assert hashes(record=True) == hashes(record=False)


def test_a_recording_must_begin_before_the_first_tick() -> None:
    server = MemoryServer(Arena)
    server.join("arena")
    with pytest.raises(ValueError, match="before the first"):
        server.engine.record(Recorder(server.engine, lambda _: None))


@pytest.mark.parametrize("claims", [{"sub": "half \ud83d"}, {"n": 1 << 70}, {"f": {1: 2}, "s": object()}])
def test_what_cannot_be_recorded_ends_the_recording_and_not_the_room(
    claims: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    server = MemoryServer(Arena)
    data = bytearray()
    engine = server.hub.open_room("arena")
    engine.record(Recorder(engine, data.extend))
    server.tick(3)
    link = MemoryLink()
    peer = server.hub.open(link, server.now_s, claims=claims)
    server.say(peer, C.JOIN, "arena", None, 0, {})
    server.tick(3)
    assert link.closed is None
    assert not engine.closed
    assert "the recording of room" in caplog.text
    recording = Recording(bytes(data))
    assert [tick.tick for tick in recording.ticks()] == [1, 2, 3]
    assert recording.damaged_at is None


def test_a_recording_that_cannot_begin_does_not_keep_a_room_from_opening() -> None:
    def fail(_engine: RoomEngine) -> Recorder:
        raise OSError(28, "No space left on device")

    server = MemoryServer(Arena)
    server.hub.open_recording = fail
    link, _ = server.join("arena")
    assert link.closed is None
