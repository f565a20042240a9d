"""The same messages for the browser's client: a tape of what each viewer got, played to the SDK in one node process."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from gameserver.state.table import Table

PLAYER = Path(__file__).parents[2] / "js" / "support" / "tape_player.mjs"


class Tape:
    """What happened to the viewers' links, in order."""

    def __init__(self) -> None:
        self.entries: list[list[Any]] = []

    def new(self, viewer: int, role: int) -> None:
        """A viewer begins anew."""
        self.entries.append(["new", viewer, int(role)])

    def opened(self, viewer: int, now_s: float) -> None:
        """A link is up."""
        self.entries.append(["opened", viewer, now_s * 1000])

    def lost(self, viewer: int) -> None:
        """A link is gone."""
        self.entries.append(["lost", viewer])

    def received(
        self, viewer: int, now_s: float, message: bytes, tables: tuple[Table, ...] | None, events: list[Any] | None
    ) -> None:
        """A message came; after it the viewer holds these tables, and has got these events."""
        want = None if tables is None else [_plain(table) for table in tables]
        data = base64.b64encode(message).decode()
        self.entries.append(["received", viewer, now_s * 1000, data, want, events])


def _plain(table: Table) -> list[Any]:
    return [table.ids.tolist(), table.codes.T.tolist(), table.objects]


class Browser:
    """A node process that plays tapes to the SDK."""

    def __init__(self) -> None:
        node = shutil.which("node")
        if node is None:
            raise FileNotFoundError("the fuzzer needs Node: install nodejs")
        self._process = subprocess.Popen(
            [node, str(PLAYER)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8"
        )

    def fault(self, tape: Tape) -> str | None:
        """Play a tape. Return what is wrong with what the SDK made of it, None for nothing."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(tape.entries) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            raise EOFError(f"node has ended with {self._process.wait()}")
        found: str | None = json.loads(answer)
        return found

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(10)
        self._process.stdout.close()
