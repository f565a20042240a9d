"""The four places in which a tick spends most as machine code, in the compiled build.

- `links.pyx`: the path of a message from a room's sockets to its queues.
- `writing.pyx`: the path of a STATE from its body to a viewer's socket.
- `interest.pyx`: which entities are near enough to each viewer with a view of its own.
- `bodies.pyx`: the bodies of the STATE messages of such viewers.

The Python modules that they name are the reference, and run where these are not built. They are used where they are
built, unless the environment variable GAMESERVER_NATIVE is 0, or a test sets `enabled` to False. What is made while
they are used keeps using them.
"""

from __future__ import annotations

import os
from importlib.util import find_spec
from typing import TYPE_CHECKING, Final, Protocol

from gameserver.sync.encode.body import BodyWriter
from gameserver.sync.encode.interest import near
from gameserver.sync.inputs import InputQueue
from gameserver.sync.token_bucket import TokenBucket
from gameserver.sync.window import Window

BUILT = find_spec("gameserver.native.writing") is not None
if BUILT:
    from gameserver.native import bodies, interest, links, writing

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeAlias

    from gameserver.protocol.input_codec import InputCodec
    from gameserver.sync.encode.interest import FindNear

InputFormat: TypeAlias = "links.InputFormat"
InputHandler: TypeAlias = "links.InputHandler"
LinkReader: TypeAlias = "links.LinkReader"
LinkWriter: TypeAlias = "writing.LinkWriter"

UNWRITTEN: Final = -1
"""What `LinkWriter.offer_state` returns when it leaves a STATE to Python."""

enabled = BUILT and os.environ.get("GAMESERVER_NATIVE") != "0"
"""Whether what is made from now on is native."""


class Bucket(Protocol):
    """A token bucket of either kind."""

    def take(self, amount: float, now_s: float) -> bool:
        """Take `amount` tokens and return True; when there are fewer, take none and return False."""


def make_input_queue(*, hold_s: float, tick_hz: int, neutral: tuple[int, ...]) -> InputQueue:
    """Return an empty input queue; see `InputQueue`."""
    kind = links.InputQueue if enabled else InputQueue
    return kind(hold_s=hold_s, tick_hz=tick_hz, neutral=neutral)


def make_window(limit: int, tick_hz: int, snapshot_every: int = 1) -> Window:
    """Return an open window; see `Window`."""
    kind = links.Window if enabled else Window
    return kind(limit, tick_hz, snapshot_every)


def make_bucket(rate_per_s: float, burst: float, now_s: float) -> Bucket:
    """Return a full bucket for the limits of one link; see `TokenBucket`."""
    return (links.TokenBucket if enabled else TokenBucket)(rate_per_s, burst, now_s)


def make_input_format(codec: InputCodec) -> InputFormat | None:
    """Return what the native path knows of a kind's INPUT; None: it leaves it to Python."""
    ranges = codec.item_ranges
    return links.InputFormat(ranges) if enabled and len(ranges) <= links.MAX_INPUT_ITEMS else None


def make_input_handler() -> InputHandler | None:
    """Return what handles the INPUTs of one peer; None: the peer does it itself."""
    return links.InputHandler() if enabled else None


def make_link_reader() -> LinkReader | None:
    """Return what reads one plain socket; None: its transport does it itself."""
    return links.LinkReader() if enabled else None


def make_link_writer() -> LinkWriter | None:
    """Return what writes STATEs to one plain socket; None: its transport does it itself."""
    return writing.LinkWriter() if enabled else None


def body_writer() -> Callable[[int], BodyWriter]:
    """Return what makes the writer of so many viewers' bodies; see `BodyWriter`."""
    return bodies.BodyWriter if enabled else BodyWriter


def find_near() -> FindNear:
    """Return what compares distances; see `near`."""
    return interest.near if enabled else near
