"""Reading and keeping a store's file from outside of a server: what `gameserver store` does."""

from __future__ import annotations

import json
import os
import sqlite3
import time
import zlib
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any, Final

import msgpack

from gameserver.hub.bans import Ruling
from gameserver.store.api import StoreError
from gameserver.store.entries import unpacked
from gameserver.store.rulings import operator, write_rulings
from gameserver.store.sqlite import FILE, MIGRATIONS, FolderLock, check_version, plain_errors, rename_room, take_lock

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


ALL_ASIDE: Final = "all"
TIME: Final = "%Y-%m-%d %H:%M:%S"


def file_of(place: Path) -> Path:
    """Return the file of a store, given it or its folder.

    Raises:
        StoreError: There is none.
    """
    path = place / FILE if place.is_dir() else place
    if not path.is_file():
        raise StoreError(f"{path}: no such file")
    return path


def open_file(path: Path, *, writes: bool = False) -> sqlite3.Connection:
    """Open a store's file beside a server that may use it.

    Args:
        path: The file.
        writes: Whether it is to be changed.

    Raises:
        StoreError: It is of another version.
    """
    options = "mode=rw" if writes else "mode=ro"
    if not (writes or os.access(path.parent, os.W_OK) or _log_of(path).exists()):
        options += "&immutable=1"  # there is nothing beside the file, and SQLite can make nothing there
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?{options}", uri=True, isolation_level=None)
    try:
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        check_version(path, version)
        if version < len(MIGRATIONS):
            raise StoreError(f"{path}: no store, or one of an older version that no server has opened since")
    except BaseException:
        connection.close()
        raise
    return connection


@contextmanager
def transaction(db: sqlite3.Connection) -> Iterator[None]:
    """Do all of it, or nothing."""
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        db.execute("ROLLBACK")
        raise
    db.execute("COMMIT")


def _aside(db: sqlite3.Connection, path: Path, what: str, *, others: bool = False) -> list[tuple[str, str]]:
    """Return id and kind of the rooms that have been put aside: of all, or of one.

    Raises:
        StoreError: There is no such room, unless `what` may be something else.
    """
    query = "SELECT id, kind FROM rooms WHERE aside IS NOT NULL AND (id = ? OR ? = ?) ORDER BY saved_at"
    found = db.execute(query, (what, what, ALL_ASIDE)).fetchall()
    if not (found or others or what == ALL_ASIDE):
        raise StoreError(f"{path}: no room {what!r} is put aside")
    return found


def check(place: Path) -> list[str]:
    """Check every page of the file, and that each room's journal follows its checkpoint without a gap.

    Returns:
        What is wrong, in words; nothing if all is well.

    Raises:
        StoreError: The file cannot be read at all.
    """
    path = file_of(place)
    with plain_errors(path), closing(open_file(path)) as db:
        pages = [text for (text,) in db.execute("PRAGMA integrity_check") if text != "ok"]
        gaps = []
        for room, tick in db.execute("SELECT id, tick FROM rooms"):
            upto = tick
            for first, last in db.execute("SELECT first, last FROM journal WHERE room = ? ORDER BY first", (room,)):
                if first > upto + 1:
                    gaps.append(f"room {room}: the journal has no tick {upto + 1}")
                upto = max(upto, last)
    return [*pages, *gaps]


def show(place: Path) -> list[str]:
    """Describe what is stored, in lines.

    Raises:
        StoreError: The file cannot be read.
    """
    path = file_of(place)
    with plain_errors(path), closing(open_file(path)) as db:
        (entries,) = db.execute("SELECT count(*) FROM entries").fetchone()
        size = path.stat().st_size
        lines = [f"{path}: {size} bytes, version {len(MIGRATIONS)}, {entries} entries"]
        rows = db.execute(
            "SELECT id, kind, tick, length(checkpoint), saved_at, aside, "
            "(SELECT max(last) FROM journal WHERE room = id), "
            "(SELECT coalesce(sum(length(records)), 0) FROM journal WHERE room = id) FROM rooms ORDER BY rowid"
        )
        for room, kind, tick, checkpoint, saved_at, aside, last, journal in rows:
            at = time.strftime(TIME, time.localtime(saved_at))
            sizes = f"checkpoint {checkpoint} bytes, journal {journal}"
            text = f"room {room} ({kind}): tick {max(tick, last or 0)} at {at}, {sizes}"
            lines.append(text if aside is None else f"{text}; put aside: {aside}")
        effects = db.execute("SELECT id, kind, room, call, asked_at FROM effects ORDER BY rowid")
        return [*lines, *[_describe_effect(*effect) for effect in effects]]


def _describe_effect(effect: str, kind: str, room: str, call: bytes, asked_at: float) -> str:
    _, function, args, *_ = msgpack.unpackb(call, strict_map_key=False)
    at = time.strftime(TIME, time.localtime(asked_at))
    return f"effect {effect} of room {room} ({kind}), which has ended: {function}{tuple(args)!r:.80} at {at}"


def aside(place: Path) -> list[str]:
    """Describe the rooms that have been put aside, in lines: when each was saved last, its size, and why it was.

    Raises:
        StoreError: The file cannot be read.
    """
    path = file_of(place)
    with plain_errors(path), closing(open_file(path)) as db:
        rows = db.execute(
            "SELECT id, kind, saved_at, length(checkpoint), aside FROM rooms WHERE aside IS NOT NULL ORDER BY saved_at"
        ).fetchall()
    return [
        f"room {room} ({kind}): saved at {time.strftime(TIME, time.localtime(saved_at))}, {size} bytes: {reason}"
        for room, kind, saved_at, size, reason in rows
    ]


def remove(place: Path, what: str) -> list[str]:
    """Remove a room that has been put aside, an effect of a room that has ended, or all rooms that have been put aside;
    also while a server runs.

    Args:
        place: The store's file, or its folder.
        what: The id of the room or effect; "all": all rooms that have been put aside.

    Returns:
        What has been removed, in lines.

    Raises:
        StoreError: There is none, or the file cannot be written.
    """
    path = file_of(place)
    with plain_errors(path), closing(open_file(path, writes=True)) as db, transaction(db):
        rooms = _aside(db, path, what, others=True)
        for room, _ in rooms:
            db.execute("DELETE FROM rooms WHERE id = ?", (room,))
            db.execute("DELETE FROM journal WHERE room = ?", (room,))
        effects = db.execute("DELETE FROM effects WHERE id = ?", (what,)).rowcount
        if rooms or effects:
            write_rulings(db, [Ruling(time.time(), operator(), "remove", what)])
        elif what != ALL_ASIDE:
            raise StoreError(f"{path}: no room {what!r} is put aside, and there is no such effect")
    lines = [f"room {room} ({kind}) is removed" for room, kind in rooms]
    return [*lines, f"effect {what} is removed"] if effects else lines or ["no room is put aside"]


def retry(place: Path, what: str) -> list[str]:
    """Have the next server try again to restore a room that has been put aside, or all of them.

    Args:
        place: The store's file, or its folder.
        what: The id of the room; "all": all of them.

    Returns:
        What is tried again, in lines.

    Raises:
        StoreError: There is none, another room has its id, a server uses the folder, or the file cannot be written.
    """
    path = file_of(place)
    # A running server may open a room of the same id.
    lock = take_lock(path.parent) if path.name == FILE else FolderLock(None)
    try:
        with plain_errors(path), closing(open_file(path, writes=True)) as db, transaction(db):
            lines = []
            for room, kind in _aside(db, path, what):
                try:
                    lines.append(_try_again(db, room, kind))
                except StoreError as error:
                    if what != ALL_ASIDE:
                        raise
                    lines.append(str(error))
            if lines:
                write_rulings(db, [Ruling(time.time(), operator(), "retry", what)])
    finally:
        lock.release()
    return lines or ["no room is put aside"]


def _try_again(db: sqlite3.Connection, room: str, kind: str) -> str:
    """Have a room that was put aside restored, under the id that it had before another one got that id. Say so.

    Raises:
        StoreError: The other one has it still.
    """
    (checkpoint,) = db.execute("SELECT checkpoint FROM rooms WHERE id = ?", (room,)).fetchone()
    own = _id_in(checkpoint) or room
    if own != room:
        if db.execute("SELECT 1 FROM rooms WHERE id = ?", (own,)).fetchone() is not None:
            raise StoreError(f"room {room} ({kind}) stays aside: another room has its id, {own}")
        rename_room(db, room, own)
    db.execute("UPDATE rooms SET aside = NULL, attempts = 0 WHERE id = ?", (own,))
    return f"room {room} ({kind}) is tried again" + ("" if own == room else f", as {own}")


def _id_in(checkpoint: bytes) -> str | None:
    """Return the id that a checkpoint is of; None if it is damaged, which the next server says."""
    try:
        return str(unpacked(zlib.decompress(checkpoint))["room"])
    except (zlib.error, ValueError, TypeError, LookupError, msgpack.UnpackException):
        return None


def export(place: Path) -> Iterator[str]:
    """Return the entries that authors have put in, each as a line of JSON.

    Raises:
        StoreError: The file cannot be read.
    """
    path = file_of(place)
    with plain_errors(path), closing(open_file(path)) as db:
        for scope, key, version, value in db.execute("SELECT * FROM entries ORDER BY scope, key"):
            plain = msgpack.unpackb(value, strict_map_key=False)
            entry = {"scope": scope, "key": key, "version": version, "value": plain}
            yield json.dumps(entry, ensure_ascii=False, default=_as_text)


def _as_text(value: Any) -> str:
    return value.hex() if isinstance(value, bytes) else str(value)


def vacuum(place: Path) -> int:
    """Give unused space back to the disk. Return how many bytes.

    Raises:
        StoreError: The file cannot be written.
    """
    path = file_of(place)
    before = _size(path)
    with plain_errors(path), closing(open_file(path, writes=True)) as db:
        db.execute("VACUUM")
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return max(0, before - _size(path))


def _size(path: Path) -> int:
    """How many bytes a store takes, with what is to be moved into its file."""
    log = _log_of(path)
    return path.stat().st_size + (log.stat().st_size if log.exists() else 0)


def _log_of(path: Path) -> Path:
    """Where SQLite keeps what is to be moved into a file."""
    return path.with_name(f"{path.name}-wal")


def backup(place: Path, to: Path) -> None:
    """Copy the store as it is now into a new file, also while a server writes.

    Raises:
        StoreError: The store cannot be read, or the file exists or cannot be written.
    """
    path = file_of(place)
    if to.exists():
        raise StoreError(f"{to}: there is such a file already")
    with plain_errors(path), closing(open_file(path)) as db, plain_errors(to), closing(sqlite3.connect(to)) as copy:
        db.backup(copy)
