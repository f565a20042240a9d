"""What a room's rules may use of the engine that runs them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import random

    from gameserver.protocol.constants import Role
    from gameserver.room.author_store import Calls
    from gameserver.room.backfill import BackfillRequest
    from gameserver.room.effects import Effects
    from gameserver.room.lag_compensation import LagCompensation
    from gameserver.room.moves import Moves
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
    effects: Effects
    store_calls: Calls
    store_scope: str
    """Whose keys `Room.store` has: the room's kind."""
    moves: Moves
    snapshot_source: Captured
    """What snapshots are taken of; a room that shows a recording puts itself here."""

    @property
    def players(self) -> list[Player]: ...

    @property
    def spectators(self) -> list[Player]: ...

    def emit(self, name: str, payload: object, to: frozenset[int] | None) -> None:
        """Log an event of this tick for the sessions in `to`; None: everyone."""

    def send_command(self, kind: str, name: str, payload: object) -> None:
        """Send a command to the one room of a kind at the end of this tick."""

    def lock(self, locked: bool) -> None:
        """Lock or unlock the room."""

    def set_visibility(self, visibility: str) -> None:
        """Say who finds the room.

        Raises:
            ValueError: It is none of VISIBILITIES.
        """

    def reserve(self, role: Role, subject: str | None, seconds: float) -> bytes | None:
        """Keep a free seat for so long; None if there is none.

        Raises:
            ValueError: It cannot be for so long.
        """

    def cancel_reservation(self, key: bytes) -> bool:
        """Keep a seat no longer. Return whether it was kept."""

    def ask_for_players(self, request: BackfillRequest | None) -> None:
        """Ask the queues of a kind for players from now on; None: ask no longer."""

    def close_after_tick(self, reason: str) -> None:
        """Close the room at the end of this tick."""
