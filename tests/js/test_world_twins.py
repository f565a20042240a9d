"""The bodies near the avatar, in the SDK and in the Python client: the same calls give the same numbers."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

from gameserver.client.interpolation import Interpolator
from gameserver.client.predicted_world import PredictedWorld
from gameserver.client.prediction import Predictor
from gameserver.client.spawns import PredictedSpawns
from gameserver.room.kind import make_kind
from gameserver.state.discrete import Ref
from gameserver.state.entity import teleport
from gameserver.state.schema import Schema
from gameserver.state.touch import run_world
from gameserver.state.world import World
from gameserver.sync.decode.view_state import ViewState
from gameserver.sync.snapshot import Snapshot
from tests.support.sim import football
from tests.support.sim.football import HEIGHT, WIDTH, Disc, Football, Push, glide
from tests.support.twins import assert_same, in_browser, plain_snapshot

if TYPE_CHECKING:
    from tests.support.twins import Calls

TICK_HZ = 60
LAG_TICKS = 12
TOUCH = Football.predict_world


class Ball(football.Ball):
    shooter = Ref()


SCHEMA = Schema([Disc, Ball], Push)


class Server:
    """Discs and balls, of which client and SDK get every third state."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.world = World(SCHEMA)
        self.own = self.world.spawn(Disc, x=800.0, y=450.0)
        self.others = [self.world.spawn(Disc, x=rng.uniform(0, WIDTH), y=rng.uniform(0, HEIGHT)) for _ in range(5)]
        for _ in range(4):
            self.spawn_ball()
        self.tick = 0

    def spawn_ball(self) -> None:
        near_x, near_y = self.own.x + self.rng.uniform(-500, 500), self.own.y + self.rng.uniform(-300, 300)
        self.world.spawn(Ball, x=near_x, y=near_y, vx=self.rng.uniform(-300, 300))

    def step(self, own: Push, spawned: dict[str, float] | None) -> None:
        assert TOUCH is not None
        self.tick += 1
        glide(self.own, own, 1 / TICK_HZ)
        self.own.dx, self.own.dy = own.dx, own.dy
        for other in self.others:
            if self.rng.random() < 0.05:
                other.dx, other.dy = self.rng.randint(-1, 1), self.rng.randint(-1, 1)
            glide(other, Push(dx=other.dx, dy=other.dy), 1 / TICK_HZ)
        bodies = {"Disc": self.world.entities(Disc), "Ball": self.world.entities(Ball)}
        run_world(TOUCH, bodies, 1 / TICK_HZ)
        if spawned is not None:
            self.world.spawn(Ball, **spawned | {"shooter": self.own})
        dice, balls = self.rng.random(), self.world.entities(Ball)
        if dice < 0.01:
            teleport(self.rng.choice(balls), {"x": self.rng.uniform(0, WIDTH), "y": 450.0})
        elif dice < 0.02:
            self.world.despawn(balls[0])
            self.spawn_ball()
        elif dice < 0.03:
            balls[-1].vx += 400.0  # a rule that clients do not know


def test_predicted_worlds_are_the_same() -> None:
    rng = random.Random(3)
    step = make_kind(Football).step
    assert step is not None
    server = Server(rng)
    script: Calls = [[SCHEMA.to_wire(), TICK_HZ, step.text, server.own.id]]
    held, queue, now_s, drawn_s, seq = Push(), list[Push](), 10.0, 0.0, 0
    spawned: dict[int, dict[str, float]] = {}
    for frame in range(1, 480):
        now_s += 1 / TICK_HZ
        if rng.random() < 0.08:
            held = Push(dx=rng.randint(-1, 1), dy=rng.randint(-1, 1))
        queue.append(held)
        script.append(["predict", frame, list(Push.inputs_type.to_codes(held)), now_s, 1 / TICK_HZ])
        if frame % 40 == 0:
            values = {"x": server.own.x + 60.0, "y": server.own.y, "vx": 640.0, "vy": rng.uniform(-90, 90)}
            values["shooter"] = server.own.id
            script.append(["spawn", values, frame, now_s])
            if frame % 120 != 0:  # the others do not happen
                spawned[frame] = values
        if frame > LAG_TICKS + (30 if 300 < frame < 330 else 0):
            if rng.random() < 0.98 and queue:
                seq += 1
                server.step(queue.pop(0), spawned.get(seq))
            else:
                server.step(held, None)
            snapshot = Snapshot(server.tick, server.world.capture())
            if server.tick % 3 == 0:
                script.append(["state", server.tick, seq, plain_snapshot(snapshot), now_s, snapshot])
        drawn_s = max(drawn_s, (server.tick - 6) / TICK_HZ)
        script.append(["draw", now_s + 0.003, drawn_s])
    ours = Parts(server.own.id)
    results = [ours.run(call) for call in script[1:]]
    sent = [call[:5] if call[0] == "state" else call for call in script]
    assert_same(results, in_browser("worlds", sent), within=1e-9)
    stats = ours.world.stats
    assert stats["Ball"].corrections > 20
    assert min(stats["Ball"].late, stats["Ball"].rules, stats["Ball"].others, stats["Disc"].others) > 0
    assert len({len(result) for result in results}) > 6, "bodies came and went"
    assert len(ours.spawns.withdrawn) > 2
    assert ours.contacts > 5


class Parts:
    """What `Replica` does with the parts, without a link."""

    def __init__(self, own_id: int) -> None:
        assert TOUCH is not None
        self.own_id = own_id
        self.interpolator = Interpolator(SCHEMA, TICK_HZ)
        self.world = PredictedWorld(SCHEMA, TOUCH, glide, TICK_HZ)
        snap = TOUCH.snap_distance
        self.predictor = Predictor(
            Disc.entity_type, Push.inputs_type, glide, TICK_HZ, snap_distance=snap, others=self.world
        )
        self.spawns = PredictedSpawns(SCHEMA, 1 / TICK_HZ)
        self.view = ViewState(SCHEMA, 0, World(SCHEMA).capture())
        self.begun = False
        self.contacts = 0

    def run(self, call: list[Any]) -> list[Any]:
        what, *arguments = call
        if what == "state":
            return self.state(*arguments)
        if what == "draw":
            return self.draw(*arguments)
        if what == "spawn":
            return self.spawn(*arguments)
        seq, inputs, at_s, length_s = arguments
        if self.begun:
            self.world.watch()
            self.predictor.predict(seq, tuple(inputs), at_s, length_s)
            self.world.ticked(at_s, length_s)
        met = self.world.take_contacts()
        self.contacts += len(met)
        bodies = [body for one in met for body in (one.one_before, one.other_before, one.one, one.other)]
        return [
            value for body in (*self.world.bodies, *bodies) for value in (body.id, body.x, body.y, body.vx, body.vy)
        ]

    def spawn(self, values: dict[str, float], seq: int, at_s: float) -> list[Any]:
        if self.begun:
            self.spawns.add("Ball", values, seq=seq, at_s=at_s, match=lambda _: True, view=self.view, world=self.world)
        return [len(self.world)]

    def state(self, tick: int, seq: int, _plain: Any, now_s: float, snapshot: Snapshot) -> list[Any]:
        view = self.view = ViewState(SCHEMA, tick, snapshot.tables)
        self.spawns.reconcile(view, seq, None, self.world)
        self.interpolator.add(view)
        table = view.tables[0]
        row = table.row(self.own_id)
        assert row is not None
        codes = table.codes[:, row].tolist()
        if not self.begun:
            self.begun = True
            self.predictor.begin(tick, seq, codes, (), self.own_id)
            self.world.take(seq, view, self.predictor.avatar, now_s)
            return ["begun"]
        self.world.take(seq, view, self.predictor.avatar, now_s)
        outcome = self.predictor.received(tick, seq, codes, (), now_s)
        self.world.settle(now_s)
        counts = [[one.bodies, one.corrections, one.late, one.others, one.rules] for one in self.world.stats.values()]
        return [outcome.value, *[number for numbers in counts for number in numbers]]

    def draw(self, now_s: float, drawn_s: float) -> list[Any]:
        drawn = self.interpolator.draw(drawn_s)
        if drawn is None:
            return []
        drawn = self.world.draw(drawn, now_s)
        spawns, hidden = self.spawns.draw(drawn_s * TICK_HZ, now_s, self.world)
        values: list[Any] = []
        names = ("x", "y", "vx", "vy")
        for index, table in enumerate(drawn.tables):
            shown = table.without(hidden)
            columns = [shown.column(name).tolist() for name in names]
            shooters = shown.column("shooter").tolist() if index == 1 else [0] * len(shown)
            rows = [list(row) for row in zip(shown.ids.tolist(), *columns, shooters, strict=True)]
            balls: tuple[Any, ...] = tuple(spawns) if index == 1 else ()
            rows += [[*[getattr(one, name) for name in ("id", *names)], id_of(one.shooter)] for one in balls]
            values += [value for row in sorted(rows) for value in row]
        return values


def id_of(shooter: Any) -> int:
    """A spawn holds the id that it was given until it is adopted, then the entity, if the server's has one."""
    return 0 if shooter is None else int(getattr(shooter, "id", shooter))
