"""Recordings as files: what is flushed survives a kill, all is bounded, and a failure never stops a game."""

from __future__ import annotations

import os
import subprocess
import sys
from io import FileIO
from itertools import count
from pathlib import Path

import pytest
import trio

from gameserver.games.arena import Arena
from gameserver.ops import recording_files as module
from gameserver.ops.recording_files import SUFFIX, FinishedFiles, Recordings, write_whole
from gameserver.protocol.constants import ClientMessage
from gameserver.recording.format import Recording
from gameserver.recording.verify import verify
from gameserver.room.kind import make_kind
from tests.support.memory_server import MemoryServer
from tests.support.source import ROOT


class Scene:
    """A server in memory whose rooms are recorded in a folder."""

    def __init__(self, folder: Path) -> None:
        numbers = count()
        self.folder = folder
        self.recordings = Recordings(folder, lambda: f"{next(numbers):03}")
        self.server = MemoryServer(Arena)
        self.server.hub.open_recording = self.recordings.open_recording

    async def flush(self) -> None:
        """Let the writer run once, to its end."""
        with trio.CancelScope() as scope:
            scope.cancel()
            await self.recordings.run()

    @property
    def files(self) -> list[Path]:
        return sorted(self.folder.glob(f"*{SUFFIX}"))

    def ticks(self, path: Path) -> int:
        """The number of ticks in the file, which must be whole and replay without a difference."""
        recording = Recording(path.read_bytes())
        made = verify(recording, make_kind(Arena))
        assert made.differs_at is None
        assert recording.damaged_at is None
        return made.ticks


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path / "new" / "folder")


async def test_each_room_has_a_file_that_says_when_and_what(scene: Scene) -> None:
    scene.server.join("arena")
    scene.server.tick(30)
    await scene.flush()
    (path,) = scene.files
    assert path.name == f"000-arena-{scene.server.engine.id}{SUFFIX}"
    assert scene.ticks(path) == 31


async def test_a_room_that_ends_closes_its_file_and_others_go_on(scene: Scene) -> None:
    hub = scene.server.hub
    first, second = hub.open_room("arena"), hub.open_room("arena")
    scene.server.tick(5)
    first.close_after_tick("enough")
    scene.server.tick(1)
    batch = scene.recordings._take()
    scene.recordings._write(batch)
    scene.recordings._forget_finished()
    assert [file.engine for file in scene.recordings._files] == [second]
    scene.server.tick(4)
    await scene.flush()
    assert [scene.ticks(path) for path in scene.files] == [6, 10]


def test_what_was_flushed_survives_a_kill(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.support.recorder_process", str(tmp_path), "200"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "now\n"
        process.kill()
    (path,) = tmp_path.iterdir()
    recording = Recording(path.read_bytes())
    assert verify(recording, make_kind(Arena)).ticks == 200
    assert recording.damaged_at is None


async def test_a_file_is_bounded_and_good_to_its_end(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(module, "MAX_FILE_BYTES", 10_000)
    scene.server.join("arena")
    scene.server.tick(1000)
    await scene.flush()
    (path,) = scene.files
    assert 9_000 < path.stat().st_size <= 10_000
    assert 0 < scene.ticks(path) < 1000
    assert caplog.text.count("the file is full") == 1
    assert scene.server.engine.tick_number == 1001


async def test_a_room_makes_no_records_once_its_recording_is_over(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_FILE_BYTES", 10_000)
    scene.server.join("arena")
    scene.server.tick(1000)
    recorders = [len(scene.server.engine._recorders)]
    scene.recordings._write(scene.recordings._take())
    scene.recordings._forget_finished()
    recorders.append(len(scene.server.engine._recorders))
    assert recorders == [1, 0]
    assert scene.recordings._files == []


async def test_a_disk_that_is_too_slow_ends_the_recording_and_not_the_game(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(module, "MAX_WAITING_BYTES", 8_000)
    scene.server.join("arena")
    scene.server.tick(1000)
    assert caplog.text.count("the disk is too slow") == 1
    assert scene.server.engine.tick_number == 1001
    await scene.flush()
    assert 7_000 < scene.files[0].stat().st_size <= 8_000
    assert scene.ticks(scene.files[0]) > 0


async def test_a_disk_that_is_full_ends_the_recording_and_not_the_game(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    scene.server.join("arena")

    def refuse(_handle: FileIO, _data: bytes) -> None:
        raise OSError(28, "No space left on device")

    scene.recordings._write(scene.recordings._take())
    monkeypatch.setattr(module, "write_whole", refuse)
    scene.server.tick(10)
    scene.recordings._write(scene.recordings._take())
    monkeypatch.undo()
    scene.server.tick(10)
    await scene.flush()
    assert "No space left on device" in caplog.text
    assert scene.server.engine.tick_number == 21
    assert scene.ticks(scene.files[0]) == 1, "nothing is written after a gap"


def test_a_short_write_is_continued() -> None:
    class ShortWrites(FileIO):
        def write(self, data: object, /) -> int:
            return super().write(bytes(data)[:7])  # type: ignore[call-overload]

    reading, writing = os.pipe()
    with FileIO(reading, "rb") as end, ShortWrites(writing, "wb") as handle:
        write_whole(handle, b"so it is written in several pieces")
        handle.close()
        assert end.readall() == b"so it is written in several pieces"


async def test_a_folder_that_cannot_be_written_to_stops_only_the_recording(
    scene: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    scene.folder.rmdir()
    scene.server.join("arena")
    scene.server.tick(5)
    assert "is not recorded" in caplog.text
    assert scene.server.engine.tick_number == 6


NOW_S = 2_000_000_000.0


def fill(folder: Path, *names: str) -> None:
    """Make files of 1000 bytes that are old."""
    for name in names:
        path = folder / f"{name}{SUFFIX}"
        path.write_bytes(bytes(1000))
        os.utime(path, (0, 0))


def test_the_oldest_recordings_are_removed_but_none_in_progress(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_FOLDER_BYTES", 2500)
    fill(tmp_path, "1", "2", "3", "4")
    (tmp_path / "0-notes.txt").write_bytes(bytes(9000))
    os.utime(tmp_path / f"1{SUFFIX}", (NOW_S - 2, NOW_S - 2))
    FinishedFiles(tmp_path).trim(0, 0, NOW_S)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["0-notes.txt", f"1{SUFFIX}", f"4{SUFFIX}"]


def test_a_folder_within_its_bound_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_FOLDER_BYTES", 2000)
    fill(tmp_path, "1", "2")
    FinishedFiles(tmp_path).trim(0, 0, NOW_S)
    assert len(list(tmp_path.iterdir())) == 2


def test_a_recording_that_cannot_be_removed_is_logged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(module, "MAX_FOLDER_BYTES", 1500)
    (tmp_path / f"1{SUFFIX}").mkdir()
    os.utime(tmp_path / f"1{SUFFIX}", (0, 0))
    fill(tmp_path, "2", "3")
    FinishedFiles(tmp_path).trim(0, 0, NOW_S)
    assert "cannot remove a recording" in caplog.text
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == []


def test_recordings_in_progress_count_and_so_does_the_number_of_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_FOLDER_BYTES", 3000)
    monkeypatch.setattr(module, "MAX_FOLDER_FILES", 2)
    fill(tmp_path, "1", "2", "3")
    finished = FinishedFiles(tmp_path)
    finished.trim(0, 0, NOW_S)
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"2{SUFFIX}", f"3{SUFFIX}"]
    finished.trim(1500, 0, NOW_S)
    assert [path.name for path in tmp_path.iterdir()] == [f"3{SUFFIX}"]
    finished.trim(1500, 2, NOW_S)
    assert list(tmp_path.iterdir()) == []


def test_trimming_looks_at_no_file_that_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_FOLDER_BYTES", 50_000)
    fill(tmp_path, *[f"{number:03}" for number in range(50)])
    finished = FinishedFiles(tmp_path)
    looked_at: list[str] = []
    stat = Path.stat

    def counting(path: Path) -> os.stat_result:
        looked_at.append(path.stem)
        return stat(path)

    monkeypatch.setattr(Path, "stat", counting)
    finished.trim(0, 0, NOW_S)
    assert looked_at == []
    finished.trim(2500, 0, NOW_S)
    assert looked_at == ["000", "001", "002"]


async def test_a_room_that_is_flooded_ends_its_recording_and_not_the_game(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(module, "MAX_BYTES_PER_MINUTE", 50_000)
    _, peer = scene.server.join("arena")
    ticks_in_a_minute = 60 * scene.server.engine.tick_hz
    for number in range(40):
        scene.server.say(peer, ClientMessage.MESSAGE, f"noise {number}", "x" * 3000)
        scene.server.tick()
    assert caplog.text.count("more than 50000 bytes in a minute") == 1
    assert not scene.server.engine.closed
    assert ticks_in_a_minute > scene.server.engine.tick_number
    await scene.flush()
    assert scene.files[0].stat().st_size <= 50_000
    assert scene.ticks(scene.files[0]) > 5
