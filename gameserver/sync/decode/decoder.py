"""Applies STATE messages to what a client holds (protocol.md §5).

A message may contain anything. All checks of the page are made before a new state exists. When one fails, `DeltaError`
says which, and the state that the client held is unchanged.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from gameserver.protocol.constants import MAX_CODE
from gameserver.protocol.errors import DeltaError, require
from gameserver.sync.decode.table_builder import TableBuilder
from gameserver.sync.decode.view_state import ViewState
from gameserver.sync.motion import Motion
from gameserver.sync.row_ids import decode_gaps, require_array

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gameserver.state.schema import Schema
    from gameserver.state.table import Table

__all__ = ["DeltaDecoder", "DeltaError", "StateMessage"]


class StateMessage(Protocol):
    """What is read of a STATE message: two checked integers, and arrays whose content is unchecked."""

    @property
    def tick(self) -> int:
        """The snapshot's tick."""

    @property
    def span(self) -> int:
        """How many ticks it is after the base; 0: there is no base."""

    @property
    def leaves(self) -> Sequence[Any]:
        """The item of this name, as it came."""

    @property
    def enters(self) -> Sequence[Any]:
        """The item of this name, as it came."""

    @property
    def changes(self) -> Sequence[Any]:
        """The item of this name, as it came."""

    @property
    def values(self) -> Sequence[Any]:
        """The item of this name, as it came."""


class DeltaDecoder:
    """Applies the STATE messages of one room."""

    def __init__(self, schema: Schema, tick_hz: int) -> None:
        self.schema = schema
        self.types = schema.entities
        self._motions = [Motion(entity_type, tick_hz) for entity_type in schema.entities]
        self._nothing = tuple([entity_type.empty_table() for entity_type in schema.entities])

    def empty(self) -> ViewState:
        """Return what a client holds before its first STATE: no entities, at tick 0."""
        return ViewState(self.schema, 0, self._nothing)

    def apply(self, state: ViewState, message: StateMessage) -> ViewState:
        """Return the state after a message; `state` itself does not change.

        Args:
            state: What the client holds.
            message: The next STATE.

        Raises:
            DeltaError: The message does not fit what the client holds, or is malformed.
        """
        span = message.span
        if span and message.tick - span != state.tick:
            msg = f"a delta from tick {message.tick - span}, to a client that holds tick {state.tick}"
            raise DeltaError(msg)
        before = state.tables if span else self._nothing
        builders = [TableBuilder(*each) for each in zip(self.types, self._motions, before, strict=True)]
        self._leave(builders, message.leaves)
        for builder, block in self._blocks(builders, "enters", message.enters):
            builder.enter(*block)
        self._check_entered(builders, before)
        for builder, block in self._blocks(builders, "changes", message.changes):
            builder.change(*block)
        for builder in builders:
            builder.advance(span)
        for builder, block in self._blocks(builders, "values", message.values):
            builder.set_values(*block)
        return ViewState(self.schema, message.tick, tuple([builder.build() for builder in builders]))

    @staticmethod
    def _leave(builders: list[TableBuilder], leaves: object) -> None:
        """Remove the entities that leave, each from the table of its type."""
        ids = decode_gaps(leaves, "leaves", 1, MAX_CODE)
        if len(ids):
            known = sum([builder.leave(ids) for builder in builders])
            require(known == len(ids), "leaves: an entity that is not there")

    @staticmethod
    def _blocks(builders: list[TableBuilder], what: str, blocks: object) -> Iterator[tuple[TableBuilder, list[Any]]]:
        """Yield the builder of each block's type, and the other items of the block: three, or four of `values`."""
        for block in require_array(blocks, what):
            has_more = what == "values" and isinstance(block, list | tuple) and len(block) == 5
            index, *rest = require_array(block, what, 5 if has_more else 4)
            require(type(index) is int and 0 <= index < len(builders), f"{what}: no entity type {index!r:.20}")
            yield builders[index], rest

    @staticmethod
    def _check_entered(builders: list[TableBuilder], before: Sequence[Table]) -> None:
        """Check that the ids that enter were in no table before, and that each enters once."""
        entered = [builder.entered for builder in builders if builder.entered is not None]
        if entered:
            ids = np.concatenate(entered)
            held = np.concatenate([table.ids for table in before])
            require(len(np.unique(ids)) == len(ids), "enters: an entity enters twice")
            require(not np.isin(ids, held).any(), "enters: an entity that is there already")
