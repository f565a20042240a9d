"""What each player sees: the author's declaration, and from it the views of all who are to be told of a snapshot.

A player looks from its avatar, or, while it has none, from where the last one was. Spectators see everything.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from gameserver.sync.interest import Interest, Reach, places_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from gameserver.room.player import Player
    from gameserver.room.session import Session
    from gameserver.state.entity import Entity, EntityType
    from gameserver.state.schema import Schema
    from gameserver.state.table import Table
    from gameserver.sync.snapshot import Snapshot
    from gameserver.sync.view import Views

    Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Near:
    """A room's `interest`: players see what is within `radius` of their avatar, until it is beyond `leave_radius` (a
    tenth more, unless given). `types` gives single types a radius of their own, or None: always visible. `place` names
    the two fields that say where an entity is; a type without them is always visible."""

    radius: float
    leave_radius: float | None = None
    types: Mapping[type[Entity], float | None] = field(default_factory=dict)
    place: tuple[str, str] = ("x", "y")


class Sight:
    """The declaration of one room, at work. `narrow` is the room's `narrow_view` when its author wrote one."""

    def __init__(
        self,
        schema: Schema,
        near: Near,
        narrow: Callable[[Sequence[Player], type[Entity], Table, Mask], Mask] | None = None,
    ) -> None:
        types = {cls: None if radius is None else Reach.of(radius) for cls, radius in near.types.items()}
        self._schema = schema
        self._place = near.place
        self._interest = Interest(schema, near.radius, near.leave_radius, types=types, place=near.place)
        self._narrow = narrow

    def look(self, sessions: Sequence[Session], snapshot: Snapshot, before: Views | None) -> Views:
        """What the players of `sessions` see of `snapshot`, given what they saw of their base."""
        avatars = [0 if s.player.avatar is None else s.player.avatar.id for s in sessions]
        eyes = places_of(self._schema, snapshot, avatars, self._place)
        for row in np.flatnonzero(np.isnan(eyes[:, 0])).tolist():
            eyes[row] = sessions[row].eye
        for session, eye in zip(sessions, eyes.tolist(), strict=True):
            session.eye = eye
        return self._interest.look(snapshot, eyes, before, avatars=avatars, narrow=self._narrowing(sessions))

    def _narrowing(self, sessions: Sequence[Session]) -> Callable[[EntityType, Table, Mask], Mask] | None:
        narrow = self._narrow
        if narrow is None:
            return None
        players = [session.player for session in sessions]
        return lambda entity_type, table, mask: narrow(players, entity_type.cls, table, mask)
