"""A client written from protocol.md alone: pure Python and msgpack, nothing of the server.

`Client` takes whole messages and returns the messages to send; `websocket.py` carries them. It does what every
client must and no more: join, send input frames, apply states, keep the event cursor, resume.
"""

import os
from collections.abc import Mapping, Sequence
from typing import Any

import msgpack

from tests.support.foreign.view import EntityType, Misfit, View, apply_state, read_schema

SUBPROTOCOL = "gameserver.v1"
JOIN, RESUME, INPUT, MESSAGE, PING, PONG, RESYNC, ACK, LEAVE, ARRIVED = range(1, 11)
WELCOME, STATE, EVENTS, SERVER_PING, SERVER_PONG, NOTICE, MOVED = range(16, 23)
ITEMS = {WELCOME: 1, STATE: 8, EVENTS: 3, SERVER_PING: 1, SERVER_PONG: 5, NOTICE: 2, MOVED: 3}
MAX_COUNTER, MAX_LEAD = 2**32 - 1, 65_535
MALFORMED, UNKNOWN_MESSAGE, INVALID_FIELD = 4000, 4003, 4004


class Broken(Exception):
    """The server broke the protocol; close with `code`."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(code, reason)
        self.code = code


def read_message(data: bytes) -> tuple[int, list[Any]]:
    """Return a server message's id and items."""
    try:
        array = msgpack.unpackb(data, ext_hook=refuse_extension, list_hook=plain, object_pairs_hook=unique_keys)
    except (ValueError, RecursionError) as error:
        raise Broken(MALFORMED, "one well-formed msgpack value") from error
    if not isinstance(array, list) or not array or type(array[0]) is not int:
        raise Broken(MALFORMED, "an array that begins with an integer")
    if array[0] not in ITEMS:
        raise Broken(UNKNOWN_MESSAGE, str(array[0]))
    if len(array) - 1 != ITEMS[array[0]]:
        raise Broken(INVALID_FIELD, f"{len(array)} items")
    return array[0], array[1:]


def refuse_extension(code: int, data: bytes) -> object:
    """Extensions must be refused."""
    raise Broken(MALFORMED, f"extension {code} of {len(data)} bytes")


def plain(values: list[Any]) -> list[Any]:
    """Timestamps are extensions too, though the library reads them by itself."""
    if any(isinstance(value, msgpack.Timestamp) for value in values):
        raise Broken(MALFORMED, "a timestamp")
    return values


def unique_keys(pairs: Sequence[tuple[Any, Any]]) -> dict[str, Any]:
    """Keys are str and stand once."""
    result = dict(pairs)
    plain(list(result.values()))
    if len(result) != len(pairs) or not all(isinstance(key, str) for key in result):
        raise Broken(MALFORMED, "keys are str and stand once")
    return result


def check_state(items: Sequence[Any], newest_tick: int, newest_seq: int) -> None:
    """Check what no server of the protocol sends: §5, the faults that close with 4004."""
    tick, span, seq, lead, *arrays = items
    in_range = integer(tick, 1) and integer(span) and integer(seq) and (lead is None or integer(lead, 0, MAX_LEAD))
    if not in_range or not all(isinstance(one, list) for one in arrays):
        raise Broken(INVALID_FIELD, "an item of STATE has the wrong type or range")
    if span > tick or tick < newest_tick or seq < newest_seq:
        raise Broken(INVALID_FIELD, "STATE goes back")


def integer(value: object, lo: int = 0, hi: int = MAX_COUNTER) -> bool:
    """Say whether `value` is an integer in a range."""
    return type(value) is int and lo <= value <= hi


class Client:
    """One participant, over as many links as it takes."""

    def __init__(
        self,
        kind: str,
        params: Mapping[str, Any],
        role: int = 0,
        room: str | dict[str, Any] | None = None,
        token: bytes | None = None,
    ) -> None:
        """`token` resumes a session that another program began."""
        self.join = [JOIN, kind, room, role, dict(params), os.urandom(16)]
        self.token = token
        self.welcome: dict[str, Any] = {}
        self.limits: dict[str, Any] = {}
        self.types: list[EntityType] = []
        self.view = View()
        self.event = 0
        self.events: list[list[Any]] = []
        self.seq = 0
        self.consumed = 0
        self.leads: list[int] = []
        self.states = 0
        self.resyncs = 0
        self.lost = False
        self.moved: str | None = None
        """The room that the session has moved to over this link, until its WELCOME."""

    def open(self) -> bytes:
        """Return the first message of a link: RESUME if there is a session, else JOIN."""
        self.moved = None
        if self.welcome:
            return pack(RESUME, self.welcome["token"], self.view.tick, self.event)
        if self.token is not None:
            return pack(RESUME, self.token, 0, None)
        return pack(*self.join)

    def steer(self, codes: Sequence[int], behind: int = 0) -> bytes:
        """Return the next input frame. By default the client draws the newest state."""
        self.seq += 1
        return pack(INPUT, self.seq, self.view.tick, behind, *codes)

    def say(self, name: str, payload: object) -> bytes:
        """Return a MESSAGE; raises ValueError for one that the server would close the link over."""
        data = pack(MESSAGE, name, payload)
        if len(data) > self.limits["message_bytes"] or not 0 < len(name.encode()) <= self.limits["name_bytes"]:
            raise ValueError(f"{name!r} or its payload is too long")
        return data

    def receive(self, data: bytes) -> list[bytes]:
        """Take a message.

        Returns:
            The messages to answer with.

        Raises:
            Broken: It breaks the protocol.
        """
        number, items = read_message(data)
        if number == STATE:
            return self._state(items)
        if number == SERVER_PING:
            return [pack(PONG, items[0])]
        if number == WELCOME:
            return self._welcome(items[0])
        if number == MOVED:
            self._moved(*items)
        elif number == EVENTS:
            self._events(*items)
        return []

    def _moved(self, _kind: str, room: str, token: bytes | None) -> None:
        """Forget the room: a WELCOME of another one follows, or RESUME with this token over a new link leads there."""
        if token is None:
            self.moved = room
        else:
            self.welcome, self.token = {}, token

    def _welcome(self, welcome: dict[str, Any]) -> list[bytes]:
        self.event = max(self.event, welcome["event"]) if welcome["resumed"] else welcome["event"]
        if not welcome["resumed"]:
            self.view = View()
            self.lost, self.consumed = False, welcome["seq"]
        self.seq = max(self.seq, welcome["seq"]) if welcome["resumed"] else welcome["seq"]
        self.welcome, self.limits = welcome, welcome["limits"]
        self.types = read_schema(welcome["schema"])
        self.join[5] = os.urandom(16)
        moved, self.moved = self.moved, None
        return [] if moved is None else [pack(ARRIVED)]

    def _state(self, items: list[Any]) -> list[bytes]:
        check_state(items, self.view.tick, self.consumed)
        if self.lost and items[1] != 0:
            return []
        try:
            self.view = apply_state(self.types, self.welcome["tick_hz"], self.view, items)
        except Misfit:
            self.lost = True
            self.resyncs += 1
            return [pack(RESYNC, self.view.tick)]
        self.lost = False
        self.states += 1
        self.consumed = items[2]
        if items[3] is not None:
            self.leads.append(items[3])
        return [pack(ACK, self.view.tick)]

    def _events(self, since: int, upto: int, happened: list[list[Any]]) -> None:
        if since != self.event:
            raise Broken(MALFORMED, f"events from {since}, but the cursor is {self.event}")
        self.event = upto
        self.events += happened


def pack(*items: object) -> bytes:
    """Return a message."""
    data: bytes = msgpack.packb(items)
    return data
