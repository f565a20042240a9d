"""A real hub and real client cores, joined by a network in memory, on one fake clock.

`Simulation.run` moves time in steps of a millisecond: what has arrived is delivered, rooms tick on their multiples,
clients do what is due and come back when their link is lost. Nothing waits, and the same seed gives the same run.
Steps in which nothing can happen are skipped.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from math import ceil, inf
from typing import TYPE_CHECKING, Any

from gameserver.client.backoff import Backoff
from gameserver.client.replica import Options
from gameserver.client.session_core import Phase, SessionCore
from gameserver.client.session_events import Desynced, Joined, Updated
from gameserver.hub.hub import Hub
from gameserver.match.lobby import lobby_of
from gameserver.protocol import messages as m
from gameserver.protocol.constants import PROTOCOL_EVENT_PREFIX, Limits, Role
from gameserver.protocol.errors import ProtocolError
from gameserver.testing.links import Close, ServerLink
from gameserver.testing.network import Way

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from gameserver.client.replica import Replica
    from gameserver.client.seat import Seat
    from gameserver.client.session_events import SessionEvent
    from gameserver.client.state_reader import StateReader
    from gameserver.hub.peer import Peer
    from gameserver.room.engine import RoomEngine
    from gameserver.room.room import Room

STEP_S = 0.001


class SimLink(ServerLink):
    """Puts what it takes onto the way down, its close behind the messages."""

    def __init__(self, simulation: Simulation, down: Way[bytes | Close]) -> None:
        super().__init__()
        self._simulation = simulation
        self.down = down

    def carry(self, message: bytes) -> None:
        self.down.send(self._simulation.now_s, message)

    def carry_close(self, close: Close) -> None:
        self.down.send(self._simulation.now_s, close)


@dataclass
class SimClient:
    """One client core with its link, driven as in `client/link.py`. `steer` returns the controls for each step."""

    core: SessionCore
    up: Way[bytes | Close]
    down: Way[bytes | Close]
    backoff: Backoff
    steer: Callable[[SimClient, float], Any] | None = None
    claims: Mapping[str, object] | None = None
    peer: Peer | None = None
    link: SimLink | None = None
    back_at_s: float | None = 0.0
    joined_at_s: float | None = None
    asleep: bool = False
    """True while the client does nothing: a frozen tab."""
    away: bool = False
    """True keeps a client whose link is lost from coming back."""
    seen: list[SessionEvent] = field(default_factory=list)
    failures: list[ProtocolError] = field(default_factory=list)
    closes: list[Close] = field(default_factory=list)

    @property
    def seat(self) -> Seat:
        assert self.core.seat is not None
        return self.core.seat

    @property
    def replica(self) -> Replica:
        assert self.core.replica is not None
        return self.core.replica

    @property
    def avatar(self) -> Any:
        """The own avatar as it is predicted to be."""
        assert self.replica.predictor is not None
        return self.replica.predictor.avatar

    @property
    def joined(self) -> bool:
        return self.core.phase is Phase.JOINED

    def of(self, kind: type) -> list[Any]:
        return [event for event in self.seen if isinstance(event, kind)]

    @property
    def happened(self) -> list[tuple[str, Any]]:
        """Name and payload of every event of the game's own, in order."""
        return [
            (event.name, event.payload)
            for event in self.of(m.Event)
            if not event.name.startswith(PROTOCOL_EVENT_PREFIX)
        ]

    @property
    def counts(self) -> tuple[int, int, int]:
        """How many joins, states and desyncs there were."""
        return len(self.of(Joined)), len(self.of(Updated)), len(self.of(Desynced))


class Simulation:
    """A hub, clients, and the network and clock between them.

    Args:
        kinds: The room classes; clients join rooms of the first unless they name another.
        delay_s: The network's delay each way, in seconds.
        jitter_s: The delay of each message varies by up to so much.
        seed: Of everything random.
        limits: The server's limits.
    """

    def __init__(
        self,
        *kinds: type[Room[Any]],
        delay_s: float = 0.05,
        jitter_s: float = 0.02,
        seed: int = 1,
        limits: Limits | None = None,
    ) -> None:
        self.random = random.Random(seed)
        self.now_s = 1000.0
        self.hub = Hub(kinds, token_bytes=self.random.randbytes, seed=seed, limits=limits, lobby_of=lobby_of)
        self.clients: list[SimClient] = []
        self.before_ticks: Callable[[], None] = _nothing
        """Called before rooms tick."""
        self._delay_s, self._jitter_s = delay_s, jitter_s
        self._next_tick_s: dict[str, float] = {}
        self._next_check_s = self.now_s

    def client(
        self,
        *,
        steer: Callable[[SimClient, float], Any] | None = None,
        role: Role = Role.PLAYER,
        predict: bool = True,
        reader: StateReader | None = None,
        **params: Any,
    ) -> SimClient:
        """Return a client that joins when time moves first."""
        name = next(iter(self.hub.kinds))
        return self.add(m.Join(name, None, role, params), steer=steer, predict=predict, reader=reader)

    def add(
        self,
        join: m.Join,
        *,
        steer: Callable[[SimClient, float], Any] | None = None,
        predict: bool = True,
        reader: StateReader | None = None,
        delay_s: float | None = None,
        jitter_s: float | None = None,
        claims: Mapping[str, object] | None = None,
    ) -> SimClient:
        """Return a client that sends this JOIN when time moves first.

        Args:
            join: What it joins a room with.
            steer: Returns its controls for each step; None: `core.set_controls` sets them.
            predict: Whether it predicts its avatar with the room's own functions.
            reader: Decodes its messages.
            delay_s: Its own network's delay; None: the simulation's.
            jitter_s: Its own network's jitter; None: the simulation's.
            claims: The claims of its token.
        """
        kind = self.hub.all_kinds.get(join.kind)
        options = Options()
        if predict and kind is not None:
            room = kind.room_class
            options = Options(
                predict=room.predict, predict_contact=room.predict_contact, predict_world=room.predict_world
            )
        delay_s = self._delay_s if delay_s is None else delay_s
        jitter_s = self._jitter_s if jitter_s is None else jitter_s
        up: Way[bytes | Close] = Way(self.random, delay_s=delay_s, jitter_s=jitter_s)
        down: Way[bytes | Close] = Way(self.random, delay_s=delay_s, jitter_s=jitter_s)
        core = SessionCore(join, options, reader=reader)
        made = SimClient(core, up, down, Backoff(self.random), steer, claims=claims)
        self.clients.append(made)
        return made

    @property
    def engine(self) -> RoomEngine:
        """The only room."""
        (engine,) = self.hub.rooms.values()
        return engine

    def run(self, seconds: float) -> None:
        """Move time."""
        left = round(seconds / STEP_S)
        while left > 0:
            steps = min(self._idle_steps() + 1, left)
            left -= steps
            self.step(steps)

    def step(self, steps: int = 1) -> None:
        """Move time by so many steps at once, and do what is due after them."""
        for _ in range(steps):
            self.now_s += STEP_S  # one addition a step: the same times, whatever is skipped
        self._do_what_is_due()

    def step_to_next(self) -> None:
        """Move time to the next step in which anything can happen."""
        self.step(self._idle_steps() + 1)

    def _idle_steps(self) -> int:
        """Return how many steps from now nothing can happen in."""
        until_s = self._next_check_s
        for client in self.clients:
            if client.steer is not None:
                return 0
            until_s = min(until_s, client.up.next_at_s, client.down.next_at_s)
            if client.asleep:
                continue
            if client.core.phase is not Phase.DOWN:
                until_s = min(until_s, self.now_s if client.core.has_messages else client.core.next_at_s)
            elif client.back_at_s is not None and not client.away:
                until_s = min(until_s, client.back_at_s)
        for engine in self.hub.rooms.values():
            until_s = min(until_s, self._next_tick_s.get(engine.id, self.now_s))
        return max(0, ceil((until_s - self.now_s) / STEP_S) - 2) if until_s < inf else 0

    def _do_what_is_due(self) -> None:
        for client in self.clients:
            self._deliver_up(client)
        self._tick_rooms()
        for client in self.clients:
            if not client.asleep:
                self._play(client)
        if self.now_s >= self._next_check_s:
            self._check()

    def cut(self, client: SimClient) -> None:
        """Break the link; what was on its way is lost."""
        assert client.peer is not None
        peer, client.peer = client.peer, None
        client.up.cut()
        client.down.cut()
        peer.lost(self.now_s, None)
        self._lost(client, Close(None))

    # -- the server's side -------------------------------------------------------------------------------------------

    def _tick_rooms(self) -> None:
        self.before_ticks()
        for engine in list(self.hub.rooms.values()):
            due_s = self._next_tick_s.setdefault(engine.id, self.now_s)
            if self.now_s >= due_s:
                self._next_tick_s[engine.id] = due_s + engine.tick_s
                engine.tick(self.now_s)

    def _deliver_up(self, client: SimClient) -> None:
        for at_s, item in client.up.receive(self.now_s):
            if client.peer is None:
                continue
            if isinstance(item, Close):
                peer, client.peer = client.peer, None
                peer.lost(at_s, item.code)
            else:
                client.peer.receive(item, at_s)

    def _check(self) -> None:
        self._next_check_s += self.hub.limits.check_every_s
        for client in self.clients:
            if client.peer is None or client.link is None:
                continue
            if client.link.closed is not None:  # the peer had time to answer the close
                peer, client.peer = client.peer, None
                peer.lost(self.now_s, None)
            else:
                client.peer.check(self.now_s)

    # -- the client's side -------------------------------------------------------------------------------------------

    def _play(self, client: SimClient) -> None:
        if client.core.phase is Phase.DOWN:
            self._come_back(client)
            return
        try:
            self._deliver_down(client)
            if client.joined and client.steer is not None:
                client.core.set_controls(client.steer(client, self.now_s))
            if client.core.next_at_s <= self.now_s:
                client.seen += client.core.tick(self.now_s)
        except ProtocolError as error:
            client.failures.append(error)
            client.up.send(self.now_s, Close(error.code, error.reason))
            self._lost(client, Close(error.code, error.reason))
        while (message := client.core.next_message(self.now_s)) is not None:
            client.up.send(self.now_s, message)

    def _deliver_down(self, client: SimClient) -> None:
        for at_s, item in client.down.receive(self.now_s):
            if isinstance(item, Close):
                if client.peer is not None:
                    peer, client.peer = client.peer, None
                    peer.lost(self.now_s, item.code)
                client.closes.append(item)
                self._lost(client, item)
                return
            seen = client.core.receive(item, at_s)
            client.seen += seen
            if any(isinstance(event, Joined) for event in seen):
                client.joined_at_s = at_s

    def _lost(self, client: SimClient, close: Close) -> None:
        back = client.core.lost(close.code)
        joined_for_s = None if client.joined_at_s is None else self.now_s - client.joined_at_s
        client.backoff.link_ended(close.code, joined_for_s)
        client.joined_at_s = None
        client.back_at_s = None if back == "no" else self.now_s + client.backoff.next_s(close.reason)

    def _come_back(self, client: SimClient) -> None:
        if client.away or client.back_at_s is None or self.now_s < client.back_at_s:
            return
        client.up.cut()
        client.down.cut()
        client.link = SimLink(self, client.down)
        client.peer = self.hub.open(client.link, self.now_s, claims=client.claims)
        client.core.opened(self.now_s)

    # -- faults ----------------------------------------------------------------------------------------------------

    def stall(self, client: SimClient, seconds: float) -> None:
        """Hold up both ways; afterwards everything arrives at once."""
        client.up.stall(self.now_s + seconds)
        client.down.stall(self.now_s + seconds)

    def set_delay(self, client: SimClient, delay_s: float) -> None:
        client.up.delay_s = client.down.delay_s = delay_s


def _nothing() -> None:
    """Do nothing: nobody has asked to be called."""
