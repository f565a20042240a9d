"""From a base snapshot to a newer one: the packed items leaves, enters, changes, values of a STATE message
(protocol.md §5).

Everything that does not depend on the viewer is worked out once for a pair of snapshots and kept until the next
tick: viewers who see everything and have the same base get the very same bytes; a viewer with a view of its own
gets the rows that it sees of those.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgpack
import numpy as np

from gameserver.sync.decode.decoder import DeltaDecoder, DeltaError
from gameserver.sync.encode.body import BodyWriter
from gameserver.sync.encode.type_delta import EnterRows, TypeDelta, WidthCache
from gameserver.sync.encode.views import ALL, Views
from gameserver.sync.motion import Motion
from gameserver.sync.row_ids import gaps, who

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gameserver.state.schema import Schema
    from gameserver.sync.encode.pairs import Pairs
    from gameserver.sync.encode.views import AnyView
    from gameserver.sync.snapshot import Snapshot

    Flags = NDArray[np.bool_]
    Item = list[object]

NOTHING: Final = b"\x90\x90\x90\x90"
"""The body when nothing happened that the viewer could not foresee."""

_pack = msgpack.Packer().pack

__all__ = ["NOTHING", "DeltaDecoder", "DeltaEncoder", "DeltaError"]


class DeltaEncoder:
    """Encodes the deltas of one room. Nobody may change a snapshot that it was given."""

    def __init__(self, schema: Schema, tick_hz: int) -> None:
        self.types = schema.entities
        self.motions = [Motion(entity_type, tick_hz) for entity_type in schema.entities]
        self.enters: list[EnterRows] = []
        """The rows of all entities of the newest snapshot, type by type."""
        self._width_caches = [WidthCache() for _ in schema.entities]
        self._new: Snapshot | None = None
        self._deltas: dict[int, list[TypeDelta]] = {}
        self._bodies: dict[int | None, bytes] = {}

    def encode(self, base: Snapshot | None, new: Snapshot, before: AnyView = ALL, now: AnyView = ALL) -> bytes:
        """Return the body that turns what a viewer saw of `base` into what it shall see of `new`; from nothing when
        `base` is None.

        `before` must be a view of `base`, `now` one of `new`.
        """
        if before is not ALL or now is not ALL:
            earlier = None if base is None else Views.everything(base) if before is ALL else Views.of([before])
            return self.encode_views(base, new, earlier, Views.everything(new) if now is ALL else Views.of([now]))[0]
        self.turn_to(new)
        key = None if base is None else base.tick
        known = self._bodies.get(key)
        if known is None:
            known = self._bodies[key] = self._full() if base is None else self._change(base)
        return known

    def encode_views(self, base: Snapshot | None, new: Snapshot, before: Views | None, now: Views) -> list[bytes]:
        """Return the bodies of viewers who all have the same base, in the order of the views.

        `before` are their views of `base`, None when `base` is; `now` their views of `new`.
        """
        self.turn_to(new)
        writer = BodyWriter(now.count)
        deltas = None if base is None else self.deltas_from(base)
        for index, rows in enumerate(self.enters):
            if deltas is None or before is None:
                sees = now.pairs(index)
                writer.add_enters(index, rows, sees)
                self.add_values(writer, index, None, sees, np.ones(len(sees), np.bool_))
            elif not deltas[index].is_empty:
                self._compare(writer, index, deltas[index], before, now)
        return writer.bodies()

    def _compare(self, writer: BodyWriter, index: int, delta: TypeDelta, before: Views, now: Views) -> None:
        """Add what changed of one type in the view of each viewer."""
        saw, sees = before.pairs(index), now.pairs(index)
        writer.add_leaves(delta.before.ids, saw.where(~saw.at(delta.to_new).among(now.masks[index])))
        stays = sees.at(delta.to_base).among(before.masks[index])
        writer.add_enters(index, self.enters[index], sees.where(~stays))
        writer.add_changes(index, delta.blocks, sees.where(stays).at(delta.to_stay))
        self.add_values(writer, index, delta, sees, ~stays)

    def add_values(self, writer: BodyWriter, index: int, delta: TypeDelta | None, sees: Pairs, enters: Flags) -> None:
        """Add the object fields of those pairs of `sees` that enter, or that hold another value than in the base."""
        places = self.types[index].object_places
        changed = [None] * len(places) if delta is None else delta.changed_objects
        columns = self.enters[index].table.objects
        for place, mask, column in zip(places, changed, columns, strict=True):
            told = enters if mask is None else enters | mask[sees.rows]
            if told.any():
                writer.add_values(index, place, column, sees, told)

    def turn_to(self, new: Snapshot) -> None:
        """Make `new` the newest snapshot, and forget what was kept for an earlier one."""
        if self._new is not new:
            self._new = new
            self.enters = [EnterRows(table) for table in new.tables]
            self._deltas = {}
            self._bodies = {}

    def deltas_from(self, base: Snapshot) -> list[TypeDelta]:
        """Return what became of each type between `base` and the newest snapshot."""
        deltas = self._deltas.get(base.tick)
        if deltas is None:
            new = self._new
            assert new is not None
            span = new.tick - base.tick
            parts = zip(self.motions, base.tables, new.tables, self._width_caches, strict=True)
            deltas = self._deltas[base.tick] = [
                TypeDelta(m, old, table, span, width_cache) for m, old, table, width_cache in parts
            ]
        return deltas

    def _full(self) -> bytes:
        enters: list[Item] = []
        values: list[Item] = []
        for index, (entity_type, rows) in enumerate(zip(self.types, self.enters, strict=True)):
            table = rows.table
            if len(table):
                enters.append([index, gaps(table.ids.tolist()), rows.widths, rows.rows.tobytes()])
                places = zip(entity_type.object_places, table.objects, strict=True)
                values += [[index, place, None, column] for place, column in places]
        return _body([], enters, [], values)

    def _change(self, base: Snapshot) -> bytes:
        leaves: list[int] = []
        enters: list[Item] = []
        changes: list[Item] = []
        values: list[Item] = []
        for index, (delta, rows) in enumerate(zip(self.deltas_from(base), self.enters, strict=True)):
            if delta.is_empty:
                continue
            leaves += delta.before.ids[delta.gone].tolist()
            if delta.fresh.size:
                ids = delta.after.ids[delta.fresh].tolist()
                enters.append([index, gaps(ids), rows.widths, rows.rows[delta.fresh].tobytes()])
            for block in delta.blocks:
                packed = block.rows if len(block.named) == delta.n_stay else block.rows[block.named]
                changes.append([index, who(block.named, delta.n_stay), block.widths, packed.tobytes()])
            values += self._changed_values(index, delta)
        return _body(leaves, enters, changes, values)

    def _changed_values(self, index: int, delta: TypeDelta) -> list[Item]:
        found: list[Item] = []
        places = self.types[index].object_places
        for place, mask, column in zip(places, delta.changed_objects, delta.after.objects, strict=True):
            if mask is not None and mask.any():
                named = np.flatnonzero(mask)
                found.append([index, place, who(named, len(column)), [column[row] for row in named.tolist()]])
        return found


def _body(leaves: list[int], enters: list[Item], changes: list[Item], values: list[Item]) -> bytes:
    """Return the four items one after the other. `leaves` are ids in any order."""
    if not (leaves or enters or changes or values):
        return NOTHING
    return _pack([gaps(sorted(leaves)), enters, changes, values])[1:]  # without the header of the array around them
