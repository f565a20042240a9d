"""`gameserver ban`, `bans` and `unban`: who may not come in, also while the server runs."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 - the command line's parser reads the annotations
from typing import Final

from gameserver.cli.errors import fail, plain_errors
from gameserver.escaping import escape_controls
from gameserver.net.identities import IdentityError, read_identity
from gameserver.store import moderation

_MAX_REASON_CHARS: Final = 1000


def ban(
    data: Path,
    who: str,
    *,
    reason: str = "",
    seconds: float | None = None,
) -> None:
    """Ban a player from a server that keeps its data; it may run meanwhile, and follows within two seconds.

    Whoever is banned is removed from its room, and refused with the close code 4030 and the reason.

    Args:
        data: The folder that `gameserver run --data` was given.
        who: sub:NAME, the subject of the player's token; or address:ADDRESS, which keeps out all who share it.
        reason: What the player is shown.
        seconds: For how long; without it, for good.
    """
    if seconds is not None and not 0 < seconds < float("inf"):
        fail(f"--seconds {seconds:g}: write a number above 0; without it the ban is for good")
    if len(reason) > _MAX_REASON_CHARS:
        fail(f"--reason: at most {_MAX_REASON_CHARS} characters")
    whom = identity(who)
    with plain_errors():
        moderation.ban(data, whom, reason, seconds)
    _print(f"{whom} is banned")


def bans(data: Path) -> None:
    """List who is banned, those first whose bans end first.

    Args:
        data: The folder that `gameserver run --data` was given.
    """
    with plain_errors():
        found = moderation.bans(data)
    _print(*([moderation.describe(one) for one in found] or ["nobody is banned"]))


def unban(data: Path, who: str) -> None:
    """Let a player in again that was banned; the server may run meanwhile, and follows within two seconds.

    Args:
        data: The folder that `gameserver run --data` was given.
        who: Who, as `gameserver bans` lists it.
    """
    whom = identity(who)
    with plain_errors():
        moderation.unban(data, whom)
    _print(f"{whom} may come in again")


def identity(who: str) -> str:
    """Return an identity as servers know it.

    Raises:
        SystemExit: It is none.
    """
    try:
        return read_identity(who)
    except IdentityError as error:
        fail(error)


def _print(*lines: str) -> None:
    """Print lines. What is in the store may be from anybody: it is escaped."""
    for line in lines:
        print(escape_controls(line))
