"""The store in a SQLite file: what is committed is there, and whatever keeps it from being used has one clear line."""

from __future__ import annotations

import os
import sqlite3
import threading
import zlib
from contextlib import closing, suppress
from typing import TYPE_CHECKING

import pytest

from gameserver.store import report, sqlite
from gameserver.store.api import EffectUpdate, RoomUpdate, SavedEffect, StoreError
from gameserver.store.entries import packed
from gameserver.store.sqlite import FILE, LOCK, MIGRATIONS, SIGNING_KEY, open_store, signing_key_of, take_lock

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from gameserver.store.sqlite import SqliteStore


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    store = open_store(tmp_path / "data")
    yield store
    store.close()


def update(room: str = "a", *, tick: int = 0, chunk: tuple[int, int, bytes] | None = None) -> RoomUpdate:
    checkpoint = f"checkpoint {tick}".encode() if chunk is None else None
    return RoomUpdate(room, "race", f"seats {tick}".encode(), checkpoint, tick, chunk)


def test_a_room_is_its_last_checkpoint_and_the_journal_since(store: SqliteStore) -> None:
    store.commit(0, [update(tick=5)], [])
    store.commit(0, [update(tick=6, chunk=(6, 9, b"six"))], [])
    store.commit(0, [update(tick=10, chunk=(10, 19, b"ten"))], [])
    (room,) = store.rooms(0)
    assert (room.id, room.kind, room.checkpoint, room.seats, room.records) == (
        "a",
        "race",
        b"checkpoint 5",
        b"seats 10",
        b"sixten",
    )
    store.commit(0, [update(tick=25)], [])
    (room,) = store.rooms(0)
    assert (room.checkpoint, room.records) == (b"checkpoint 25", b"")
    store.commit(0, [], ["a"])
    assert store.rooms(0) == []


def test_a_commit_is_whole_or_nothing(store: SqliteStore) -> None:
    store.commit(0, [update(tick=5), update(tick=6, chunk=(6, 9, b"six"))], [])
    with pytest.raises(StoreError):  # the second chunk is there already
        store.commit(0, [update("b", tick=1), update(tick=6, chunk=(6, 9, b"again"))], [])
    assert [(room.id, room.records) for room in store.rooms(0)] == [("a", b"six")]


def test_each_process_has_rooms_of_its_own_and_counts_its_starts(store: SqliteStore) -> None:
    store.commit(0, [update("a", tick=1)], [])
    store.commit(1, [update("b", tick=1)], [])
    assert [room.id for room in store.rooms(1)] == ["b"]
    assert store.begin(1) == (None, 0)
    store.name_instance(1, b"name")
    assert store.begin(1) == (b"name", 1)
    assert store.begin(0) == (None, 0)


def test_attempts_count_until_something_is_written(store: SqliteStore) -> None:
    store.commit(0, [update(tick=5)], [])
    store.commit(0, [update("b", tick=5)], [])
    for _ in range(2):
        store.count_attempt("a")
    assert [room.attempts for room in store.rooms(0)] == [2, 0]
    store.commit(0, [update(tick=6, chunk=(6, 6, b""))], [])
    assert [room.attempts for room in store.rooms(0)] == [0, 0]
    store.count_attempt("a")
    store.forget_attempts("a")
    assert [room.attempts for room in store.rooms(0)] == [0, 0]
    assert store._connection.execute("PRAGMA synchronous").fetchone() == (2,)  # FULL
    store.put_aside("a", "why")
    store.put_aside("b", "why")
    assert store.rooms(0) == []


def test_what_is_put_aside_stays_though_another_room_gets_its_id(store: SqliteStore) -> None:
    for tick in (5, 15):
        store.commit(0, [update(tick=tick)], [])
        store.commit(0, [update(tick=tick + 1, chunk=(tick + 1, tick + 2, b"kept"))], [])
        store.put_aside("a", f"why {tick}")
    store.commit(0, [], ["a"])  # one that was never stored has ended
    store.commit(0, [update(tick=25)], [])
    assert [(room.id, room.checkpoint, room.records) for room in store.rooms(0)] == [("a", b"checkpoint 25", b"")]
    store.commit(0, [], ["a"])
    lines = report.show(store.path)[1:]
    assert [line.partition(" at ")[0] for line in lines] == ["room a-1 (race): tick 7", "room a-2 (race): tick 17"]
    assert [line.partition("put aside: ")[2] for line in lines] == ["why 5", "why 15"]
    assert report.check(store.path) == []


def test_entries_have_versions(store: SqliteStore) -> None:
    assert store.get("race", "best") is None
    assert store.put("race", "best", b"1", None) == 1
    assert store.put("race", "best", b"2", 1) == 2
    assert store.put("race", "best", b"3", 1) is None
    assert store.put("race", "worst", b"4", 0) == 1
    found = store.get("race", "best")
    assert found is not None
    assert (found.version, found.value) == (2, b"2")
    store.put("race", "best:é", b"5", None)
    store.put("other", "best", b"6", None)
    assert [entry.key for entry in store.scan("race", "best", 10)] == ["best", "best:é"]
    assert [entry.key for entry in store.scan("race", "", 2)] == ["best", "best:é"]
    assert store.delete("race", "best")
    assert not store.delete("race", "best")


def test_two_servers_do_not_share_a_folder(store: SqliteStore, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=rf"another server uses this folder \(process {os.getpid()}\)"):
        open_store(tmp_path / "data")
    open_store(tmp_path / "data", locks=False).close()  # a worker of that server
    store.close()
    open_store(tmp_path / "data").close()


def test_a_server_waits_for_the_workers_of_one_that_was_killed(tmp_path: Path) -> None:
    worker = take_lock(tmp_path)  # as a worker has it
    (tmp_path / LOCK).write_text("999999999\n")
    released = threading.Event()

    def release() -> None:
        released.set()
        worker.release()

    ends = threading.Timer(0.3, release)
    ends.start()
    open_store(tmp_path).close()
    assert released.is_set()
    ends.join()


def test_workers_that_do_not_end_keep_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite, "WORKERS_END_WITHIN_S", 0.2)
    worker = take_lock(tmp_path)
    (tmp_path / LOCK).write_text("999999999\n")
    with pytest.raises(StoreError, match=r"another server uses this folder \(workers of process 999999999"):
        open_store(tmp_path)
    worker.release()


def test_processes_say_what_they_had(store: SqliteStore) -> None:
    store.begin(0)
    store.begin(1)
    store.name_instance(1, b"inst")
    store.commit(1, [update("a"), update("b"), update("c")], [])
    store.put_aside("b", "damaged")
    first, second = store.processes()
    assert (first.slot, first.instance, first.rooms) == (0, None, ())
    assert (second.slot, second.instance, second.rooms) == (1, b"inst", (("a", "race"), ("c", "race")))


def test_a_file_of_a_newer_server_is_left_alone(store: SqliteStore, tmp_path: Path) -> None:
    store.close()
    with sqlite3.connect(tmp_path / "data" / FILE) as db:
        db.execute("PRAGMA user_version = 99")
    db.close()
    with pytest.raises(
        StoreError, match=f"written by a newer server .version 99 of the file; this one knows {len(MIGRATIONS)}"
    ):
        open_store(tmp_path / "data")
    open_store_again = tmp_path / "data" / LOCK
    assert open_store_again.exists()


def test_a_damaged_file_says_so_stays_and_is_closed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / FILE).write_bytes(b"no database at all" * 100)
    connection = sqlite3.connect(tmp_path / FILE, isolation_level=None)
    monkeypatch.setattr(sqlite3, "connect", lambda *_, **__: connection)
    with pytest.raises(StoreError, match="is damaged, or no store: put a backup in its place"):
        open_store(tmp_path)
    assert (tmp_path / FILE).read_bytes().startswith(b"no database")
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        connection.execute("SELECT 1")


def test_a_damaged_page_is_found(store: SqliteStore, tmp_path: Path) -> None:
    for number in range(200):
        store.put("s", f"key {number}", b"x" * 500, None)
    store.close()
    path = tmp_path / "data" / FILE
    assert report.check(path) == []
    with path.open("r+b") as file:
        file.seek(path.stat().st_size // 2)
        file.write(b"\xff" * 4096)
    with suppress(StoreError):  # where not even the schema can be read
        assert report.check(path) != []


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(StoreError, match="Permission denied"):
        open_store(tmp_path)


def test_a_folder_that_is_a_file_says_so(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("")
    with pytest.raises(StoreError, match="File exists"):
        open_store(tmp_path / "data")


def test_a_full_disk_says_so_and_keeps_what_was_there(store: SqliteStore) -> None:
    store.put("s", "a", b"x", None)
    store._connection.execute("PRAGMA max_page_count = 12")
    with pytest.raises(StoreError, match="the disk is full"):
        store.put("s", "b", b"x" * 100_000, None)
    assert [entry.key for entry in store.scan("s", "", 9)] == ["a"]
    store.put("s", "a", b"y", None)


def test_a_locked_file_says_so(store: SqliteStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store._connection.execute("PRAGMA busy_timeout = 10")
    other = sqlite3.connect(tmp_path / "data" / FILE, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError, match="another program has locked it"):
        store.put("s", "a", b"x", None)
    other.execute("ROLLBACK")
    other.close()
    assert store.put("s", "a", b"x", None) == 1


def test_the_signing_key_is_made_once_and_for_its_owner_only(tmp_path: Path) -> None:
    key = signing_key_of(tmp_path)
    assert len(key) == 32
    assert signing_key_of(tmp_path) == key
    assert (tmp_path / SIGNING_KEY).stat().st_mode & 0o777 == 0o600
    (tmp_path / SIGNING_KEY).write_bytes(b"short")
    with pytest.raises(StoreError, match="is damaged"):
        signing_key_of(tmp_path)


def test_a_crash_while_the_signing_key_is_made_leaves_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def crash(_: int) -> None:
        raise KeyboardInterrupt

    for where in ("secrets.token_bytes", "os.fsync"):
        with monkeypatch.context() as patch:
            patch.setattr(where, crash)
            with pytest.raises(KeyboardInterrupt):
                signing_key_of(tmp_path)
        assert not (tmp_path / SIGNING_KEY).exists()
    assert len(signing_key_of(tmp_path)) == 32
    assert [path.name for path in tmp_path.iterdir()] == [SIGNING_KEY]


def test_the_report_shows_exports_and_copies_while_a_server_writes(store: SqliteStore, tmp_path: Path) -> None:
    store.commit(0, [update(tick=5)], [])
    store.commit(0, [update(tick=6, chunk=(6, 9, b"six")), update("b", tick=1)], [])
    store.put_aside("b", "it is of another game")
    store.put("race", "best", b"\x81\xa4name\xa3Ada", None)
    head, first, second = report.show(tmp_path / "data")
    assert head.endswith(f"version {len(MIGRATIONS)}, 1 entries")
    assert first.startswith("room a (race): tick 9 at ")
    assert second.endswith("put aside: it is of another game")
    (line,) = report.export(tmp_path / "data" / FILE)
    assert line == '{"scope": "race", "key": "best", "version": 1, "value": {"name": "Ada"}}'
    copy = tmp_path / "copy.sqlite"
    report.backup(tmp_path / "data", copy)
    assert list(report.export(copy)) == [line]
    with pytest.raises(StoreError, match="there is such a file already"):
        report.backup(tmp_path / "data", copy)
    assert report.check(copy) == []
    store.commit(0, [update(tick=12, chunk=(12, 13, b"gap"))], [])
    assert report.check(tmp_path / "data") == ["room a: the journal has no tick 10"]
    assert report.vacuum(tmp_path / "data") >= 0
    with pytest.raises(StoreError, match="no such file"):
        report.show(tmp_path / "elsewhere")


def put_aside(store: SqliteStore, *rooms: str) -> None:
    for number, room in enumerate(rooms):
        store.commit(0, [update(room, tick=number)], [])
        store.commit(0, [update(room, tick=number + 1, chunk=(number + 1, number + 1, b""))], [])
        store.put_aside(room, f"reason {number}")


def test_rooms_put_aside_are_listed_with_their_reasons_and_removed(store: SqliteStore) -> None:
    put_aside(store, "a", "b", "c")
    store.commit(0, [update("lives", tick=1)], [])
    first, *others = report.aside(store.path)
    assert first.startswith("room a (race): saved at ")
    assert first.endswith("12 bytes: reason 0")
    assert len(others) == 2
    assert report.remove(store.path, "b") == ["room b (race) is removed"]
    with pytest.raises(StoreError, match="no room 'b' is put aside"):
        report.remove(store.path, "b")
    with pytest.raises(StoreError, match="no room 'lives' is put aside"):
        report.remove(store.path, "lives")
    assert report.remove(store.path, "all") == ["room a (race) is removed", "room c (race) is removed"]
    assert report.remove(store.path, "all") == ["no room is put aside"]
    assert [room.id for room in store.rooms(0)] == ["lives"]
    with closing(sqlite3.connect(store.path)) as db:
        assert db.execute("SELECT count(*) FROM journal").fetchone() == (0,)


def test_a_room_put_aside_is_tried_again_when_no_server_uses_the_folder(store: SqliteStore) -> None:
    put_aside(store, "a", "b")
    store.count_attempt("a")
    with pytest.raises(StoreError, match="another server uses this folder"):
        report.retry(store.path, "a")
    store.lock.release()
    assert report.retry(store.path, "a") == ["room a (race) is tried again"]
    assert [(room.id, room.attempts) for room in store.rooms(0)] == [("a", 0)]
    with pytest.raises(StoreError, match="no room 'a' is put aside"):
        report.retry(store.path, "a")
    assert report.retry(store.path, "all") == ["room b (race) is tried again"]


def test_a_room_is_tried_again_under_the_id_that_it_was_saved_with_if_no_other_has_it(store: SqliteStore) -> None:
    saved = RoomUpdate("a", "race", b"", zlib.compress(packed({"room": "a"})), 5)
    store.commit(0, [saved], [])
    store.commit(0, [update(chunk=(6, 7, b"kept"))], [])
    store.put_aside("a", "why")
    store.commit(0, [update(tick=9)], [])
    store.lock.release()
    with pytest.raises(StoreError, match=r"room a-1 .race. stays aside: another room has its id, a$"):
        report.retry(store.path, "a-1")
    assert report.retry(store.path, "all") == ["room a-1 (race) stays aside: another room has its id, a"]
    assert [room.id for room in store.rooms(0)] == ["a"]
    store.commit(0, [], ["a"])
    assert report.retry(store.path, "a-1") == ["room a-1 (race) is tried again, as a"]
    assert [(room.id, room.checkpoint, room.records) for room in store.rooms(0)] == [("a", saved.checkpoint, b"kept")]


def test_so_many_rooms_are_put_aside_and_the_oldest_give_way(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "MAX_ASIDE", 2)
    put_aside(store, "a", "b", "c")
    assert [line.split()[1] for line in report.aside(store.path)] == ["b", "c"]
    store.commit(0, [update("d", tick=1), update("e", tick=1)], [])
    assert store.put_aside("d", "also") == ["b"]
    assert [room.id for room in store.rooms(0)] == ["e"]


def test_a_reason_that_utf_8_cannot_hold_puts_a_room_aside_all_the_same(store: SqliteStore) -> None:
    store.commit(0, [update("a", tick=1)], [])
    store.put_aside("a", "why \ud800")
    assert report.aside(store.path)[0].endswith(": why ?")


def test_effects_of_ended_rooms_are_kept_shown_and_removed(store: SqliteStore) -> None:
    left = [SavedEffect(name, "race", "a", packed([name, "mygame:pay", ["Ada", 5], 30.0, 10])) for name in ("x", "y")]
    store.commit(0, [], ["a"], EffectUpdate(left))
    store.commit(1, [], [], EffectUpdate([SavedEffect("z", "race", "b", packed(["z", "mygame:pay", [], 30.0, 1]))]))
    assert store.effects(0) == left
    lines = report.show(store.path)[1:]
    assert lines[0].startswith("effect x of room a (race), which has ended: mygame:pay('Ada', 5) at ")
    store.commit(1, [], [], EffectUpdate(done=["x"]))
    assert store.effects(0) == left[1:]
    assert report.remove(store.path, "y") == ["effect y is removed"]
    assert store.effects(0) == []


def test_a_file_of_the_version_before_is_brought_up_to_date(tmp_path: Path) -> None:
    path = tmp_path / FILE
    with sqlite3.connect(path) as db:
        db.executescript(f"{MIGRATIONS[0]} PRAGMA user_version = 1;")
        db.execute("INSERT INTO entries VALUES ('s', 'k', 1, x'01')")
    db.close()
    store = open_store(tmp_path)
    assert store.effects(0) == []
    assert store.scan("s", "", 9)[0].key == "k"
    store.close()
