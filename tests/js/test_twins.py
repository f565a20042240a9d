"""The SDK's clocks, interpolation and prediction against the Python client's: the same calls give the same numbers.

Both follow docs/guide/time.md. `support/twin_trace.mjs` runs the SDK's side. What else a session does is compared by
`test_session_twins.py`, constants and files by `test_twin_files.py`.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from gameserver.client import clock, estimator, pacer
from gameserver.client.contact import Others
from gameserver.client.interpolation import Interpolator
from gameserver.client.prediction import Predictor
from gameserver.state.schema import Schema
from gameserver.state.table import Table
from gameserver.state.world import World
from gameserver.sync.snapshot import Snapshot
from tests.support.ships import Controls, Ghost, Ship, Wheel, steer
from tests.support.twins import assert_same, finite, in_browser, numbers, plain_snapshot, snake

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.twins import Calls

TICK_HZ = 60
CALLS = 2000

SCHEMA = Schema([Ship, Wheel, Ghost], Controls)


def haunt(ghost: Any, controls: Any, dt: float) -> None:
    """The same as in `twin_trace.mjs`: whoever leaves at the right comes in at the left."""
    steer(ghost, controls, dt)
    if ghost.x > 100:
        ghost.x = -100.0
        ghost.gates = (ghost.gates + 1) % 256


def shove(me: Any, other: Any, dt: float) -> None:
    """The same as in `twin_trace.mjs`."""
    away = me.x - other.x
    if abs(away) < 200:
        me.vx += away * 20 * dt
        me.x += away * dt


def test_estimators_are_the_same() -> None:
    rng = random.Random(1)
    options = {"gain": 0.125, "rise": 0.25, "floor": 1.0, "shiftAfter": 6.0}
    ours = estimator.Estimator(gain=0.125, rise=0.25, floor=1.0, shift_after=6.0)
    script: Calls = [[options]]
    results, at, mean = [], 0.0, 3.0
    for _ in range(CALLS):
        at += rng.random()
        mean = rng.uniform(-30, 30) if rng.random() < 0.01 else mean
        call: list[Any] = rng.choices(
            (["add", rng.gauss(mean, 0.5), at], ["add", mean + 9, at], ["move", rng.uniform(-1, 1)], ["forgetValue"]),
            (90, 8, 4, 1),
        )[0]
        getattr(ours, snake(call[0]))(*call[1:])
        script.append(call)
        results.append([ours.value, ours.deviation])
    assert_same(results, in_browser("estimators", script))


def test_round_trips_are_the_same() -> None:
    rng = random.Random(2)
    ours = clock.RoundTrip()
    script: Calls = [[]]
    results, now_s = [], 5.0
    for seq in range(1, CALLS):
        now_s += 1 / 60
        acked = seq - rng.randint(-2, 300)
        calls: Calls = [["frameSent", seq, now_s], ["add", rng.uniform(-0.01, 0.4)]]
        if acked > 0:
            calls.append(["frameAcked", acked, rng.randint(0, 500), 1 / 60, now_s])
        call = rng.choice(calls)
        getattr(ours, snake(call[0]))(*call[1:])
        script.append(call)
        results.append([ours.rtt_s, ours.jitter_s, ours.samples])
    assert_same(results, in_browser("roundTrips", script))


def test_pacers_are_the_same() -> None:
    rng = random.Random(3)
    ours = pacer.TickPacer(1 / TICK_HZ)
    script: Calls = [[1 / TICK_HZ], ["start", 10.0, 7]]
    now_s, late = 10.0, 0.0
    for _ in range(CALLS):
        now_s += 60.0 if rng.random() < 0.003 else rng.uniform(0.0, 0.03)
        late = rng.uniform(0, 20) if rng.random() < 0.01 else late
        script.append(["due", now_s])
        lead = max(0, int(rng.gauss(256 * late, 100)))
        script.append(["reported", max(1, 7 + len(script) // 3 - rng.randint(0, 12)), lead])
    results = []
    for what, *arguments in script[1:]:
        run = getattr(ours, what)(*arguments) or 0
        times = [ours.ticked_at_s, ours.next_at_s]
        results.append(finite([run, ours.seq, *times, ours.lead, ours.target, ours.jumps, ours.skipped]))
    assert ours.jumps > 3
    assert_same(results, in_browser("pacers", script))


def test_drawn_times_are_the_same() -> None:
    rng = random.Random(4)
    ours = clock.InterpolationClock(1 / TICK_HZ, 3)
    script: Calls = [[1 / TICK_HZ, 3]]
    now_s, tick, latency_s = 100.0, 600, 0.05
    for _ in range(CALLS):
        now_s += 3.0 if rng.random() < 0.002 else rng.uniform(0.0, 0.03)
        latency_s = rng.choice((0.01, 0.05, 0.4, 2.5)) if rng.random() < 0.005 else latency_s
        arrived = 600 + int((now_s - 100.0 - latency_s - rng.expovariate(100)) * TICK_HZ)
        if arrived >= tick + 3:
            tick = arrived
            script.append(["arrived", tick, now_s])
        script.append(["draw", now_s])
    results = []
    for what, *arguments in script[1:]:
        drawn_s = getattr(ours, what)(*arguments) or 0
        results.append([drawn_s, ours.delay_s, ours.interval_s, ours.jumps])
    assert ours.jumps > 0
    assert_same(results, in_browser("drawnTimes", script))


def test_drawn_entities_are_the_same() -> None:
    rng = random.Random(5)
    world, ours = World(SCHEMA), Interpolator(SCHEMA, TICK_HZ)
    script: Calls = [[SCHEMA.to_wire(), TICK_HZ]]
    results: list[Any] = []
    tick, drawn_tick = 0, 0.0
    for _ in range(120):
        tick += rng.choice((1, 3, 3, 6))
        change_at_random(world, rng)
        snapshot = Snapshot(tick, world.capture())
        ours.add(snapshot)
        script.append(["add", plain_snapshot(snapshot)])
        results.append([])
        for _ in range(3):
            drawn_tick = max(drawn_tick, rng.uniform(tick - 7, tick - 1))
            script.append(["draw", drawn_tick / TICK_HZ])
            results.append(plain_drawn(ours, drawn_tick / TICK_HZ))
    theirs = in_browser("drawings", script)
    assert sum(len(table) for frame in results for table in frame) > 1000
    for number, (one, other) in enumerate(zip(results, theirs, strict=True)):
        for mine, its in zip(one, other, strict=True):
            assert [row[0] for row in mine] == [row[0] for row in its], f"call {number}"
            assert_same(mine, its, within=1e-9)


def change_at_random(world: World, rng: random.Random) -> None:
    if rng.random() < 0.4:
        spin = rng.uniform(-20, 20)
        if rng.random() < 0.6:
            world.spawn(rng.choice((Ship, Ghost)), x=rng.uniform(-900, 900))
        else:
            world.spawn(Wheel, spin=spin)
    for ghost in world.entities(Ghost):
        ghost.gates = (ghost.gates + (rng.random() < 0.2)) % 256
    for ship in (*world.entities(Ship), *world.entities(Ghost)):
        if rng.random() < 0.05:
            world.despawn(ship)
            continue
        ship.x = rng.uniform(-2000, 2000) if rng.random() < 0.1 else ship.x + ship.vx * 3 / TICK_HZ
        ship.vx += rng.uniform(-90, 90)
        ship.heat, ship.hp, ship.heading = rng.uniform(-5, 5), rng.randint(0, 100), rng.uniform(0, 7)
    for wheel in world.entities(Wheel):
        wheel.turn += wheel.spin * 3 / TICK_HZ
        wheel.spin += rng.uniform(-3, 3)


def plain_drawn(ours: Interpolator, drawn_s: float) -> list[list[list[float]]]:
    drawn = ours.draw(drawn_s)
    assert drawn is not None
    return [[[i, *v] for i, v in zip(t.ids.tolist(), t.values.T.tolist(), strict=True)] for t in drawn.tables]


@pytest.mark.parametrize(("cls", "step", "seed"), [(Ship, steer, 6), (Ghost, haunt, 2)])
def test_predictions_are_the_same(cls: type[Ship], step: Callable[[Any, Any, float], None], seed: int) -> None:
    rng = random.Random(seed)
    ours = Predictor(cls.entity_type, Controls.inputs_type, step, TICK_HZ)
    server = Predictor(cls.entity_type, Controls.inputs_type, step, TICK_HZ)
    start = [field.encode(field.default) for field in cls.entity_type.numeric.values()]
    script: Calls = [[SCHEMA.to_wire(), TICK_HZ, cls.__name__], ["begin", 0, 0, start, 0.0]]
    server.begin(0, 0, start, ("Ada",), 7)
    now_s, tick, queue, consumed = 0.0, 0, list[tuple[int, tuple[int, ...]]](), 0
    for seq in range(1, 600):
        now_s += 1 / TICK_HZ
        inputs = (rng.choice((-1, 0, 1)), int(rng.random() < 0.3))
        script.append(["predict", seq, list(inputs), now_s, 1 / TICK_HZ])
        queue.append((seq, inputs))
        if len(queue) > 6:
            tick += 1
            if rng.random() < 0.97:
                consumed, frame = queue.pop(0)
                server.predict(consumed, frame, 0.0, 1.0)
            if rng.random() < 0.02:
                push(server, rng)
        if seq % 3 == 0 and consumed:
            script.append(["received", tick, consumed, list(server._snap()), now_s])
        script.append(["pose", now_s + rng.uniform(0, 1 / TICK_HZ)])
    results = [run_prediction(ours, call) for call in script[1:]]
    outcomes = {result[0] for call, result in zip(script[1:], results, strict=True) if call[0] == "received"}
    assert outcomes == {"matched", "jitter", "diverging"}
    assert_same(results, in_browser("predictions", script), within=1e-9)


def test_predicted_contacts_are_the_same() -> None:
    rng = random.Random(8)
    contact = Others(Ship.entity_type, shove, TICK_HZ)
    ours = Predictor(Ship.entity_type, Controls.inputs_type, steer, TICK_HZ, others=contact)
    script: Calls = [[SCHEMA.to_wire(), TICK_HZ, "Ship"]]
    for seq in range(1, 400):
        now_s = seq / TICK_HZ
        if seq % 3 == 1:
            # Far ahead at times, as after a stall: who is not heard of for long is not believed to move on.
            consumed = max(0, seq - (60 if 200 < seq < 260 else rng.randint(1, 12)))
            own, *rows = [ship_codes(rng) for _ in range(4)]
            script.append(["received" if seq > 1 else "begin", seq, consumed, own, now_s, rows])
        script.append(["predict", seq, [rng.choice((-1, 0, 1)), int(rng.random() < 0.3)], now_s, 1 / TICK_HZ])
        script.append(["pose", now_s + 0.004])
    results = []
    for call in script[1:]:
        if call[0] in ("begin", "received"):
            codes = np.array([*call[5], call[3]], np.int64).T
            contact.see(call[2], Table(np.array([1, 2, 3, 7]), codes, (("", "", "", "Ada"),)), 7)
        results.append(run_prediction(ours, call[:5]))
    alone = Predictor(Ship.entity_type, Controls.inputs_type, steer, TICK_HZ)
    differing = [one != run_prediction(alone, call[:5]) for one, call in zip(results, script[1:], strict=True)]
    assert sum(differing) > len(differing) / 3, "they do touch"
    assert_same(results, in_browser("predictions", script), within=1e-9)


def ship_codes(rng: random.Random) -> list[int]:
    """A ship somewhere, on its way."""
    _, _, *rest = [field.encode(field.default) for field in Ship.entity_type.numeric.values()]
    return [rng.randint(-12000, 12000), rng.randint(-2000, 2000), *rest]


def push(server: Predictor, rng: random.Random) -> None:
    """Something else touches the ship: news, a hit, a portal."""
    name, value = rng.choice((("hp", rng.randint(0, 99)), ("vx", rng.uniform(-99, 99)), ("x", rng.uniform(-999, 999))))
    vars(server.avatar)[name] = value
    if isinstance(server.avatar, Ghost) and name == "x":
        server.avatar.gates = (server.avatar.gates + 1) % 256
    server._snap()


def run_prediction(ours: Predictor, call: list[Any]) -> list[Any]:
    what, *arguments = call
    match what:
        case "predict":
            seq, inputs, at_s, length_s = arguments
            ours.predict(seq, tuple(inputs), at_s, length_s)
        case "pose":
            return numbers(ours.pose(arguments[0]))
        case "begin":
            tick, seq, codes, _ = arguments
            ours.begin(tick, seq, codes, ("Ada",), 7)
        case _:
            tick, seq, codes, now_s = arguments
            outcome = ours.received(tick, seq, codes, ("Ada",), now_s)
            return [outcome.value, ours.diagnosis.value, ours.pending]
    return numbers(ours.avatar)
