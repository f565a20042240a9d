"""The SDK's spawns, events, signs of life, back-off, input frames and sessions against the Python client's: the same
calls give the same results.

`support/twin_sessions.mjs` runs the SDK's side. Randomness is injected: a list of draws, or a script that was made with
a seed.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import msgpack
import pytest

from gameserver import Choice, Int, List, PlayerState, RoomState
from gameserver.client.backoff import HELD_AFTER_S, Backoff, back_after
from gameserver.client.events import EventQueue, Expected
from gameserver.client.heartbeat import Heartbeat
from gameserver.client.inputs import InputFrames
from gameserver.client.session_core import DEFAULT_LIMITS, Phase, SessionCore
from gameserver.client.session_events import Joined, Moved, RoomChanged, RosterChanged, Updated, Withdrawn
from gameserver.client.spawns import PredictedSpawns
from gameserver.protocol import messages as m
from gameserver.protocol.codec import encode_server, encode_state, shared_state_head
from gameserver.protocol.constants import CLOSE, ClientMessage, CloseCode, Role
from gameserver.protocol.errors import ProtocolError
from gameserver.state.schema import Schema
from gameserver.state.world import World
from gameserver.sync.decode.view_state import ViewState
from gameserver.sync.encode.encoder import DeltaEncoder
from gameserver.sync.snapshot import Snapshot
from tests.support.ships import Controls, Ship, Wheel
from tests.support.twins import assert_same, finite, in_browser, numbers, plain_snapshot, snake

if TYPE_CHECKING:
    from collections.abc import Callable

    from gameserver.client.roster import Me
    from gameserver.client.session_events import SessionEvent
    from tests.support.twins import Calls

pytestmark = pytest.mark.slow

TICK_HZ = 60
TICK_S = 1 / TICK_HZ
SCHEMA = Schema([Ship, Wheel], Controls)


class Pilot(PlayerState):
    team = Choice("red", "blue")


class Flight(RoomState):
    phase = Choice("lobby", "flying")
    order: List[int] = List(Int(0, 99), 4)


SCHEMA_WITH_PEOPLE = Schema([Ship, Wheel, Pilot, Flight], Controls)


def unless_refused(call: Callable[[], Any]) -> Any:
    try:
        return call()
    except ProtocolError as error:
        return f"refused with {int(error.code)}"


# -- back-off


class Draws(random.Random):
    """A source of randomness that gives what it was given."""

    def __init__(self, draws: list[float]) -> None:
        super().__init__()
        self._draws = list(draws)

    def random(self) -> float:
        return self._draws.pop(0)


REASONS = (
    "",
    "retry in 7 s",
    "retry in 2.5 s",
    "retry in 1000000 s",
    "retry in 7s",
    "please retry in 7 s",
    "7 s",
    "full: retry in 7 s",
)


def test_backoffs_are_the_same() -> None:
    rng = random.Random(11)
    draws = [rng.random() for _ in range(400)]
    ours = Backoff(Draws(draws))
    script: Calls = [[draws]]
    results: list[list[Any]] = []
    for _ in range(400):
        code = rng.choice((*CLOSE, 1011, 1005, 3999, 4999))
        joined_for_s = rng.choice((None, 0.0, HELD_AFTER_S - 0.01, HELD_AFTER_S, 60.0))
        call: list[Any] = rng.choices(
            (["nextS", rng.choice(REASONS)], ["linkEnded", int(code), joined_for_s], ["backAfter", int(code)]),
            (6, 1, 2),
        )[0]
        script.append(call)
        value = back_after(call[1]) if call[0] == "backAfter" else getattr(ours, snake(call[0]))(*call[1:])
        results.append([value, ours.attempts])
    assert max(attempts for _, attempts in results) > 6
    assert_same(results, in_browser("backoffs", script), within=1e-12)


# -- signs of life


def test_heartbeats_are_the_same() -> None:
    for seed, dead_after_s in enumerate((10.0, 3.0, 0.7)):
        rng = random.Random(seed)
        ours = Heartbeat(dead_after_s)
        script: Calls = [[dead_after_s], ["start", 100.0]]
        now_s = 100.0
        for _ in range(1500):
            now_s += rng.choice((0.0, 0.016, 0.3, dead_after_s / 3, dead_after_s)) * rng.random()
            now_s += 60.0 if rng.random() < 0.01 else 0.0
            calls = ["check", now_s], ["heard", now_s], ["answered", rng.randint(0, len(script) // 8)], ["start", now_s]
            script.append(rng.choices(calls, (12, 2, 3, 0.2))[0])
        results = [_run_heartbeat(ours, call) for call in script[1:]]
        values = [value for value, _ in results]
        assert {"dead", None, 1, 2, 3, "refused with 4004"} <= set(values)
        assert any(isinstance(value, float) for value in values), "a PONG came"
        assert_same(results, in_browser("heartbeats", script))


def _run_heartbeat(ours: Heartbeat, call: list[Any]) -> list[Any]:
    what, argument = call
    value = unless_refused(lambda: getattr(ours, what)(argument))
    return finite([value, ours.next_at_s])


# -- events


def test_event_queues_are_the_same() -> None:
    rng = random.Random(13)
    ours = EventQueue(5)
    script: Calls = [[5]]
    results: list[list[Any]] = []
    now, tick, claimed = 0.0, 0, 0
    for number in range(1500):
        now += rng.random() / 10
        tick += rng.randint(0, 2)
        items = [[tick + rng.randint(-1, 3), rng.choice("abc"), rng.randint(0, 9)] for _ in range(rng.randint(0, 3))]
        since = ours.cursor + (rng.random() < 0.05)
        call: list[Any] = rng.choices(
            (
                ["add", since, since + len(items) + rng.randint(0, 2), items],
                ["expect", rng.choice("abc"), number, rng.randint(0, 9), now + rng.random()],
                ["takeOverdue", now],
                ["take", rng.choice((tick, tick - 0.5, None))],
                ["resume", ours.cursor + rng.randint(-2, 3)],
            ),
            (4, 2, 2, 4, 0.3),
        )[0]
        before = _expected(ours)
        script.append(call)
        results.append([_run_events(ours, call), ours.cursor])
        claimed += call[0] == "add" and _expected(ours) < before
    assert claimed > 50
    assert ["refused with 4000", results[-1][1]][0] in [value for value, _ in results]
    assert_same(results, in_browser("events", script))


def _expected(ours: EventQueue) -> int:
    return len(ours._expected)


def _run_events(ours: EventQueue, call: list[Any]) -> Any:
    match call:
        case ["add", since, upto, items]:
            message = m.Events(since, upto, tuple([m.Event(*item) for item in items]))
            return unless_refused(lambda: ours.add(message))
        case ["expect", name, payload, least, until_s]:
            return ours.expect(Expected(name, payload, lambda found: found >= least, until_s))
        case ["takeOverdue", now_s]:
            return [[one.name, one.payload] for one in ours.take_overdue(now_s)]
        case ["take", tick]:
            taken = ours.take(float("inf") if tick is None else tick)
            return [[event.tick, event.name, event.payload] for event in taken]
        case _:
            return ours.resume(call[1])


# -- spawns


class Range:
    """A room that spawns and despawns at random, some of it what the client has shown ahead."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.world = World(SCHEMA)
        self.tick = 100
        self.seq = 0
        self.view = ViewState(SCHEMA, self.tick, self.world.capture())

    def step(self) -> None:
        """Some ticks pass."""
        rng, world = self.rng, self.world
        ticks = rng.randint(1, 4)
        self.tick += ticks
        self.seq += rng.randint(0, 4)
        for _ in range(rng.randint(0, 2)):
            if rng.random() < 0.5:
                world.spawn(Ship, x=rng.uniform(-900, 900), vx=rng.uniform(-300, 300), hp=rng.randint(1, 99))
            else:
                world.spawn(Wheel, turn=rng.uniform(0, 7), spin=rng.uniform(-9, 9))
        for ship in list(world.entities(Ship)):
            ship.x += ship.vx * ticks * TICK_S
        for wheel in list(world.entities(Wheel)):
            wheel.turn += wheel.spin * ticks * TICK_S
        for entity in [*world.entities(Ship), *world.entities(Wheel)]:
            if rng.random() < 0.08:
                world.despawn(entity)
        self.view = ViewState(SCHEMA, self.tick, world.capture())

    def spawned(self) -> tuple[str, dict[str, Any]]:
        """What the player's action spawns; all fields, since the two sides have different defaults."""
        rng = self.rng
        if rng.random() < 0.5:
            return "Ship", {"x": rng.uniform(-1900, 1900), "vx": rng.uniform(-900, 900), "heading": 1.0, "hp": 5}
        return "Wheel", {"turn": rng.uniform(0, 6.28), "spin": rng.uniform(-9, 9)}


def test_predicted_spawns_are_the_same() -> None:
    room = Range(14)
    rng, ours = room.rng, PredictedSpawns(SCHEMA, TICK_S)
    script: Calls = [[SCHEMA.to_wire(), TICK_HZ], ["reconcile", plain_snapshot(room.view), 0, None]]
    ours.reconcile(room.view, 0, None)
    results: list[list[Any]] = [[None, 0, []]]
    now_s, adopted = 10.0, 0
    for _ in range(1200):
        now_s += rng.random() * TICK_S * 2 + (3.0 if rng.random() < 0.005 else 0.0)
        result: Any = None
        call: list[Any] = ["clear"]
        match rng.choices(("add", "reconcile", "draw", "clear"), (3, 3, 8, 0.05))[0]:
            case "add":
                seq = room.seq + rng.randint(0, 9)
                call = ["add", *room.spawned(), seq, now_s, rng.choice((1, 2)), rng.random() < 0.4]
                result = _add(ours, room, call)
            case "reconcile":
                room.step()
                at_s = rng.choice((None, now_s - rng.random() / 5))
                call = ["reconcile", plain_snapshot(room.view), room.seq, at_s]
                ours.reconcile(room.view, room.seq, at_s)
            case "draw":
                tick = room.tick - rng.uniform(0, 8)
                call = ["draw", tick, now_s]
                result = _draw(ours, room, tick, now_s)
                adopted += sum(type(row) is list and row[0] > 0 for rows in result for row in rows)
            case _:
                ours.clear()
        script.append(call)
        results.append([result, len(ours), [entity.id for entity in ours.withdrawn]])
    assert adopted > 200
    assert len(ours.withdrawn) > 50
    for number, (one, other) in enumerate(zip(results, in_browser("spawns", script), strict=True)):
        assert close(one, other), f"call {number}, {script[number + 1][0]}: {one} is not {other}"


def _add(ours: PredictedSpawns, room: Range, call: list[Any]) -> int:
    _, name, values, seq, at_s, divisor, rewound = call
    entity = ours.add(
        name, values, seq=seq, at_s=at_s, match=lambda found: found.id % divisor == 0, view=room.view, rewound=rewound
    )
    return entity.id


def _draw(ours: PredictedSpawns, room: Range, tick: float, now_s: float) -> list[list[Any]]:
    """For each type the ids of the server's entities that are left, then the spawns."""
    spawns, hidden = ours.draw(tick, now_s)
    drawn: list[list[Any]] = [[i for i in table.ids.tolist() if i not in hidden] for table in room.view.tables]
    for spawn in spawns:
        index = SCHEMA.named(type(spawn).entity_type.name)
        drawn[index].append([spawn.id, *numbers(spawn)])
    return drawn


def close(one: Any, other: Any) -> bool:
    """Whether two results are the same, but for the last bits of their floats."""
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(close, one, other))
    if isinstance(one, int | float) and isinstance(other, int | float):
        return abs(one - other) <= 1e-9
    return bool(one == other)


# -- input frames


def test_input_frames_are_the_same() -> None:
    rng = random.Random(15)
    ours = InputFrames(SCHEMA.inputs.neutral_codes, TICK_S)
    script: Calls = [[SCHEMA.to_wire(), TICK_HZ], ["start", 10.0, 3]]
    now_s, busy = 10.0, False
    for number in range(1500):
        now_s += rng.random() / 40 + (5.0 if rng.random() < 0.003 else 0.0)
        busy = not busy if rng.random() < 0.05 else busy
        seen = rng.choice((None, number / 3 - rng.random() * 8))
        script.append(["run", now_s, {"turn": rng.choice((-1, 0, 1)), "thrust": rng.random() < 0.5}, seen])
        script.append(["flush", now_s, number // 3, busy])
        if rng.random() < 0.3:
            script.append(["consumed", max(3, 3 + number - rng.randint(0, 20)), rng.choice((None, 100, 300)), now_s])
        if rng.random() < 0.005:
            script += [["stop"], ["start", now_s, rng.randint(0, number)]]
    results = [_run_frames(ours, call) for call in script[1:]]
    assert ours.shed > 100
    assert sum(len(result[0]) for result in results) > 500
    assert_same(results, in_browser("inputFrames", script))


def _run_frames(ours: InputFrames, call: list[Any]) -> list[Any]:
    sent: list[str] = []
    shed: list[int] = []
    match call:
        case ["start", now_s, seq]:
            ours.start(now_s, seq)
        case ["run", now_s, controls, seen]:
            ours.codes = SCHEMA.inputs.to_codes(Controls(**controls))
            ours.run(now_s, seen)
        case ["flush", now_s, ack, busy]:
            ours.flush(now_s, ack, busy=busy, send=lambda data: sent.append(data.hex()), shed=shed.append)
        case ["consumed", seq, lead, now_s]:
            ours.consumed(seq, lead, TICK_S, now_s)
        case _:
            ours.stop()
    return [sent, shed, [frame.seq for frame in ours.recent], ours.consumed_seq, ours.shed]


# -- whole sessions


class Server:
    """As much of a server as a session needs, and the session: it makes the script as it goes."""

    def __init__(self, seed: int, role: Role, resume_token: bytes | None = None, schema: Schema = SCHEMA) -> None:
        self.rng = random.Random(seed)
        self.role = role
        self.schema = schema
        self.core = SessionCore(m.Join("flight", None, role, {"name": "Ada"}), resume_token=resume_token)
        self.script: Calls = [[{"kind": "flight", "room": None, "role": int(role), "params": {"name": "Ada"}}]]
        self.script[0][0] |= {"snapDistance": None, "eventsAtOnce": False}
        if resume_token is not None:
            self.script[0][0] |= {"resumeToken": list(resume_token)}
        self.results: list[list[Any]] = []
        self.now_ms = 1000
        self.resumable = False
        self.moved: str | None = None
        """Where the newest MOVED led: "here", over this link, or "elsewhere"."""
        self.nonce = self.newest_seq = self.seq = self.cursor = 0
        self._start()

    def _start(self) -> None:
        """A room begins."""
        self.world = World(self.schema)
        self.encoder = DeltaEncoder(self.schema, TICK_HZ)
        self.base: Snapshot | None = None
        self.tick = 0

    def call(self, *call: Any) -> None:
        """Have the session do something, and note what came of it."""
        self.script.append(list(call))
        before = self.core.phase
        events, close, back, drawn = self._run(list(call))
        sent = []
        while self.core.has_messages:
            data = self.core.next_message(self.now_ms / 1000)
            assert data is not None
            sent.append(data.hex())
            self._look(msgpack.unpackb(data))
        self.results.append([sent, events, close, back, drawn, *finite([self.core.next_at_s * 1000])])
        if close is not None and before is not Phase.DOWN:
            self.call("lost", close)

    def _look(self, message: list[Any]) -> None:
        if message[0] == ClientMessage.PING:
            self.nonce = message[1]
        if message[0] == ClientMessage.INPUT:
            self.newest_seq = message[1]

    def _run(self, call: list[Any]) -> tuple[list[Any], int | None, Any, float | None]:
        now_s = self.now_ms / 1000
        events: list[SessionEvent] = []
        back = drawn = close = None
        try:
            match call:
                case ["opened", _]:
                    self.core.opened(now_s)
                case ["receive", data, text, _]:
                    events = self.core.receive(text if data is None else bytes.fromhex(data), now_s)
                case ["tick", _, busy]:
                    events = self.core.tick(now_s, busy=busy)
                case ["setControls", controls]:
                    self.core.set_controls(Controls(**controls))
                case ["send" | "me", *message]:
                    back = self._send(*message) if message else plain_me(self.core.me)
                case ["expect", name, payload, least, until_ms]:
                    event = self.core.expect(name, payload, lambda found: found >= least, until_ms / 1000)
                    events = [] if event is None else [event]
                case ["draw", _]:
                    picture, due = self.core.draw(now_s)
                    drawn, events = None if picture is None else picture.tick, list(due)
                case ["leave"]:
                    self.core.leave()
                case _:
                    back = self.core.lost(call[1])
        except ProtocolError as error:
            close = int(error.code)
        return [plain for event in events for plain in plain_event(event)], close, back, drawn

    def _send(self, name: str, payload: Any) -> str | None:
        try:
            self.core.send(name, payload)
        except ValueError:
            return "refused"
        return None

    # what a server sends

    def say(self, data: bytes) -> None:
        self.call("receive", data.hex(), None, self.now_ms)

    def welcome(self) -> None:
        moved, self.moved = self.moved, None
        resumed = self.core.resume_token is not None and moved != "here"
        if not resumed or moved is not None:
            self._start()
            self.seq = self.newest_seq = self.rng.randint(0, 9)
            self.cursor = self.rng.randint(0, 50)
        event = self.cursor + (self.rng.randint(1, 9) if resumed and self.rng.random() < 0.1 else 0)
        self.cursor = event
        self.say(
            encode_server(
                m.Welcome(
                    server="s",
                    session=1,
                    token=bytes(24),
                    resumed=resumed,
                    kind="flight",
                    room="r",
                    role=self.role,
                    tick=self.tick,
                    tick_hz=TICK_HZ,
                    snapshot_every=3,
                    grace_s=20.0,
                    event=event,
                    seq=self.seq,
                    schema=self.schema.to_wire(),
                    step=None,
                    limits=DEFAULT_LIMITS,
                )
            )
        )

    def state(self) -> None:
        rng = self.rng
        self.tick += 3
        if rng.random() < 0.3:
            self.world.spawn(Ship, x=rng.uniform(-900, 900), vx=rng.uniform(-90, 90))
        if self.schema.uses and rng.random() < 0.2:
            self._change_people()
        self.seq = max(self.seq, self.newest_seq - rng.randint(0, 6))
        snapshot = Snapshot(self.tick, self.world.capture())
        base = None if rng.random() < 0.1 else self.base
        body = self.encoder.encode(base, snapshot)
        span = 0 if base is None else self.tick - base.tick
        self.base = snapshot
        lead = rng.choice((None, rng.randint(0, 600)))
        seq = self.seq - 1 if rng.random() < 0.004 else self.seq
        if rng.random() > 0.04:  # else it never arrives, and the next one does not fit
            self.say(encode_state(shared_state_head(self.tick, span), max(0, seq), lead, body))

    def _change_people(self) -> None:
        """Somebody comes, goes or changes, or the room does."""
        rng = self.rng
        pilots, flights = self.world.entities(Pilot), self.world.entities(Flight)
        numbers = {pilot.number for pilot in pilots}
        if rng.random() < 0.3 and len(numbers) < 4:
            number = min({1, 2, 3, 4} - numbers)
            self.world.spawn(Pilot, number=number, name=f"P{number}", spectator=number == 1 and self.role == 1)
        elif pilots and rng.random() < 0.2:
            self.world.despawn(rng.choice(pilots))
        elif pilots:
            pilot = rng.choice(pilots)
            pilot.connected, pilot.team = rng.random() < 0.5, rng.choice(("red", "blue"))
            pilot.name = rng.choice(("Ada", "Bob"))
        if not flights:
            self.world.spawn(Flight)
        elif rng.random() < 0.3:
            flights[0].phase = rng.choice(("lobby", "flying"))
            flights[0].order = [rng.randint(0, 9)] * rng.randint(0, 3)

    def events(self) -> None:
        rng = self.rng
        count = rng.randint(0, 3)
        items = tuple(
            [m.Event(self.tick + rng.randint(0, 9), rng.choice("ab"), rng.randint(0, 9)) for _ in range(count)]
        )
        if rng.random() < 0.2:
            items += (m.Event(self.tick, "@avatar", rng.choice((None, 1, 2))),)
        since = self.cursor + (rng.random() < 0.01)
        self.cursor = since + len(items)
        self.say(encode_server(m.Events(since, self.cursor, items)))

    def step(self) -> None:
        """Something happens."""
        rng = self.rng
        self.now_ms += rng.choice((0, 1, 4, 16, 17, 50, 300)) + (40_000 if rng.random() < 0.002 else 0)
        if self.core.phase is Phase.DOWN:
            self.call("opened", self.now_ms)
        elif self.core.phase is Phase.OPENING:
            opening = self.welcome, self.tick_session, self.lose, self.state, self.move
            rng.choices(opening, (9, 3, 3, 0.2, 0.4))[0]()
        else:
            usual = self.tick_session, self.state, self.events, self.talk, self.draw
            rng.choices(
                (*usual, self.expect, self.lose, self.nonsense, self.say_nothing, self.move),
                (12, 6, 3, 3, 3, 1, 0.25, 0.05, 0.02, 0.2),
            )[0]()

    def tick_session(self) -> None:
        if self.rng.random() < 0.1:
            self.call("me")
        self.call("tick", self.now_ms, self.rng.random() < 0.2)

    def say_nothing(self) -> None:
        while self.core.phase is not Phase.DOWN:
            self.now_ms += 2500
            self.tick_session()

    def draw(self) -> None:
        for _ in range(self.rng.randint(1, 9)):
            self.now_ms += 16
            self.call("draw", self.now_ms)

    def expect(self) -> None:
        rng = self.rng
        self.call("expect", rng.choice("ab"), rng.randint(0, 9), rng.randint(0, 9), self.now_ms + rng.randint(1, 900))

    def lose(self) -> None:
        codes = (1006, 1006, 1001, 4009, 4024, 4025, 1000)
        self.call("lost", self.rng.choice(codes))
        if self.moved == "here" or self.core.resume_token is None:
            self.moved = None

    def move(self) -> None:
        """The rules move the session: to a room here, or to one of another process, whose server closes the link."""
        known = self.core.resume_token is not None
        token = self.rng.choice((None, bytes(range(24))))
        self.say(encode_server(m.Moved("flight", "r2", token)))
        if known:
            self.moved = "here" if token is None else "elsewhere"
        if token is not None and self.core.phase is not Phase.DOWN:
            self.call("lost", 1006)

    def talk(self) -> None:
        rng = self.rng
        deep: Any = rng.randint(0, 9)
        for _ in range(rng.randint(6, 8)):
            deep = [deep]
        rng.choice(
            (
                lambda: self.say(encode_server(m.ServerPing(rng.randint(0, 99)))),
                lambda: self.say(encode_server(m.ServerPong(rng.randint(0, self.nonce), self.tick, 99, 3, 4))),
                lambda: self.say(encode_server(m.Notice("skipped", {"ticks": 3}))),
                lambda: self.call("send", "chat", rng.choice((None, 7, "x" * 4200, "x" * 40, {"a": [1]}, deep))),
                lambda: self.call("send", "x" * rng.choice((0, 64, 65)), None),
                lambda: self.call("setControls", {"turn": rng.choice((-1, 0, 1)), "thrust": rng.random() < 0.5}),
            )
        )()

    def nonsense(self) -> None:
        rng = self.rng
        rng.choice(
            (
                lambda: self.say(b"\xc1"),
                lambda: self.call("receive", None, "hello", self.now_ms),
                lambda: self.say(encode_server(m.ServerPong(self.nonce + 5, 1, 0, 0, 0))),
                lambda: self.say(encode_server(m.Events(self.cursor, self.cursor + 1, (m.Event(1, "@avatar", "x"),)))),
                self.welcome,
            )
        )()


def plain_event(event: SessionEvent) -> list[list[Any]]:
    """An event as the SDK's handlers get it; none for what only Python reports."""
    match event:
        case Joined(resumed):
            return [["joined", resumed]]
        case Moved(kind, room):
            return [["moved", kind, room]]
        case Updated(view=view):
            return [["updated", view.tick]]
        case m.Event(tick, name, payload):
            return [["event", tick, name, payload]]
        case m.Notice(name, detail):
            return [["notice", name, detail]]
        case RosterChanged():
            return [["roster", [plain_entry(entry) for entry in event.roster]]]
        case RoomChanged():
            return [["room", None if event.room is None else [event.room.phase, event.room.order]]]
        case Withdrawn(None, name, payload):
            return [["withdrawn", name, payload]]
        case _:
            return []


def plain_entry(entry: Pilot) -> list[Any]:
    return [entry.id, entry.number, entry.name, entry.connected, entry.ready, entry.team]


def plain_me(me: Me | None) -> list[Any] | None:
    return None if me is None else [me.number, int(me.role), me.name, me.avatar_id, me.state and me.state.id]


def test_sessions_are_the_same() -> None:
    closes: set[int] = set()
    reported: set[str] = set()
    token = bytes(range(24))
    usual = (16, Role.PLAYER, None, SCHEMA), (17, Role.SPECTATOR, None, SCHEMA), (18, Role.PLAYER, None, SCHEMA)
    loaded_again = (19, Role.PLAYER, token, SCHEMA), (20, Role.SPECTATOR, token, SCHEMA)
    with_people = (21, Role.PLAYER, None, SCHEMA_WITH_PEOPLE), (22, Role.SPECTATOR, None, SCHEMA_WITH_PEOPLE)
    for seed, role, resume_token, schema in (*usual, *loaded_again, *with_people):
        server = Server(seed, role, resume_token, schema)
        for _ in range(2500):
            server.step()
        closes |= {close for _, _, close, *_ in server.results if close is not None}
        reported |= {name for _, events, *_ in server.results for name, *_ in events}
        theirs = in_browser("sessions", server.script)
        for number, (one, other) in enumerate(zip(server.results, theirs, strict=True)):
            assert close(one, other), f"seed {seed}, call {number}, {server.script[number + 1]}: {one} is not {other}"
    assert {CloseCode.MALFORMED, CloseCode.DEAD, CloseCode.OUT_OF_STATE, CloseCode.INVALID_FIELD} <= closes
    assert reported == {"joined", "moved", "updated", "roster", "room", "event", "notice", "withdrawn"}
