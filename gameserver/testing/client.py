"""`Client`: one participant in a game under test, as its test steers and questions it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gameserver.client.errors import JoinFailed
from gameserver.client.session_core import Phase
from gameserver.client.session_events import Desynced, Updated
from gameserver.protocol import messages as m

if TYPE_CHECKING:
    from collections.abc import Callable

    from gameserver.client.roster import Me
    from gameserver.room.player import Player
    from gameserver.state.inputs import InputsType
    from gameserver.sync.decode.view_state import ViewState
    from gameserver.testing.simulation import SimClient, Simulation

ENTER_WITHIN_S = 10.0
"""How long a join or a return may take, on the game's clock."""


class Client:
    """A player or spectator. Made by `Game.join`.

    Args:
        simulation: Where it plays.
        sim: Its client in there.
    """

    def __init__(self, simulation: Simulation, sim: SimClient) -> None:
        self._simulation = simulation
        self._sim = sim
        self._player: Player | None = None

    # -- what it does --------------------------------------------------------------------------------------------------

    def controls(self, **values: Any) -> None:
        """Steer: these controls count from the next input frame on, until others are set.

        Args:
            values: Fields of the room's input class; those left out are neutral.

        Raises:
            TypeError: The room's inputs have no field of that name.
            StateError: A field cannot hold its value.
        """
        self._sim.core.set_controls(self.inputs_type.cls(**values))

    def send(self, name: str, payload: Any = None) -> bool:
        """Send a message of the game's own.

        Args:
            name: What the room's `on_message` gets as the name.
            payload: Anything that the wire carries.

        Returns:
            False when it is not sent: the link is down, or there were too many.

        Raises:
            ValueError: A server takes no such message.
        """
        return self._sim.core.send(name, payload)

    def lose_link(self) -> None:
        """Break the link. The client stays away until `come_back`; the server keeps its seat for the grace time."""
        self._sim.away = True
        if self._sim.peer is not None:
            self._simulation.cut(self._sim)

    def come_back(self) -> None:
        """Open a new link, and wait until the client is in a room again: in the same seat if there was time.

        Raises:
            JoinFailed: No room takes it.
        """
        self._sim.away = False
        if self._sim.core.phase is Phase.DOWN:
            self._sim.back_at_s = self._simulation.now_s
            self._wait(lambda: self._sim.joined or self._sim.back_at_s is None)
            if not self._sim.joined:
                raise self._refused()
            self._find_player()

    def stall(self, seconds: float) -> None:
        """Hold up both directions; afterwards everything arrives at once.

        Args:
            seconds: For how long.
        """
        self._simulation.stall(self._sim, seconds)

    def leave(self) -> None:
        """Leave for good, and wait until the server knows it."""
        if self._sim.core.phase is Phase.JOINED:
            self._sim.core.leave()
        self._sim.away = True
        self._wait(lambda: self._sim.core.phase is Phase.DOWN)

    def wait_until_joined(self) -> None:
        """Let time pass until the client is in a room and knows its state.

        Raises:
            JoinFailed: It was refused, or took longer than 10 s.
        """
        closes, states = len(self._sim.closes), len(self._sim.of(Updated))
        self._wait(lambda: len(self._sim.of(Updated)) > states or len(self._sim.closes) > closes)
        if len(self._sim.closes) > closes or not self._sim.joined:
            raise self._refused()
        self._find_player()

    def _refused(self) -> JoinFailed:
        if self._sim.closes:
            return JoinFailed(*self._sim.closes[-1])
        return JoinFailed(None, f"no state of the room within {ENTER_WITHIN_S:g} s")

    def _wait(self, condition: Callable[[], bool]) -> None:
        until_s = self._simulation.now_s + ENTER_WITHIN_S
        while not condition() and self._simulation.now_s < until_s:
            self._simulation.step_to_next()

    # -- what it is ----------------------------------------------------------------------------------------------------

    @property
    def joined(self) -> bool:
        """Whether its link is up and in a room."""
        return self._sim.joined

    @property
    def player(self) -> Player:
        """The player that the room's rules know; the last one after it has left."""
        self._find_player()
        if self._player is None:
            raise RuntimeError("this client has never been in a room")
        return self._player

    @property
    def entity(self) -> Any:
        """Its avatar as the server has it; None without one."""
        return self.player.avatar

    def _find_player(self) -> None:
        peer = self._sim.peer
        if peer is not None and peer.session is not None:
            self._player = peer.session.player

    @property
    def inputs_type(self) -> InputsType:
        """The fields of the room's controls, with their ranges."""
        return self._sim.replica.schema.inputs

    # -- what it sees --------------------------------------------------------------------------------------------------

    @property
    def view(self) -> ViewState:
        """The newest state that it has received: `client.view.entities("Dot")`."""
        return self._sim.replica.view

    @property
    def me(self) -> Me | None:
        """Who it is in its room; None before it is in one."""
        return self._sim.core.me

    @property
    def roster(self) -> list[Any]:
        """Everyone in the room, as the newest state that it has received has them."""
        return self._sim.core.roster

    @property
    def room(self) -> Any:
        """What the room says of itself, as the newest state that it has received has it."""
        return self._sim.core.room

    @property
    def avatar(self) -> Any:
        """Its avatar as it predicts it; None without one, or without `predict` on the room."""
        predictor = self._sim.replica.predictor
        return None if predictor is None else predictor.avatar

    @property
    def corrections(self) -> int:
        """How often its prediction differed from what the server said."""
        return self._sim.core.counters.corrections

    @property
    def events(self) -> list[tuple[str, Any]]:
        """Name and payload of every event of the game's own so far, in order."""
        return self._sim.happened

    @property
    def notices(self) -> list[m.Notice]:
        """The server's notices so far."""
        return self._sim.of(m.Notice)

    @property
    def close(self) -> tuple[int | None, str] | None:
        """Code and reason of the server's last close of its link; None if there was none."""
        return self._sim.closes[-1] if self._sim.closes else None

    @property
    def faults(self) -> list[str]:
        """What the server sent that a client may not accept; the game's end checks that there is none."""
        return [
            *[f"a state did not fit: {event.reason}" for event in self._sim.of(Desynced)],
            *[f"a message was wrong: {error.reason}" for error in self._sim.failures],
        ]
