"""A view and how STATE changes it, written from protocol.md §2, §4 and §5 alone; imports nothing of the server.

Plain and slow on purpose: an entity is a list of codes, a row of bits is one big integer.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

TURN = 6.283185307179586
MAX_ID = 2**30 - 1
RANGES = {"flag": (0, 1), "ref": (0, MAX_ID)}


class Misfit(Exception):
    """A STATE that does not fit the view; the view stays as it is."""


@dataclass(frozen=True)
class Field:
    """A field of an entity type."""

    name: str
    kind: str
    spec: Mapping[str, Any]

    @property
    def numeric(self) -> bool:
        return self.kind not in ("text", "list")

    @property
    def steps(self) -> int:
        """Codes of a full turn, 0 if it is no angle."""
        return int(self.spec["steps"]) if self.kind == "angle" else 0

    @property
    def step(self) -> float:
        return TURN / self.steps if self.steps else float(self.spec["step"])

    @property
    def rate(self) -> int | None:
        rate: int | None = self.spec.get("rate")
        return rate

    @property
    def range(self) -> tuple[int, int]:
        match self.kind:
            case "float" | "int":
                return self.spec["lo"], self.spec["hi"]
            case "angle":
                return 0, self.steps - 1
            case "choice":
                return 0, len(self.spec["names"]) - 1
            case _:
                return RANGES[self.kind]

    def takes(self, code: object) -> bool:
        """Say whether `code` is one of this field's."""
        if self.kind == "text":
            return isinstance(code, str) and len(code.encode()) <= self.spec["max_bytes"]
        if self.kind == "list":
            item = make_field(self.spec["of"])
            return isinstance(code, list) and len(code) <= self.spec["max_items"] and all(map(item.takes, code))
        lo, hi = self.range
        return type(code) is int and lo <= code <= hi

    def value(self, code: Any) -> Any:
        """Return what a code means to the game."""
        match self.kind:
            case "float" | "angle":
                return code * self.step
            case "flag":
                return code == 1
            case "choice":
                return self.spec["names"][code]
            case "list":
                return [make_field(self.spec["of"]).value(item) for item in code]
            case _:
                return code


def make_field(spec: Mapping[str, Any]) -> Field:
    """Read a field of WELCOME's schema; those of lists have no name."""
    return Field(spec.get("name", ""), spec["kind"], spec)


@dataclass(frozen=True)
class EntityType:
    """An entity type: all its fields, and the indexes of those that are numeric."""

    name: str
    fields: tuple[Field, ...]
    use: str | None = None

    @property
    def numeric(self) -> list[int]:
        return [index for index, one in enumerate(self.fields) if one.numeric]


def read_schema(schema: Mapping[str, Any]) -> list[EntityType]:
    """Read the entity types of WELCOME's schema."""
    return [
        EntityType(one["name"], tuple(map(make_field, one["fields"])), one.get("use")) for one in schema["entities"]
    ]


@dataclass
class Entity:
    """An entity: the index of its type, a code for each of its fields."""

    type: int
    codes: list[Any]


@dataclass(frozen=True)
class View:
    """What the client sees, by id. Tick 0 with no entities: nothing yet."""

    tick: int = 0
    entities: Mapping[int, Entity] = field(default_factory=dict)


# --- §2


def undo_gaps(gaps: Iterable[int], first: int) -> list[int]:
    """Return the ascending list that was written as gaps."""
    result: list[int] = []
    for gap in gaps:
        least = 1 if result else first
        need(type(gap) is int and gap >= least, "gaps ascend")
        result.append(gap + (result[-1] if result else 0))
    return result


def undo_zigzag(unsigned: int) -> int:
    """Return the signed integer."""
    return unsigned >> 1 if unsigned % 2 == 0 else -((unsigned + 1) >> 1)


# --- §5


def pick(who: object, ids: Sequence[int]) -> list[int]:
    """Return those of `ids` that `who` names."""
    if who is None:
        return list(ids)
    if isinstance(who, bytes):
        need(len(who) == (len(ids) + 7) // 8, "a bit string has a bit for each")
        bits = int.from_bytes(who, "little")
        need(bits < 1 << len(ids), "no bit is set beyond the last")
        return [one for index, one in enumerate(ids) if bits >> index & 1]
    need(isinstance(who, list), "who is nil, bin or array")
    indexes = undo_gaps(who, 0)  # type: ignore[arg-type]  # a list, by the line above
    need(not indexes or indexes[-1] < len(ids), "an index lies within the list")
    return [ids[index] for index in indexes]


def read_rows(widths: object, rows: object, fields: int, count: int) -> list[list[int]]:
    """Return the residuals of `count` entities."""
    need(isinstance(widths, bytes) and len(widths) == fields and max(widths, default=0) <= 32, "a width a field")
    assert isinstance(widths, bytes)
    size = (sum(widths) + 7) // 8
    need(isinstance(rows, bytes) and len(rows) == size * count, "rows have their exact length")
    assert isinstance(rows, bytes)
    return [read_row(widths, rows[start : start + size]) for start in (size * row for row in range(count))]


def read_row(widths: bytes, row: bytes) -> list[int]:
    """Return one residual a field."""
    bits = int.from_bytes(row, "little")
    residuals = []
    for width in widths:
        residuals.append(undo_zigzag(bits & ((1 << width) - 1)))
        bits >>= width
    return residuals


def apply_state(types: Sequence[EntityType], tick_hz: int, view: View, items: Sequence[Any]) -> View:
    """Return the view that the items of a STATE (without its id) make of `view`, or raise `Misfit`."""
    tick, span, _seq, _lead, leaves, enters, changes, values = items
    need(span == 0 or tick - span == view.tick, "the base is the newest applied tick")
    before = view.entities if span else {}
    need(all(isinstance(block, list) and len(block) == 4 for block in (*enters, *changes)), "blocks of four")
    need(all(isinstance(block, list) and len(block) in (4, 5) for block in values), "values of four or five")
    need(len({repr(one[0]) for one in enters}) == len(enters), "enters has each type once")
    gone = set(undo_gaps(leaves, 1))
    need(gone <= before.keys(), "what leaves is known")
    stay = {one: before[one] for one in sorted(before.keys() - gone)}
    residuals = sum_residuals(types, stay, changes)
    after = {
        one: Entity(old.type, advance(types[old.type], tick_hz, old.codes, residuals.get(one), span))
        for one, old in stay.items()
    }
    for block in enters:
        enter(types, before, after, block)
    for block in values:
        set_values(types, after, block)
    return View(tick, after)


def sum_residuals(
    types: Sequence[EntityType], stay: Mapping[int, Entity], changes: Iterable[Any]
) -> dict[int, dict[int, int]]:
    """Return, by entity and field, what `changes` says."""
    sums: dict[int, dict[int, int]] = {}
    for index, who, widths, rows in changes:
        numeric = type_at(types, index).numeric
        picked = pick(who, of_type(stay, index))
        for one, row in zip(picked, read_rows(widths, rows, len(numeric), len(picked)), strict=True):
            total = sums.setdefault(one, dict.fromkeys(numeric, 0))
            for place, residual in zip(numeric, row, strict=True):
                total[place] += residual
    return sums


def advance(
    kind: EntityType, tick_hz: int, old: Sequence[Any], residuals: Mapping[int, int] | None, span: int
) -> list[Any]:
    """Return the codes of one that stays, `span` ticks on."""
    new = list(old)
    residuals = residuals or {}
    for place in kind.numeric:
        if kind.fields[place].rate is None:
            new[place] = turned(kind.fields[place], old[place] + residuals.get(place, 0))
    for place in kind.numeric:
        rate = kind.fields[place].rate
        if rate is not None:
            expected = foresee(kind, place, rate, tick_hz, old, new, span)
            new[place] = turned(kind.fields[place], expected + residuals.get(place, 0))
    need(all(kind.fields[place].takes(new[place]) for place in kind.numeric), "codes lie within their range")
    return new


def foresee(
    kind: EntityType, place: int, rate: int, tick_hz: int, old: Sequence[Any], new: Sequence[Any], span: int
) -> int:
    """Return the expected code of a field with a rate."""
    this = kind.fields[place]
    k = (kind.fields[rate].step / this.step) / tick_hz
    v0, v1 = float(old[rate]), float(new[rate])
    # Python's floor gives an exact int of any size; the page says doubles.
    last, others = float(math.floor(k * v1 + 0.5)), float(math.floor(k * ((v0 + v1) / 2) + 0.5))
    expected = float(old[place]) + last + (span - 1) * others
    if this.steps:
        return int(expected) % this.steps
    lo, hi = this.range
    return int(max(lo, min(hi, expected)))


def turned(this: Field, code: int) -> int:
    """Return an angle's code within its turn, any other as it is."""
    return code % this.steps if this.steps else code


def enter(
    types: Sequence[EntityType], before: Mapping[int, Entity], after: dict[int, Entity], block: Sequence[Any]
) -> None:
    """Take one block of `enters`."""
    index, gaps, widths, rows = block
    kind = type_at(types, index)
    ids = undo_gaps(gaps, 1)
    for one, row in zip(ids, read_rows(widths, rows, len(kind.numeric), len(ids)), strict=True):
        need(one <= MAX_ID and one not in before and one not in after, "what enters is new")
        codes: list[Any] = ["" if each.kind == "text" else [] for each in kind.fields]
        for place, code in zip(kind.numeric, row, strict=True):
            need(kind.fields[place].takes(code), "codes lie within their range")
            codes[place] = code
        after[one] = Entity(index, codes)


def set_values(types: Sequence[EntityType], after: Mapping[int, Entity], block: Sequence[Any]) -> None:
    """Take one block of `values`."""
    index, place, who, values, *more = block
    kind = type_at(types, index)
    need(type(place) is int and 0 <= place < len(kind.fields) and not kind.fields[place].numeric, "an object field")
    picked = pick(who, of_type(after, index))
    need(isinstance(values, list) and len(values) == len(picked), "a value for each")
    if more:
        values = lengthened(kind.fields[place].kind, [after[one].codes[place] for one in picked], values, more[0])
    for one, value in zip(picked, values, strict=True):
        need(kind.fields[place].takes(value), "values fit their field")
        after[one].codes[place] = value


def lengthened(kind: str, before: Sequence[Any], added: Sequence[Any], kept: Any) -> list[Any]:
    """Return lists that keep their first items, and then have others."""
    need(kind == "list" and isinstance(kept, list) and len(kept) == len(before), "a number of items for each list")
    for value, count, items in zip(before, kept, added, strict=True):
        need(type(count) is int and 0 <= count <= len(value) and isinstance(items, list), "items that are there")
    return [[*value[:count], *items] for value, count, items in zip(before, kept, added, strict=True)]


def of_type(entities: Mapping[int, Entity], index: int) -> list[int]:
    """Return the ids of one type, ascending."""
    return sorted(one for one, entity in entities.items() if entity.type == index)


def type_at(types: Sequence[EntityType], index: int) -> EntityType:
    """Return the entity type of that index."""
    need(type(index) is int and 0 <= index < len(types), "a type that exists")
    return types[index]


def need(holds: bool, rule: str) -> None:
    """Raise `Misfit` unless a rule of §5 holds."""
    if not holds:
        raise Misfit(rule)


def used_as(types: Sequence[EntityType], view: View, use: str) -> list[dict[str, Any]]:
    """Return the values of the entities of the type with this use, in ascending order of id."""
    return [
        {one.name: one.value(code) for one, code in zip(types[entity.type].fields, entity.codes, strict=True)}
        for _, entity in sorted(view.entities.items())
        if types[entity.type].use == use
    ]
