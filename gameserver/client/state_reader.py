"""From a server's bytes to messages, and from STATE messages to views: for one session, or for many of one process.

Sessions in one room that see the same are sent the same bytes: everything of a STATE but the four numbers at its head.
Where they also hold the same view, the result is the same, so `SharedStateReader` computes it, with all its checks, for
the first of them and hands the very same immutable view to the others. Reading for fifty bots then costs little more
than for one.

Pure. No twin in the SDK: a page has one session, whose replica uses `decoder.js` directly.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgpack

from gameserver.protocol import messages as m
from gameserver.protocol.codec import STATE_START, decode_server
from gameserver.protocol.constants import MAX_COUNTER, MAX_LEAD
from gameserver.state.schema import Schema
from gameserver.sync.decode.decoder import DeltaDecoder

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gameserver.state.entity import Entity
    from gameserver.state.inputs import Inputs
    from gameserver.sync.decode.view_state import ViewState

    Body = tuple[Sequence[Any], Sequence[Any], Sequence[Any], Sequence[Any]]

KEPT = 256
"""Bodies, and views made of them, that are remembered: the last seconds of a few rooms, however far a session lags."""

_HEAD_ITEMS: Final = 5  # id, tick, span, seq, lead


class StateReader:
    """The reader of one session."""

    def decode(self, data: bytes) -> m.ServerMsg:
        """Return the message.

        Raises:
            ProtocolError: The bytes are no message of a server's.
        """
        return decode_server(data)

    def decoder(
        self, welcome: m.Welcome, entities: Sequence[type[Entity]] = (), inputs: type[Inputs] | None = None
    ) -> DeltaDecoder:
        """Return what applies the STATEs of the room that WELCOME describes.

        Args:
            welcome: The WELCOME.
            entities: Own entity classes, in place of made-up ones of the same names.
            inputs: An own input class, in place of a made-up one.

        Raises:
            ProtocolError: The schema makes no sense.
        """
        return DeltaDecoder(Schema.from_wire(welcome.schema, entities, inputs), welcome.tick_hz)

    def apply(self, decoder: DeltaDecoder, view: ViewState, state: m.State) -> ViewState:
        """Return what `state` makes of `view`.

        Raises:
            DeltaError: The STATE does not fit the view.
        """
        return decoder.apply(view, state)


class SharedStateReader(StateReader):
    """The reader of many sessions. They must all have the same `Options`."""

    def __init__(self) -> None:
        self._bodies: dict[bytes, Body] = {}
        self._decoders: dict[tuple[object, int], DeltaDecoder] = {}
        self._made: dict[tuple[int, int, int], tuple[ViewState, m.State, ViewState]] = {}
        self._by_tick: dict[int, list[ViewState]] = {}

    def decode(self, data: bytes) -> m.ServerMsg:
        """Return the message; the body of a STATE that was read before is taken from there."""
        at = _body_start(data)
        body = None if at is None else self._bodies.get(data[at:])
        if body is not None:
            state = _with_head(data, body)
            if state is not None:
                return state
        message = decode_server(data)
        if at is not None and isinstance(message, m.State):
            _remember(self._bodies, data[at:], (message.leaves, message.enters, message.changes, message.values))
        return message

    def decoder(
        self, welcome: m.Welcome, entities: Sequence[type[Entity]] = (), inputs: type[Inputs] | None = None
    ) -> DeltaDecoder:
        """Return the same decoder for the same schema and pace."""
        key = welcome.schema.get("fingerprint"), welcome.tick_hz
        known = self._decoders.get(key)
        if known is None or known.schema.to_wire() != welcome.schema:
            known = self._decoders[key] = super().decoder(welcome, entities, inputs)
        return known

    def apply(self, decoder: DeltaDecoder, view: ViewState, state: m.State) -> ViewState:
        """Return what `state` makes of `view`: the view that another session has of the same, if there is one."""
        key = (id(view) if state.span else id(decoder), id(state.values), state.span)
        known = self._made.get(key)
        if known is not None and known[1].values is state.values and known[2].tick == state.tick:
            return known[2]
        made = self._known_or(decoder.apply(view, state))
        _remember(self._made, key, (view, state, made))  # which also keeps the ids of the key from being used again
        return made

    def _known_or(self, made: ViewState) -> ViewState:
        """Return a view that is equal to `made`: sessions that joined at different ticks share one from here on."""
        views = self._by_tick.get(made.tick)
        if views is None:
            views = []
            _remember(self._by_tick, made.tick, views)
        for view in views:
            if view.schema is made.schema and all(a.same(b) for a, b in zip(view.tables, made.tables, strict=True)):
                return view
        views.append(made)
        return made


def _body_start(data: bytes) -> int | None:
    """Return where the four last items of a STATE begin; None for what is no STATE."""
    if not data.startswith(STATE_START):
        return None
    reader = msgpack.Unpacker()
    reader.feed(data[:64])
    try:
        reader.read_array_header()
        for _ in range(_HEAD_ITEMS):
            reader.skip()
    except (ValueError, msgpack.UnpackException):  # the ordinary decoder says what is wrong
        return None
    return int(reader.tell())


def _with_head(data: bytes, body: Body) -> m.State | None:
    """Return the STATE of this head and a body that was checked; None for a head that is not in order."""
    reader = msgpack.Unpacker()
    reader.feed(data[:64])
    reader.read_array_header()
    _, tick, span, seq, lead = (reader.unpack() for _ in range(_HEAD_ITEMS))
    counters = all(type(number) is int and 0 <= number <= MAX_COUNTER for number in (tick, span, seq))
    if not counters or tick == 0 or span > tick or not (lead is None or (type(lead) is int and 0 <= lead <= MAX_LEAD)):
        return None
    return m.State(tick, span, seq, lead, *body)


def _remember(kept: dict[Any, Any], key: object, value: object) -> None:
    """Put an item into a dict that forgets the oldest one when it is full."""
    kept[key] = value
    if len(kept) > KEPT:
        del kept[next(iter(kept))]
