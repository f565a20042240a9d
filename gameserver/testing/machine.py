"""Property tests of a room with Hypothesis: any order of joins, controls, messages, lost links and returns.

Unlike `random_play`, a failing game is shrunk: what is printed is about the shortest that fails. The extra `hypothesis`
installs what this needs.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, ClassVar, Final

from gameserver.client.errors import JoinFailed
from gameserver.extras import needs_extra
from gameserver.protocol.constants import Role
from gameserver.room.kind import make_kind
from gameserver.testing.game import game
from gameserver.testing.network import Network
from gameserver.testing.random_play import JUNK, MESSAGE_NAMES

with needs_extra("hypothesis", "property tests"):
    from hypothesis import settings
    from hypothesis import strategies as st
    from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hypothesis.strategies import SearchStrategy

    from gameserver.room.room import Room
    from gameserver.state.inputs import InputsType
    from gameserver.testing.client import Client
    from gameserver.testing.game import Game

__all__ = ["RoomMachine"]

ROOM_LOG: Final = logging.getLogger("gameserver.room")
SEEDS: Final = st.integers(0, 2**16)
WHO: Final = st.integers(0, 15)
"""One of the clients, counted from the oldest, again from the start when there are fewer."""
TICK_COUNTS: Final = st.integers(1, 20)
ROLES: Final = st.sampled_from([Role.PLAYER, Role.PLAYER, Role.PLAYER, Role.SPECTATOR])
NETWORK: Final = Network(delay_ms=40, jitter_ms=15)
SETTINGS: Final = settings(max_examples=25, stateful_step_count=30, deadline=None)
"""About as long as a few thousand ticks; assign others to the test case for more."""


class RoomMachine(RuleBasedStateMachine):
    """Clients of one room that do, in any order, what clients do. Subclass it for your room:

        class AnyTag(RoomMachine):
            kind = Tag
            messages = {"chat": st.text()}

        TestAnyTag = AnyTag.TestCase

    A subclass may add rules and invariants of its own, which look at `game`. After each step the rules must have raised
    nothing, and at the end everything must hold that `Game.check` checks.
    """

    kind: ClassVar[type[Room[Any]]]
    """Your room class."""
    messages: ClassVar[Mapping[str, SearchStrategy[Any]]] = {}
    """A strategy of payloads for each name of a message; they are sent beside junk."""
    params: ClassVar[Mapping[str, Any]] = {}
    """What each client joins with."""
    max_clients: ClassVar[int] = 4
    """How many take part at a time."""

    started = False
    """Whether `game` is there: invariants are also checked before it is."""
    game: Game
    """The game that is played."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Make the rules that depend on the room: what its clients steer and send.

        Args:
            kwargs: Passed on to the next class.

        Raises:
            DeclarationError: The room class is not right.
        """
        super().__init_subclass__(**kwargs)
        if not hasattr(cls, "kind"):
            return
        present = precondition(lambda self: self.here)
        controls, messages = controls_of(make_kind(cls.kind).inputs_type), messages_of(cls.messages)
        made: Any = cls
        made.controls = present(rule(who=WHO, values=controls)(RoomMachine.controls))
        made.send = present(rule(who=WHO, message=messages)(RoomMachine.send))
        made.TestCase.settings = SETTINGS

    @initialize(seed=SEEDS)
    def begin(self, seed: int) -> None:
        """Open the server.

        Args:
            seed: Of the room's random numbers.
        """
        self.started = True
        ROOM_LOG.disabled = True  # what rules raise is the cause of the failure, and not printed for each attempt
        self.game = game(self.kind, seed=seed, network=NETWORK)
        self.game.carries_out_effects = False
        self.here: list[Client] = []
        """Whose link is up."""
        self.away: list[Client] = []
        """Whose link is lost."""

    @precondition(lambda self: len(self.here) + len(self.away) < self.max_clients)
    @rule(role=ROLES)
    def join(self, role: Role) -> None:
        """A client joins; the room may refuse it.

        Args:
            role: Player or spectator.
        """
        try:
            self.here.append(self.game.join(role=role, **self.params))
        except JoinFailed:
            return

    @rule(count=TICK_COUNTS)
    def ticks(self, count: int) -> None:
        """Time passes.

        Args:
            count: How many ticks.
        """
        self.game.ticks(count)

    @precondition(lambda self: self.here)
    @rule(who=WHO)
    def leave(self, who: int) -> None:
        """A client leaves for good.

        Args:
            who: Which one.
        """
        self.here.pop(who % len(self.here)).leave()

    @precondition(lambda self: self.here)
    @rule(who=WHO)
    def lose_link(self, who: int) -> None:
        """A client's link is lost.

        Args:
            who: Which one.
        """
        client = self.here.pop(who % len(self.here))
        client.lose_link()
        self.away.append(client)

    @precondition(lambda self: self.away)
    @rule(who=WHO)
    def come_back(self, who: int) -> None:
        """A client whose link was lost comes back; its seat may be gone.

        Args:
            who: Which one.
        """
        client = self.away.pop(who % len(self.away))
        try:
            client.come_back()
            self.here.append(client)
        except JoinFailed:
            return

    def controls(self, who: int, values: dict[str, Any]) -> None:
        """A client steers.

        Args:
            who: Which one.
            values: The fields of its controls.
        """
        self.here[who % len(self.here)].controls(**values)

    def send(self, who: int, message: tuple[str, Any]) -> None:
        """A client sends a message.

        Args:
            who: Which one.
            message: Its name and payload.
        """
        try:
            self.here[who % len(self.here)].send(*message)
        except ValueError:  # a client does not even send it
            return

    @invariant()
    def rules_raise_nothing(self) -> None:
        """The rules have raised nothing. Clients that are no longer in the room are forgotten."""
        if self.started:
            self.game.check_rules()
            self.here = [client for client in self.here if client.joined]

    def teardown(self) -> None:
        """The game is over: check what every game must keep."""
        ROOM_LOG.disabled = False
        if self.started:
            self.game.check()


def controls_of(inputs: InputsType) -> SearchStrategy[dict[str, Any]]:
    """Return a strategy of values for all fields of a room's inputs."""
    fields = {name: st.integers(field.lo, field.hi).map(field.decode) for name, field in inputs.fields.items()}
    return st.fixed_dictionaries(fields)


def messages_of(own: Mapping[str, SearchStrategy[Any]]) -> SearchStrategy[tuple[str, Any]]:
    """Return a strategy of messages, name and payload: those of the game and junk."""
    junk = st.tuples(st.sampled_from(MESSAGE_NAMES), st.sampled_from(JUNK))
    return st.one_of(*[st.tuples(st.just(name), payloads) for name, payloads in own.items()], junk)
