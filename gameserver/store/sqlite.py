"""The store in one SQLite file, in a folder that one server has at a time.

The file is in WAL mode, so that reports can be read beside a server that writes; a commit is on the disk when it
returns. `user_version` counts the steps of MIGRATIONS that the file has.
"""

from __future__ import annotations

import itertools
import os
import secrets
import sqlite3
import sys
import threading
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Final

from gameserver.escaping import replace_surrogates
from gameserver.store import rulings
from gameserver.store.api import NO_EFFECTS, Entry, SavedEffect, SavedProcess, SavedRoom, StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from gameserver.hub.bans import Ban, Ruling
    from gameserver.store.api import EffectUpdate, RoomUpdate

try:
    import fcntl
except ImportError:  # on Windows SQLite's own lock is all there is
    fcntl = None  # type: ignore[assignment]

FILE: Final = "store.sqlite"
LOCK: Final = "store.lock"
SIGNING_KEY: Final = "tokens.key"
SIGNING_KEY_BYTES: Final = 32
WORKERS_END_WITHIN_S: Final = 12.0
"""Workers whose parent was killed drain and end within this."""
BUSY_S: Final = 5.0
"""How long a commit waits for another process that writes."""
MAX_ASIDE: Final = 100
"""Rooms that are put aside. Then those go that were saved least lately."""
MIGRATIONS: Final = (
    """
    CREATE TABLE processes (slot INTEGER PRIMARY KEY, instance BLOB, starts INTEGER NOT NULL);
    CREATE TABLE rooms (
        id TEXT PRIMARY KEY, slot INTEGER NOT NULL, kind TEXT NOT NULL, tick INTEGER NOT NULL,
        checkpoint BLOB NOT NULL, seats BLOB NOT NULL, saved_at REAL NOT NULL,
        attempts INTEGER NOT NULL DEFAULT 0, aside TEXT
    );
    CREATE TABLE journal (
        room TEXT NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL, records BLOB NOT NULL,
        PRIMARY KEY (room, first)
    ) WITHOUT ROWID;
    CREATE TABLE entries (
        scope TEXT NOT NULL, key TEXT NOT NULL, version INTEGER NOT NULL, value BLOB NOT NULL,
        PRIMARY KEY (scope, key)
    ) WITHOUT ROWID;
    """,
    """
    CREATE TABLE effects (
        id TEXT PRIMARY KEY, slot INTEGER NOT NULL, kind TEXT NOT NULL, room TEXT NOT NULL, call BLOB NOT NULL,
        asked_at REAL NOT NULL
    );
    """,
    rulings.TABLES,
)
"""What leads from each version of the file to the next."""


class SqliteStore:
    """A folder's store. `open_store` opens it; any one thread at a time may use it."""

    def __init__(self, path: Path, connection: sqlite3.Connection, lock: FolderLock) -> None:
        self.path = path
        self._connection = connection
        self.lock = lock
        self._one_at_a_time = threading.Lock()

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """Do all of it, or nothing.

        Raises:
            StoreError: It cannot be done.
        """
        with self._one_at_a_time, plain_errors(self.path):
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException:
                with suppress(sqlite3.Error):
                    self._connection.execute("ROLLBACK")
                raise

    def begin(self, slot: int) -> tuple[bytes | None, int]:
        """A process begins. Return what its resume tokens begin with, and how many there were before."""
        with self._transaction() as db:
            db.execute("INSERT OR IGNORE INTO processes VALUES (?, NULL, 0)", (slot,))
            instance, starts = db.execute("SELECT instance, starts FROM processes WHERE slot = ?", (slot,)).fetchone()
            db.execute("UPDATE processes SET starts = starts + 1 WHERE slot = ?", (slot,))
        return instance, starts

    def name_instance(self, slot: int, instance: bytes) -> None:
        """Keep what the resume tokens of a slot begin with."""
        with self._transaction() as db:
            db.execute("UPDATE processes SET instance = ? WHERE slot = ?", (instance, slot))

    def processes(self) -> list[SavedProcess]:
        """Return the processes that there were, by slot."""
        with self._transaction() as db:
            found = db.execute("SELECT slot, instance FROM processes ORDER BY slot").fetchall()
            rooms = db.execute("SELECT slot, id, kind, seats FROM rooms WHERE aside IS NULL ORDER BY rowid").fetchall()
        return [
            SavedProcess(
                slot,
                instance,
                tuple([(room, kind) for of, room, kind, _ in rooms if of == slot]),
                tuple([seats for of, _, _, seats in rooms if of == slot]),
            )
            for slot, instance in found
        ]

    def rooms(self, slot: int) -> list[SavedRoom]:
        """Return the rooms of a slot, the oldest first."""
        with self._transaction() as db:
            rows = db.execute(
                "SELECT id, kind, checkpoint, seats, attempts FROM rooms WHERE slot = ? AND aside IS NULL "
                "ORDER BY rowid",
                (slot,),
            ).fetchall()
            return [
                SavedRoom(room, kind, checkpoint, seats, _records(db, room), attempts)
                for room, kind, checkpoint, seats, attempts in rows
            ]

    def count_attempt(self, room: str) -> None:
        """A room is about to be restored, which may end the process."""
        self._note_attempts("attempts + 1", room)

    def forget_attempts(self, room: str) -> None:
        """A room has been restored."""
        self._note_attempts("0", room)

    def _note_attempts(self, attempts: str, room: str) -> None:
        with self._one_at_a_time, plain_errors(self.path):
            # Another process reads it, which does not need the disk: a thousand rooms would wait for it so often.
            self._connection.execute("PRAGMA synchronous = NORMAL")
            try:
                self._connection.execute(f"UPDATE rooms SET attempts = {attempts} WHERE id = ?", (room,))
            finally:
                self._connection.execute("PRAGMA synchronous = FULL")

    def effects(self, slot: int) -> list[SavedEffect]:
        """Return what the ended rooms of a slot have left behind, the oldest first."""
        with self._one_at_a_time, plain_errors(self.path):
            query = "SELECT id, kind, room, call FROM effects WHERE slot = ? ORDER BY rowid"
            return [SavedEffect(*row) for row in self._connection.execute(query, (slot,))]

    def commit(
        self, slot: int, updates: Sequence[RoomUpdate], ended: Sequence[str], effects: EffectUpdate = NO_EFFECTS
    ) -> None:
        """Write all of it, or nothing."""
        with self._transaction() as db:
            for update in updates:
                _write(db, slot, update)
            for room in ended:
                _free_id(db, room)
                _delete(db, room)
            for left in effects.left:
                row = (left.id, slot, left.kind, left.room, left.call, time.time())
                db.execute("INSERT OR IGNORE INTO effects VALUES (?, ?, ?, ?, ?, ?)", row)
            db.executemany("DELETE FROM effects WHERE id = ?", [(effect,) for effect in effects.done])

    def put_aside(self, room: str, reason: str) -> list[str]:
        """Keep a room that cannot be restored, without trying again. Return the ids of those that gave way to it."""
        with self._transaction() as db:
            db.execute("UPDATE rooms SET aside = ? WHERE id = ?", (replace_surrogates(reason), room))
            newest_first = "SELECT id FROM rooms WHERE aside IS NOT NULL ORDER BY id = ? DESC, saved_at DESC"
            removed = [old for (old,) in db.execute(newest_first, (room,))][MAX_ASIDE:]
            for old in removed:
                _delete(db, old)
        return removed

    def get(self, scope: str, key: str) -> Entry | None:
        """Return what is under a key; None: nothing."""
        with self._one_at_a_time, plain_errors(self.path):
            query = "SELECT key, version, value FROM entries WHERE scope = ? AND key = ?"
            row = self._connection.execute(query, (scope, key)).fetchone()
        return None if row is None else Entry(*row)

    def put(self, scope: str, key: str, value: bytes, version: int | None) -> int | None:
        """Put a value under a key. Return its version; None if the present one is not `version`."""
        with self._transaction() as db:
            query = "SELECT version FROM entries WHERE scope = ? AND key = ?"
            row = db.execute(query, (scope, key)).fetchone()
            before: int = 0 if row is None else row[0]
            if version is not None and version != before:
                return None
            db.execute("INSERT OR REPLACE INTO entries VALUES (?, ?, ?, ?)", (scope, key, before + 1, value))
        return before + 1

    def delete(self, scope: str, key: str) -> bool:
        """Delete a key. Return whether there was something."""
        with self._transaction() as db:
            return db.execute("DELETE FROM entries WHERE scope = ? AND key = ?", (scope, key)).rowcount > 0

    def scan(self, scope: str, prefix: str, limit: int) -> list[Entry]:
        """Return the first entries whose keys begin so, in order of key."""
        with self._one_at_a_time, plain_errors(self.path):
            rows = self._connection.execute(
                "SELECT key, version, value FROM entries WHERE scope = ? AND key >= ? AND key < ? ORDER BY key LIMIT ?",
                (scope, prefix, prefix + chr(sys.maxunicode), limit),
            ).fetchall()
        return [Entry(*row) for row in rows]

    def rule(self, decided: Sequence[Ruling]) -> None:
        """Write all of it, or nothing."""
        with self._transaction() as db:
            rulings.write_rulings(db, decided)

    def bans(self, since: int) -> tuple[int, list[Ban]] | None:
        """Return the number of the newest ruling, and all bans; None if there has been none after number `since`."""
        with self._one_at_a_time, plain_errors(self.path):
            newest = rulings.newest_ruling(self._connection)
            return None if newest == since else (newest, rulings.read_bans(self._connection))

    def close(self) -> None:
        """Let go of the file and the folder. Idempotent."""
        self.disconnect()
        self.lock.release()

    def disconnect(self) -> None:
        """Let go of the file, and keep the folder. Idempotent."""
        with suppress(sqlite3.Error):
            self._connection.close()


def _records(db: sqlite3.Connection, room: str) -> bytes:
    rows = db.execute("SELECT records FROM journal WHERE room = ? ORDER BY first", (room,))
    return b"".join([records for (records,) in rows])


def _delete(db: sqlite3.Connection, room: str) -> None:
    db.execute("DELETE FROM rooms WHERE id = ?", (room,))
    db.execute("DELETE FROM journal WHERE room = ?", (room,))


def _free_id(db: sqlite3.Connection, room: str) -> None:
    """Keep a room that was put aside under another id: another one has its id now."""
    if db.execute("SELECT 1 FROM rooms WHERE id = ? AND aside IS NOT NULL", (room,)).fetchone() is None:
        return
    numbers = itertools.count(1)
    while db.execute("SELECT 1 FROM rooms WHERE id = ?", (other := f"{room}-{next(numbers)}",)).fetchone() is not None:
        pass
    rename_room(db, room, other)


def rename_room(db: sqlite3.Connection, room: str, other: str) -> None:
    """Keep a room under another id, which is free."""
    db.execute("UPDATE rooms SET id = ? WHERE id = ?", (other, room))
    db.execute("UPDATE journal SET room = ? WHERE room = ?", (other, room))


def _write(db: sqlite3.Connection, slot: int, update: RoomUpdate) -> None:
    if update.checkpoint is not None:
        _free_id(db, update.id)
        row = (update.id, slot, update.kind, update.tick, update.checkpoint, update.seats, time.time())
        db.execute(
            "INSERT INTO rooms (id, slot, kind, tick, checkpoint, seats, saved_at) VALUES (?, ?, ?, ?, ?, ?, ?) "
            "ON CONFLICT (id) DO UPDATE SET slot = excluded.slot, kind = excluded.kind, tick = excluded.tick, "
            "checkpoint = excluded.checkpoint, seats = excluded.seats, saved_at = excluded.saved_at, attempts = 0",
            row,
        )
        db.execute("DELETE FROM journal WHERE room = ?", (update.id,))
        return
    db.execute(
        "UPDATE rooms SET seats = ?, saved_at = ?, attempts = 0 WHERE id = ?", (update.seats, time.time(), update.id)
    )
    if update.chunk is not None:
        db.execute("INSERT INTO journal VALUES (?, ?, ?, ?)", (update.id, *update.chunk))


def open_store(folder: Path, *, locks: bool = True) -> SqliteStore:
    """Open the store of a folder, which is made if it does not exist, and bring its file up to date.

    Args:
        folder: The folder.
        locks: Whether this server is to have the folder for itself; False for a worker, whose parent has it.

    Raises:
        StoreError: Another server has the folder, it cannot be written, or the file is damaged or of a newer version.
    """
    path = folder / FILE
    lock = take_lock(folder) if locks else FolderLock(None)
    connection = None
    try:
        with plain_errors(path):
            connection = sqlite3.connect(path, timeout=BUSY_S, isolation_level=None, check_same_thread=False)
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            _migrate(path, connection)
    except BaseException:
        if connection is not None:
            connection.close()
        lock.release()
        raise
    return SqliteStore(path, connection, lock)


def signing_key_of(folder: Path) -> bytes:
    """Return the secret with which the servers of a folder sign resume tokens; it is made by the first one.

    It is in a file of its own, which no backup of the store has. Only whoever has the folder's lock may make it.

    Raises:
        StoreError: It cannot be read or made.
    """
    path = folder / SIGNING_KEY
    try:
        if not path.exists():
            _make_signing_key(path)
        key = path.read_bytes()
    except OSError as error:
        raise StoreError(f"{error.filename or path}: {error.strerror}") from None
    if len(key) != SIGNING_KEY_BYTES:
        raise StoreError(f"{path}: is damaged; without it nobody comes back into a seat: remove it to go on")
    return key


def _make_signing_key(path: Path) -> None:
    """Write a new key beside its place, and move it there when it is on the disk: no crash leaves a part of one."""
    new = path.with_name(f"{path.name}.new")
    new.unlink(missing_ok=True)  # of a crash
    handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(secrets.token_bytes(SIGNING_KEY_BYTES))
        file.flush()
        os.fsync(handle)
    new.replace(path)


class FolderLock:
    """Keeps other servers out of a folder. Worker processes inherit it: the folder is free when the last one is gone.

    Args:
        handle: The open file that is locked; None where there are no such locks.
    """

    def __init__(self, handle: int | None) -> None:
        self.handle = handle

    def release(self) -> None:
        """Let others in, once no process has the file open any more. Idempotent."""
        if self.handle is not None:
            os.close(self.handle)
            self.handle = None


def take_lock(folder: Path) -> FolderLock:
    """Take a folder, which is made if it does not exist. If a server that has ended had it, wait for its workers.

    Raises:
        StoreError: Another server has it, or it cannot be written.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if fcntl is None:
            return FolderLock(None)
        handle = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise StoreError(f"{error.filename or folder}: {error.strerror}") from None
    until_s = time.monotonic() + WORKERS_END_WITHIN_S
    while not _is_locked(handle):
        owner = os.pread(handle, 20, 0).decode("ascii", "replace").strip()
        if (runs := _runs(owner)) or time.monotonic() > until_s:
            os.close(handle)
            who = (
                f"process {owner or 'unknown'}" if runs else f"workers of process {owner or 'unknown'}, which has ended"
            )
            raise StoreError(f"{folder}: another server uses this folder ({who})")
        time.sleep(0.1)
    os.truncate(handle, 0)
    os.pwrite(handle, f"{os.getpid()}\n".encode(), 0)
    return FolderLock(handle)


def _is_locked(handle: int) -> bool:
    """Lock a file. Return whether nobody else has."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _runs(process: str) -> bool:
    """Whether there is a process of this number."""
    try:
        os.kill(int(process), 0)
    except (ProcessLookupError, ValueError):
        return False
    except OSError:
        return True
    return True


def _migrate(path: Path, connection: sqlite3.Connection) -> None:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    check_version(path, version)
    for number, step in enumerate(MIGRATIONS[version:], version + 1):
        connection.executescript(f"BEGIN IMMEDIATE; {step} PRAGMA user_version = {number}; COMMIT;")


def check_version(path: Path, version: int) -> None:
    """Check that this server knows a version of the file.

    Raises:
        StoreError: A newer server has written it.
    """
    if version > len(MIGRATIONS):
        raise StoreError(
            f"{path}: written by a newer server (version {version} of the file; this one knows {len(MIGRATIONS)})"
        )


@contextmanager
def plain_errors(path: Path) -> Iterator[None]:
    """Say in one line what is wrong with the file.

    Raises:
        StoreError: Something is.
    """
    try:
        yield
    except sqlite3.Error as error:
        raise StoreError(f"{path}: {_problem(error)}") from error


_PROBLEMS: Final[dict[int, str]] = {
    sqlite3.SQLITE_FULL: "the disk is full",
    sqlite3.SQLITE_READONLY: "cannot be written",
    sqlite3.SQLITE_CANTOPEN: "cannot be opened or made; may its folder be written?",
    sqlite3.SQLITE_PERM: "may not be used",
    sqlite3.SQLITE_BUSY: "another program has locked it",
    sqlite3.SQLITE_LOCKED: "another program has locked it",
    sqlite3.SQLITE_CORRUPT: "is damaged: put a backup in its place",
    sqlite3.SQLITE_NOTADB: "is damaged, or no store: put a backup in its place",
    sqlite3.SQLITE_IOERR: "the disk cannot be read or written",
}
_PRIMARY: Final = 0xFF
"""The bits of SQLite's error codes that say what kind of error it is."""


def _problem(error: sqlite3.Error) -> str:
    code: Any = getattr(error, "sqlite_errorcode", None)
    return _PROBLEMS.get(code & _PRIMARY if isinstance(code, int) else -1, str(error))
