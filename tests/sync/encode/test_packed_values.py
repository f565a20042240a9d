"""Values packed ahead of need: a full state is the same as without, and takes up what happened since."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

from gameserver.state.entity import Entity
from gameserver.state.fields import Int, List, Text
from gameserver.state.schema import Schema
from gameserver.state.world import World
from gameserver.sync.encode import packed_values
from gameserver.sync.encode.encoder import DeltaEncoder
from gameserver.sync.encode.msgpack_parts import pack_value
from gameserver.sync.encode.packed_values import SETTLES_AFTER, PackedValues
from gameserver.sync.snapshot import Snapshot

if TYPE_CHECKING:
    import pytest

    from gameserver.state.table import Table


class Stroke(Entity, rests=True):
    name = Text(max_bytes=8)
    steps = List(Int(-500, 500), max_items=50)


class Sheet:
    """Strokes, whose values are packed in each tick."""

    def __init__(self, strokes: int, items: int = 10) -> None:
        self.world = World(Schema([Stroke]))
        self.dice = random.Random(1)
        self.packed = PackedValues()
        for number in range(strokes):
            self.world.spawn(Stroke, name=str(number)).steps = self.some(items)
        self.table = self.capture()

    def some(self, count: int) -> list[int]:
        return [self.dice.randint(-500, 500) for _ in range(count)]

    def capture(self) -> Table:
        (self.table,) = self.world.capture()
        return self.table

    def advance(self, ticks: int = 1) -> None:
        for _ in range(ticks):
            self.packed.advance(self.capture())

    def stroke(self, number: int) -> Any:
        return self.world.entities(Stroke)[number]

    def check(self) -> None:
        assert self.packed.columns(self.table) == list(map(pack_value, self.table.objects))


def test_values_are_packed_once_they_have_not_changed_for_a_while() -> None:
    sheet = Sheet(20)
    sheet.advance(SETTLES_AFTER)
    assert sheet.packed.unpacked == 20
    sheet.advance()
    assert sheet.packed.unpacked == 0
    sheet.check()


def test_an_entity_that_changes_in_every_tick_is_packed_for_a_full_state_alone() -> None:
    sheet = Sheet(5)
    sheet.advance()
    for tick in range(2 * SETTLES_AFTER):
        sheet.stroke(2).steps.append(tick)
        sheet.advance()
    assert sheet.packed.unpacked == 1
    sheet.check()
    assert sheet.packed.unpacked == 0


def test_no_tick_packs_more_than_its_share(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packed_values, "MAX_ITEMS_A_TICK", 100)
    sheet = Sheet(40, items=20)
    sheet.advance(SETTLES_AFTER)
    left = []
    while sheet.packed.unpacked:
        sheet.advance()
        left.append(sheet.packed.unpacked)
    assert left == list(range(35, -1, -5))
    monkeypatch.setattr(packed_values, "MAX_ENTITIES_A_TICK", 3)
    sheet = Sheet(7, items=1)
    sheet.advance(SETTLES_AFTER + 2)
    assert sheet.packed.unpacked == 1


def test_what_comes_goes_and_changes_between_full_states_is_in_the_next() -> None:
    sheet = Sheet(30)
    sheet.check()
    for _ in range(60):
        match sheet.dice.randrange(4):
            case 0:
                sheet.world.spawn(Stroke).steps = sheet.some(3)
            case 1:
                sheet.world.despawn(sheet.stroke(sheet.dice.randrange(len(sheet.world))))
            case 2:
                sheet.stroke(0).name = str(sheet.dice.random())[:8]
            case 3:
                sheet.stroke(-1).steps.append(1)
        sheet.advance(sheet.dice.choice((1, 1, 1, 12)))
        if sheet.dice.random() < 0.5:
            sheet.check()


def test_another_room_s_table_is_packed_anew() -> None:
    sheet, other = Sheet(4), Sheet(3)
    sheet.advance(SETTLES_AFTER + 1)
    assert sheet.packed.columns(other.table) == list(map(pack_value, other.table.objects))


def test_a_full_state_of_no_entities_packs_nothing() -> None:
    schema = Schema([Stroke])
    encoder, world = DeltaEncoder(schema, 20), World(schema)
    new = Snapshot(1, world.capture())
    encoder.prepare(new)
    assert encoder.encode(None, new) == b"\x90\x90\x90\x90"
