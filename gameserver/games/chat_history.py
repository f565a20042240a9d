"""The messages of a chat's channels, within a number of bytes in all, and the limits of people who join again."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

from gameserver.games.token_bucket import TokenBucket  # noqa: TC001 - older saves look for it here

MESSAGE_BYTES: Final = 300
"""What a message takes beside its text, roughly: its object, and its author's name."""
MAX_KEPT_LIMITS: Final = 1000
"""How many people with a token go on with their limits when they join again."""


@dataclass(slots=True)
class Message:
    """One message of a channel, as its history keeps it."""

    id: int
    """Its number in its channel, from 1, without gaps: a client sees what it is missing."""
    tick: int
    author: int
    """The participant's number."""
    name: str
    """As it was when this was said."""
    moderator: bool
    text: str
    hidden: bool = False
    """A moderator has taken it out; its text is gone."""

    @property
    def size(self) -> int:
        """Its share of the room's bytes."""
        return MESSAGE_BYTES + len(self.text.encode())

    def as_payload(self) -> dict[str, Any]:
        """Return it as events carry it."""
        return {
            "id": self.id,
            "tick": self.tick,
            "from": self.author,
            "name": self.name,
            "mod": self.moderator,
            "text": self.text,
            "hidden": self.hidden,
        }


class History:
    """The newest messages of all channels. When there is no room for a new one, the oldest of the channel with the most
    bytes goes: whoever floods one channel pushes out nothing of another.

    Args:
        max_bytes: The most bytes in all.
    """

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._channels: dict[int, deque[Message]] = {}
        self._sizes: dict[int, int] = {}

    @property
    def size(self) -> int:
        """The bytes of all messages."""
        return sum(self._sizes.values())

    def open(self, channel: int) -> None:
        """Begin to keep the messages of a channel."""
        self._channels[channel] = deque()
        self._sizes[channel] = 0

    def close(self, channel: int) -> None:
        """Drop the messages of a channel."""
        del self._channels[channel], self._sizes[channel]

    def add(self, channel: int, message: Message) -> None:
        """Keep a message, whose number is the next one of its channel."""
        self._channels[channel].append(message)
        self._sizes[channel] += message.size
        while self.size > self._max_bytes:
            fullest = max(self._sizes, key=lambda each: self._sizes[each])
            self._sizes[fullest] -= self._channels[fullest].popleft().size

    def page(self, channel: int, before: int | None, count: int, max_bytes: int) -> tuple[list[Message], bool]:
        """Return the newest messages before a number: at least one if there are any, else as many as fit.

        Args:
            channel: Its number.
            before: The number that they are before; None: the newest of all.
            count: How many at most.
            max_bytes: How many bytes at most.

        Returns:
            The messages, oldest first, and whether there are older ones.
        """
        kept = self._channels[channel]
        end = len(kept) if before is None or not kept else max(0, min(len(kept), before - kept[0].id))
        start, size = end, 0
        while start > 0 and end - start < count:
            size += kept[start - 1].size
            if size > max_bytes and start < end:
                break
            start -= 1
        return list(islice(kept, start, end)), start > 0

    def hide(self, channel: int, message_id: int) -> bool:
        """Take out the text of a message. Return whether there was one to take out."""
        kept = self._channels[channel]
        at = message_id - kept[0].id if kept else -1
        if not 0 <= at < len(kept) or kept[at].hidden:
            return False
        self._sizes[channel] -= kept[at].size
        kept[at].text, kept[at].hidden = "", True
        self._sizes[channel] += kept[at].size
        return True


class KeptLimits:
    """What people with a token may still do, so that who leaves and joins again goes on with it."""

    def __init__(self) -> None:
        self._kept: dict[str, tuple[TokenBucket, TokenBucket]] = {}

    def of(self, subject: str, fresh: tuple[TokenBucket, TokenBucket]) -> tuple[TokenBucket, TokenBucket]:
        """Return the limits of somebody who joins.

        Args:
            subject: Whose token it is; empty without one.
            fresh: The limits of somebody new.
        """
        if not subject:
            return fresh
        first, second = self._kept.pop(subject, fresh)
        self._kept[subject] = first, second
        if len(self._kept) > MAX_KEPT_LIMITS:
            del self._kept[next(iter(self._kept))]
        return first, second
