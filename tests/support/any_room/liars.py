"""Clients that send anything: hostile ticks, acks, cursors, tokens and bytes. They check nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgpack

from gameserver.protocol.codec import STATE_START
from gameserver.protocol.constants import ClientMessage, ServerMessage
from tests.support.any_room.links import EVENTS_START, WELCOME_START, LossyLink

if TYPE_CHECKING:
    import random

    from gameserver.hub.peer import Peer
    from tests.support.any_room.stage import Stage


class Liar:
    """A client that sends anything."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.link: LossyLink | None = None
        self.peer: Peer | None = None
        self.tokens: list[bytes] = []
        self.cursor = 0
        self.ticks: list[int] = [0]

    def connect(self) -> None:
        """Open a link."""
        self.cut(None, 0)
        self.link = LossyLink(lambda: self.stage.ticks)
        self.peer = self.stage.hub.open(self.link, self.stage.now_s, address="liar")

    def cut(self, code: int | None, after_ticks: int) -> None:
        """Lose the link; the server learns of it after some ticks."""
        if self.peer is not None and self.link is not None:
            self._read_all(self.link)
            self.stage.lose(self.peer, code, after_ticks)
            self.link = self.peer = None

    def after_tick(self) -> None:
        """Read what came."""
        if self.link is not None:
            self._read_all(self.link)
            if self.link.closed is not None:
                self.cut(None, 0)

    def _read_all(self, link: LossyLink) -> None:
        """Read tokens, cursors and ticks, and forget everything else."""
        link.queue.clear()
        fresh, link.fresh = link.fresh, []
        for sent in fresh:
            if sent.message.startswith((WELCOME_START, STATE_START, EVENTS_START)):
                self._read(msgpack.unpackb(sent.message))

    def _read(self, message: list[Any]) -> None:
        match message[0]:
            case ServerMessage.WELCOME:
                self.tokens = [*self.tokens, message[1]["token"]][-2:]
                self.cursor = message[1]["event"]
            case ServerMessage.STATE:
                self.ticks = [*self.ticks, message[1]][-4:]
            case ServerMessage.EVENTS:
                self.cursor = message[2]

    def say(self, data: bytes) -> None:
        """Send bytes."""
        if self.peer is not None:
            self.peer.receive(data, self.stage.now_s)

    def join(self, dice: random.Random) -> None:
        """Join properly, over another link."""
        self.connect()
        self.say(msgpack.packb([ClientMessage.JOIN, "any", self.stage.engine.id, dice.choice((0, 0, 1)), {}]))

    def resume(self, dice: random.Random) -> None:
        """Resume from any tick and cursor, with any token."""
        tokens = [*self.tokens, *self.tokens[-1:] * 8, bytes(24)]
        token = dice.choice(tokens)
        if dice.random() < 0.1:
            token = token[: dice.randint(0, 24)] + dice.randbytes(3)
        self.connect()
        cursor = dice.choice((self.cursor, self.cursor, 0, max(0, self.cursor - 3), self.cursor + 1, 2**32 - 1, None))
        self.say(msgpack.packb([ClientMessage.RESUME, token, self.any_tick(dice), cursor]))

    def any_tick(self, dice: random.Random) -> int:
        """A tick that a client may claim to have applied."""
        now = self.stage.engine.tick_number
        return max(0, dice.choice((now, now, now - 1, now - 2, now - 30, now + 1, now + 99, 0, 2**32 - 1, *self.ticks)))

    def speak(self, dice: random.Random) -> None:
        """Send any message, of the right form or nearly."""
        ranges = self.stage.engine.kind.inputs_type.ranges
        codes = [dice.randint(lo, hi) for lo, hi in ranges]
        counter = dice.choice((0, 1, 5, self.stage.ticks, 2**31, 2**32 - 1))
        messages: list[list[Any]] = [
            *[[ClientMessage.INPUT, counter, self.any_tick(dice), dice.choice((0, 7, 4095)), *codes]] * 3,
            [ClientMessage.ACK, self.any_tick(dice)],
            [ClientMessage.ACK, self.any_tick(dice)],
            [ClientMessage.RESYNC, self.any_tick(dice)],
            [ClientMessage.PING, counter],
            [ClientMessage.PONG, counter],
            [ClientMessage.MESSAGE, "say", dice.choice((None, {"a": [1, 2.5, "é"]}, b"\xff", [[[[]]]]))],
            [ClientMessage.LEAVE],
        ]
        items = dice.choice(messages)
        if dice.random() < 0.1:
            items[dice.randrange(len(items))] = dice.choice((-1, 2**32, 1.5, None, "x", [], float("nan")))
        data = bytearray(msgpack.packb(items))
        if dice.random() < 0.05:
            data[dice.randrange(len(data))] = dice.randrange(256)
        self.say(bytes(data))
