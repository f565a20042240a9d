"""Many clients in one room whose links break again and again: nothing is lost, doubled or left behind."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest

from gameserver.client.session_events import Joined
from gameserver.client.state_reader import SharedStateReader
from gameserver.testing.simulation import SimClient, Simulation
from tests.support.sim.flight import Controls, Flight

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.slow

CLIENTS = 8
CUT_EVERY_S = 5.0
ROUNDS = 8


def wanderer(rng: random.Random) -> Callable[[SimClient, float], Controls]:
    held, until_s = Controls(), 0.0

    def steer(_: SimClient, now_s: float) -> Controls:
        nonlocal held, until_s
        if now_s >= until_s:
            held, until_s = Controls(turn=rng.randint(-1, 1), thrust=rng.random() < 0.7), now_s + rng.random()
        return held

    return steer


def test_links_that_break_every_five_seconds_lose_and_double_nothing() -> None:
    rig = Simulation(Flight, delay_s=0.1, jitter_s=0.03, seed=4)
    rng = random.Random(4)
    clients = [rig.client(steer=wanderer(rng), name=f"c{number}") for number in range(CLIENTS)]
    rig.run(2.0)
    sent: list[tuple[int, int]] = []
    for round_ in range(ROUNDS):
        for number, client in enumerate(clients):
            client.core.send("mark", [number, round_])
            sent.append((number, round_))
            rig.run(CUT_EVERY_S / CLIENTS / 2)
            rig.run(CUT_EVERY_S / CLIENTS / 2)
            rig.cut(client)
    rig.run(5.0)
    for client in clients:
        marks = [tuple(payload) for name, payload in client.happened if name == "mark"]
        beats = [payload for name, payload in client.happened if name == "beat"]
        joins = [event.resumed for event in client.of(Joined)]
        assert marks == sent
        assert beats == list(range(beats[0], beats[0] + 6 * len(beats), 6))
        assert joins == [False] + [True] * ROUNDS
        assert client.failures == []
        assert client.core.counters.desyncs == 0
        assert client.joined
    assert len(rig.engine.world) == CLIENTS, "one entity for each client"
    assert rig.engine.statistics()["players"] == CLIENTS


def test_clients_that_share_a_state_reader_share_nothing_else() -> None:
    rig = Simulation(Flight, delay_s=0.1, jitter_s=0.03, seed=5)
    rng, reader = random.Random(5), SharedStateReader()
    clients = [rig.client(steer=wanderer(rng), reader=reader, name=f"c{number}") for number in range(CLIENTS)]
    rig.run(8.0)
    rig.cut(clients[3])
    rig.run(8.0)
    newest = rig.engine.world.entities(Flight.entities[0])
    for client in clients:
        view = client.replica.view
        assert client.core.counters.desyncs == 0
        assert [ship.id for ship in view.entities("Ship")] == [ship.id for ship in newest]
    assert len({client.replica.avatar_id for client in clients}) == CLIENTS
    views = {id(client.replica.view) for client in clients}
    assert len(views) < CLIENTS, "some share a view"
