"""What pages get from `gameserver dev`: that they are to load themselves again, and what is wrong with the code."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qs

import msgspec
import trio

from gameserver.loading import LoadError, authors_lines
from gameserver.net.http.responses import Response, as_json, etag_of
from gameserver.ops.dev_messages import Problem
from gameserver.shared_step import SharedStepError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gameserver.net.http.head import Head
    from gameserver.net.http.pages import Page
    from gameserver.net.server_state import ServerState
    from gameserver.ops.dev_messages import Shown

CHANGES_PATH: Final = "/api/dev/changes"
POLL_S: Final = 20.0
"""How long a page that knows everything waits for its answer."""


def problem_of(error: BaseException) -> Problem:
    """Return what is wrong with an author's code, and where."""
    if isinstance(error, LoadError):
        return Problem(str(error), error.detail)
    text, _, lines = str(error).partition("\n")
    if isinstance(error, SharedStepError):  # the line and the mark under its column stand below the first line
        return Problem(text, lines)
    return Problem(f"{type(error).__name__}: {' '.join(str(error).split())}", authors_lines(error))


class DevPages:
    """Answers what pages ask for again and again: a poll is answered when there is something new.

    Args:
        shown: What the process before has shown.
        kinds: The kinds of room that there are.
    """

    def __init__(self, shown: Shown, kinds: Iterable[str]) -> None:
        self._shown = shown
        self._kinds = list(kinds)
        self._failed: Problem | None = None
        self._changed = trio.Event()
        self.table: dict[str, Page] = {CHANGES_PATH: self.changes}

    def show(self, shown: Shown) -> None:
        """Show this from now on. What rules have raised before is over."""
        self._shown, self._failed = shown, None
        self._wake()

    def rules_failed(self, problem: Problem) -> None:
        """Show what the rules have raised."""
        self._failed = problem
        self._wake()

    def _wake(self) -> None:
        self._changed.set()
        self._changed = trio.Event()

    async def changes(self, _server: ServerState, head: Head) -> Response:
        """Answer at once if the page has not seen what there is, else when something has changed."""
        seen = parse_qs(head.target.partition("?")[2]).get("seen", [""])[-1]
        if self._state()["tag"] == seen:
            with trio.move_on_after(POLL_S):
                await self._changed.wait()
        return as_json(self._state())

    def _state(self) -> dict[str, object]:
        problem = self._shown.problem or self._failed
        state = {
            "kinds": self._kinds,
            "reloads": self._shown.reloads,
            "problem": None if problem is None else msgspec.to_builtins(problem),
            "plays": problem is not self._failed,
        }
        return {"tag": etag_of(msgspec.json.encode(state)).strip('"'), **state}


class FailedRules(logging.Handler):
    """Shows pages the exceptions that are logged: those of rules, whose room has ended."""

    def __init__(self, pages: DevPages) -> None:
        super().__init__(logging.ERROR)
        self._pages = pages

    def emit(self, record: logging.LogRecord) -> None:
        """Show the exception of one record, if it has one."""
        error = record.exc_info[1] if record.exc_info else None
        if error is not None:
            problem = problem_of(error)
            self._pages.rules_failed(Problem(f"{record.getMessage()}: {problem.text}", problem.detail))
