"""Stories for `deltas.json`: what a viewer should see, tick after tick, next to the STATE messages that lead to it.

What it should see is written down here, or copied from the snapshot; it never comes out of a decoder.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, TypeAlias

import msgpack
import numpy as np

from gameserver.protocol import encode_state, shared_state_head
from gameserver.state.entity import Entity
from gameserver.state.schema import Schema
from gameserver.state.table import Table
from gameserver.sync.encode.encoder import DeltaEncoder
from gameserver.sync.encode.views import ALL, AnyView, Views
from gameserver.sync.snapshot import Snapshot
from tests.support.single_view import encode_view
from tests.support.vectors.json import Case

Codes: TypeAlias = Sequence[Any]
"""One code for each field of an entity, in order of its type's fields; a list's codes are a list."""
Scene: TypeAlias = Mapping[type[Entity], Mapping[int, Codes]]
"""All entities, by type and id."""


class Story:
    """One viewer's messages and what it sees after each."""

    def __init__(self, name: str, tick_hz: int, types: Sequence[type[Entity]]) -> None:
        self.name: Final = name
        self.tick_hz: Final = tick_hz
        self.schema: Final = Schema(types)
        self.steps: Final[list[Case]] = []
        self._encoder: Final = DeltaEncoder(self.schema, tick_hz)
        self._base: tuple[Snapshot, AnyView] | None = None
        self._seen: list[Case] = []

    def show(self, tick: int, scene: Scene, sees: Iterable[int] | None = None, *, anew: bool = False) -> None:
        """Let the server encode the scene for a viewer who sees only the ids in `sees`, or everything."""
        snapshot = self._snapshot(tick, scene)
        view = ALL if sees is None else self._view_of(snapshot, frozenset(sees))
        base, before = self._base if self._base is not None and not anew else (None, ALL)
        body = encode_view(self._encoder, base, snapshot, before, view)
        span = tick - base.tick if base is not None else 0
        self._base = snapshot, view
        self._tell(tick, encode_state(shared_state_head(tick, span), 0, None, body), scene, sees)

    def step(self, items: Sequence[object], scene: Scene) -> None:
        """Write down a STATE that the server's encoder would not make, and what it must lead to."""
        data: bytes = msgpack.packb([17, *items])
        self._tell(int(str(items[0])), data, scene, None)

    def refuse(self, why: str, items: Sequence[object]) -> None:
        """Write down a STATE that must be refused; the view stays as it is."""
        data: bytes = msgpack.packb([17, *items])
        self.steps.append({"hex": data.hex(), "refuse": why})

    def case(self) -> Case:
        """Return the story as it is written to the file."""
        schema = self.schema.to_wire()
        return {"name": self.name, "tick_hz": self.tick_hz, "schema": schema, "steps": self.steps}

    def _tell(self, tick: int, data: bytes, scene: Scene, sees: Iterable[int] | None) -> None:
        seen = None if sees is None else frozenset(sees)
        entities: list[Case] = [
            {"type": self.schema.index(cls), "id": number, "codes": codes}
            for cls, population in scene.items()
            for number, codes in population.items()
            if seen is None or number in seen
        ]
        entities.sort(key=lambda entity: entity["id"])
        self.steps.append({"hex": data.hex(), "tick": tick, "entities": entities})

    def _snapshot(self, tick: int, scene: Scene) -> Snapshot:
        return Snapshot(tick, tuple(_table(one.cls, scene.get(one.cls, {})) for one in self.schema.entities))

    @staticmethod
    def _view_of(snapshot: Snapshot, sees: frozenset[int]) -> AnyView:
        masks = tuple(np.isin(table.ids, sorted(sees))[None, :] for table in snapshot.tables)
        return Views(snapshot, masks, 1)[0]


def _table(cls: type[Entity], population: Mapping[int, Codes]) -> Table:
    """Return the table of the entities of one type."""
    fields = list(cls.entity_type.fields.values())
    ids = sorted(population)
    columns = [[population[number][place] for number in ids] for place in range(len(fields))]
    numeric = [column for field, column in zip(fields, columns, strict=True) if field.numeric]
    objects = [column for field, column in zip(fields, columns, strict=True) if not field.numeric]
    codes = np.array(numeric, np.int64).reshape(len(numeric), len(ids))
    return Table(np.array(ids, np.int64), codes, tuple(tuple(map(_frozen, column)) for column in objects))


def _frozen(value: object) -> object:
    """Return an object field's value as snapshots keep it."""
    return tuple(value) if isinstance(value, list) else value
