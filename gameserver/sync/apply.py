"""What a client does with a STATE message: `ViewState` is what it knows at a tick, `DeltaDecoder` takes it to the next (protocol.md §5).

The message may be anything. Every check of the page is made before a new state exists; when one fails, `DeltaError` says which, and
the state that the client had is untouched.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from gameserver.protocol.constants import MAX_CODE, CloseCode
from gameserver.protocol.errors import ProtocolError
from gameserver.state.table import Table, empty_table
from gameserver.sync.bits import MAX_WIDTH, row_bytes, unpack, unzigzag
from gameserver.sync.motion import Motion
from gameserver.sync.viewstate import ViewState

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from gameserver.state.schema import Schema

    Codes = NDArray[np.int64]
    Rows = NDArray[np.intp]


class StateMessage(Protocol):
    """What is read of a STATE message: the wire's own arrays, nothing in them checked."""

    @property
    def tick(self) -> int: ...
    @property
    def span(self) -> int: ...
    @property
    def leaves(self) -> Sequence[Any]: ...
    @property
    def enters(self) -> Sequence[Any]: ...
    @property
    def changes(self) -> Sequence[Any]: ...
    @property
    def values(self) -> Sequence[Any]: ...


class DeltaError(ProtocolError):
    """A delta that does not fit: the client keeps what it has and asks for a full state."""

    def __init__(self, reason: str) -> None:
        super().__init__(CloseCode.MALFORMED, reason)


def _require(holds: object, reason: str) -> None:
    if not holds:
        raise DeltaError(reason)


def _array(raw: object, what: str, length: int | None = None) -> Sequence[Any]:
    _require(isinstance(raw, list | tuple), f"{what}: not an array")
    items: Sequence[Any] = raw  # type: ignore[assignment]
    _require(length is None or len(items) == length, f"{what}: has not {length} items")
    return items


def ungaps(raw: object, what: str, lowest: int, highest: int) -> NDArray[np.int64]:
    """Return the ascending integers that gaps stand for; all must lie in `lowest … highest`."""
    items = _array(raw, what)
    if not items:
        return np.empty(0, np.int64)
    _require(all(type(item) is int and 0 <= item <= MAX_CODE for item in items), f"{what}: not gaps")
    values = np.cumsum(np.array(items, np.int64))
    _require(min(items[1:], default=1) >= 1, f"{what}: does not ascend")
    _require(lowest <= items[0] and values[-1] <= highest, f"{what}: out of range")
    return values


def read_who(raw: object, what: str, count: int) -> Rows | None:
    """Return the indexes that `who` picks from a list of `count`; None for all of them."""
    if raw is None:
        return None
    if not isinstance(raw, bytes):
        return ungaps(raw, what, 0, count - 1)
    _require(len(raw) == (count + 7) >> 3, f"{what}: not a bit for each of {count}")
    bits = np.unpackbits(np.frombuffer(raw, np.uint8), bitorder="little")
    _require(not bits[count:].any(), f"{what}: names more than {count}")
    return np.flatnonzero(bits)


class _Draft:
    """One entity type's next table in the making."""

    def __init__(self, decoder: DeltaDecoder, index: int, before: Table) -> None:
        self.entity_type = decoder.types[index]
        self._motion = decoder.motions[index]
        self.name = self.entity_type.name
        self.before = before
        self._stay: Rows | None = None
        self._ids = before.ids
        self._residuals: Codes | None = None
        self._enter_ids: NDArray[np.int64] | None = None
        self._enter_codes: Codes | None = None
        self._order: Rows | None = None
        self._objects: list[list[object]] | None = None

    def leave(self, ids: NDArray[np.int64]) -> int:
        """Drop those of `ids` that are of this type; return how many there were."""
        leaving = np.isin(self.before.ids, ids, assume_unique=True)
        count = int(np.count_nonzero(leaving))
        if count:
            self._stay = np.flatnonzero(~leaving)
            self._ids = self.before.ids[self._stay]
        return count

    def enter(self, raw_ids: object, raw_widths: object, rows: object) -> None:
        """Take in entities with all their codes."""
        _require(self._enter_ids is None, f"enters: two blocks of {self.name}")
        ids = ungaps(raw_ids, "enters", 1, MAX_CODE)
        codes = self._read_rows("enters", raw_widths, rows, len(ids))
        self._in_range(codes)
        self._enter_ids, self._enter_codes = ids, codes

    def change(self, raw_who: object, raw_widths: object, rows: object) -> None:
        """Add the residuals of one block."""
        count = len(self._ids)
        named = read_who(raw_who, "changes", count)
        residuals = self._read_rows("changes", raw_widths, rows, count if named is None else len(named))
        if named is None and self._residuals is None:
            self._residuals = residuals
            return
        if self._residuals is None:
            self._residuals = np.zeros((len(self.entity_type.numeric), count), np.int64)
        if named is None:
            self._residuals = self._residuals + residuals
        else:
            self._residuals[:, named] += residuals

    def _read_rows(self, what: str, raw_widths: object, rows: object, count: int) -> Codes:
        fields = len(self.entity_type.numeric)
        _require(isinstance(raw_widths, bytes) and isinstance(rows, bytes), f"{what}: widths and rows are bin")
        assert isinstance(raw_widths, bytes)
        assert isinstance(rows, bytes)
        _require(len(raw_widths) == fields, f"{what}: not a width for each of the {fields} fields of {self.name}")
        widths = list(raw_widths)
        _require(max(widths, default=0) <= MAX_WIDTH, f"{what}: a width above {MAX_WIDTH}")
        _require(len(rows) == count * row_bytes(widths), f"{what}: rows of {self.name} have the wrong length")
        return unzigzag(unpack(rows, widths, count))

    def _in_range(self, codes: Codes) -> None:
        entity_type = self.entity_type
        inside = ((codes >= entity_type.lo) & (codes <= entity_type.hi)).all()
        _require(inside, f"a code of {self.name} is out of its range")

    def move(self, span: int) -> None:
        """Take those that stay to their codes of this tick, and those that enter in between them."""
        stay = self._stay
        codes = self.before.codes if stay is None else self.before.codes[:, stay]
        codes = self._motion.advance(codes, self._residuals, span)
        if self._residuals is not None:
            self._in_range(codes)
        if self._enter_ids is not None and self._enter_codes is not None:
            self._ids = np.concatenate([self._ids, self._enter_ids])
            codes = np.concatenate([codes, self._enter_codes], axis=1)
            if len(self._ids) > len(self._enter_ids):
                self._order = np.argsort(self._ids, kind="stable")
                self._ids = self._ids[self._order]
                codes = codes[:, self._order]
        self._codes = codes

    def value(self, raw_field: object, raw_who: object, raw_values: object) -> None:
        """Set an object field of some of those that are now there. Comes after `move`."""
        places = self.entity_type.object_places
        _require(
            type(raw_field) is int and raw_field in places, f"values: {self.name} has no object field {raw_field!r:.20}"
        )
        column = places.index(raw_field)  # type: ignore[arg-type]
        field = list(self.entity_type.objects.values())[column]
        named = read_who(raw_who, "values", len(self._ids))
        rows = range(len(self._ids)) if named is None else named.tolist()
        values = self._all_objects()[column]
        for row, raw in zip(rows, _array(raw_values, "values", len(rows)), strict=True):
            try:
                values[row] = field.read(raw)
            except ValueError as error:
                raise DeltaError(f"values: a value of {self.name} {error}") from None

    def _all_objects(self) -> list[list[object]]:
        """Return the object fields' columns in the order of the new ids; an entity that enters has empty ones at first."""
        if self._objects is None:
            fresh = 0 if self._enter_ids is None else len(self._enter_ids)
            self._objects = []
            for field, column in zip(self.entity_type.objects.values(), self.before.objects, strict=True):
                kept = column if self._stay is None else [column[row] for row in self._stay.tolist()]
                values = [*kept, *[field.empty] * fresh]
                self._objects.append(values if self._order is None else [values[i] for i in self._order.tolist()])
        return self._objects

    def table(self) -> Table:
        """Return the finished table; the one before when nothing changed."""
        untouched = self._stay is None and self._enter_ids is None
        if untouched and self._objects is None:
            if self._codes is self.before.codes:
                return self.before
            return Table(self._ids, self._codes, self.before.objects)
        return Table(self._ids, self._codes, tuple([tuple(column) for column in self._all_objects()]))

    @property
    def entered(self) -> NDArray[np.int64] | None:
        """The ids that entered."""
        return self._enter_ids


class DeltaDecoder:
    """Applies the STATE messages of one room."""

    def __init__(self, schema: Schema, tick_hz: int) -> None:
        self.schema = schema
        self.types = schema.entities
        self.motions = [Motion(entity_type, tick_hz) for entity_type in schema.entities]
        self._nothing = tuple([empty_table(entity_type) for entity_type in schema.entities])

    def empty(self) -> ViewState:
        """Return what a client knows before its first STATE: nothing, at tick 0."""
        return ViewState(self.schema, 0, self._nothing)

    def apply(self, state: ViewState, message: StateMessage) -> ViewState:
        """Return the state that `message` makes of `state`, which stays as it is. Raises DeltaError when a check fails."""
        span = message.span
        _require(
            span == 0 or span == message.tick - state.tick, f"a delta from tick {message.tick - span}, not {state.tick}"
        )
        tables = state.tables if span else self._nothing
        drafts = [_Draft(self, index, table) for index, table in enumerate(tables)]
        self._leave(drafts, message.leaves)
        for raw in _array(message.enters, "enters"):
            draft, rest = self._draft(drafts, "enters", raw)
            draft.enter(*rest)
        self._check_new(tables, drafts)
        for raw in _array(message.changes, "changes"):
            draft, rest = self._draft(drafts, "changes", raw)
            draft.change(*rest)
        for draft in drafts:
            draft.move(span)
        for raw in _array(message.values, "values"):
            draft, rest = self._draft(drafts, "values", raw)
            draft.value(*rest)
        return ViewState(self.schema, message.tick, tuple([draft.table() for draft in drafts]))

    @staticmethod
    def _leave(drafts: list[_Draft], raw: object) -> None:
        ids = ungaps(raw, "leaves", 1, MAX_CODE)
        if ids.size:
            known = sum([draft.leave(ids) for draft in drafts])
            _require(known == len(ids), "leaves: names an entity that is not there")

    @staticmethod
    def _draft(drafts: list[_Draft], what: str, raw: object) -> tuple[_Draft, Sequence[Any]]:
        index, *rest = _array(raw, what, 4)
        _require(type(index) is int and 0 <= index < len(drafts), f"{what}: no entity type {index!r:.20}")
        return drafts[index], rest

    @staticmethod
    def _check_new(tables: Sequence[Table], drafts: list[_Draft]) -> None:
        """Every id that enters is new to the whole view, and enters once."""
        entered = [draft.entered for draft in drafts if draft.entered is not None]
        if entered:
            ids = np.concatenate(entered)
            known = np.concatenate([table.ids for table in tables])
            _require(len(np.unique(ids)) == len(ids), "enters: an entity enters twice")
            _require(not np.isin(ids, known).any(), "enters: an entity is there already")
