"""`Game`: a whole server in memory, its clients, and the time, which passes only when the test says so."""

from __future__ import annotations

import threading
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

from gameserver.protocol import messages as m
from gameserver.protocol.constants import Role
from gameserver.recording.format import Recorder, Recording
from gameserver.recording.verify import verify
from gameserver.room.author_store import MemoryEntries
from gameserver.state.assignments import check_assignments
from gameserver.testing.client import Client
from gameserver.testing.jobs import Jobs
from gameserver.testing.network import Network
from gameserver.testing.simulation import Simulation

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import TracebackType

    from gameserver.protocol.constants import Limits
    from gameserver.room.engine import RoomEngine
    from gameserver.room.outside_work import Effect
    from gameserver.room.room import Room
    from gameserver.room.source import TickRecorder

UNTIL_TICKS = 1000


class Game(AbstractContextManager["Game"]):
    """A server with rooms of these kinds. Made by `game`, used in a `with` block.

    Args:
        kinds: The room classes; clients join rooms of the first unless they name another.
        seed: Of everything random.
        network: Delay and jitter of every client that has none of its own.
        limits: The server's limits; None: the defaults.
    """

    def __init__(self, *kinds: type[Room[Any]], seed: int, network: Network, limits: Limits | None) -> None:
        self._network = network
        self._simulation = Simulation(*kinds, seed=seed, limits=limits)
        self.clients: list[Client] = []
        """Everyone who has joined, in order."""
        self.carries_out_effects = True
        """Whether the functions of `Room.effect` are called. Otherwise what rules ask for has no outcome."""
        self._jobs = Jobs()
        self._recordings: list[tuple[RoomEngine, bytearray]] = []
        hub = self._simulation.hub
        for kind in hub.kinds.values():
            check_assignments(kind.schema.entities)
        hub.entries = MemoryEntries(threading.Lock())
        hub.run_work = self._jobs.add
        hub.run_effects_with(self._take_effect)
        hub.open_recording = self._record
        self._simulation.before_ticks = self._jobs.run

    # -- participants --------------------------------------------------------------------------------------------------

    def join(
        self,
        kind: str | None = None,
        /,
        *,
        room: str | None = None,
        role: Role = Role.PLAYER,
        network: Network | None = None,
        predict: bool = True,
        claims: Mapping[str, object] | None = None,
        **params: Any,
    ) -> Client:
        """Have a client join, and let time pass until it is in a room and knows its state.

        Args:
            kind: The kind of room; None: the first of the game.
            room: The id of a room; None: any with a free seat.
            role: Player or spectator.
            network: Its own network; None: the game's.
            predict: False for a client that does not predict its avatar.
            claims: The claims of its token, as `player.claims` has them.
            params: The game's own: `player.params`.

        Returns:
            The client.

        Raises:
            JoinFailed: It was refused; with the code and the reason.
        """
        simulation = self._simulation
        network = network or self._network
        sim = simulation.add(
            m.Join(kind or next(iter(simulation.hub.kinds)), room, role, params),
            predict=predict,
            claims=claims,
            delay_s=network.delay_ms / 1000,
            jitter_s=network.jitter_ms / 1000,
        )
        client = Client(simulation, sim)
        self.clients.append(client)
        client.wait_until_joined()
        return client

    # -- time ----------------------------------------------------------------------------------------------------------

    @property
    def now_s(self) -> float:
        """The time on the game's clock, in seconds."""
        return self._simulation.now_s

    def ticks(self, count: int = 1) -> None:
        """Let so many ticks of the oldest room pass, and everything that happens meanwhile.

        Args:
            count: How many.
        """
        if not self._simulation.hub.rooms:
            kind = next(iter(self._simulation.hub.kinds.values()))
            self.seconds(count / kind.room_class.tick_hz)
            return
        engine = next(iter(self._simulation.hub.rooms.values()))
        until = engine.tick_number + count
        while engine.tick_number < until and not engine.closed:
            self._simulation.step_to_next()

    def seconds(self, seconds: float) -> None:
        """Let time pass.

        Args:
            seconds: How much; it is rounded to a millisecond.
        """
        self._simulation.run(seconds)

    def until(self, condition: Callable[[], bool], *, ticks: int = UNTIL_TICKS) -> None:
        """Let ticks pass until a condition holds.

        Args:
            condition: Asked after each tick.
            ticks: How many at most.

        Raises:
            AssertionError: It did not hold in time.
        """
        for _ in range(ticks):
            if condition():
                return
            self.ticks()
        if not condition():
            raise AssertionError(f"the condition did not hold within {ticks} ticks")

    # -- rooms ---------------------------------------------------------------------------------------------------------

    @property
    def rooms(self) -> list[Room[Any]]:
        """The rooms that are open: the objects of your own classes, the oldest first."""
        return [engine.room for engine in self._simulation.hub.rooms.values()]

    @property
    def engines(self) -> list[RoomEngine]:
        """What runs the rooms that are open, the oldest first: for tools; a test asks the room itself."""
        return list(self._simulation.hub.rooms.values())

    @property
    def room(self) -> Any:
        """The only room that is open.

        Raises:
            LookupError: There is none, or there are several.
        """
        rooms = self.rooms
        if len(rooms) != 1:
            raise LookupError(f"{len(rooms)} rooms are open; take one of `rooms`")
        return rooms[0]

    def command(self, name: str, payload: Any = None, *, room: Room[Any] | None = None) -> None:
        """Send a room what your own program would send it, for its `on_command` at the next tick.

        Args:
            name: The command's name.
            payload: Plain data that goes with it.
            room: The room; None: the only one that is open.

        Raises:
            LookupError: No room is named, and there is none or there are several.
            TypeError: The name is not a str.
            ValueError: The payload is not plain data.
        """
        self._simulation.hub.rooms[(self.room if room is None else room).id].command(name, payload)

    # -- the end -------------------------------------------------------------------------------------------------------

    def check(self) -> None:
        """Check what a game must keep: no rules raised, every client accepted all that it received, and a replay gives
        the same game.

        Raises:
            AssertionError: Something does not hold. What rules raised is its cause.
        """
        self.check_rules()
        faults = [f"client {number}: {fault}" for number, client in enumerate(self.clients) for fault in client.faults]
        for engine, data in self._recordings:
            verdict = verify(Recording(bytes(data)), engine.kind)
            if verdict.differs_at is not None:
                faults.append(
                    f"{engine.kind.name}: a replay differs from tick {verdict.differs_at} on; "
                    f"do the rules use a clock, their own randomness or a set's order? {verdict.how}"
                )
        if faults:
            raise AssertionError("; ".join(faults))

    def check_rules(self) -> None:
        """Check that no room's rules have raised anything so far.

        Raises:
            AssertionError: They have. What they raised is its cause.
        """
        for engine, _ in self._recordings:
            if engine.error is not None:
                text = f"{type(engine.error).__name__}: {engine.error}"
                raise AssertionError(
                    f"{engine.kind.name}: the rules raised {text} (tick {engine.tick_number})"
                ) from engine.error

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if kind is None:
            self.check()

    def _record(self, engine: RoomEngine) -> TickRecorder:
        data = bytearray()
        self._recordings.append((engine, data))
        return Recorder(engine, data.extend)

    def _take_effect(self, effect: Effect) -> None:
        if self.carries_out_effects:
            self._jobs.add_effect(effect)
        else:
            effect.is_ignored = True


def game(*kinds: type[Room[Any]], seed: int = 1, network: Network | None = None, limits: Limits | None = None) -> Game:
    """Return a game for a `with` block.

    Args:
        kinds: Your room classes; clients join rooms of the first unless they name another.
        seed: Of everything random; the same seed gives the same game.
        network: Delay and jitter of every client; None: messages arrive at once.
        limits: The server's limits; None: the defaults.

    Returns:
        The game. The end of the block runs `Game.check`.

    Raises:
        DeclarationError: A room class is not right.
    """
    return Game(*kinds, seed=seed, network=network or Network(), limits=limits)
