"""`gameserver store`: looks at what a server has kept with `--data`, copies it, and clears it up."""

from __future__ import annotations

from pathlib import Path
from typing import Final, Literal

from gameserver.cli.errors import EXIT_FOUND, fail, plain_errors
from gameserver.escaping import escape_controls
from gameserver.store import moderation, report

Action = Literal["check", "show", "export", "vacuum", "backup", "aside", "remove", "retry", "audit"]
_USES: Final = {
    "backup": "backup takes two files: gameserver store backup DATA COPY",
    "remove": "remove takes the id of a room that was put aside, or all: gameserver store remove DATA ID",
    "retry": "retry takes the id of a room that was put aside, or all: gameserver store retry DATA ID",
}
"""What the actions take that need more than the store."""


def store(action: Action, file: Path, what: str | None = None) -> None:
    """Look at what a server has kept, copy it, or clear it up; the server may run meanwhile.

    check reads every page, and exits with 1 if one is damaged or a journal has a gap. show lists the rooms. export
    prints what rules have stored, a line of JSON for each key. vacuum gives unused space back to the disk. backup
    copies the store as it is now into a new file, which replaces the store's own in a folder of another server. aside
    lists the rooms that could not be restored, with the reason. remove removes one of them, or all; also an effect
    that show lists. retry has the next server try one again, or all; no server may use the folder. audit
    lists who has banned, unbanned or kicked whom, and removed or retried what, the oldest first.

    Args:
        action: What to do.
        file: The folder that `gameserver run --data` was given, or the file in it.
        what: With backup: the new file. With remove and retry: the id of a room, or all.
    """
    if (action in _USES) != (what is not None):
        fail(_USES[action] if what is None else f"{action} takes one file")
    with plain_errors():
        found = _do(action, file, what or "")
    raise SystemExit(EXIT_FOUND if found else 0)


def _do(action: Action, file: Path, what: str) -> bool:
    """Do what is asked for. Return whether something is wrong with the store."""
    match action:
        case "check":
            problems = report.check(file)
            _print(*(problems or ["nothing is wrong"]))
            return bool(problems)
        case "show" | "aside" | "audit":
            _print(*_list(action, file))
        case "export":
            for line in report.export(file):
                _print(line)
        case "vacuum":
            _print(f"{report.vacuum(file)} bytes less")
        case "backup":
            report.backup(file, Path(what))
            _print(f"{what} has a copy of {report.file_of(file)}")
        case "remove":
            _print(*report.remove(file, what))
        case "retry":
            _print(*report.retry(file, what))
    return False


def _list(action: Literal["show", "aside", "audit"], file: Path) -> list[str]:
    """Return the lines of an action that only shows something."""
    match action:
        case "show":
            return report.show(file)
        case "aside":
            return report.aside(file) or ["no room is put aside"]
        case "audit":
            return moderation.audit(file) or ["nothing was decided"]


def _print(*lines: str) -> None:
    """Print lines. The file may be from anybody: what it says is escaped."""
    for line in lines:
        print(escape_controls(line))
