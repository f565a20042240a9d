"""Encodes the delta from a base snapshot to a newer one: the packed items leaves, enters, changes and values of a
STATE message (protocol.md §5).

What does not depend on the viewer is worked out once for a pair of snapshots and kept until the next snapshot. Viewers
who see everything and have the same base get the same bytes; for a viewer with a view of its own the rows of what it
sees are cut out of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from gameserver.sync.bits import pack, widths_of, zigzag
from gameserver.sync.encode.blocks import WidthCache
from gameserver.sync.encode.body import BodyWriter
from gameserver.sync.encode.msgpack_parts import ARRAY_OF_FOUR, NIL, array_header, pack_value
from gameserver.sync.encode.packed_values import PackedValues
from gameserver.sync.encode.type_delta import EnterRows, TypeDelta
from gameserver.sync.motion import Motion
from gameserver.sync.row_ids import encode_gaps, encode_who

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from gameserver.state.schema import Schema
    from gameserver.state.table import Table
    from gameserver.sync.encode.pairs import Pairs
    from gameserver.sync.encode.views import Views
    from gameserver.sync.snapshot import Snapshot

    Flags = NDArray[np.bool_]
    WireBlock = list[object]

EMPTY_BODY: Final = b"\x90\x90\x90\x90"
"""The body when the viewer holds the new snapshot already, by extrapolating the base."""


class DeltaEncoder:
    """Encodes the deltas of one room. Snapshots that were passed to it must not change."""

    def __init__(self, schema: Schema, tick_hz: int, make_writer: Callable[[int], BodyWriter] = BodyWriter) -> None:
        """Begin without a snapshot.

        Args:
            schema: The room's entity types.
            tick_hz: Ticks a second.
            make_writer: Returns what writes the bodies of so many viewers with views of their own.
        """
        self.make_writer = make_writer
        self.types = schema.entities
        self.motions = [Motion(entity_type, tick_hz) for entity_type in schema.entities]
        self.enters = [EnterRows(entity_type.empty_table()) for entity_type in schema.entities]
        """All entities of the newest snapshot, type by type."""
        self._width_caches = [WidthCache() for _ in schema.entities]
        self._packed_values = {
            index: PackedValues()
            for index, entity_type in enumerate(schema.entities)
            if entity_type.rests and entity_type.objects
        }
        """By the index of a type that rests and has object fields."""
        self._new: Snapshot | None = None
        self._deltas: dict[int, list[TypeDelta]] = {}
        self._bodies: dict[int | None, bytes] = {}

    def prepare(self, new: Snapshot) -> None:
        """Work ahead, so that a full state takes little time when somebody needs one.

        Args:
            new: The snapshot of this tick.
        """
        for index, packed in self._packed_values.items():
            packed.advance(new.tables[index])

    def encode(self, base: Snapshot | None, new: Snapshot) -> bytes:
        """Return the body for viewers who see everything.

        Args:
            base: The snapshot that the viewers hold; None: nothing.
            new: The snapshot to send.
        """
        self.begin(new)
        key = None if base is None else base.tick
        body = self._bodies.get(key)
        if body is None:
            body = self._bodies[key] = self._full_body() if base is None else self._delta_body(base)
        return body

    def encode_views(self, base: Snapshot | None, new: Snapshot, before: Views | None, now: Views) -> list[bytes]:
        """Return the bodies for viewers who all have the same base, in the order of the views.

        Args:
            base: The snapshot that the viewers hold; None: nothing.
            new: The snapshot to send.
            before: Their views of `base`; None when that is None.
            now: Their views of `new`.
        """
        self.begin(new)
        writer = self.make_writer(now.count)
        deltas = None if base is None else self.deltas_from(base)
        for index, rows in enumerate(self.enters):
            if deltas is None or before is None:
                seen = now.pairs(index)
                writer.add_enters(index, rows, seen)
                self.add_values(writer, index, None, seen, np.ones(len(seen), np.bool_))
            elif not deltas[index].is_empty:
                self._add_type(writer, index, deltas[index], before, now)
        return writer.bodies()

    def _add_type(self, writer: BodyWriter, index: int, delta: TypeDelta, before: Views, now: Views) -> None:
        """Add what changed of one type in the view of each viewer."""
        saw, sees = before.pairs(index), now.pairs(index)
        writer.add_leaves(delta.before.ids, saw.where(~saw.mapped(delta.to_new).look_up(now.masks[index])))
        stays = sees.mapped(delta.to_base).look_up(before.masks[index])
        writer.add_enters(index, self.enters[index], sees.where(~stays))
        writer.add_changes(index, delta.blocks, sees.where(stays).mapped(delta.to_stay))
        self.add_values(writer, index, delta, sees, ~stays)

    def add_values(self, writer: BodyWriter, index: int, delta: TypeDelta | None, seen: Pairs, enters: Flags) -> None:
        """Add the object fields of entities that enter, or that have another value than in the base.

        Args:
            writer: Where they are added.
            index: The entity type.
            delta: What changed of it; None for viewers without a base.
            seen: Who is in each view.
            enters: Which of `seen` enter.
        """
        fields = self.types[index].object_places
        changed = [None] * len(fields) if delta is None else delta.changed_objects
        columns = self.enters[index].table.objects
        for place, (field, mask, column) in enumerate(zip(fields, changed, columns, strict=True)):
            chosen = enters if mask is None else enters | mask[seen.rows]
            if not chosen.any():
                continue
            grown = {} if delta is None or mask is None else delta.grown_rows(place)
            writer.add_values(index, field, column, seen, chosen, grown, enters)

    def begin(self, new: Snapshot) -> None:
        """Make `new` the newest snapshot, and drop what was kept for the one before."""
        if self._new is not new:
            self._new = new
            pairs = zip(self.enters, new.tables, strict=True)
            self.enters = [rows if rows.table is table else EnterRows(table) for rows, table in pairs]
            self._deltas = {}
            self._bodies = {}

    def deltas_from(self, base: Snapshot) -> list[TypeDelta]:
        """Return the differences, type by type, from `base` to the newest snapshot."""
        deltas = self._deltas.get(base.tick)
        if deltas is None:
            new = self._new
            assert new is not None
            span = new.tick - base.tick
            parts = zip(self.motions, base.tables, new.tables, self._width_caches, strict=True)
            deltas = self._deltas[base.tick] = [
                TypeDelta(motion, before, after, span, width_cache) for motion, before, after, width_cache in parts
            ]
        return deltas

    def _full_body(self) -> bytes:
        """Return the body for viewers who see everything and hold nothing."""
        enters: list[WireBlock] = []
        values: list[bytes] = []
        for index, rows in enumerate(self.enters):
            table = rows.table
            if len(table):
                enters.append([index, encode_gaps(table.ids.tolist()), rows.widths, rows.rows.tobytes()])
                values += self._full_values(index, table)
        return b"".join([array_header(0), pack_value(enters), array_header(0), array_header(len(values)), *values])

    def _full_values(self, index: int, table: Table) -> list[bytes]:
        """Return the packed blocks of `values` of one type, for viewers who hold nothing of it."""
        packed = self._packed_values.get(index)
        columns = map(pack_value, table.objects) if packed is None else packed.columns(table)
        start = ARRAY_OF_FOUR + pack_value(index)
        fields = self.types[index].object_places
        return [start + pack_value(field) + NIL + column for field, column in zip(fields, columns, strict=True)]

    def _delta_body(self, base: Snapshot) -> bytes:
        """Return the body for viewers who see everything and hold `base`."""
        leaves: list[int] = []
        enters: list[WireBlock] = []
        changes: list[WireBlock] = []
        values: list[WireBlock] = []
        for index, delta in enumerate(self.deltas_from(base)):
            if delta.is_empty or delta.is_same:
                continue
            if delta.left.size:
                leaves += delta.before.ids[delta.left].tolist()
            if delta.entered.size:
                ids = delta.after.ids[delta.entered].tolist()
                codes = zigzag(delta.after.codes_at(delta.entered))
                widths = widths_of(codes)
                enters.append([index, encode_gaps(ids), bytes(widths), pack(codes, widths).tobytes()])
            changes += [[index, block.who(delta.n_stay), block.widths, block.packed()] for block in delta.blocks]
            if not delta.has_same_objects:
                values += self._changed_values(index, delta)
        return _pack_body(leaves, enters, changes, values)

    def _changed_values(self, index: int, delta: TypeDelta) -> list[WireBlock]:
        """Return the blocks of `values` of one type."""
        blocks: list[WireBlock] = []
        fields = self.types[index].object_places
        for column, (field, rows) in enumerate(zip(fields, delta.changed_rows, strict=True)):
            if rows is not None and len(rows):
                values, kept = delta.grown(column, rows)
                blocks.append(
                    [index, field, encode_who(rows, len(delta.after)), values, *([kept] if any(kept) else [])]
                )
        return blocks


def _pack_body(leaves: list[int], enters: list[WireBlock], changes: list[WireBlock], values: list[WireBlock]) -> bytes:
    """Return the four packed items one after the other. `leaves` are ids in any order."""
    if not (leaves or enters or changes or values):
        return EMPTY_BODY
    items = pack_value([encode_gaps(sorted(leaves)), enters, changes, values])
    return items[1:]  # without the header of the array around them
