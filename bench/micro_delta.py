"""Micro-benchmark of state: capture, encode and decode of the reference scene, without rooms, links or sockets.

    python -m bench.micro_delta

Every figure is the median over many ticks of one moving scene. Each encoded delta is also applied by a client's
decoder, and the result is compared with the server's state, so that no figure comes from a wrong encoder.
"""

from __future__ import annotations

import argparse
import math
import random
import statistics
from dataclasses import dataclass, field
from time import process_time
from typing import TYPE_CHECKING

import msgpack
import numpy as np

from bench.scene import ACCELERATION, MAX_SPEED, VIEW_RADIUS, WORLD_SIZE, Body, Boid
from gameserver.state.entity import Entity
from gameserver.state.fields import Float, List
from gameserver.state.schema import Schema
from gameserver.state.world import World
from gameserver.sync.decode.decoder import DeltaDecoder
from gameserver.sync.encode.encoder import DeltaEncoder
from gameserver.sync.encode.interest import Interest, positions_of
from gameserver.sync.encode.priority import PriorityEncoder, Viewers
from gameserver.sync.snapshot import Snapshot

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gameserver.sync.decode.view_state import ViewState

TICK_HZ = 20
DT = 1 / TICK_HZ


@dataclass(frozen=True)
class Message:
    """A STATE message as the decoder reads it."""

    tick: int
    span: int
    leaves: list[object]
    enters: list[object]
    changes: list[object]
    values: list[object]

    @staticmethod
    def of(body: bytes, tick: int, span: int) -> Message:
        """Return the message with the body that an encoder returned."""
        return Message(tick, span, *msgpack.unpackb(b"\x94" + body))


class Stroke(Entity):
    """A line on a whiteboard."""

    points = List(Float(step=1 / 4), max_items=1024)


class Scene:
    """`count` bodies that turn all the time, as in the reference scene."""

    def __init__(self, count: int, seed: int = 1) -> None:
        self.random = random.Random(seed)
        self.schema = Schema([Body])
        self.world = World(self.schema)
        self.tick = 0
        pick = self.random.uniform
        for i in range(count):
            self.world.spawn(Body, x=pick(0, WORLD_SIZE), y=pick(0, WORLD_SIZE), name=f"player {i}")

    def step(self) -> None:
        """Run the rules for one tick."""
        self.tick += 1
        bodies = self.world.entities(Body)
        for body in bodies:
            aim = body.angle + self.random.uniform(-0.3, 0.3)
            body.angle = aim
            body.vx += math.cos(aim) * ACCELERATION * DT
            body.vy += math.sin(aim) * ACCELERATION * DT
            speed = math.hypot(body.vx, body.vy)
            if speed > MAX_SPEED:
                body.vx *= MAX_SPEED / speed
                body.vy *= MAX_SPEED / speed
            body.x += body.vx * DT
            body.y += body.vy * DT
            if not 0 <= body.x <= WORLD_SIZE:
                body.vx = -body.vx
            if not 0 <= body.y <= WORLD_SIZE:
                body.vy = -body.vy
        for body in self.random.sample(bodies, max(1, len(bodies) // 100)):
            body.hp = self.random.randint(0, 100)
            body.score += 10

    def capture(self) -> Snapshot:
        """Return the snapshot of this tick."""
        return Snapshot(self.tick, self.world.capture())


@dataclass
class Row:
    """One line of the table: label, number of clients, time of each tick. As a context manager it times one tick."""

    what: str
    clients: int
    times_s: list[float] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)

    def __enter__(self) -> None:
        self._from = process_time()

    def __exit__(self, *_: object) -> None:
        self.times_s.append(process_time() - self._from)

    def __str__(self) -> str:
        tick_us = statistics.median(self.times_s) * 1e6
        size = f"{statistics.mean(self.sizes):8.0f}" if self.sizes else " " * 8
        return f"{self.what:<34}{tick_us:10.1f}{tick_us / self.clients:12.2f}{size}"


def full_view(count: int, ticks: int) -> Iterator[Row]:
    """Measure a room of `count` players who all see everything."""
    scene = Scene(count)
    encoder, decoder = DeltaEncoder(scene.schema, TICK_HZ), DeltaDecoder(scene.schema, TICK_HZ)
    capture, encode = Row(f"capture, {count} entities", count), Row(f"encode, all {count} see all", count)
    decode, build = Row(f"decode of {count} (one client)", 1), Row(f"entities of {count} (one client)", 1)
    state, base = decoder.empty(), None
    for _ in range(ticks):
        scene.step()
        with capture:
            new = scene.capture()
        with encode:
            body = encoder.encode(base, new)
        encode.sizes.append(len(body))
        with decode:
            state = decoder.apply(state, Message.of(body, new.tick, 0 if base is None else 1))
        with build:
            state.entities(Body)
        base = new
        check(state, new)
    yield from (capture, encode, decode, build)


def own_views(count: int, ticks: int) -> Iterator[Row]:
    """Measure one room of `count` players, each with a view of what is near."""
    scene = Scene(count)
    encoder, decoder = DeltaEncoder(scene.schema, TICK_HZ), DeltaDecoder(scene.schema, TICK_HZ)
    interest = Interest(scene.schema, radius=VIEW_RADIUS * 0.975, leave_radius=VIEW_RADIUS * 1.025)
    capture, views = Row(f"capture, {count} entities", count), Row(f"interest, {count} viewers", count)
    encode = Row(f"encode, {count} with views", count)
    decode = Row("decode of a view (one client)", 1)
    state, base, before, seen = decoder.empty(), None, None, []
    for _ in range(ticks):
        scene.step()
        with capture:
            new = scene.capture()
        with views:
            now = interest.views(new, positions_of(scene.schema, new, new.tables[0].ids), before)
        with encode:
            bodies = encoder.encode_views(base, new, before, now)
        encode.sizes += [len(body) for body in bodies]
        message = Message.of(bodies[0], new.tick, 0 if base is None else 1)
        with decode:
            state = decoder.apply(state, message)
        base, before = new, now
        seen.append(float(np.mean(now.masks[0].sum(axis=1))))
        check(state, Snapshot(new.tick, now[0].tables()))
    encode.what += f", {statistics.mean(seen):.0f} each"
    yield from (capture, views, encode, decode)


def with_budget(count: int, ticks: int, budget: float) -> Iterator[Row]:
    """Measure the same with tiers (beyond 150 units every 2nd snapshot, beyond 300 every 4th) and a budget of bytes."""
    scene = Scene(count)
    interest = Interest(scene.schema, radius=VIEW_RADIUS * 0.975, leave_radius=VIEW_RADIUS * 1.025)
    encoder = PriorityEncoder(DeltaEncoder(scene.schema, TICK_HZ), interest, {150: 2, 300: 4}, snapshot_hz=TICK_HZ)
    limit = "" if budget == math.inf else f", {budget:.0f} bytes"
    encode = Row(f"encode, {count} in tiers{limit}", count)
    base, before = None, None
    for _ in range(ticks):
        scene.step()
        new = scene.capture()
        ids = new.tables[0].ids
        positions = positions_of(scene.schema, new, ids)
        now = interest.views(new, positions, before)
        with encode:
            viewers = Viewers(positions, ids, np.full(count, budget, np.float32))
            bodies, before = encoder.encode(base, new, before, now, viewers)
        encode.sizes += [len(body) for body in bodies]
        base = new
    yield encode


def columns(count: int, viewers: int, ticks: int) -> Iterator[Row]:
    """Measure one room of `count` entities in columns that all turn a little, and viewers who each see what is near."""
    schema = Schema([Boid])
    world = World(schema)
    boids = world.table(Boid)
    chance = np.random.default_rng(1)
    boids.spawn_many(count, x=chance.uniform(0, WORLD_SIZE, count), y=chance.uniform(0, WORLD_SIZE, count))
    encoder, decoder = DeltaEncoder(schema, TICK_HZ), DeltaDecoder(schema, TICK_HZ)
    interest = Interest(schema, radius=100)
    rows = [
        Row(f"{what}, {count} in columns", viewers) for what in ("rules", "capture", f"interest of {viewers}", "encode")
    ]
    rules, capture, views, encode = rows
    state, base, before = decoder.empty(), None, None
    for tick in range(1, ticks + 1):
        with rules:
            boids.angle += chance.normal(0, 0.1, count)
            boids.vx, boids.vy = 60 * np.cos(boids.angle), 60 * np.sin(boids.angle)
            boids.x, boids.y = boids.x + boids.vx * DT, boids.y + boids.vy * DT
        with capture:
            new = Snapshot(tick, world.capture())
        with views:
            now = interest.views(new, positions_of(schema, new, boids.ids[:viewers]), before)
        with encode:
            bodies = encoder.encode_views(base, new, before, now)
        encode.sizes += [len(body) for body in bodies]
        state = decoder.apply(state, Message.of(bodies[0], tick, 0 if base is None else 1))
        base, before = new, now
        check(state, Snapshot(tick, now[0].tables()))
    encode.what += f", {float(np.mean(before.masks[0].sum(axis=1))) if before else 0:.0f} each"
    yield from rows


def at_rest(count: int, points: int, ticks: int) -> Iterator[Row]:
    """Measure `count` lists that nobody changes, and one that grows."""
    schema = Schema([Stroke])
    world = World(schema)
    strokes = [world.spawn(Stroke, points=[float(n) for n in range(points)]) for _ in range(count)]
    encoder, base = DeltaEncoder(schema, TICK_HZ), Snapshot(0, world.capture())
    rest = Row(f"capture + encode, {count} lists of {points}", 1)
    grow = Row("the same, one of them grows", 1)
    for tick in range(1, ticks + 1):
        row = rest if tick % 2 else grow
        if row is grow:
            strokes[tick % count].points.append(float(tick))
        with row:
            new = Snapshot(tick, world.capture())
            body = encoder.encode(base, new)
        row.sizes.append(len(body))
        base = new
    yield from (rest, grow)


def check(state: ViewState, truth: Snapshot) -> None:
    """Exit with an error when a client's state differs from the server's."""
    if not Snapshot(state.tick, state.tables).same(truth):
        raise SystemExit(f"tick {truth.tick}: the decoder has another state than the server")


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--ticks", type=int, default=200)
    ticks = parser.parse_args().ticks
    print(f"{'':<34}{'us a tick':>10}{'us a client':>12}{'bytes':>8}")
    for rows in (
        full_view(50, ticks),
        full_view(100, ticks),
        own_views(200, ticks),
        own_views(500, ticks),
        with_budget(500, ticks, math.inf),
        with_budget(500, ticks, 250),
        columns(10_000, 100, ticks),
        at_rest(3000, 100, ticks),
    ):
        for row in rows:
            print(row)


if __name__ == "__main__":
    main()
