"""Reading and keeping a store's file from outside of a server: what `gameserver store` does."""

from __future__ import annotations

import json
import sqlite3
import time
from contextlib import closing
from typing import TYPE_CHECKING, Any

import msgpack

from gameserver.store.api import StoreError
from gameserver.store.sqlite import FILE, MIGRATIONS, check_version, plain_errors

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def file_of(place: Path) -> Path:
    """Return the file of a store, given it or its folder.

    Raises:
        StoreError: There is none.
    """
    path = place / FILE if place.is_dir() else place
    if not path.is_file():
        raise StoreError(f"{path}: no such file")
    return path


def _open(path: Path, *, writes: bool = False) -> sqlite3.Connection:
    mode = "rw" if writes else "ro"
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode={mode}", uri=True, isolation_level=None)
    try:
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        check_version(path, version)
        if version < len(MIGRATIONS):
            raise StoreError(f"{path}: no store, or one of an older version that no server has opened since")
    except BaseException:
        connection.close()
        raise
    return connection


def check(place: Path) -> list[str]:
    """Check every page of the file, and that each room's journal follows its checkpoint without a gap.

    Returns:
        What is wrong, in words; nothing if all is well.

    Raises:
        StoreError: The file cannot be read at all.
    """
    path = file_of(place)
    with plain_errors(path), closing(_open(path)) as db:
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
    with plain_errors(path), closing(_open(path)) as db:
        (entries,) = db.execute("SELECT count(*) FROM entries").fetchone()
        size = path.stat().st_size
        lines = [f"{path}: {size} bytes, version {len(MIGRATIONS)}, {entries} entries"]
        rows = db.execute(
            "SELECT id, kind, tick, length(checkpoint), saved_at, aside, "
            "(SELECT max(last) FROM journal WHERE room = id), "
            "(SELECT coalesce(sum(length(records)), 0) FROM journal WHERE room = id) FROM rooms ORDER BY rowid"
        )
        for room, kind, tick, checkpoint, saved_at, aside, last, journal in rows:
            at = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(saved_at))
            sizes = f"checkpoint {checkpoint} bytes, journal {journal}"
            text = f"room {room} ({kind}): tick {max(tick, last or 0)} at {at}, {sizes}"
            lines.append(text if aside is None else f"{text}; put aside: {aside}")
    return lines


def export(place: Path) -> Iterator[str]:
    """Return the entries that authors have put in, each as a line of JSON.

    Raises:
        StoreError: The file cannot be read.
    """
    path = file_of(place)
    with plain_errors(path), closing(_open(path)) as db:
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
    with plain_errors(path), closing(_open(path, writes=True)) as db:
        db.execute("VACUUM")
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return max(0, before - _size(path))


def _size(path: Path) -> int:
    """How many bytes a store takes, with what is to be moved into its file."""
    log = path.with_name(f"{path.name}-wal")
    return path.stat().st_size + (log.stat().st_size if log.exists() else 0)


def backup(place: Path, to: Path) -> None:
    """Copy the store as it is now into a new file, also while a server writes.

    Raises:
        StoreError: The store cannot be read, or the file exists or cannot be written.
    """
    path = file_of(place)
    if to.exists():
        raise StoreError(f"{to}: there is such a file already")
    with plain_errors(path), closing(_open(path)) as db, plain_errors(to), closing(sqlite3.connect(to)) as copy:
        db.backup(copy)
