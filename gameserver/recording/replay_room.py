"""A room that shows a recording: viewers see what was recorded as if it happened now, and may pause, jump and change
the pace. No rules run.

The room's own ticks go on as in any room; which recorded moment they show is `Playhead`'s. To a client it is a room
like any other: snapshots, deltas, events. It steers with MESSAGE `replay`, `{"pause": bool}`, `{"seek": tick}` or
`{"speed": x}`, and is told where the playhead is by the event `replay`: `{"tick", "ticks", "paused", "speed"}`.

Rules kept here:
- What moves is told to move at the pace that is shown: rates are times the speed, and 0 in a still picture. So a
  client that draws between snapshots, and beyond the last, draws no motion that is not there.
- Whoever jumps through time puts everything elsewhere: fields that count jumps go on by one.
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
"""The name of the message that steers, and of the event that tells."""
SPEEDS: Final = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0)
TELL_EVERY_S: Final = 0.5
"""Clients reckon on by themselves in between."""


class Playhead:
    """Which recorded tick is shown. It moves with `advance`, once a tick of the room."""

    def __init__(self, first: int, last: int, every: int) -> None:
        self.first = first
        self.last = last
        self._every = every
        self.at = float(first)
        self.paused = False
        self.speed = 1.0
        self.jumps = 0
        """How often it was put elsewhere."""

    @property
    def pace(self) -> float:
        """Recorded ticks to a tick of the room."""
        return 0.0 if self.paused else self.speed

    def advance(self) -> None:
        """A tick of the room goes by. At the end of the recording it stops."""
        if self.paused:
            return
        self.at = min(float(self.last), self.at + self.speed)
        self.paused = self.at == self.last

    def seek(self, tick: float, now: int) -> None:
        """Go to this recorded tick, or the nearest there is; `now` is the tick of the room."""
        self.at = min(float(self.last), max(float(self.first), tick))
        self.jumps += 1
        self._align(now)

    def pause(self, paused: bool, now: int) -> None:
        """Stop, or go on; at the end, from the beginning."""
        if not paused and self.at == self.last:
            self.seek(self.first, now)
        self.paused = paused
        self._align(now)

    def set_speed(self, speed: float, now: int) -> None:
        """Change the pace."""
        self.speed = speed
        self._align(now)

    def _align(self, now: int) -> None:
        """Step back by less than a snapshot, so that the room's snapshots fall on recorded ones: those are shown as
        they were, others as they may have been."""
        until = -now % self._every * self.pace
        shown = floor((self.at + until) / self._every) * self._every
        self.at = max(float(self.first), shown - until)


class ReplayRoom(Room[Any]):
    """See the module. It is made with the option `timeline`."""

    max_players: ClassVar[int] = 64
    max_spectators: ClassVar[int] = 64
    empty_close_s: ClassVar[float] = float("inf")

    def on_create(self, options: Mapping[str, object]) -> None:
        self.timeline = cast("Timeline", options["timeline"])
        self.head = Playhead(self.timeline.first, self.timeline.last, self.timeline.every)
        self._engine.capture = self.picture
        self.every(max(1, round(TELL_EVERY_S / self.dt)), self._tell)

    def on_join(self, player: Player) -> None:
        self.send(player, EVENT, self._state())

    def on_resume(self, player: Player) -> None:
        self.send(player, EVENT, self._state())

    def on_input(self, player: Player, controls: object) -> None:
        """Nobody plays here."""

    def on_message(self, player: Player, name: str, payload: Any) -> None:
        if name == EVENT and isinstance(payload, dict) and self._obey(payload):
            self.broadcast(EVENT, self._state())

    def on_tick(self) -> None:
        shown, moving = int(self.head.at), not self.head.paused
        self.head.advance()
        for name, payload in self.timeline.events(shown, int(self.head.at)):
            self.broadcast(name, payload)
        if moving and self.head.paused:
            self.broadcast(EVENT, self._state())

    def _obey(self, wish: dict[str, Any]) -> bool:
        """Do what a viewer wants; False when it makes no sense."""
        match wish:
            case {"pause": bool(paused)}:
                self.head.pause(paused, self.tick)
            case {"seek": int(tick)} if not isinstance(tick, bool):
                self.head.seek(tick, self.tick)
            case {"speed": int() | float() as speed} if not isinstance(speed, bool) and speed in SPEEDS:
                self.head.set_speed(float(speed), self.tick)
            case _:
                return False
        return True

    def _tell(self) -> None:
        if not self.head.paused:
            self.broadcast(EVENT, self._state())

    def _state(self) -> dict[str, Any]:
        head = self.head
        return {"tick": int(head.at), "ticks": head.last, "paused": head.paused, "speed": head.speed}

    def picture(self) -> tuple[Table, ...]:
        """What is to be seen at this tick."""
        types = self._engine.kind.schema.entities
        tables = self.timeline.moment(self.head.at)
        return tuple([_at_pace(kind, table, self.head) for kind, table in zip(types, tables, strict=True)])


def _at_pace(entity_type: EntityType, table: Table, head: Playhead) -> Table:
    """A table in which things move as fast as they are shown to, and were put elsewhere when the playhead was."""
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
    """The kind under which a recording of `kind` is shown: the same names and schema, but no rules and no step."""
    tick_hz = kind.room_class.tick_hz
    named = {"kind": kind.name, "tick_hz": tick_hz, "snapshot_hz": tick_hz // timeline.every}
    return replace(kind, room_class=type(f"Replayed{kind.room_class.__name__}", (ReplayRoom,), named), step=None)
