"""What a room is driven by and what it is written to: the difference between live play and a replay."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gameserver.room.commands import Command
    from gameserver.room.player import Player
    from gameserver.room.session import Session
    from gameserver.sync.snapshot import Snapshot

    Codes = tuple[int, ...]


class Source(Protocol):
    """Where the commands and inputs of a room come from: its live seats, or a recording."""

    def take_commands(self, now_s: float) -> Sequence[Command]:
        """Take the commands of the tick that begins now, in order."""

    def take_inputs(self, now_s: float, tick: int) -> Sequence[tuple[Session, Codes]]:
        """Take one input frame of each player for this tick, in order of joining."""

    def lag_of(self, player: Player) -> int:
        """How far behind the room a player saw the others, in 1/16 tick."""


class TickRecorder(Protocol):
    """Records a room; see `gameserver.recording.format.Recorder`."""

    def put(
        self,
        commands: Sequence[Command],
        inputs: Sequence[tuple[int, Codes]],
        lags: Sequence[int],
        events: Sequence[tuple[str, object, frozenset[int] | None]],
        snapshot: Snapshot,
    ) -> None:
        """Record one tick."""
