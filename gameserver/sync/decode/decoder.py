"""What a client does with a STATE message (protocol.md §5).

The message may be anything. Every check of the page is made before a new state exists; when one fails, `DeltaError`
says which, and the state that the client had is untouched.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from gameserver.protocol.constants import MAX_CODE
from gameserver.protocol.errors import DeltaError, require
from gameserver.sync.decode.table_builder import TableBuilder
from gameserver.sync.decode.view_state import ViewState
from gameserver.sync.motion import Motion
from gameserver.sync.row_ids import read_array, read_gaps

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gameserver.state.schema import Schema
    from gameserver.state.table import Table

__all__ = ["DeltaDecoder", "DeltaError", "StateMessage"]


class StateMessage(Protocol):
    """What is read of a STATE message: two checked integers, and the wire's own arrays with nothing in them checked."""

    @property
    def tick(self) -> int:
        """The snapshot's tick."""

    @property
    def span(self) -> int:
        """How many ticks it is after the base; 0: from nothing."""

    @property
    def leaves(self) -> Sequence[Any]:
        """The wire's item."""

    @property
    def enters(self) -> Sequence[Any]:
        """The wire's item."""

    @property
    def changes(self) -> Sequence[Any]:
        """The wire's item."""

    @property
    def values(self) -> Sequence[Any]:
        """The wire's item."""


class DeltaDecoder:
    """Applies the STATE messages of one room."""

    def __init__(self, schema: Schema, tick_hz: int) -> None:
        self.schema = schema
        self.types = schema.entities
        self._motions = [Motion(entity_type, tick_hz) for entity_type in schema.entities]
        self._nothing = tuple([entity_type.empty_table() for entity_type in schema.entities])

    def empty(self) -> ViewState:
        """Return what a client knows before its first STATE: nothing, at tick 0."""
        return ViewState(self.schema, 0, self._nothing)

    def apply(self, state: ViewState, message: StateMessage) -> ViewState:
        """Return what `message` makes of `state`, which stays as it is. Raises DeltaError when a check fails."""
        span = message.span
        if span and message.tick - span != state.tick:
            msg = f"a delta from tick {message.tick - span} to one who holds {state.tick}"
            raise DeltaError(msg)
        before = state.tables if span else self._nothing
        drafts = [TableBuilder(*each) for each in zip(self.types, self._motions, before, strict=True)]
        self._leave(drafts, message.leaves)
        for builder, block in self._blocks(drafts, "enters", message.enters):
            builder.enter(*block)
        self._check_entered(drafts, before)
        for builder, block in self._blocks(drafts, "changes", message.changes):
            builder.change(*block)
        for builder in drafts:
            builder.move(span)
        for builder, block in self._blocks(drafts, "values", message.values):
            builder.value(*block)
        return ViewState(self.schema, message.tick, tuple([builder.table() for builder in drafts]))

    @staticmethod
    def _leave(drafts: list[TableBuilder], leaves: object) -> None:
        ids = read_gaps(leaves, "leaves", 1, MAX_CODE)
        if len(ids):
            known = sum([builder.leave(ids) for builder in drafts])
            require(known == len(ids), "leaves: an entity that is not there")

    @staticmethod
    def _blocks(drafts: list[TableBuilder], what: str, blocks: object) -> Iterator[tuple[TableBuilder, list[Any]]]:
        """Yield each block without its type, with that type's builder."""
        for block in read_array(blocks, what):
            index, *rest = read_array(block, what, 4)
            require(type(index) is int and 0 <= index < len(drafts), f"{what}: no entity type {index!r:.20}")
            yield drafts[index], rest

    @staticmethod
    def _check_entered(drafts: list[TableBuilder], before: Sequence[Table]) -> None:
        """Check that each id that enters is new to all of the view, and enters once."""
        entered = [builder.entered for builder in drafts if builder.entered is not None]
        if entered:
            ids = np.concatenate(entered)
            held = np.concatenate([table.ids for table in before])
            require(len(np.unique(ids)) == len(ids), "enters: an entity enters twice")
            require(not np.isin(ids, held).any(), "enters: an entity that is there already")
