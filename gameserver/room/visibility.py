"""What each player sees and is told: the author's declaration, and from it views and bodies of all who are to be told.

A player looks from its avatar, or, while it has none, from where the last one was. Spectators see everything.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from gameserver.sync.encode.interest import Interest, Reach, positions_of
from gameserver.sync.encode.priority import PriorityEncoder, Viewers
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
    Narrow = Callable[[Sequence[Player], type[Entity], Table, Mask], Mask]

MAX_SAVED_S = 1.0
"""How long an budget that was not used adds up: a burst after silence, such as the first full state."""


@dataclass(frozen=True, slots=True)
class Near:
    """A room's `interest`: players see what is within `radius` of their avatar, until it is beyond `leave_radius` (a
    tenth more, unless given).

    `types` gives single types a radius of their own, or None: always visible. `place` names the two fields that say
    where an entity is; a type without them is always visible. `tiers` tells of what is far less often: `{200: 2, 400:
    4}` means every second snapshot beyond 200 units, every fourth beyond 400. `bytes_per_s` is what each player may be
    sent (None: whatever it takes; `player.bytes_per_s` overrides it): what matters most goes first, and nothing
    starves.
    """

    radius: float
    leave_radius: float | None = None
    types: Mapping[type[Entity], float | None] = field(default_factory=dict)
    place: tuple[str, str] = ("x", "y")
    tiers: Mapping[float, int] = field(default_factory=dict)
    bytes_per_s: float | None = None


class Told(NamedTuple):
    """What a group of viewers is to be told: bodies in their order, what they then see, and from which base."""

    bodies: list[bytes]
    views: Views
    base: Snapshot | None


class Sight:
    """The declaration of one room, at work. `narrow` is the room's `narrow_view` when its author wrote one."""

    def __init__(self, schema: Schema, near: Near, encoder: DeltaEncoder, tick_hz: int, narrow: Narrow | None) -> None:
        types = {cls: None if radius is None else Reach.of(radius) for cls, radius in near.types.items()}
        self._schema = schema
        self._near = near
        self._tick_hz = tick_hz
        self._encoder = encoder
        self._interest = Interest(schema, near.radius, near.leave_radius, types=types, place=near.place)
        self._rations = PriorityEncoder(encoder, self._interest, near.tiers)
        self._narrow = narrow

    def set_tier_stretch(self, stretch: int) -> None:
        """Tell of what lies in a far tier `stretch` times less often than the room declares."""
        self._rations.set_tier_stretch(stretch)

    def tell(self, sessions: Sequence[Session], snapshot: Snapshot) -> Told:
        """Work out what players who all have the same base are told of `snapshot`."""
        base = sessions[0].base
        budgets = [self._budget(session, snapshot) for session in sessions]
        rationed = bool(self._near.tiers) or min(budgets) < math.inf
        if rationed and base is not None and not self._rations.can_encode_from(base):
            base = None
        before = None if base is None else Views.of([s.view for s in sessions if s.view is not ALL])
        avatars = np.array([0 if s.player.avatar is None else s.player.avatar.id for s in sessions], np.int64)
        eyes = self._eyes(sessions, snapshot, avatars)
        narrow = self._narrowing(sessions)
        now = self._interest.views(snapshot, eyes, before, avatars=avatars, narrow=narrow)
        if not rationed:
            return Told(self._encoder.encode_views(base, snapshot, before, now), now, base)
        viewers = Viewers(eyes, avatars, np.array(budgets, np.float32))
        bodies, seen = self._rations.encode(base, snapshot, before, now, viewers)
        return Told(bodies, seen, base)

    def _eyes(self, sessions: Sequence[Session], snapshot: Snapshot, avatars: NDArray[np.int64]) -> NDArray[np.float32]:
        eyes = positions_of(self._schema, snapshot, avatars, self._near.place)
        for row in np.flatnonzero(np.isnan(eyes[:, 0])).tolist():
            eyes[row] = sessions[row].eye
        for session, eye in zip(sessions, eyes.tolist(), strict=True):
            session.eye = eye
        return eyes

    def _budget(self, session: Session, snapshot: Snapshot) -> float:
        """Bytes that this delta may have: what has added up since the last one."""
        own = session.player.bytes_per_s
        rate = self._near.bytes_per_s if own is None else own
        if rate is None:
            return math.inf
        ticks = self._tick_hz if session.base is None else snapshot.tick - session.base.tick
        session.budget_bytes = min(rate * MAX_SAVED_S, session.budget_bytes + rate * ticks / self._tick_hz)
        return session.budget_bytes

    def _narrowing(self, sessions: Sequence[Session]) -> Callable[[EntityType, Table, Mask], Mask] | None:
        narrow = self._narrow
        if narrow is None:
            return None
        players = [session.player for session in sessions]
        return lambda entity_type, table, mask: narrow(players, entity_type.cls, table, mask)
