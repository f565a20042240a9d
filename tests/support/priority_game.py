"""A small game for the tests of tiers and budgets: its world, its viewers, and the encoder between them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from gameserver.state.entity import Entity
from gameserver.state.fields import Angle, Float, Int, Text
from gameserver.state.schema import Schema
from gameserver.state.world import World
from gameserver.sync.decode.decoder import DeltaDecoder
from gameserver.sync.encode.dead_reckoning import MAX_AGE
from gameserver.sync.encode.encoder import DeltaEncoder
from gameserver.sync.encode.interest import Interest
from gameserver.sync.encode.priority import PriorityEncoder, Viewers
from gameserver.sync.encode.views import View, Views
from gameserver.sync.snapshot import Snapshot
from tests.support.sync_world import Message

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gameserver.sync.decode.view_state import ViewState

TICK_HZ = 20


class Ship(Entity):
    x = Float(step=1 / 16)
    y = Float(step=1 / 16)
    vx = Float(step=1 / 16, rate_of="x")
    vy = Float(step=1 / 16, rate_of="y")
    heading = Angle(steps=256)
    hp = Int(0, 100)
    name = Text(max_bytes=12)


class Shot(Entity):
    x = Float(step=1 / 16)
    y = Float(step=1 / 16)
    vx = Float(step=1 / 16, rate_of="x")


class Trophy(Entity):
    """Has no position."""

    holder = Int(0, 100)


SCHEMA = Schema([Ship, Shot, Trophy])


class Viewer:
    """A client, and what the server knows of it."""

    def __init__(self, viewpoint: tuple[float, float] = (0, 0), budget: float = math.inf) -> None:
        self.viewpoint = viewpoint
        self.budget = budget
        self.avatar = 0
        self.base: Snapshot | None = None
        self.view: View | None = None
        self.state: ViewState = DeltaDecoder(SCHEMA, TICK_HZ).empty()
        self.sizes: list[int] = []


class Game:
    """A world, its viewers, and the encoder between them."""

    def __init__(self, tiers: Mapping[float, int] | None = None, radius: float = 1000) -> None:
        self.world = World(SCHEMA)
        self.interest = Interest(SCHEMA, radius)
        self.encoder = PriorityEncoder(DeltaEncoder(SCHEMA, TICK_HZ), self.interest, tiers or {}, snapshot_hz=1)
        self.decoder = DeltaDecoder(SCHEMA, TICK_HZ)
        self.tick = 0

    def send(self, *viewers: Viewer, narrow: float = 1.0, random: np.random.Generator | None = None) -> Snapshot:
        """Capture a tick and send it to these viewers, those with the same base together."""
        self.tick += 1
        new = Snapshot(self.tick, self.world.capture())
        for base in {viewer.base for viewer in viewers}:
            self._send_group(base, new, [v for v in viewers if v.base is base], narrow, random)
        return new

    def _send_group(
        self,
        base: Snapshot | None,
        new: Snapshot,
        group: list[Viewer],
        narrow: float,
        random: np.random.Generator | None,
    ) -> None:
        viewpoints = np.array([viewer.viewpoint for viewer in group], np.float32)
        before = Views.of([v.view for v in group if v.view is not None]) if base is not None else None
        now = self.interest.views(new, viewpoints, before)
        if random is not None:
            masks = tuple([mask & (random.random(mask.shape) < narrow) for mask in now.masks])
            now = Views(new, masks, now.count)
        budgets = np.array([v.budget for v in group], np.float32)
        viewers = Viewers(viewpoints, np.array([v.avatar for v in group]), budgets)
        bodies, sees = self.encoder.encode(base, new, before, now, viewers)
        for row, (viewer, body) in enumerate(zip(group, bodies, strict=True)):
            viewer.state = self.decoder.apply(viewer.state, Message.of(body, new, base))
            viewer.base, viewer.view = new, sees[row]
            viewer.sizes.append(len(body))
            self.check(viewer, sees[row], new)

    @staticmethod
    def check(viewer: Viewer, view: View, new: Snapshot) -> None:
        """Check that a client holds its view; codes of age 0 are exact, texts and lists always."""
        for held, truth, ages, mask in zip(viewer.state.tables, view.tables(), view.ages, view.masks, strict=True):
            assert held.ids.tolist() == truth.ids.tolist()
            assert held.objects == truth.objects
            exact = ages[mask] == 0
            assert np.array_equal(held.codes[:, exact], truth.codes[:, exact])
            assert (ages[mask] <= MAX_AGE).all()
            differs = (held.codes != truth.codes).any(axis=0)
            assert not (differs & exact).any()
        assert viewer.state.tick == new.tick


def ages(viewer: Viewer) -> dict[int, int]:
    """Return the age of each entity in a view."""
    assert viewer.view is not None
    parts = zip(viewer.view.views.snapshot.tables, viewer.view.masks, viewer.view.ages, strict=True)
    return {
        i: a for table, mask, age in parts for i, a in zip(table.ids[mask].tolist(), age[mask].tolist(), strict=True)
    }


def restless(world: World, random: np.random.Generator, fraction: float = 0.8) -> None:
    """Move everything by its rates, and turn some ships."""
    for ship in world.entities(Ship):
        ship.x += ship.vx / TICK_HZ
        ship.y += ship.vy / TICK_HZ
        if random.random() < fraction:
            ship.vx, ship.vy = random.normal(0, 60, 2)
            ship.heading += 0.3
    for shot in world.entities(Shot):
        shot.x += shot.vx / TICK_HZ
