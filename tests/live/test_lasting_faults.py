"""Servers that keep rooms while their disk, their file or their process fails: each has one clear line."""

from __future__ import annotations

import random
import shutil
import signal
import sqlite3
import subprocess
from contextlib import closing, contextmanager, suppress
from typing import TYPE_CHECKING, Final

import pytest
import trio

from gameserver.store import report
from gameserver.store.api import StoreError
from gameserver.store.sqlite import FILE, LOCK, SIGNING_KEY
from tests.support.live.process import ServerProcess

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

pytestmark = [pytest.mark.live, pytest.mark.timeout(90)]

ROOM: Final = "gameserver.games.arena:Arena"
WITHIN_S: Final = 20.0


def server(folder: Path, *, max_kib: int = 0) -> ServerProcess:
    return ServerProcess(ROOM, "--bots", "3", "--data", str(folder), max_kib=max_kib)


async def until(condition: Callable[[], bool]) -> None:
    with trio.fail_after(WITHIN_S):
        while not condition():  # noqa: ASYNC110 - what another process does
            await trio.sleep(0.1)


def is_kept(folder: Path) -> bool:
    """Whether a room is in the store, after its first ticks."""
    with suppress(StoreError):  # it is being made
        return any("tick 0 " not in line for line in report.show(folder)[1:])
    return False


async def test_a_full_disk_stops_no_game_and_loses_nothing_that_was_stored(tmp_path: Path) -> None:
    async with server(tmp_path, max_kib=160) as running:
        await until(lambda: b"rooms are not kept" in running.errors_so_far())
        before = (await running.metrics())["ticks_total"]
        await trio.sleep(0.5)
        assert (await running.metrics())["ticks_total"] > before
        said = running.errors_so_far().decode()
        assert "the games go on, and it is tried again" in said
        assert "Traceback" not in said
        _, said = await running.end(signal.SIGKILL)
    assert report.check(tmp_path) == []
    async with server(tmp_path) as again:
        assert b"(arena) goes on from tick" in again.errors_so_far()


async def test_copies_at_any_moment_are_whole_as_after_a_loss_of_power(tmp_path: Path) -> None:
    dice = random.Random(1)
    source = tmp_path / "data"
    async with server(source) as running:
        await until(lambda: is_kept(source))
        on_disk = (source / f"{FILE}-wal").stat().st_size  # what the disk has is not lost; the tables are among it
        for number in range(4):
            await trio.sleep(dice.uniform(0.1, 0.9))
            copy = tmp_path / f"copy-{number}"
            copy.mkdir()
            running.process.send_signal(signal.SIGSTOP)
            log = (source / f"{FILE}-wal").read_bytes()
            shutil.copy(source / FILE, copy)
            running.process.send_signal(signal.SIGCONT)
            (copy / f"{FILE}-wal").write_bytes(log[: dice.randrange(on_disk, len(log) + 1)])  # its end is lost
            shutil.copy(source / SIGNING_KEY, copy)
        await running.end(signal.SIGKILL)
    for number in range(4):
        assert report.check(tmp_path / f"copy-{number}") == []
    async with server(tmp_path / "copy-3") as again:
        assert b"(arena) goes on from tick" in again.errors_so_far()


async def test_a_backup_made_while_it_runs_can_be_gone_back_to(tmp_path: Path) -> None:
    source = tmp_path / "data"
    async with server(source) as running:
        await until(lambda: is_kept(source))
        report.backup(source, tmp_path / "backup.sqlite")
        await running.end(signal.SIGTERM)
    for name in (FILE, f"{FILE}-wal", f"{FILE}-shm"):
        (source / name).unlink(missing_ok=True)
    shutil.copy(tmp_path / "backup.sqlite", source / FILE)
    async with server(source) as again:
        assert b"(arena) goes on from tick" in again.errors_so_far()


async def test_a_stopped_process_goes_on_and_keeps_its_folder(tmp_path: Path) -> None:
    async with server(tmp_path) as running:
        await until(lambda: is_kept(tmp_path))
        running.process.send_signal(signal.SIGSTOP)
        other = server(tmp_path)
        other._start()
        status = await trio.to_thread.run_sync(other.process.wait, WITHIN_S)
        assert status == 2
        assert b"another server uses this folder" in other.errors_so_far()
        other._stop()
        running.process.send_signal(signal.SIGCONT)
        status, said = await running.end(signal.SIGTERM)
        assert status == 0
        assert "Traceback" not in said
    assert report.check(tmp_path) == []


async def test_a_damaged_page_is_named_and_left_alone(tmp_path: Path) -> None:
    async with server(tmp_path) as running:
        await until(lambda: is_kept(tmp_path))
        await running.end(signal.SIGTERM)
    path = tmp_path / FILE
    data = bytearray(path.read_bytes())
    data[100:] = bytes(len(data) - 100)
    path.write_bytes(data)
    other = server(tmp_path)
    other._start()
    status = await trio.to_thread.run_sync(other.process.wait, WITHIN_S)
    said = other.errors_so_far().decode()
    other._stop()
    assert status == 2
    assert f"{path}: is damaged" in said
    assert path.read_bytes() == bytes(data)


async def refused_start(folder: Path) -> str:
    """Start a server that cannot. Return what it says."""
    other = server(folder)
    other._start()
    try:
        assert await trio.to_thread.run_sync(other.process.wait, WITHIN_S) == 2
        return other.errors_so_far().decode()
    finally:
        other._stop()


async def stopped(folder: Path) -> None:
    """Have a server keep a room in the folder, and end."""
    async with server(folder) as running:
        await until(lambda: is_kept(folder))
        await running.end(signal.SIGTERM)


async def test_a_file_of_a_newer_version_is_named_and_left_alone(tmp_path: Path) -> None:
    await stopped(tmp_path)
    path = tmp_path / FILE
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA user_version = 99")
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    before = path.read_bytes()
    said = await refused_start(tmp_path)
    assert said.startswith(f"gameserver: {path}: written by a newer server (version 99 of the file; this one knows ")
    assert said.count("\n") == 1
    assert path.read_bytes() == before


async def test_a_damaged_checkpoint_is_put_aside_and_the_server_starts(tmp_path: Path) -> None:
    await stopped(tmp_path)
    path = tmp_path / FILE
    with closing(sqlite3.connect(path)) as db:
        ((room, checkpoint),) = db.execute("SELECT id, checkpoint FROM rooms").fetchall()
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    data = path.read_bytes()
    place = data.find(checkpoint[100:132])
    assert place > 0
    path.write_bytes(data[:place] + bytes(32) + data[place + 32 :])
    async with server(tmp_path) as running:
        said = running.errors_so_far().decode()
        assert f"room {room} (arena) is put aside: the checkpoint is damaged" in said
        await running.end(signal.SIGTERM)
    assert report.aside(tmp_path)[0].startswith(f"room {room} (arena): ")


async def test_a_locked_file_stops_no_game_and_keeps_another_server_from_starting(tmp_path: Path) -> None:
    async with server(tmp_path) as running:
        await until(lambda: is_kept(tmp_path))
        with closing(sqlite3.connect(tmp_path / FILE, isolation_level=None)) as db:
            db.execute("BEGIN IMMEDIATE")
            await until(lambda: b"rooms are not kept" in running.errors_so_far())
            before = (await running.metrics())["ticks_total"]
            await trio.sleep(0.5)
            assert (await running.metrics())["ticks_total"] > before
            db.execute("ROLLBACK")
        await until(lambda: b"rooms are kept again" in running.errors_so_far())
        status, said = await running.end(signal.SIGTERM)
        assert status == 0
        assert f"{FILE}: another program has locked it; the games go on" in said
        assert "Traceback" not in said
    assert report.check(tmp_path) == []
    with closing(sqlite3.connect(tmp_path / FILE, isolation_level=None)) as db:
        db.execute("BEGIN IMMEDIATE")
        assert await refused_start(tmp_path) == f"gameserver: {tmp_path / FILE}: another program has locked it\n"
        db.execute("ROLLBACK")
    async with server(tmp_path) as again:
        assert b"(arena) goes on from tick" in again.errors_so_far()


@contextmanager
def read_only_mount(folder: Path) -> Iterator[Callable[[], None]]:
    """A small file system in a folder. What this yields makes it read-only."""
    if run("mount", "-t", "tmpfs", "-o", "size=4m", "none", str(folder)):
        pytest.skip("nothing may be mounted here")

    def close() -> None:
        assert run("mount", "-o", "remount,ro", str(folder)) == 0

    try:
        yield close
    finally:
        run("umount", str(folder))


def run(*line: str) -> int:
    """Run a command. Return its exit status; 127 if there is none."""
    try:
        return subprocess.run(line, capture_output=True, check=False).returncode
    except FileNotFoundError:
        return 127


@pytest.mark.parametrize("is_used", [False, True])
async def test_a_read_only_folder_is_named_and_the_server_does_not_start(tmp_path: Path, is_used: bool) -> None:
    with read_only_mount(tmp_path) as close:
        if is_used:
            async with server(tmp_path) as running:
                await until(lambda: is_kept(tmp_path))
                await running.end(signal.SIGTERM)
        close()
        other = server(tmp_path)
        other._start()
        status = await trio.to_thread.run_sync(other.process.wait, WITHIN_S)
        said = other.errors_so_far().decode()
        other._stop()
        assert status == 2
        assert said == f"gameserver: {tmp_path / LOCK}: Read-only file system\n"
        if is_used:
            assert "(arena): tick" in report.show(tmp_path)[1]
            assert report.check(tmp_path) == []
            with pytest.raises(StoreError, match="cannot be opened or made; may its folder be written"):
                report.remove(tmp_path, "all")


def set_immutable(paths: Iterable[Path], sign: str) -> bool:
    """Let files be written or not, by whoever has them open already too. Return whether that can be done here."""
    return all(run("chattr", f"{sign}i", str(path)) == 0 for path in paths)


def can_be_closed(folder: Path) -> bool:
    """Whether an open file here can be kept from being written."""
    path = folder / "probe"
    with path.open("wb", buffering=0) as file:
        try:
            if not set_immutable([path], "+"):
                return False
            file.write(b"x")
        except OSError:
            return True
        else:
            return False
        finally:
            set_immutable([path], "-")


async def test_a_folder_that_becomes_read_only_stops_no_game_and_is_used_again(tmp_path: Path) -> None:
    if not can_be_closed(tmp_path):
        pytest.skip("open files cannot be kept from being written here")
    async with server(tmp_path) as running:
        await until(lambda: is_kept(tmp_path))
        files = [tmp_path / FILE, tmp_path / f"{FILE}-wal"]
        assert set_immutable(files, "+")
        try:
            await until(lambda: b"rooms are not kept" in running.errors_so_far())
            before = (await running.metrics())["ticks_total"]
            await trio.sleep(0.5)
            assert (await running.metrics())["ticks_total"] > before
        finally:
            set_immutable(files, "-")
        await until(lambda: b"rooms are kept again" in running.errors_so_far())
        status, said = await running.end(signal.SIGTERM)
        assert status == 0
        assert "Traceback" not in said
    assert report.check(tmp_path) == []
