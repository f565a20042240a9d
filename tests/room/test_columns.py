"""A type kept in columns is replicated like any other."""

from typing import Any

import numpy as np

from gameserver.protocol.constants import ServerMessage as S
from gameserver.room.player import Player
from gameserver.room.player_views import Near
from gameserver.room.room import Room
from gameserver.state.entity import Entity
from gameserver.state.fields import Float
from tests.support.memory_server import MemoryServer


class Boid(Entity, columns=True):
    x = Float(step=1 / 16)
    y = Float(step=1 / 16)
    vx = Float(step=1 / 16, rate_of="x")


class Walker(Entity):
    x = Float(step=1.0)
    y = Float(step=1.0)


class Flock(Room):
    entities = (Boid, Walker)
    interest = Near(radius=100)

    def on_create(self, options: Any) -> None:
        self.table(Boid).spawn_many(1000, x=np.arange(1000) * 10.0, vx=20.0)

    def on_join(self, player: Player) -> None:
        player.avatar = self.spawn(Walker, owner=player, x=500)

    def on_tick(self) -> None:
        boids = self.table(Boid)
        boids.x += boids.vx * self.dt


def test_entities_in_columns_move_and_only_those_near_are_sent() -> None:
    server = MemoryServer(Flock)
    link, peer = server.join("flock")
    server.keep_up(link, peer)
    first = link.of(S.STATE)[0]
    entered = sum(len(gaps) for _, gaps, _, _ in first[6])
    assert 15 <= entered <= 25
    server.tick(20)
    assert server.engine.world.table(Boid).x[0] == 21.0, "20 units a second, for a second and a tick"
    changes = [state for state in link.of(S.STATE)[1:] if state[7]]
    assert not changes, "steady motion is extrapolated by the client"
