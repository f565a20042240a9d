"""The native writer of bodies gives the bytes of the Python writer, for whatever is added."""

from __future__ import annotations

import math
import tracemalloc
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import msgpack
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gameserver.sync.encode.body import BodyWriter
from gameserver.sync.encode.encoder import DeltaEncoder
from gameserver.sync.encode.pairs import Pairs
from gameserver.sync.encode.priority import PriorityEncoder
from tests.support.priority_game import SCHEMA, TICK_HZ, Game, Ship, Shot, Trophy, Viewer, restless

if TYPE_CHECKING:
    from collections.abc import Callable

    from hypothesis.strategies import DrawFn
    from numpy.typing import NDArray

    from gameserver.native import bodies
else:
    bodies = pytest.importorskip("gameserver.native.bodies", reason="the compiled build has it")

Call = tuple[str, tuple[Any, ...]]


def pairs_of(draw: DrawFn, viewers: int, rows: int) -> Pairs:
    """Any pairs of so many viewers and rows."""
    cells = draw(st.lists(st.booleans(), min_size=viewers * rows, max_size=viewers * rows))
    return Pairs.of(np.array(cells, np.bool_).reshape(viewers, rows))


def flags_of(draw: DrawFn, count: int) -> NDArray[np.bool_]:
    return np.array(draw(st.lists(st.booleans(), min_size=count, max_size=count)), np.bool_)


def ids_of(draw: DrawFn, rows: int) -> NDArray[np.int64]:
    """Ascending ids, with gaps of all sizes that an integer has forms for."""
    gaps = st.integers(1, 40) | st.integers(100, 300) | st.integers(2**15, 2**17) | st.integers(2**24, 2**25)
    return np.cumsum(np.array(draw(st.lists(gaps, min_size=rows, max_size=rows)), np.int64))


def matrix_of(draw: DrawFn, rows: int, most: int) -> NDArray[np.uint8]:
    size = draw(st.integers(0, most))
    return np.frombuffer(np.random.default_rng(size).bytes(rows * size), np.uint8).reshape(rows, size)


VALUE = st.integers(-(2**31), 2**31) | st.text(max_size=40)
ITEMS = st.lists(st.integers(0, 70_000), max_size=6).map(tuple)


@st.composite
def calls_of_a_type(draw: DrawFn, viewers: int, index: int) -> list[Call]:
    """What is added of one entity type, in the order of the encoders."""
    rows = draw(st.integers(0, 24))
    ids, seen = ids_of(draw, rows), pairs_of(draw, viewers, rows)
    widths = bytes(draw(st.lists(st.integers(0, 52), max_size=4)))
    block = SimpleNamespace(present=flags_of(draw, rows), rows=matrix_of(draw, rows, 20), widths=widths)
    chosen = draw(st.none() | st.just(flags_of(draw, len(seen))))
    entering = SimpleNamespace(table=SimpleNamespace(ids=ids), rows=matrix_of(draw, rows, 40), widths=widths)
    column = draw(st.lists(VALUE, min_size=rows, max_size=rows))
    calls: list[Call] = [
        ("add_leaves", (ids, pairs_of(draw, viewers, rows))),
        ("add_enters", (index, entering, pairs_of(draw, viewers, rows))),
        ("add_changes", (index, [block] * draw(st.integers(0, 2)), seen, chosen)),
        (
            "add_values",
            (index, 3, column, seen, flags_of(draw, len(seen))),
        ),
    ]
    lists = draw(st.lists(ITEMS, min_size=rows, max_size=rows))
    grows = flags_of(draw, rows)
    grown = {row: draw(st.integers(1, len(value))) for row, value in enumerate(lists) if value and grows[row]}
    enters = draw(st.none() | st.just(flags_of(draw, len(seen))))
    calls.append(("add_values", (index, 200, lists, seen, flags_of(draw, len(seen)), grown, enters)))
    return draw(st.permutations(calls))


@st.composite
def all_calls(draw: DrawFn) -> tuple[int, list[Call]]:
    viewers = draw(st.integers(0, 4))
    return viewers, [call for index in range(draw(st.integers(0, 3))) for call in draw(calls_of_a_type(viewers, index))]


@given(all_calls())
def test_both_writers_give_the_same_bodies(case: tuple[int, list[Call]]) -> None:
    viewers, calls = case
    writers = [BodyWriter(viewers), bodies.BodyWriter(viewers)]
    for name, arguments in calls:
        for writer in writers:
            getattr(writer, name)(*arguments)
    python, native = [writer.bodies() for writer in writers]
    assert native == python
    assert len(python) == viewers


@pytest.mark.parametrize("rows", [15, 16, 255, 256, 2_000, 70_000])
@pytest.mark.parametrize("every", [1, 2, 20])
def test_headers_of_all_sizes_are_the_same(rows: int, every: int) -> None:
    seen = Pairs.of(np.ones((2, rows), np.bool_))
    chosen = np.arange(len(seen)) % every == 0
    ids = np.arange(1, rows + 1) * 3
    block = SimpleNamespace(present=np.ones(rows, np.bool_), rows=np.ones((rows, 3), np.uint8), widths=b"\x18")
    entering = SimpleNamespace(table=SimpleNamespace(ids=ids), rows=np.ones((rows, 2), np.uint8), widths=b"\x10")
    made = []
    for writer in (BodyWriter(2), bodies.BodyWriter(2)):
        writer.add_leaves(ids, seen)
        writer.add_leaves(ids - 1, seen)
        writer.add_enters(0, entering, seen.where(chosen))  # type: ignore[arg-type]
        writer.add_changes(0, [block], seen, chosen)  # type: ignore[list-item]
        writer.add_values(0, 1, ["ä" * 20] * rows, seen, chosen)
        made.append(writer.bodies())
    assert made[0] == made[1]
    assert len(msgpack.unpackb(b"\x94" + made[1][0])[0]) == 2 * rows


def play(make_writer: Callable[[int], BodyWriter], budget: float) -> list[int]:
    """Play a game with tiers in which entities come, go and change. Return the sizes of all bodies.

    The clients of the game check that they hold what they should after each body.
    """
    random = np.random.default_rng(7)
    game = Game({100: 2, 300: 4}, radius=500)
    game.encoder = PriorityEncoder(DeltaEncoder(SCHEMA, TICK_HZ, make_writer), game.interest, {100: 2}, snapshot_hz=1)
    viewers = [Viewer((float(x), 0.0), budget) for x in range(0, 900, 300)]
    ships = [game.world.spawn(Ship, x=float(x), y=0.0, name=f"ship {x}") for x in range(0, 900, 60)]
    for tick in range(40):
        restless(game.world, random)
        if tick % 7 == 3:
            game.world.despawn(ships.pop())
            game.world.spawn(Shot, x=10.0 * tick, vx=90.0)
            game.world.spawn(Trophy, holder=tick)
        ships[tick % len(ships)].name = f"name {tick}"
        game.send(*viewers, narrow=0.9, random=random)
    return [size for viewer in viewers for size in viewer.sizes]


@pytest.mark.parametrize("budget", [math.inf, 120.0])
def test_games_with_tiers_and_budgets_are_the_same_on_both(budget: float) -> None:
    native = play(bodies.BodyWriter, budget)
    assert native == play(BodyWriter, budget)
    assert len(set(native)) > 10


def test_memory_does_not_grow_with_the_bodies_that_were_made() -> None:
    seen = Pairs.of(np.ones((50, 50), np.bool_))
    block = SimpleNamespace(present=np.ones(50, np.bool_), rows=np.ones((50, 30), np.uint8), widths=b"\xf0")

    def write() -> None:
        writer = bodies.BodyWriter(50)
        writer.add_changes(0, [block], seen)  # type: ignore[list-item]
        writer.add_values(0, 1, ["text"] * 50, seen, np.ones(len(seen), np.bool_))
        writer.bodies()

    write()
    tracemalloc.start()
    try:
        for _ in range(50):
            write()
        assert tracemalloc.get_traced_memory()[0] < 20_000, "a writer's own memory is 90 KB"
    finally:
        tracemalloc.stop()


def test_what_does_not_fit_is_refused() -> None:
    writer = bodies.BodyWriter(2)
    seen = Pairs.of(np.ones((2, 3), np.bool_))
    with pytest.raises((ValueError, TypeError)):
        writer.add_leaves(np.ones(3, np.float64), seen)
    assert writer.bodies() == [b"\x90\x90\x90\x90"] * 2
