"""A room that shows a recording: viewers see the recorded state as if it happened now, and may pause, seek and change
the speed. No rules run.

The room ticks like any room; `Playhead` says which recorded moment a tick shows. To a client it is a room like any
other, with snapshots, deltas and events. A client controls it with the MESSAGE `replay`: `{"pause": bool}`,
`{"seek": tick}` or `{"speed": x}`; the event `replay` says where the playhead is: `{"tick", "ticks", "paused",
"speed"}`.

Rules kept here:
- Rates are multiplied by the speed, and are 0 while paused. So a client that draws between snapshots, or beyond the
  last one, draws no motion that is not there.
- A seek counts as a jump of every entity: fields that count jumps increase by one.
"""

from __future__ import annotations

from dataclasses import replace
from math import floor
from typing import TYPE_CHECKING, Any, ClassVar, Final, cast

import numpy as np

from gameserver.room.room import Room
from gameserver.state.jumps import JUMP_COUNTS
from gameserver.state.table import Table

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gameserver.recording.timeline import Timeline
    from gameserver.room.kind import Kind
    from gameserver.room.player import Player
    from gameserver.state.entity import EntityType

EVENT: Final = "replay"
"""The name of the message that controls the playhead, and of the event that says where it is."""
SPEEDS: Final = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0)
SEND_EVERY_S: Final = 0.5
"""In between, clients advance the playhead by themselves."""


class Playhead:
    """Which recorded tick is shown. `advance` moves it, once a tick of the room."""

    def __init__(self, first: int, last: int, every: int) -> None:
        self.first = first
        self.last = last
        self._every = every
        self.at = float(first)
        self.paused = False
        self.speed = 1.0
        self.jumps = 0
        """How many seeks there were."""

    @property
    def pace(self) -> float:
        """Recorded ticks for each tick of the room."""
        return 0.0 if self.paused else self.speed

    def advance(self) -> None:
        """Move on by one tick of the room; pause at the end of the recording."""
        if self.paused:
            return
        self.at = min(float(self.last), self.at + self.speed)
        self.paused = self.at == self.last

    def seek(self, tick: float, now: int) -> None:
        """Go to this recorded tick, or to the nearest that there is; `now` is the room's tick."""
        self.at = min(float(self.last), max(float(self.first), tick))
        self.jumps += 1
        self._align(now)

    def pause(self, paused: bool, now: int) -> None:
        """Pause or continue; at the end of the recording, continue from its beginning."""
        if not paused and self.at == self.last:
            self.seek(self.first, now)
        self.paused = paused
        self._align(now)

    def set_speed(self, speed: float, now: int) -> None:
        """Change the speed."""
        self.speed = speed
        self._align(now)

    def _align(self, now: int) -> None:
        """Step back by less than a snapshot, so that the room's snapshots fall on recorded ones; moments between two
        recorded snapshots are interpolated."""
        until = -now % self._every * self.pace
        shown = floor((self.at + until) / self._every) * self._every
        self.at = max(float(self.first), shown - until)


class ReplayRoom(Room[Any]):
    """Shows the timeline that is its option `timeline`."""

    max_players: ClassVar[int] = 64
    max_spectators: ClassVar[int] = 64
    empty_close_s: ClassVar[float] = float("inf")

    def on_create(self, options: Mapping[str, object]) -> None:
        self.timeline = cast("Timeline", options["timeline"])
        self.head = Playhead(self.timeline.first, self.timeline.last, self.timeline.every)
        self._context.snapshot_source = self
        self.every(max(1, round(SEND_EVERY_S / self.dt)), self._send_state)

    def on_join(self, player: Player) -> None:
        self.send(player, EVENT, self._state())

    def on_spectate(self, spectator: Player) -> None:
        self.send(spectator, EVENT, self._state())

    def on_resume(self, player: Player) -> None:
        self.send(player, EVENT, self._state())

    def on_input(self, player: Player, controls: object) -> None:
        """Ignore it: viewers do not play."""

    def on_message(self, player: Player, name: str, payload: Any) -> None:
        if name == EVENT and isinstance(payload, dict) and self._control(payload):
            self.broadcast(EVENT, self._state())

    def on_tick(self) -> None:
        shown, moving = int(self.head.at), not self.head.paused
        self.head.advance()
        for name, payload in self.timeline.events(shown, int(self.head.at)):
            self.broadcast(name, payload)
        if moving and self.head.paused:
            self.broadcast(EVENT, self._state())

    def _control(self, request: dict[str, Any]) -> bool:
        """Handle a viewer's request. Return False when it is not a valid one."""
        match request:
            case {"pause": bool(paused)}:
                self.head.pause(paused, self.tick)
            case {"seek": int(tick)} if not isinstance(tick, bool):
                self.head.seek(tick, self.tick)
            case {"speed": int() | float() as speed} if not isinstance(speed, bool) and speed in SPEEDS:
                self.head.set_speed(float(speed), self.tick)
            case _:
                return False
        return True

    def _send_state(self) -> None:
        if not self.head.paused:
            self.broadcast(EVENT, self._state())

    def _state(self) -> dict[str, Any]:
        head = self.head
        return {"tick": int(head.at), "ticks": head.last, "paused": head.paused, "speed": head.speed}

    def capture(self) -> tuple[Table, ...]:
        """The recorded state that this tick shows."""
        types = self.timeline.schema.entities
        tables = self.timeline.moment(self.head.at)
        return tuple([_at_pace(each, table, self.head) for each, table in zip(types, tables, strict=True)])


def _at_pace(entity_type: EntityType, table: Table, head: Playhead) -> Table:
    """A table with rates for the pace of the playhead, and with a jump for each of its seeks."""
    rates = [rate for _, rate in entity_type.rates]
    jumps = entity_type.jumps
    if (head.pace == 1.0 or not rates) and (head.jumps == 0 or jumps is None):
        return table
    codes = table.codes.copy()
    if rates:
        paced = np.rint(codes[rates] * head.pace).astype(np.int64)
        codes[rates] = np.clip(paced, entity_type.lo[rates], entity_type.hi[rates])
    if jumps is not None:
        codes[jumps] = (codes[jumps] + head.jumps) % JUMP_COUNTS
    return Table(table.ids, codes, table.objects)


def replay_kind(kind: Kind, timeline: Timeline) -> Kind:
    """The kind of a room that shows recordings of `kind`: the same name and schema, without rules and step."""
    tick_hz = kind.room_class.tick_hz
    named = {"kind": kind.name, "tick_hz": tick_hz, "snapshot_hz": tick_hz // timeline.every}
    return replace(kind, room_class=type(f"Replayed{kind.room_class.__name__}", (ReplayRoom,), named), step=None)
