"""Two players collide over a bad network, on a fake clock: predicting the contact makes the corrections smaller."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import hypot

import pytest

from gameserver.testing.simulation import STEP_S, SimClient, Simulation
from tests.support.sim.bumpers import RADIUS, Bumpers, Disc, Push

pytestmark = pytest.mark.slow

LET_GO_S = 0.5
"""Nobody accelerates when they meet, so each client extrapolates the other rightly until then."""
NEVER_S = 2.0
"""Both still accelerate when they meet, which neither client can know of the other."""
LAG_S = 0.15


@dataclass
class Corrections:
    """The corrections of one player: how many, the largest and the sum of all, in units."""

    count: int = 0
    largest: float = 0.0
    total: float = 0.0


def collide(
    *, predicted: bool, push_s: float = LET_GO_S, jitter_s: float = 0.0, off: int = 0
) -> tuple[Simulation, list[Corrections]]:
    """Two players accelerate towards each other for `push_s` and meet.

    Args:
        predicted: Whether their clients predict the contact.
        push_s: How long they accelerate, in seconds.
        jitter_s: Of each link.
        off: For how many ticks one of them steers aside.

    Returns:
        The rig, and the corrections of each player from the moment on at which they start.
    """
    rig = Simulation(Bumpers, delay_s=LAG_S, jitter_s=jitter_s)
    go_s = float("inf")

    def towards(sign: int, turning: bool) -> SimClient:
        def steer(_: SimClient, now_s: float) -> Push:
            running = go_s <= now_s < go_s + push_s
            aside = turning and go_s + LET_GO_S <= now_s < go_s + LET_GO_S + off / 60
            return Push(dx=sign if running else 0, dy=1 if aside else 0)

        client = rig.client(steer=steer)
        if not predicted:
            client.core.options = replace(client.core.options, predict_contact=None)
        return client

    clients = [towards(1, False)]
    rig.run(1.0)
    clients.append(towards(-1, True))
    rig.run(4.0)
    go_s = rig.now_s
    return rig, watch(rig, clients, 6.0)


def watch(rig: Simulation, clients: list[SimClient], seconds: float) -> list[Corrections]:
    felt = [Corrections() for _ in clients]
    before = [client.replica.corrections for client in clients]
    for _ in range(round(seconds / STEP_S)):
        rig.run(STEP_S)
        for i, client in enumerate(clients):
            predictor = client.replica.predictor
            assert predictor is not None
            if client.replica.corrections > before[i]:
                before[i] = client.replica.corrections
                felt[i].count += 1
                felt[i].largest = max(felt[i].largest, predictor.correction_units)
                felt[i].total += predictor.correction_units
    return felt


@pytest.mark.parametrize("jitter_s", [0.0, 0.02])
@pytest.mark.parametrize(("push_s", "off"), [(LET_GO_S, 0), (LET_GO_S, 3), (NEVER_S, 0), (NEVER_S, 3)])
def test_predicting_a_contact_at_least_halves_its_corrections(push_s: float, off: int, jitter_s: float) -> None:
    _, without = collide(predicted=False, push_s=push_s, jitter_s=jitter_s, off=off)
    _, felt = collide(predicted=True, push_s=push_s, jitter_s=jitter_s, off=off)
    for one, other in zip(felt, without, strict=True):
        assert other.largest > RADIUS, "the correction is large when the contact is not predicted"
        assert one.largest <= other.largest / 2
        assert one.total <= other.total / 2


def test_both_bounce_alike_whichever_joined_first() -> None:
    rig, _ = collide(predicted=True)
    left, right = rig.engine.world.entities(Disc)
    assert left.vx == -right.vx < -50.0
    assert hypot(left.x + right.x, left.y - right.y) < 4.0


def test_players_who_do_not_touch_get_no_correction() -> None:
    """Others in view that are not touched change nothing."""
    rig = Simulation(Bumpers, delay_s=LAG_S, jitter_s=0.0)
    clients = [rig.client(steer=lambda _, now_s: Push(dy=(-1, 1)[int(now_s) % 2])) for _ in range(2)]
    rig.run(4.0)
    felt = watch(rig, clients, 6.0)
    assert [one.count for one in felt] == [0, 0]
    assert abs(clients[0].avatar.y) + abs(clients[0].avatar.vy) > 10, "they do move"
