"""How the load generator speaks to a server that it has started: one JSON object a line, over stdin and stdout.

The server says `{"re": "ready", …}` once it listens, then answers commands (`{"cmd": "stats"}`). When stdin ends, so
does the server: nothing is left over from a benchmark that was interrupted. `peers/control.mjs` is the same for Node.
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
    """Write one line."""
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
