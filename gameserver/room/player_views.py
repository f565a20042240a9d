"""PlayerViews: what each player of a room with `interest` sees, and the bodies of the STATE messages for these views.

A player's viewpoint is its avatar, or, while it has none, the place of its last one. Spectators see everything.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from gameserver import native
from gameserver.room.player import check_byte_rate
from gameserver.state.errors import DeclarationError
from gameserver.sync.encode.interest import Interest, Reach, positions_of
from gameserver.sync.encode.priority import MAX_EVERY, PriorityEncoder, Viewers
from gameserver.sync.encode.views import ALL, Views

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from gameserver.room.player import Player
    from gameserver.room.session import Session
    from gameserver.state.entity import Entity, EntityType
    from gameserver.state.schema import Schema
    from gameserver.state.table import Table
    from gameserver.sync.encode.encoder import DeltaEncoder
    from gameserver.sync.snapshot import Snapshot

    Mask = NDArray[np.bool_]
    NarrowView = Callable[[Sequence[Player], type[Entity], Table, Mask], Mask]

MAX_SAVED_S = 1.0
"""How long an unused byte budget adds up: it pays for a burst after silence, such as the first full state."""

MAX_DEBT_S = 1.0
"""How long an exceeded byte budget is paid back at most, so that neither what was sent before there was a budget nor a
time in which avatars and texts alone took more than it holds everything else up for long."""


@dataclass(frozen=True, slots=True)
class Near:
    """A room's `interest`: players see what is near their avatar.

    Args:
        radius: An entity comes into view when it is nearer than this.
        leave_radius: It leaves the view when it is farther than this; None: a tenth more than `radius`.
        types: Entity types with a radius of their own, or None: always visible.
        place: The names of the two fields that hold an entity's position; a type without them is always visible.
        tiers: From which distance on an entity is sent less often: `{200: 2, 400: 4}` means in every second snapshot
            beyond 200 units and in every fourth beyond 400.
        bytes_per_s: The byte budget of each player (None: no limit; `player.bytes_per_s` overrides it). What matters
            most is sent first, and everything is sent in the end.
    """

    radius: float
    leave_radius: float | None = None
    types: Mapping[type[Entity], float | None] = field(default_factory=dict)
    place: tuple[str, str] = ("x", "y")
    tiers: Mapping[float, int] = field(default_factory=dict)
    bytes_per_s: float | None = None

    def __post_init__(self) -> None:
        """Check the declaration.

        Raises:
            DeclarationError: Says which part cannot work, and what to write.
        """
        for radius in (self.radius, *[radius for radius in self.types.values() if radius is not None]):
            _check_distance("radius", radius)
        if self.leave_radius is not None:
            _check_distance("leave_radius", self.leave_radius)
        Reach.of(self.radius, self.leave_radius)
        if not isinstance(self.place, tuple) or len(self.place) != 2:
            raise DeclarationError(f'Near: place is {self.place!r}; write the names of two fields, such as ("x", "y")')
        for distance, every in self.tiers.items():
            _check_distance("a distance of tiers", distance)
            if not isinstance(every, int) or not 1 <= every <= MAX_EVERY:
                raise DeclarationError(f"Near: tiers has {every!r}; write every how many snapshots, 1 to {MAX_EVERY}")
        if self.bytes_per_s is not None:
            try:
                check_byte_rate(self.bytes_per_s)
            except (TypeError, ValueError) as error:
                raise DeclarationError(f"Near: {error}") from None


def _check_distance(name: str, value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < math.inf:
        raise DeclarationError(f"Near: {name} is {value!r}; write a number above 0")


class EncodedViews(NamedTuple):
    """The bodies for a group of viewers, in their order, and what they see once they have applied them."""

    bodies: list[bytes]
    views: Views


class PlayerViews:
    """What the players of one room see."""

    def __init__(
        self,
        schema: Schema,
        near: Near,
        encoder: DeltaEncoder,
        tick_hz: int,
        narrow_view: NarrowView | None,
        *,
        snapshot_hz: int,
    ) -> None:
        """Apply a declaration.

        Args:
            schema: The room's.
            near: The author's declaration.
            encoder: The room's.
            tick_hz: Ticks a second.
            narrow_view: The room's method of this name, when its author wrote one.
            snapshot_hz: Snapshots a second.
        """
        types = {cls: None if radius is None else Reach.of(radius) for cls, radius in near.types.items()}
        self._schema = schema
        self._near = near
        self._tick_hz = tick_hz
        self._encoder = encoder
        self._interest = Interest(
            schema, near.radius, near.leave_radius, types=types, place=near.place, find_near=native.find_near()
        )
        self._priority_encoder = PriorityEncoder(encoder, self._interest, near.tiers, snapshot_hz=snapshot_hz)
        self._narrow_view = narrow_view

    def set_tier_stretch(self, stretch: int) -> None:
        """Send what lies in a far tier `stretch` times less often than the room declares."""
        self._priority_encoder.set_tier_stretch(stretch)

    def encode(self, sessions: Sequence[Session], snapshot: Snapshot) -> EncodedViews:
        """Encode `snapshot` for players that all hold the same base."""
        base = sessions[0].base
        budgets = [self._add_to_budget(session, snapshot) for session in sessions]
        before = None if base is None else Views.of([s.view for s in sessions if s.view is not ALL])
        by_priority = bool(self._near.tiers) or min(budgets) < math.inf
        # What was left out while there was a budget is still not exact once the budget is lifted.
        by_priority = by_priority or (before is not None and before.has_left_out)
        avatars = np.array([0 if s.player.avatar is None else s.player.avatar.id for s in sessions], np.int64)
        viewpoints = self._viewpoints(sessions, snapshot, avatars)
        narrow = self._filter_for(sessions)
        now = self._interest.views(snapshot, viewpoints, before, avatars=avatars, narrow=narrow)
        if not by_priority:
            return EncodedViews(self._encoder.encode_views(base, snapshot, before, now), now)
        viewers = Viewers(viewpoints, avatars, np.array(budgets, np.float32))
        bodies, seen = self._priority_encoder.encode(base, snapshot, before, now, viewers)
        return EncodedViews(bodies, seen)

    def _viewpoints(
        self, sessions: Sequence[Session], snapshot: Snapshot, avatars: NDArray[np.int64]
    ) -> NDArray[np.float32]:
        """The positions of the players' avatars, shape (players, 2); a player without one keeps its last viewpoint."""
        viewpoints = positions_of(self._schema, snapshot, avatars, self._near.place)
        for row in np.flatnonzero(np.isnan(viewpoints[:, 0])).tolist():
            viewpoints[row] = sessions[row].viewpoint
        for session, viewpoint in zip(sessions, viewpoints.tolist(), strict=True):
            session.viewpoint = viewpoint
        return viewpoints

    def _add_to_budget(self, session: Session, snapshot: Snapshot) -> float:
        """Add to a session's budget what it has earned since its base. Return the bytes that this delta may have."""
        own = session.player.bytes_per_s
        rate = self._near.bytes_per_s if own is None else own
        if rate is None:
            return math.inf
        ticks = self._tick_hz if session.base is None else snapshot.tick - session.base.tick
        left = max(-rate * MAX_DEBT_S, session.budget_bytes)
        session.budget_bytes = min(rate * MAX_SAVED_S, left + rate * ticks / self._tick_hz)
        return session.budget_bytes

    def _filter_for(self, sessions: Sequence[Session]) -> Callable[[EntityType, Table, Mask], Mask] | None:
        narrow_view = self._narrow_view
        if narrow_view is None:
            return None
        players = [session.player for session in sessions]
        return lambda entity_type, table, mask: (
            mask if entity_type.use is not None else narrow_view(players, entity_type.cls, table, mask)
        )
