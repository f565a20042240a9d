"""A recording as a timeline: the state of any moment and the events up to it, without running the rules.

A recording holds the state of each snapshot as a delta from the one before, and a whole one every few seconds. So any
moment is reached by decoding a few seconds at most, and the next one by decoding one delta.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from typing import TYPE_CHECKING, Any, Final

import msgpack

from gameserver.protocol.errors import ProtocolError
from gameserver.protocol.messages import State
from gameserver.recording.format import RecordingError
from gameserver.sync.decode.decoder import DeltaDecoder
from gameserver.sync.interpolation import interpolate_tables

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gameserver.recording.format import Recording, Tick
    from gameserver.state.schema import Schema
    from gameserver.state.table import Table
    from gameserver.sync.decode.view_state import ViewState

_WRONG_SHAPES: Final = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
"""What values of other types raise, which no recorder writes and a file may have all the same."""

KEPT_STATES: Final = 4
"""Decoded states that are kept: those around the moment that is shown, and one or two before it."""


def read_state(decoder: DeltaDecoder, before: ViewState, tick: Tick) -> ViewState:
    """Decode the state of a snapshot tick from that of the snapshot before.

    Raises:
        RecordingError: The recorded delta does not fit.
    """
    if tick.body is None or tick.span is None:
        raise RecordingError(f"tick {tick.tick} of the recording has no state where its header promises one")
    try:
        items = msgpack.unpackb(b"\x94" + tick.body)
        return decoder.apply(before, State(tick.tick, tick.span, 0, None, *items))
    except (ProtocolError, msgpack.UnpackException, *_WRONG_SHAPES) as error:
        raise RecordingError(f"the recorded state of tick {tick.tick} cannot be read: {error}") from None


class Timeline:
    """The recorded moments from tick `first` to tick `last`; recorded snapshots are `every` ticks apart."""

    def __init__(self, recording: Recording, schema: Schema) -> None:
        """Read the whole recording once, up to its end or its first damage.

        Raises:
            RecordingError: It holds no state.
        """
        self._recording = recording
        self.schema = schema
        self._decoder = DeltaDecoder(schema, recording.header.tick_hz)
        self._states: dict[int, ViewState] = {}
        self._places = array("Q")
        self._keyframes: list[int] = []
        self.every = recording.header.snapshot_every
        self._tick_0 = self.first = self.last = 0
        for place, tick in recording.placed_ticks():
            self._index(place, tick)
        if not self._keyframes:
            raise RecordingError("the recording ends before its first state: there is nothing to show")
        self.first = self._keyframes[0]

    def _index(self, place: int, tick: Tick) -> None:
        self._tick_0 = self._tick_0 or tick.tick
        self._places.append(place)
        if tick.body is None:
            return
        if tick.span == 0:
            self._keyframes.append(tick.tick)
        if self._keyframes:
            self.last = tick.tick

    def moment(self, at: float) -> tuple[Table, ...]:
        """The state at a moment; between two snapshots it is interpolated.

        Args:
            at: In ticks, from `first` to `last`.

        Raises:
            RecordingError: A record cannot be read.
        """
        tick = int(at // self.every) * self.every
        before = self._state(tick)
        if at == tick or tick == self.last:
            return before.tables
        return interpolate_tables(
            self.schema, before.tables, self._state(tick + self.every).tables, (at - tick) / self.every
        )

    def events(self, after: int, upto: int) -> Iterator[tuple[str, Any]]:
        """The events for everyone after the tick `after`, up to and including `upto`: name and payload, in order."""
        for tick in range(after + 1, upto + 1):
            for name, payload, to in self._read(tick).events:
                if to is None:
                    yield name, payload

    def _read(self, tick: int) -> Tick:
        return self._recording.tick_at(self._places[tick - self._tick_0])

    def _state(self, tick: int) -> ViewState:
        """The state of a snapshot tick, decoded from the nearest earlier state that is kept."""
        keyframe = self._keyframes[bisect_right(self._keyframes, tick) - 1]
        known = max((at for at in self._states if keyframe <= at <= tick), default=None)
        at, state = (keyframe - self.every, self._decoder.empty()) if known is None else (known, self._states[known])
        for then in range(at + self.every, tick + 1, self.every):
            state = read_state(self._decoder, state, self._read(then))
        self._keep(tick, state)
        return state

    def _keep(self, tick: int, state: ViewState) -> None:
        self._states.pop(tick, None)
        self._states[tick] = state
        if len(self._states) > KEPT_STATES:
            del self._states[next(iter(self._states))]
