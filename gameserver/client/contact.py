"""The others as the own avatar meets them ahead of the server: where they are expected to be when its next input frame
counts.

Pure. docs/guide/time.md section 6 states the algorithm; `client_demo/sdk/contact.js` is the twin, and a test compares
the two.

- An other goes on with its newest known rates. What its own controls, or the contact itself, make it do is not known
  before the server's next state; so contact makes corrections smaller, and does not make them vanish.
- Only the own avatar is changed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from gameserver.state.entity import EntityType
    from gameserver.state.table import Table

MAX_AHEAD_S = 0.5
"""For how long an other is expected to go on as it did: longer than a round trip at 150 ms each way."""


class Others:
    """All entities of the own avatar's type but itself.

    Args:
        entity_type: The avatar's.
        contact: The room's `predict_contact`, called with the avatar, an other and `dt`; it changes the avatar.
        tick_hz: The room's ticks a second.
    """

    def __init__(self, entity_type: EntityType, contact: Callable[[Any, Any, float], object], tick_hz: int) -> None:
        names = list(entity_type.numeric)
        self._type = entity_type
        self._contact = contact
        self._dt = 1.0 / tick_hz
        self._max_ticks = int(MAX_AHEAD_S * tick_hz)
        self._rates = [(place, entity_type.numeric[names[place]], names[rate]) for place, rate in entity_type.rates]
        self._names = names
        self._seq = 0
        self._known: list[tuple[Any, list[float]]] = []
        """Each of them, and where it is by the newest state, in the order of `_rates`."""

    def __len__(self) -> int:
        return len(self._known)

    def see(self, seq: int, table: Table, own_id: int) -> None:
        """Take the newest state: the table of the avatar's type, as it is after input frame `seq`."""
        self._seq = seq
        rows = [row for row, entity_id in enumerate(table.ids.tolist()) if entity_id != own_id]
        entities = [object.__new__(self._type.cls) for _ in rows]
        self._type.load(entities, table.codes[:, rows], {})
        for entity, row in zip(entities, rows, strict=True):
            entity.id = int(table.ids[row])
        self._known = [
            (entity, [vars(entity)[self._names[place]] for place, _, _ in self._rates]) for entity in entities
        ]

    def touch(self, me: Any, _controls: Any, seq: int) -> None:
        """Let `me`, after the step of frame `seq`, meet the others where they will be then."""
        ahead_s = min(seq - self._seq, self._max_ticks) * self._dt
        for other, known in self._known:
            values = vars(other)
            for (place, field, rate), at in zip(self._rates, known, strict=True):
                values[self._names[place]] = field.decode(field.encode(at + values[rate] * ahead_s))
            self._contact(me, other, self._dt)
