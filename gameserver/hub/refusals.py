"""Counts and logs what the server refuses: requests, links and messages, each with its reason."""

from __future__ import annotations

import logging
from collections import Counter
from typing import TYPE_CHECKING, Final, NamedTuple

from gameserver.sync.token_bucket import TokenBucket

if TYPE_CHECKING:
    from gameserver.protocol.constants import CloseCode

log = logging.getLogger("gameserver.refused")

LINES_PER_S: Final = 20.0
LINES_BURST: Final = 100.0
"""Lines that are logged at once, after silence: a refused client may try again as often as it likes."""


class Refusal(NamedTuple):
    """The close code and the reason with which the server closes a link that it does not let in."""

    code: CloseCode
    reason: str
    """What the client is sent, at most `MAX_REASON_BYTES` of UTF-8."""


class Refusals:
    """The refusals of one process."""

    def __init__(self) -> None:
        self.counts: Counter[CloseCode] = Counter()
        """Links by the code that closed them, because they or a message of theirs were refused."""
        self._lines = TokenBucket(LINES_PER_S, LINES_BURST, 0.0)
        self._left_out = 0

    def note_link(self, code: CloseCode, reason: str, now_s: float, **more: object) -> None:
        """Count and log that a link, or a message on it, is refused.

        Args:
            code: Closes the link.
            reason: What the client is sent.
            now_s: The time now, in seconds on the server's clock.
            more: Fields of the log line.
        """
        self.counts[code] += 1
        self.note(reason, now_s, code=int(code), **more)

    def note(self, reason: str, now_s: float, **more: object) -> None:
        """Log a refusal, if not too many were logged before it.

        Args:
            reason: What the client is sent.
            now_s: The time now, in seconds on the server's clock.
            more: Fields of the log line.
        """
        if not self._lines.take(1, now_s):
            self._left_out += 1
            return
        if self._left_out:
            more["left_out"] = self._left_out
            self._left_out = 0
        log.info("refused: %s", reason, extra=more)
