"""`gameserver dev`: serves rooms, and when their code changes, starts a process with the new code and ends the old one.

The rooms go from one process to the next in a folder for data, so a player notices a pause of some tenths of a second.
Code that cannot be loaded ends its own process only: the old one still serves.
"""

from __future__ import annotations

import os
import pickle
import signal
import socket
import sys
import tempfile
import time
import zlib
from contextlib import contextmanager
from dataclasses import replace
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING, Final

import trio

import gameserver
from gameserver.escaping import escape_controls, escape_lines
from gameserver.extras import needs_extra
from gameserver.net.listeners import open_listeners
from gameserver.ops.dev_messages import Failed, FromChild, Loaded, Problem, Serve, Serving, Shown, Start, Stop
from gameserver.ops.options import address_of, make_settings
from gameserver.ops.serve import print_line
from gameserver.workers.pipe import Pipe

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from gameserver.net.settings import NetSettings
    from gameserver.ops.options import ServeOptions

LOAD_TIMEOUT_S: Final = 60.0
"""How long the author's modules may take to load."""
STOP_TIMEOUT_S: Final = 8.0
"""A process that takes longer to end is killed: its rules never return."""
STEP_MS: Final = 30
"""Changes that follow each other so closely are one."""
IDLE_MS: Final = 250
"""How often modules outside of the watched folders are looked at."""
OPTIONS_FILE: Final = "gameserver.toml"


def serve_and_reload(options: ServeOptions, watch: Sequence[Path] = ()) -> None:
    """Serve until a signal, with the code as it is at any time.

    Args:
        options: What to serve. Without `data`, what the rooms keep is in a folder that is deleted at the end.
        watch: Folders and files besides the loaded modules; a change in one restarts the rooms as well.

    Raises:
        MissingExtraError: The package that notices changes is not installed.
        AuthConfigError: The token settings cannot be used.
        OSError: A file cannot be used, or the server cannot listen.
    """
    with needs_extra("reload", "restarts on a change"):
        import watchfiles  # noqa: F401 - an extra; before anything is served
    settings = make_settings(options)
    with _folder(options.data) as data:
        trio.run(DevServer(replace(options, data=data), settings, watch).run)


@contextmanager
def _folder(data: Path | None) -> Iterator[Path]:
    if data is not None:
        yield data
        return
    with tempfile.TemporaryDirectory(prefix="gameserver-dev-") as made:
        yield Path(made)


class Child:
    """One process, from its start to its end."""

    def __init__(self, process: trio.Process, pipe: Pipe[FromChild]) -> None:
        self.process = process
        self.pipe = pipe
        self.kinds: list[str] = []

    async def hear(self) -> FromChild | None:
        """Return the next message; None when the process has ended."""
        received = await self.pipe.receive()
        return None if received is None else received[0]

    async def end(self) -> None:
        """Have the process save its rooms and end; kill it if it does not."""
        self.pipe.post(Stop())
        with trio.move_on_after(STOP_TIMEOUT_S, shield=True):
            await self.process.wait()
        if self.process.returncode is None:
            print_line(sys.stderr, "the rules do not return: their process is killed, and what it did last is lost")
            self.process.kill()
            with trio.CancelScope(shield=True):
                await self.process.wait()
        self.pipe.close()


class DevServer:
    """The processes that serve, one after the other.

    Args:
        options: What to serve, with a folder for data.
        settings: Where.
        watch: What else is watched besides modules and pages.
    """

    def __init__(self, options: ServeOptions, settings: NetSettings, watch: Sequence[Path]) -> None:
        self._options = options
        self._settings = settings
        self._watch = _real(map(str, watch))
        self._web = None if options.web is None else os.path.realpath(options.web)
        self._listeners: list[socket.socket] = []
        self._current: Child | None = None
        self._files: set[str] = set()
        """The author's modules, those of the code that failed included."""
        roots = {os.getcwd(), *self._watch, *((self._web,) if self._web is not None else ())}
        self._roots = sorted(root for root in roots if not any(root != each and _is_in(root, each) for each in roots))
        self._stamps: dict[str, int] = {}
        self._changes, self._changed = trio.open_memory_channel[set[str]](inf)
        self._shown = Shown(_version_of(self._web))

    async def run(self) -> None:
        """Serve until a signal."""
        self._listeners = await open_listeners(self._settings)
        try:
            async with trio.open_nursery() as nursery:  # what sends to the processes, the order to stop included
                async with trio.open_nursery() as until_signal:
                    await until_signal.start(self._end_at_signal, until_signal.cancel_scope)
                    await until_signal.start(self._watch_files)
                    await self._start(nursery)
                    await self._follow_changes(nursery)
                if self._current is not None:
                    await self._current.end()
                nursery.cancel_scope.cancel()
        finally:
            for listener in self._listeners:
                listener.close()

    async def _end_at_signal(self, scope: trio.CancelScope, *, task_status: trio.TaskStatus[None]) -> None:
        with trio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
            task_status.started()
            async for _ in signals:
                print_line(sys.stderr, "stopping")
                scope.cancel()
                return

    # -- changes -----------------------------------------------------------------------------------------------------

    async def _watch_files(self, *, task_status: trio.TaskStatus[None]) -> None:
        """Note what changes. It has started when a change from now on is noticed."""
        from watchfiles import awatch

        has_started = False
        watched = awatch(
            *self._roots, step=STEP_MS, rust_timeout=IDLE_MS, yield_on_timeout=True, ignore_permission_denied=True
        )
        async for changes in watched:
            paths = {*_real(path for _, path in changes), *self._changed_elsewhere()}
            if paths:
                self._changes.send_nowait(paths)
            if not has_started:
                has_started = True
                task_status.started()

    async def _follow_changes(self, nursery: trio.Nursery) -> None:
        async for paths in self._changed:
            await self._follow(nursery, paths)

    async def _follow(self, nursery: trio.Nursery, paths: Collection[str]) -> None:
        if any(map(self._is_options, paths)):
            print_line(sys.stdout, f"{OPTIONS_FILE} has changed: start gameserver dev again to use it")
        if any(map(self._is_code, paths)):
            await self._restart(nursery, _named(filter(self._is_code, paths)))
        if any(map(self._is_page, paths)):
            self._show(problem=self._shown.problem, reload=True)

    def _changed_elsewhere(self) -> list[str]:
        """Return the modules that have changed of those in no folder that is watched."""
        elsewhere = [file for file in self._files if not any(_is_in(file, root) for root in self._roots)]
        stamps = {file: os.stat(file).st_mtime_ns for file in elsewhere if os.path.exists(file)}
        changed = [file for file, stamp in stamps.items() if self._stamps.get(file, stamp) != stamp]
        self._stamps = stamps
        return changed

    def _is_options(self, path: str) -> bool:
        return path == os.path.join(os.getcwd(), OPTIONS_FILE)

    def _is_page(self, path: str) -> bool:
        return self._web is not None and _is_in(path, self._web)

    def _is_code(self, path: str) -> bool:
        """Whether rooms may depend on a file. After a failure any module may be the one that was missing."""
        if self._is_page(path):
            return False
        failed = self._shown.problem is not None and path.endswith(".py")
        return failed or path in self._files or any(_is_in(path, folder) for folder in self._watch)

    def _show(self, *, problem: Problem | None = None, reload: bool = False) -> None:
        """Have the pages show a problem, or nothing; or load themselves again."""
        self._shown = Shown(self._shown.reloads + reload, problem)
        if self._current is not None:
            self._current.pipe.post(self._shown)

    # -- processes ---------------------------------------------------------------------------------------------------

    async def _start(self, nursery: trio.Nursery) -> None:
        """Serve for the first time. While the code cannot be loaded, a server without rooms shows why."""
        child, problem = await self._load(nursery, self._options)
        if child is None:
            self._report(problem)
            self._shown = Shown(self._shown.reloads, problem)
            child, _ = await self._load(nursery, replace(self._options, rooms=()))
        if child is not None:
            await self._serve(child)
            what = ", ".join(child.kinds) or "nothing yet"
            address = address_of(self._settings, self._listeners[0].getsockname()[1], "http")
            print_line(sys.stdout, f"serving {what} on {address}")

    async def _restart(self, nursery: trio.Nursery, changed: str) -> None:
        began = time.monotonic()
        child, problem = await self._load(nursery, self._options)
        if child is None:
            self._report(problem, "the old code plays on" if self._current is not None else "")
            self._show(problem=problem)
            return
        old, self._current = self._current, None
        # Pages that have waited for a server, or for rooms, begin anew; others are played on as they are.
        self._shown = Shown(self._shown.reloads + (old is None or not old.kinds), None)
        if old is not None:
            await old.end()
        rooms = await self._serve(child)
        if rooms is not None:
            goes_on = f"{rooms} {'room goes' if rooms == 1 else 'rooms go'} on"
            print_line(sys.stdout, f"{changed} has changed: restarted in {time.monotonic() - began:.1f} s, {goes_on}")

    async def _load(self, nursery: trio.Nursery, options: ServeOptions) -> tuple[Child | None, Problem | None]:
        """Start a process and have it load the code. Return it, or what is wrong."""
        child = await self._spawn(nursery)
        child.pipe.post(Start(pickle.dumps(options)))
        answer: FromChild | None = None
        with trio.move_on_after(LOAD_TIMEOUT_S) as timer:
            answer = await child.hear()
        match answer:
            case Loaded():
                self._files = set(_real(answer.files))
                child.kinds = answer.kinds
                return child, None
            case Failed():
                self._files |= set(_real(answer.files))
                problem = answer.problem
            case _ if timer.cancelled_caught:
                problem = Problem(f"the code is not loaded after {LOAD_TIMEOUT_S:g} s")
            case _:
                problem = Problem("the process that loads the code has ended")
        child.process.kill()
        child.pipe.close()
        return None, problem

    async def _spawn(self, nursery: trio.Nursery) -> Child:
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        passed = [theirs.fileno(), *(listener.fileno() for listener in self._listeners)]
        # A module in the game's folder must not hide one of Python's, as it would from the front of the search path.
        safe_path = () if Path(gameserver.__file__).parent.parent == Path.cwd() else ("-P",)
        command = (sys.executable, *safe_path, "-m", "gameserver.ops.dev_process", *map(str, passed))
        # Compiled modules are known by the second of their change: the code of two changes in one would be the same.
        environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
        with theirs:
            process = await trio.lowlevel.open_process(command, pass_fds=passed, env=environment)
        child = Child(process, Pipe[FromChild](ours, FromChild))
        nursery.start_soon(child.pipe.send_posted)
        return child

    async def _serve(self, child: Child) -> int | None:
        """Have a process serve. Return how many rooms go on; None if it has ended."""
        self._current = child
        child.pipe.post(Serve(self._shown))
        answer = await child.hear()
        if not isinstance(answer, Serving):
            self._current = None
            print_line(sys.stderr, "the server has ended; it is started again when the code changes")
            return None
        return answer.rooms

    def _report(self, problem: Problem | None, then: str = "") -> None:
        if problem is not None:
            print_line(sys.stderr, escape_controls(problem.text))
            if problem.detail:
                print_line(sys.stderr, escape_lines(problem.detail))
        if then:
            print_line(sys.stderr, then)


def _real(paths: Iterable[str]) -> list[str]:
    """Return paths without symbolic links, as the files of modules are compared."""
    return [os.path.realpath(path) for path in paths]


def _version_of(folder: str | None) -> int:
    """Return a number that is another one when a file in a folder is, so that pages of a server before notice."""
    if folder is None:
        return 0
    files = [path for path in Path(folder).rglob("*") if path.is_file()]
    return zlib.crc32(repr(sorted((str(path), path.stat().st_mtime_ns) for path in files)).encode())


def _is_in(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder + os.sep)


def _named(paths: Iterable[str]) -> str:
    first, *more = sorted({os.path.basename(path) for path in paths})
    return escape_controls(first + (f" and {len(more)} more" if more else ""))
