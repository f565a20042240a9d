"""Turns what a user can cause into one line on standard error and an exit status; an error in an author's code is
followed by its place there. Anything else is a bug, and its traceback is shown.
"""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, NoReturn

from gameserver.cli.config import ORIGINS
from gameserver.escaping import escape_controls, escape_lines
from gameserver.extras import MissingExtraError
from gameserver.loading import LoadError
from gameserver.net.http.auth import AuthConfigError
from gameserver.ops.check_step import CheckError
from gameserver.ops.options import MAX_PORT
from gameserver.recording.format import RecordingError
from gameserver.shared_step import SharedStepError
from gameserver.state.errors import DeclarationError
from gameserver.store.api import StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator

EXIT_FOUND: Final = 1
"""The command ran and found something wrong, for example a difference between two runs."""
EXIT_USAGE: Final = 2
"""The command could not do what it was asked for."""
EXIT_INTERRUPTED: Final = 130
"""Ended by Ctrl-C: 128 + SIGINT, as a shell reports it."""
EXIT_BROKEN_PIPE: Final = 141
"""Standard output was closed: 128 + SIGPIPE."""

_USER_ERRORS: Final = (
    AuthConfigError,
    CheckError,
    DeclarationError,
    LoadError,
    MissingExtraError,
    RecordingError,
    SharedStepError,
    StoreError,
)


def one_line(error: object) -> str:
    """Return the text of an error as one line with the program's name in front."""
    return escape_controls(f"gameserver: {' '.join(str(error).split())}")


def fail(error: object, detail: str = "") -> NoReturn:
    """Print an error as one line on standard error and exit with `EXIT_USAGE`.

    Args:
        error: What is wrong.
        detail: Lines to print after it, which show where in an author's code the error is.

    Raises:
        SystemExit: Always.
    """
    print(one_line(error), file=sys.stderr)
    if detail:
        print(escape_lines(detail), file=sys.stderr)
    raise SystemExit(EXIT_USAGE)


def fail_with_place(error: Exception) -> NoReturn:
    """Print an error that a user can cause, with the place in the author's code if it has one, and exit.

    Raises:
        SystemExit: Always.
    """
    if isinstance(error, LoadError):
        fail(error, error.detail)
    if isinstance(error, SharedStepError):  # the line and the mark under its column stand below the first line
        text, _, lines = str(error).partition("\n")
        fail(text, lines)
    fail(error)


@contextmanager
def plain_errors(subject: str = "") -> Iterator[None]:
    """Report errors that a user can cause as one line; let all others through.

    Args:
        subject: What an operating system error is about when it names no file, for example "127.0.0.1 port 80".

    Raises:
        SystemExit: With `EXIT_USAGE`, for an error that a user can cause.
    """
    try:
        yield
    except _USER_ERRORS as error:
        fail_with_place(error)
    except OSError as error:
        fail(_os_error(error, subject))
    except ExceptionGroup as group:  # a nursery wraps what a task raises in a group
        leaf: BaseException = group
        while isinstance(leaf, BaseExceptionGroup) and len(leaf.exceptions) == 1:
            leaf = leaf.exceptions[0]
        if isinstance(leaf, OSError):
            fail(_os_error(leaf, subject))
        raise


def _os_error(error: OSError, subject: str) -> str:
    text = error.strerror or str(error)
    subject = error.filename or subject
    return f"{subject}: {text}" if subject else text


def check_port(port: int) -> None:
    """Accept a TCP port number, 0 included (the operating system chooses one then).

    Raises:
        SystemExit: With `EXIT_USAGE`, for any other number.
    """
    if not 0 <= port <= MAX_PORT:
        fail(f"{ORIGINS.place('port', port)}: write a number from 0 to {MAX_PORT}")
