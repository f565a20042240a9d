"""Runs Autobahn's WebSocket cases, groups 1 to 7 and 10, on each transport, against an echo behind the net layer.

    make conformance        or        python -m tests.conformance.autobahn --transport polled

Needs kosoku (`pip install trio-gameserver[conformance]`), which runs Autobahn's own case files on Python 3. Prints one
line per transport. The exit status is 1 when a case failed, or when the server is worse than trio-websocket alone.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import trio
import trio_websocket

from tests.support.live.echo_server import PLENTY, serve_echo

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

GROUPS: Final = ("1.*", "2.*", "3.*", "4.*", "5.*", "6.*", "7.*", "10.*")
"""All groups but 9, which measures, and 12 and 13, which are about compression, which the server does not negotiate."""

BARE_OK: Final = 239
BARE_NON_STRICT: Final = 5
"""The result of trio-websocket 0.12.2 alone; the other 3 of the 247 cases are informational."""

FINE: Final = frozenset({"OK", "NON-STRICT", "INFORMATIONAL"})
AT_ONCE: Final = 2


async def serve_bare(*, task_status: trio.TaskStatus[Any]) -> None:
    """An echo on trio-websocket alone, to compare with."""

    async def echo(request: trio_websocket.WebSocketRequest) -> None:
        websocket = await request.accept()
        try:
            while True:
                await websocket.send_message(await websocket.get_message())
        except trio_websocket.ConnectionClosed:
            pass

    async with trio.open_nursery() as nursery:
        serving = partial(trio_websocket.serve_websocket, max_message_size=PLENTY)
        task_status.started(await nursery.start(serving, echo, "127.0.0.1", 0, None))


SERVERS: Final[dict[str, Callable[..., Awaitable[object]]]] = {
    "polled": partial(serve_echo, "polled"),
    "ordinary": partial(serve_echo, "ordinary"),
    "bare": serve_bare,
}


async def run_cases(name: str, cases: tuple[str, ...], folder: Path) -> dict[str, tuple[str, str]]:
    """Run cases against one of `SERVERS`; return the outcome of each for messages and for the close."""
    async with trio.open_nursery() as nursery:
        server = await nursery.start(SERVERS[name])
        await _kosoku(f"ws://127.0.0.1:{server.port}/ws", cases, folder)
        nursery.cancel_scope.cancel()
    (found,) = json.loads((folder / "index.json").read_text()).values()
    return {case: (row["behavior"], row["behaviorClose"]) for case, row in found.items()}


async def _kosoku(url: str, cases: tuple[str, ...], folder: Path) -> None:
    beside = Path(sys.executable).with_name("kosoku")
    program = str(beside) if beside.exists() else shutil.which("kosoku")
    if program is None:
        raise SystemExit("kosoku is not installed: pip install trio-gameserver[conformance]")
    chosen = [word for case in cases for word in ("-i", case)]
    command = [program, url, *chosen, "-p", str(AT_ONCE), "-o", str(folder)]
    await trio.run_process(command, check=False, capture_stdout=True, stderr=subprocess.STDOUT)


def judge(found: Mapping[str, tuple[str, str]]) -> tuple[str, list[str]]:
    """Return a summary in one line, and the failures."""
    counts = Counter(behavior for behavior, _ in found.values())
    failed = [f"{case}: {' and '.join(row)}" for case, row in sorted(found.items()) if not FINE.issuperset(row)]
    wrong = [f"case {row}" for row in failed]
    if counts["NON-STRICT"] > BARE_NON_STRICT or counts["OK"] < BARE_OK:
        wrong.append(f"worse than the bare library: {BARE_OK} OK, {BARE_NON_STRICT} non-strict")
    line = f"{counts['OK']} OK, {counts['NON-STRICT']} non-strict, {counts['INFORMATIONAL']} informational"
    return f"{line}, {len(failed)} failed", wrong


def main() -> None:
    """Run the groups against the servers that the command line names."""
    parser = argparse.ArgumentParser(description="Autobahn's cases against an echo behind the server's net layer.")
    parser.add_argument("--transport", choices=SERVERS, action="append", help="may be given again; else both of ours")
    parser.add_argument("--case", action="append", help="a case or a pattern; may be given again")
    arguments = parser.parse_args()
    wrong: list[str] = []
    for name in arguments.transport or ("polled", "ordinary"):
        with tempfile.TemporaryDirectory() as folder:
            found = trio.run(run_cases, name, tuple(arguments.case or GROUPS), Path(folder))
        line, problems = judge(found)
        wrong += problems
        sys.stdout.write("\n".join([f"{name}: {line}", *problems]) + "\n")
    raise SystemExit(1 if wrong else 0)


if __name__ == "__main__":
    main()
