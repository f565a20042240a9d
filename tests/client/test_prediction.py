"""The own avatar ahead of the server. A small server in memory runs the same step and answers a few ticks later."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gameserver.client.prediction import DIVERGING_STATES, MAX_PENDING, Outcome, Predictor
from gameserver.state.fields import Ref
from tests.support.ships import Controls, Ghost, Ship, steer

if TYPE_CHECKING:
    from collections.abc import Callable

TICK_HZ = 60
TICK_S = 1 / TICK_HZ


def make_predictor(step: Callable[[Any, Any, float], object] = steer, **options: Any) -> Predictor:
    return Predictor(Ship.entity_type, Controls.inputs_type, step, TICK_HZ, **options)


@dataclass
class Server:
    """The truth: consumes one frame a tick, in order, and snaps after each as a room does."""

    ship: Predictor = field(default_factory=make_predictor)
    tick: int = 0
    seq: int = 0

    def __post_init__(self) -> None:
        self.ship.begin(0, 0, START, NAMES, 7)

    def consume(self, seq: int, inputs: tuple[int, ...]) -> None:
        self.ship.predict(seq, inputs, 0.0, TICK_S)
        self.tick += 1
        self.seq = seq

    @property
    def codes(self) -> tuple[int, ...]:
        return self.ship._snap()

    def push(self, **values: Any) -> None:
        """Something else touches the ship: a hit, a wall."""
        vars(self.ship.avatar).update(values)
        self.ship._snap()


START = tuple(f.encode(f.default) for f in Ship.entity_type.numeric.values())
NAMES = ("Ada",)
THRUST = Controls.inputs_type.to_codes(Controls(turn=1, thrust=True))
DRIFT = Controls.inputs_type.to_codes(Controls())


@dataclass
class Match:
    """A client and its server, `latency` ticks apart in each direction, a state for every third tick."""

    latency: int = 6
    client: Predictor = field(default_factory=make_predictor)
    server: Server = field(default_factory=Server)
    outcomes: list[Outcome] = field(default_factory=list)
    seq: int = 0

    def __post_init__(self) -> None:
        self.client.begin(0, 0, START, NAMES, 7)
        self.up: deque[tuple[int, tuple[int, ...]]] = deque()
        self.down: deque[tuple[int, int, int, tuple[int, ...]]] = deque()

    @property
    def now_s(self) -> float:
        return self.seq * TICK_S

    def tick(self, inputs: tuple[int, ...], *, lose: bool = False) -> None:
        self.seq += 1
        self.client.predict(self.seq, inputs, self.now_s, TICK_S)
        if not lose:
            self.up.append((self.seq, inputs))
        while self.up and self.up[0][0] <= self.seq - self.latency:
            self.server.consume(*self.up.popleft())
            if self.server.tick % 3 == 0:
                self.down.append((self.seq, self.server.tick, self.server.seq, self.server.codes))
        while self.down and self.down[0][0] <= self.seq - self.latency:
            _, tick, seq, codes = self.down.popleft()
            self.outcomes.append(self.client.received(tick, seq, codes, NAMES, self.now_s))


@given(st.lists(st.tuples(st.integers(-1, 1), st.booleans()), min_size=40, max_size=160), st.integers(0, 20))
def test_without_contact_the_prediction_is_exactly_right(plan: list[tuple[int, bool]], latency: int) -> None:
    match = Match(latency=latency)
    for turn, thrust in plan:
        match.tick(Controls.inputs_type.to_codes(Controls(turn=turn, thrust=thrust)))
    assert match.client.corrections == 0
    assert set(match.outcomes) <= {Outcome.MATCHED}
    assert match.client.diagnosis is Outcome.MATCHED


def test_the_own_avatar_answers_at_once_and_lands_where_the_server_has_it() -> None:
    match = Match(latency=9)
    for _ in range(60):
        match.tick(THRUST)
    assert match.client.avatar.x > 100.0
    assert match.outcomes, "states did arrive"
    assert match.client.pending <= 18 + 3
    for _ in range(40):
        match.tick(DRIFT)
    for seq, inputs in match.up:
        match.server.consume(seq, inputs)
    assert match.client._snap() == match.server.codes


def test_snapping_is_what_makes_it_exact(monkeypatch: pytest.MonkeyPatch) -> None:
    """The threshold above fails without the grid: a client that keeps full floats drifts off the server's."""
    match = Match()
    monkeypatch.setattr(
        match.client,
        "_snap",
        lambda: tuple(
            f.encode(getattr(match.client.avatar, n)) if not isinstance(f, Ref) else 0
            for n, f in Ship.entity_type.numeric.items()
        ),
    )
    for _ in range(120):
        match.tick(THRUST)
    assert match.client.corrections > 0


def test_a_push_that_the_client_cannot_know_is_taken_over_and_called_diverging() -> None:
    match = Match()
    for _ in range(30):
        match.tick(THRUST)
    match.server.push(vx=-200.0)
    for _ in range(30):
        match.tick(DRIFT)
    assert match.client.corrections == 1
    assert match.outcomes.count(Outcome.DIVERGING) == 1
    assert match.client.diagnosis is Outcome.MATCHED, "one hit is no broken step"
    assert match.client.avatar.vx < 0


def test_rules_that_differ_are_diagnosed() -> None:
    def other(ship: Any, controls: Any, dt: float) -> None:
        steer(ship, controls, dt)
        ship.vx *= 1.001

    match = Match(client=make_predictor(other))
    for _ in range(20 + 3 * (DIVERGING_STATES + 4)):
        match.tick(THRUST)
    assert match.client.diagnosis is Outcome.DIVERGING


def test_a_frame_that_the_server_never_got_is_called_jitter() -> None:
    match = Match()
    for _ in range(30):
        match.tick(THRUST)
    match.tick(THRUST, lose=True)
    for _ in range(30):
        match.tick(DRIFT)
    assert Outcome.JITTER in match.outcomes
    assert Outcome.DIVERGING not in match.outcomes
    assert match.client.diagnosis is Outcome.JITTER


def test_news_that_does_not_move_the_avatar_is_no_correction() -> None:
    match = Match()
    for _ in range(30):
        match.tick(THRUST)
    match.server.push(hp=40)
    for _ in range(30):
        match.tick(THRUST)
    assert match.client.avatar.hp == 40
    assert match.client.corrections == 0


def test_names_and_unpredicted_fields_come_from_the_server() -> None:
    client = make_predictor()
    client.begin(0, 0, START, ("Ada",), 7)
    client.predict(1, DRIFT, 0.0, TICK_S)
    client.received(3, 1, client._snap(), ("Bob",), 0.1)
    assert client.avatar.name == "Bob"
    assert client.pose(0.2).name == "Bob"
    assert client.pose(0.2).id == 7


def test_frames_sent_before_the_avatar_was_known_count_from_the_first_state_on() -> None:
    client, server = make_predictor(), Server()
    server.consume(1, THRUST)
    client.begin(server.tick, 1, server.codes, NAMES, 7)
    for seq in range(2, 5):
        client.predict(seq, THRUST, seq * TICK_S, TICK_S)
    for seq in range(2, 5):
        server.consume(seq, THRUST)
    assert client._snap() == server.codes
    assert client.received(4, 4, server.codes, NAMES, 0.1) is Outcome.MATCHED


def test_frames_from_before_a_lost_link_do_not_act_on_what_comes_after() -> None:
    client = make_predictor()
    client.begin(0, 0, START, NAMES, 7)
    for seq in range(1, 20):
        client.predict(seq, THRUST, seq * TICK_S, TICK_S)
    client.forget_pending()
    client.received(600, 5, START, NAMES, 10.0)
    assert client.avatar.x == 0.0


def test_a_frame_that_was_never_sent_is_not_waited_for() -> None:
    match = Match()
    for _ in range(30):
        match.tick(THRUST)
    match.tick(THRUST, lose=True)
    match.client.drop(match.seq)
    assert match.seq not in [frame.seq for frame in match.client._pending]
    for _ in range(30):
        match.tick(THRUST)
    assert match.client.corrections == 1
    assert match.outcomes[-1] is Outcome.MATCHED


def test_pending_frames_are_bounded() -> None:
    client = make_predictor()
    client.begin(0, 0, START, NAMES, 7)
    for seq in range(1, 2 * MAX_PENDING):
        client.predict(seq, DRIFT, seq * TICK_S, TICK_S)
    assert client.pending == MAX_PENDING


# -- what is drawn


def test_the_pose_moves_evenly_between_ticks() -> None:
    client = make_predictor()
    start = (0, 60 * 16, *START[2:])
    client.begin(0, 0, start, NAMES, 7)
    client.predict(1, DRIFT, 1.0, TICK_S)
    whole = client.avatar.x
    assert client.pose(1.0).x == pytest.approx(0.0)
    assert client.pose(1.0 + TICK_S / 2).x == pytest.approx(whole / 2)
    assert client.pose(1.0 + 2 * TICK_S).x == pytest.approx(whole)


def corrected(off: float, **options: Any) -> tuple[Predictor, float]:
    """A client at rest at 0 whose server says at time 1.0 that it is at `off`."""
    client = make_predictor(**options)
    client.begin(0, 0, START, NAMES, 7)
    client.predict(1, DRIFT, 0.9, TICK_S)
    client.pose(1.0)
    code = math.floor(off * 64 + 0.5)
    client.received(1, 1, (code, *START[1:]), NAMES, 1.0)
    assert client.avatar.x == code / 64
    return client, code / 64


def test_a_small_error_is_not_seen_at_that_instant_and_eased_out() -> None:
    client, at = corrected(0.9)
    assert client.pose(1.0).x == pytest.approx(0.0)
    assert client.pose(1.1).x == pytest.approx(at * (1 - math.exp(-1)), rel=1e-6)
    assert client.pose(2.0).x == at


def test_a_large_error_snaps() -> None:
    client, at = corrected(500.0)
    assert client.pose(1.0).x == at


def test_an_author_may_say_how_far_is_too_far() -> None:
    near, _ = corrected(0.9, snap_distance=0.5)
    far, _ = corrected(500.0, snap_distance=1000.0)
    assert near.pose(1.0).x == pytest.approx(0.9, abs=0.01)
    assert far.pose(1.0).x == pytest.approx(0.0)


def test_a_respawn_is_drawn_at_its_place_at_once() -> None:
    def respawn(ship: Any, controls: Any, dt: float) -> None:
        ship.x = 900.0

    client = make_predictor(respawn)
    client.begin(0, 0, START, NAMES, 7)
    client.predict(1, DRIFT, 1.0, TICK_S)
    assert client.pose(1.0).x == 900.0


def test_an_error_of_heading_is_eased_the_short_way() -> None:
    client = make_predictor()
    client.begin(0, 0, (*START[:2], 1020, *START[3:]), NAMES, 7)
    client.predict(1, DRIFT, 0.9, TICK_S)
    client.pose(1.0)
    client.received(1, 1, (*START[:2], 4, *START[3:]), NAMES, 1.0)
    drawn = [client.pose(1.0 + step * 0.02).heading for step in range(30)]
    assert all(min(a, 2 * math.pi - a) < 0.03 for a in drawn)


GHOST_START = tuple(f.encode(f.default) for f in Ghost.entity_type.numeric.values())
GATES = Ghost.entity_type.jumps


def make_ghost(step: Callable[[Any, Any, float], object] = steer) -> Predictor:
    """A ghost at rest at 0 that has run its first tick."""
    client = Predictor(Ghost.entity_type, Controls.inputs_type, step, TICK_HZ)
    client.begin(0, 0, GHOST_START, NAMES, 7)
    client.predict(1, DRIFT, 0.9, TICK_S)
    client.pose(1.0)
    return client


def ghost_codes(x: float, gates: int) -> tuple[int, ...]:
    codes = list(GHOST_START)
    codes[0] = int(x * 64)
    codes[GATES or 0] = gates
    return tuple(codes)


def test_an_avatar_that_the_server_puts_elsewhere_is_there_at_once_and_needs_no_correction() -> None:
    client = make_ghost()
    client.predict(2, THRUST, 0.95, TICK_S)
    assert client.received(1, 1, ghost_codes(0.5, 1), NAMES, 1.0) is Outcome.MATCHED
    assert client.corrections == 0
    assert client.pose(1.0).x > 0.5, "the frame that the server has not consumed yet is stepped on top"


def test_the_same_way_without_saying_so_is_a_correction_and_eased() -> None:
    client = make_ghost()
    assert client.received(1, 1, ghost_codes(0.5, 0), NAMES, 1.0) is Outcome.DIVERGING
    assert client.corrections == 1
    assert client.pose(1.0).x == pytest.approx(0.0)


def test_a_portal_in_the_shared_step_is_drawn_at_once_and_agrees_with_the_server() -> None:
    def portal(ghost: Any, controls: Any, dt: float) -> None:
        if ghost.gates == 0:
            ghost.x, ghost.gates = 0.5, 1

    client = make_ghost(portal)
    assert client.pose(0.9).x == 0.5
    assert client.received(1, 1, ghost_codes(0.5, 1), NAMES, 1.0) is Outcome.MATCHED
    client.predict(2, DRIFT, 1.0, TICK_S)
    assert client.pose(1.0).x == 0.5
