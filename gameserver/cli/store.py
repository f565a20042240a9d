"""`gameserver store`: looks at what a server has kept with `--data`, and copies it."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 - the command line's parser reads the annotations
from typing import Literal

from gameserver.cli.errors import EXIT_FOUND, fail, plain_errors
from gameserver.escaping import escape_controls
from gameserver.store import report

Action = Literal["check", "show", "export", "vacuum", "backup"]


def store(action: Action, file: Path, to: Path | None = None) -> None:
    """Look at what a server has kept, or copy it; the server may run meanwhile.

    check reads every page, and exits with 1 if one is damaged or a journal has a gap. show lists the rooms. export
    prints what rules have stored, a line of JSON for each key. vacuum gives unused space back to the disk. backup
    copies the store as it is now into a new file, which replaces the store's own in a folder of another server.

    Args:
        action: What to do.
        file: The folder that `gameserver run --data` was given, or the file in it.
        to: With backup: the new file.
    """
    if (action == "backup") != (to is not None):
        fail("backup takes two files: gameserver store backup DATA COPY" if to is None else f"{action} takes one file")
    with plain_errors():
        found = _do(action, file, to)
    raise SystemExit(EXIT_FOUND if found else 0)


def _do(action: Action, file: Path, to: Path | None) -> bool:
    """Do what is asked for. Return whether something is wrong with the store."""
    match action:
        case "check":
            problems = report.check(file)
            _print(*(problems or ["nothing is wrong"]))
            return bool(problems)
        case "show":
            _print(*report.show(file))
        case "export":
            for line in report.export(file):
                _print(line)
        case "vacuum":
            _print(f"{report.vacuum(file)} bytes less")
        case "backup":
            assert to is not None
            report.backup(file, to)
            _print(f"{to} has a copy of {report.file_of(file)}")
    return False


def _print(*lines: str) -> None:
    """Print lines. The file may be from anybody: what it says is escaped."""
    for line in lines:
        print(escape_controls(line))
