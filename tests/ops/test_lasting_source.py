"""What keeps a room from being saved is named with its line."""

from __future__ import annotations

import inspect
from functools import partial
from typing import Any

from gameserver import Room
from gameserver.ops.lasting_source import closures_of, place_of
from gameserver.room.saveable import CannotSave

FILE = "tests/ops/test_lasting_source.py"


class Leaky(Room):
    lasting = True

    def on_create(self, options: Any) -> None:
        def later() -> None:
            """Never called."""

        self.hooks: list[Any] = []
        self.after(30, lambda: self.hooks.clear())
        self.every(3, later)
        self.run(print, then=lambda _: None)
        self.namer = lambda: "x"
        self.numbers = (number for number in range(3))
        self.effect(lambda key: key)
        self.effect(self.on_tick)
        self.effect(print, failed=later)  # type: ignore[arg-type]


class Tight(Room):
    lasting = True

    def on_create(self, options: Any) -> None:
        self.after(30, self.grow, 1)
        self.every(3, partial(self.grow, 2))
        self.run(print, then=self.grow)
        self.effect(print, 1, then=self.grow)
        self.numbers = [number for number in range(3) if (lambda at: at)(number)]

    def grow(self, by: Any) -> None:
        """Grow."""


class Inherits(Leaky):
    def on_tick(self) -> None:
        self.every(1, lambda: None)


def line_of(text: str) -> int:
    return inspect.getsource(inspect.getmodule(Leaky)).splitlines().index(text) + 1  # type: ignore[arg-type]


def test_closures_are_found_with_their_lines() -> None:
    found = closures_of(Leaky)
    assert [finding.line for finding in found] == [
        line_of("        self.after(30, lambda: self.hooks.clear())") + step for step in range(8)
    ]
    assert [finding.problem.partition(",")[0] for finding in found] == [
        "self.after gets a lambda",
        "self.every gets later",
        "self.run gets a lambda",
        "self.namer is a lambda",
        "self.numbers is a generator",
        "self.effect gets a lambda",
        "self.effect gets self.on_tick",
        "self.effect gets later",
    ]
    assert str(found[0]) == (
        f"{FILE}:{found[0].line}: Leaky.on_create: self.after gets a lambda, which cannot be saved; "
        "write a method, and its arguments after it: self.after(30, self.respawn, ship)"
    )


def test_methods_and_partials_are_no_closures() -> None:
    assert closures_of(Tight) == []


def test_the_classes_that_a_room_inherits_from_are_read_too() -> None:
    assert [finding.where for finding in closures_of(Inherits)] == ["Inherits.on_tick", *["Leaky.on_create"] * 8]


def test_an_attribute_has_the_place_of_its_first_assignment() -> None:
    place = f"{FILE}:{line_of('        self.hooks: list[Any] = []')}"
    assert place_of(Inherits, CannotSave("Inherits.hooks[0].lock", "a lock")) == place
    assert place_of(Inherits, CannotSave("Inherits.nothing", "a lock")) is None
    assert place_of(Inherits, CannotSave("player 3.data", "a lock")) is None


def test_a_class_without_source_has_no_findings() -> None:
    made: dict[str, Any] = {}
    exec("from gameserver import Room\nclass Made(Room):\n    lasting = True", made)
    assert closures_of(made["Made"]) == []
