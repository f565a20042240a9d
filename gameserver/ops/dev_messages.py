"""The messages between `gameserver dev` and the processes that it starts, over a socket pair."""

from __future__ import annotations

from typing import TypeAlias

import msgspec


class Problem(msgspec.Struct, frozen=True):
    """Why the newest code does not run."""

    text: str
    """In one line."""
    detail: str = ""
    """Where it is, in lines: the author's own frames."""


class Shown(msgspec.Struct, frozen=True, tag=True):
    """What pages are to show."""

    reloads: int = 0
    """When it is another number, they are to load themselves again."""
    problem: Problem | None = None


class Start(msgspec.Struct, frozen=True, tag=True):
    """Load the code, and say whether that worked; serve nothing yet."""

    options: bytes
    """A pickled `ServeOptions`."""


class Serve(msgspec.Struct, frozen=True, tag=True):
    """The process before has ended, and has saved its rooms: serve."""

    shown: Shown


class Stop(msgspec.Struct, frozen=True, tag=True):
    """Save the rooms, and end."""


class Loaded(msgspec.Struct, frozen=True, tag=True):
    """The code is loaded."""

    kinds: list[str]
    files: list[str]
    """Those of the author's modules."""


class Failed(msgspec.Struct, frozen=True, tag=True):
    """The code cannot be loaded; the process ends."""

    problem: Problem
    files: list[str]
    """Those of the author's modules that were loaded until then."""


class Serving(msgspec.Struct, frozen=True, tag=True):
    """The server accepts connections."""

    rooms: int
    """How many rooms go on."""


ToChild: TypeAlias = Start | Serve | Stop | Shown
FromChild: TypeAlias = Loaded | Failed | Serving
