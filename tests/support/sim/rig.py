"""A real hub and real client cores, joined by a bad network in memory, on one fake clock.

`Rig.run` moves time in steps of a millisecond: what has arrived is delivered, rooms tick on their multiples, clients
do what is due and come back when their link is lost. Nothing waits, and the same seed gives the same run.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from gameserver.client.backoff import Backoff
from gameserver.client.replica import Options
from gameserver.client.session_core import Phase, SessionCore
from gameserver.client.session_events import Desynced, Joined, Updated
from gameserver.hub.hub import Hub
from gameserver.protocol import messages as m
from gameserver.protocol.constants import Limits, Role
from gameserver.protocol.errors import ProtocolError
from tests.support.links import Close, ServerLink
from tests.support.sim.network import Way

if TYPE_CHECKING:
    from collections.abc import Callable

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

    def __init__(self, rig: Rig, down: Way[bytes | Close]) -> None:
        super().__init__()
        self._rig = rig
        self.down = down

    def carry(self, message: bytes) -> None:
        self.down.send(self._rig.now_s, message)

    def carry_close(self, close: Close) -> None:
        self.down.send(self._rig.now_s, close)


@dataclass
class SimClient:
    """One client core with its link, driven as in `client/link.py`. `steer` returns the controls for each step."""

    core: SessionCore
    up: Way[bytes | Close]
    down: Way[bytes | Close]
    backoff: Backoff
    steer: Callable[[SimClient, float], Any] | None = None
    peer: Peer | None = None
    link: SimLink | None = None
    back_at_s: float | None = 0.0
    joined_at_s: float | None = None
    asleep: bool = False
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
        return [(event.name, event.payload) for event in self.of(m.Event) if not event.name.startswith("@")]

    @property
    def counts(self) -> tuple[int, int, int]:
        """How many joins, states and desyncs there were."""
        return len(self.of(Joined)), len(self.of(Updated)), len(self.of(Desynced))


class Rig:
    """A hub, clients, and the network and clock between them."""

    def __init__(
        self,
        kind: type[Room[Any]],
        *,
        delay_s: float = 0.05,
        jitter_s: float = 0.02,
        seed: int = 1,
        limits: Limits | None = None,
    ) -> None:
        self.random = random.Random(seed)
        self.now_s = 1000.0
        self.kind = kind
        self.hub = Hub([kind], token_bytes=self.random.randbytes, seed=seed, limits=limits)
        self.clients: list[SimClient] = []
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
        """A client that joins when time moves first."""
        kind = self.kind
        options = Options(predict=kind.predict, predict_contact=kind.predict_contact) if predict else Options()
        core = SessionCore(m.Join(self.kind.__name__.lower(), None, role, params), options, reader=reader)
        made = SimClient(core, self._way(), self._way(), Backoff(self.random), steer)
        self.clients.append(made)
        return made

    def _way(self) -> Way[bytes | Close]:
        return Way(self.random, delay_s=self._delay_s, jitter_s=self._jitter_s)

    @property
    def engine(self) -> RoomEngine:
        """The only room."""
        (engine,) = self.hub.rooms.values()
        return engine

    def run(self, seconds: float) -> None:
        """Move time."""
        for _ in range(round(seconds / STEP_S)):
            self.now_s += STEP_S
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
        if client.back_at_s is None or self.now_s < client.back_at_s:
            return
        client.up.cut()
        client.down.cut()
        client.link = SimLink(self, client.down)
        client.peer = self.hub.open(client.link, self.now_s)
        client.core.opened(self.now_s)

    # -- faults ----------------------------------------------------------------------------------------------------

    def stall(self, client: SimClient, seconds: float) -> None:
        """Hold up both ways; afterwards everything arrives at once."""
        client.up.stall(self.now_s + seconds)
        client.down.stall(self.now_s + seconds)

    def set_delay(self, client: SimClient, delay_s: float) -> None:
        client.up.delay_s = client.down.delay_s = delay_s
