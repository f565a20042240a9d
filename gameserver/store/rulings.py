"""The tables of bans and of the audit log: what the server and the command line both do with them."""

from __future__ import annotations

import getpass
import os
from typing import TYPE_CHECKING, Final

from gameserver.escaping import replace_surrogates
from gameserver.hub.bans import MAX_BANS, UNBAN, Ban

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

    from gameserver.hub.bans import Ruling

TABLES: Final = """
    CREATE TABLE bans (who TEXT PRIMARY KEY, reason TEXT NOT NULL, until REAL) WITHOUT ROWID;
    CREATE TABLE audit (
        number INTEGER PRIMARY KEY AUTOINCREMENT, at REAL NOT NULL, made_by TEXT NOT NULL, what TEXT NOT NULL,
        about TEXT NOT NULL, detail TEXT NOT NULL
    );
    """
MAX_AUDIT: Final = 10_000
"""Rows of the audit log. Then the oldest go."""


def write_rulings(db: sqlite3.Connection, rulings: Iterable[Ruling]) -> None:
    """Put rulings in force and into the audit log, within a transaction of the caller's.

    Args:
        db: The store.
        rulings: The rulings, in order.
    """
    at = 0.0
    for ruling in rulings:
        at = ruling.at
        if ruling.ban is not None:
            row = (replace_surrogates(ruling.ban.who), replace_surrogates(ruling.ban.reason), ruling.ban.until)
            db.execute("INSERT OR REPLACE INTO bans VALUES (?, ?, ?)", row)
        elif ruling.what == UNBAN:
            db.execute("DELETE FROM bans WHERE who = ?", (ruling.about,))
        texts = map(replace_surrogates, (ruling.by, ruling.what, ruling.about, ruling.detail))
        db.execute("INSERT INTO audit (at, made_by, what, about, detail) VALUES (?, ?, ?, ?, ?)", (ruling.at, *texts))
    db.execute("DELETE FROM audit WHERE number <= (SELECT max(number) FROM audit) - ?", (MAX_AUDIT,))
    db.execute("DELETE FROM bans WHERE until <= ?", (at,))
    latest = "SELECT who FROM bans ORDER BY until IS NOT NULL, until DESC LIMIT -1 OFFSET ?"
    db.execute(f"DELETE FROM bans WHERE who IN ({latest})", (MAX_BANS,))


def newest_ruling(db: sqlite3.Connection) -> int:
    """Return the number of the newest ruling; 0: there was none."""
    number: int = db.execute("SELECT coalesce(max(number), 0) FROM audit").fetchone()[0]
    return number


def read_bans(db: sqlite3.Connection) -> list[Ban]:
    """Return the bans; those that end first come first, and those without an end last."""
    rows = db.execute("SELECT who, reason, until FROM bans ORDER BY until IS NULL, until, who")
    return [Ban(*row) for row in rows]


def operator() -> str:
    """Return who runs the command line, for the audit log."""
    try:
        return f"user {getpass.getuser()}"
    except (OSError, KeyError):  # a container whose user has no name
        return f"user {os.getuid()}"
