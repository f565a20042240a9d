"""Micro-benchmark of state that rests: what a tick costs when most entities do not change, without rooms or sockets.

    python -m bench.rests [--ticks 300] [--idle 10000]

Cases take turns, 20 ticks each, and figures are medians, so that a machine whose speed changes changes all of them
alike. Afterwards a client's decoder applies all deltas, and its state is compared with the server's.
PYTHONSAFEPATH=1 PYTHONPATH=build/compiled:. runs it on the compiled build.
"""

from __future__ import annotations

import argparse
import statistics
from time import process_time
from typing import TYPE_CHECKING

from bench.micro_delta import TICK_HZ, Message, check
from gameserver.compiled import COMPILED
from gameserver.state.entity import Entity
from gameserver.state.fields import Float, Int, List
from gameserver.state.schema import Schema
from gameserver.state.world import World
from gameserver.sync.decode.decoder import DeltaDecoder
from gameserver.sync.encode.encoder import DeltaEncoder
from gameserver.sync.snapshot import Snapshot

if TYPE_CHECKING:
    from collections.abc import Iterator

BUSY = 10
TURN_TICKS = 20
WARM_TICKS = 3  # of each turn, while the processor's caches fill


class Item(Entity):
    """A thing in a room, captured in every tick."""

    x = Float(step=1 / 16)
    y = Float(step=1 / 16)
    hp = Int(0, 100)


class Wall(Entity, rests=True):
    """The same, captured when it may have changed."""

    x = Float(step=1 / 16)
    y = Float(step=1 / 16)
    hp = Int(0, 100)


class Line(Entity):
    """A line on a whiteboard, captured in every tick."""

    points = List(Float(step=1 / 4), max_items=1024)


class Stroke(Entity, rests=True):
    """The same, captured when it may have changed."""

    points = List(Float(step=1 / 4), max_items=1024)


class Case:
    """One world whose ticks are timed."""

    def __init__(self, what: str, cls: type[Item | Wall | Line | Stroke], count: int, *, busy: int = 0) -> None:
        """Fill a world.

        Args:
            what: What the table calls it.
            cls: The type of all entities.
            count: How many there are.
            busy: How many of them change in every tick.
        """
        self.what = what
        self.schema = Schema([cls])
        self.world = World(self.schema)
        for number in range(count):
            entity = self.world.spawn(cls)
            if isinstance(entity, Line | Stroke):
                entity.points = [float(point) for point in range(100)]
            else:
                entity.x, entity.y = float(number % 100 * 20), float(number // 100 * 20)
        self.busy = self.world.entities(cls)[:busy]
        self.encoder = DeltaEncoder(self.schema, TICK_HZ)
        self.base = Snapshot(0, self.world.capture())
        self.bodies = [self.encoder.encode(None, self.base)]
        self.times_s: list[float] = []

    def tick(self, number: int) -> None:
        """Run the rules, and time capture and encode."""
        for entity in self.busy:
            if isinstance(entity, Line | Stroke):
                entity.points.append(float(number))
            else:
                entity.x += 1.0
        began = process_time()
        new = Snapshot(number, self.world.capture())
        body = self.encoder.encode(self.base, new)
        if number % TURN_TICKS >= WARM_TICKS:
            self.times_s.append(process_time() - began)
        self.bodies.append(body)
        self.base = new

    def check(self) -> None:
        """Compare what a client makes of all deltas with the server's state."""
        decoder = DeltaDecoder(self.schema, TICK_HZ)
        state = decoder.empty()
        for tick, body in enumerate(self.bodies):
            state = decoder.apply(state, Message.of(body, tick, min(tick, 1)))
        check(state, self.base)

    @property
    def tick_us(self) -> float:
        """The median."""
        return statistics.median(self.times_s) * 1e6


def write_ns(cls: type[Item | Wall]) -> float:
    """Return what a write to an attribute costs in a loop of rules, in nanoseconds."""
    world = World(Schema([cls]))
    entities = [world.spawn(cls) for _ in range(1000)]
    for _ in range(8):
        world.capture()  # all rest, if they can
    for entity in entities:
        entity.hp = 1  # and wake
    world.capture()
    times_s = []
    for value in range(200):
        began = process_time()
        for entity in entities:
            entity.x = 1.0
            entity.y = 2.0
            entity.hp = value
        times_s.append(process_time() - began)
    return statistics.median(times_s) / 3000 * 1e9


def waking_ns() -> float:
    """Return what the first write to an entity at rest costs, in nanoseconds."""
    world = World(Schema([Wall]))
    walls = [world.spawn(Wall) for _ in range(1000)]
    times_s = []
    for value in range(30):
        for _ in range(4):
            world.capture()
        began = process_time()
        for wall in walls:
            wall.hp = value
        times_s.append(process_time() - began)
    return statistics.median(times_s) / 1000 * 1e9


def cases(idle: int) -> Iterator[Case]:
    """Yield what is compared."""
    yield Case(f"{BUSY} that change", Item, BUSY, busy=BUSY)
    yield Case(f"{BUSY} that change, rests", Wall, BUSY, busy=BUSY)
    yield Case(f"{idle} idle and {BUSY} that change", Item, idle + BUSY, busy=BUSY)
    yield Case(f"{idle} idle and {BUSY} that change, rests", Wall, idle + BUSY, busy=BUSY)
    yield Case("3000 lists of 100", Line, 3000)
    yield Case("3000 lists of 100, rests", Stroke, 3000)
    yield Case("3000 lists of 100, one grows", Line, 3000, busy=1)
    yield Case("3000 lists of 100, one grows, rests", Stroke, 3000, busy=1)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--ticks", type=int, default=300)
    parser.add_argument("--idle", type=int, default=10_000)
    options = parser.parse_args()
    measured = list(cases(options.idle))
    for turn in range(options.ticks // TURN_TICKS):
        for case in measured:
            for number in range(turn * TURN_TICKS, (turn + 1) * TURN_TICKS):
                case.tick(number + 1)
    for case in measured:
        case.check()
    print("compiled" if COMPILED else "interpreted")
    print(f"{'capture + encode':<46}{'us a tick':>10}{'bytes':>8}")
    for case in measured:
        print(f"{case.what:<46}{case.tick_us:10.1f}{len(case.bodies[-1]):8}")
    plain, alone, _, with_idle = [case.tick_us for case in measured[:4]]
    print(
        f"with the idle ones: {with_idle / alone:.2f} of the {BUSY} alone, {with_idle / plain:.2f} without rests=True"
    )
    plain, awake = write_ns(Item), write_ns(Wall)
    print(
        f"a write: {plain:.0f} ns; to an entity that has rested: {awake:.0f} ns; one that wakes: {waking_ns():.0f} ns"
    )


if __name__ == "__main__":
    main()
