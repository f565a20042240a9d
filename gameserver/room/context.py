"""What a room's rules may use of the engine that runs them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import random

    from gameserver.room.lag_compensation import LagCompensation
    from gameserver.room.outside_work import OutsideWork
    from gameserver.room.player import Player
    from gameserver.room.timers import Timers
    from gameserver.state.world import World
    from gameserver.sync.snapshot import Captured


class RoomContext(Protocol):
    """Implemented by `gameserver.room.engine.RoomEngine`."""

    id: str
    tick_s: float
    tick_number: int
    random: random.Random
    world: World
    timers: Timers
    lag_compensation: LagCompensation
    work: OutsideWork
    captured: Captured
    """What snapshots are taken of; a room that shows a recording puts itself here."""

    @property
    def players(self) -> list[Player]: ...

    @property
    def spectators(self) -> list[Player]: ...

    def emit(self, name: str, payload: object, to: frozenset[int] | None) -> None:
        """Log an event of this tick for the sessions in `to`; None: everyone."""

    def lock(self, locked: bool) -> None:
        """Lock or unlock the room."""

    def set_visibility(self, visibility: str) -> None:
        """Say who finds the room.

        Raises:
            ValueError: It is no visibility.
        """

    def close_after_tick(self, reason: str) -> None:
        """Close the room at the end of this tick."""
