"""Bans and the audit log from outside of a server: what `gameserver ban` and its like do, also while one runs."""

from __future__ import annotations

import time
from contextlib import closing
from typing import TYPE_CHECKING, Final

from gameserver.hub.bans import BAN, UNBAN, Ban, Ruling, describe_ban
from gameserver.store.api import StoreError
from gameserver.store.report import TIME, file_of, open_file, transaction
from gameserver.store.rulings import operator, read_bans, write_rulings
from gameserver.store.sqlite import plain_errors

if TYPE_CHECKING:
    from pathlib import Path

LAST_DATE_S: Final = 253_370_764_800.0
"""The first of January 9999, in seconds since 1970. A ban beyond that is for good: calendars do not go on for ever."""


def ban(place: Path, who: str, reason: str, seconds: float | None) -> None:
    """Ban somebody. A server that runs follows within a second or two.

    Args:
        place: The store's file, or its folder.
        who: The identity.
        reason: What it is sent.
        seconds: For how long; None: for good.

    Raises:
        StoreError: The file cannot be written.
    """
    now_s = time.time()
    until = None if seconds is None else now_s + seconds
    detail = describe_ban(reason, seconds)
    _rule(place, Ruling(now_s, operator(), BAN, who, detail, Ban(who, reason, until)))


def unban(place: Path, who: str) -> None:
    """Let somebody in again.

    Args:
        place: The store's file, or its folder.
        who: The identity.

    Raises:
        StoreError: It is not banned, or the file cannot be written.
    """
    if who not in [one.who for one in bans(place)]:
        raise StoreError(f"{file_of(place)}: {who} is not banned")
    _rule(place, Ruling(time.time(), operator(), UNBAN, who))


def _rule(place: Path, ruling: Ruling) -> None:
    path = file_of(place)
    with plain_errors(path), closing(open_file(path, writes=True)) as db, transaction(db):
        write_rulings(db, [ruling])


def bans(place: Path) -> list[Ban]:
    """Return the bans that are in force; those that end first come first.

    Args:
        place: The store's file, or its folder.

    Raises:
        StoreError: The file cannot be read.
    """
    path, now_s = file_of(place), time.time()
    with plain_errors(path), closing(open_file(path)) as db:
        return [one for one in read_bans(db) if one.until is None or one.until > now_s]


def describe(one: Ban) -> str:
    """Return a ban as a line."""
    is_for_good = one.until is None or one.until > LAST_DATE_S
    until = "for good" if is_for_good else f"until {time.strftime(TIME, time.localtime(one.until))}"
    return f"{one.who} {until}: {one.reason}"


def audit(place: Path) -> list[str]:
    """Return what was decided, the oldest first, in lines: when, by whom, what, about whom, and why.

    Args:
        place: The store's file, or its folder.

    Raises:
        StoreError: The file cannot be read.
    """
    path = file_of(place)
    with plain_errors(path), closing(open_file(path)) as db:
        rows = db.execute("SELECT at, made_by, what, about, detail FROM audit ORDER BY number").fetchall()
    return [
        f"{time.strftime(TIME, time.localtime(at))} {by}: {what} {about}{f' {detail}' if detail else ''}"
        for at, by, what, about, detail in rows
    ]
