"""The protocol between the load generator and a server that it started: one JSON object per line, on stdin and stdout.

The server writes `{"re": "ready", …}` once it listens, then answers commands (`{"cmd": "stats"}`). It ends when its
stdin ends, so an interrupted benchmark leaves no server running. `peers/control.mjs` is the same for Node.
"""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING, Any, TypeAlias

import trio

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Command: TypeAlias = dict[str, Any]
Answer: TypeAlias = "dict[str, Any] | None"

QUIT = "quit"


def say(answer: Mapping[str, object]) -> None:
    """Write one answer as a line of JSON."""
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


async def obey(answers: Mapping[str, Callable[[Command], Answer]]) -> None:
    """Answer commands until `quit` or the end of stdin."""
    buffer = b""
    async with trio.lowlevel.FdStream(os.dup(sys.stdin.fileno())) as stdin:
        async for chunk in stdin:
            *lines, buffer = (buffer + chunk).split(b"\n")
            for line in lines:
                command = json.loads(line)
                if command["cmd"] == QUIT:
                    return
                answer = answers[command["cmd"]](command)
                if answer is not None:
                    say({"re": command["cmd"], **answer})
