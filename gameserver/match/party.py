"""A room in which friends meet by a code, choose, say that they are ready, and go on together.

    class RaceParty(Party):
        kind = "race-party"
        choices = ("duel", "teams")

        def destination(self) -> Destination:
            return AnyRoom("race-queue")

Clients send "ready" (true or false), and the leader, who is the first that came, sends "choose" with one of the
`choices`, and "go". They go once all who have a link are ready. The roster and the state are what their page shows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from gameserver.protocol.constants import MAX_CODE
from gameserver.room.moves import AnyRoom
from gameserver.room.room import Room
from gameserver.room.roster import PlayerState, RoomState, Roster
from gameserver.state.fields import Flag, Int, Text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gameserver.room.moves import Destination, MoveFailed
    from gameserver.room.player import Player

KEY_BITS = 128


class PartyState(RoomState):
    """What everybody in a party knows of it."""

    leader = Int(0, MAX_CODE)
    """The number of the player that leads it; 0: nobody is there."""
    choice = Text(64)
    """What the leader has chosen; "" where there is nothing to choose."""
    leaving = Flag()
    """Whether the party is on its way."""


class Party(Room[Any]):
    """Friends meet here; subclass it and say where they go."""

    kind = "party"
    tick_hz = 10
    max_players = 4
    max_spectators = 0
    visibility = "unlisted"
    roster = Roster(PlayerState)
    state: PartyState = PartyState()
    next_kind: ClassVar[str] = ""
    """The kind of room, a queue or a game, that the party goes to."""
    choices: ClassVar[tuple[str, ...]] = ()
    """What the leader may choose; the first is chosen at first. It comes to the next room as the parameter `mode`."""

    # -- for subclasses ----------------------------------------------------------------------------------------------

    def destination(self) -> Destination:
        """Where the party goes. The default is any room of `next_kind`.

        Returns:
            A room's id, `NewRoom`, or `AnyRoom`.
        """
        return AnyRoom(self.next_kind)

    # -- meeting -----------------------------------------------------------------------------------------------------

    def on_create(self, options: Mapping[str, object]) -> None:
        """Choose the first of the choices."""
        self.state.choice = self.choices[0] if self.choices else ""

    def on_join(self, player: Player) -> None:
        """The first to come leads."""
        if not self.state.leader:
            self.state.leader = player.number

    def on_leave(self, player: Player) -> None:
        """When the leader goes, the next who came leads."""
        if player.number == self.state.leader:
            others = [entry.number for entry in self.roster if entry.number != player.number]
            self.state.leader = others[0] if others else 0

    def on_message(self, player: Player, name: str, payload: Any) -> None:
        """Take "ready", and the leader's "choose" and "go"; anything else changes nothing."""
        leads = player.number == self.state.leader
        match name:
            case "ready" if isinstance(payload, bool):
                self.roster[player].ready = payload
            case "choose" if leads and payload in self.choices and payload != self.state.choice:
                self.state.choice = payload
                self._unready()  # nobody has agreed to this
            case "go" if leads and not self.state.leaving and self._all_ready:
                self._go()

    @property
    def _all_ready(self) -> bool:
        return all(entry.ready for entry in self.roster if entry.connected)

    def _unready(self) -> None:
        for entry in self.roster:
            entry.ready = False

    # -- going -------------------------------------------------------------------------------------------------------

    def _go(self) -> None:
        """Have all who are here travel on, with a key by which a queue knows them as one party."""
        self.state.leaving = True
        key = f"{self.random.getrandbits(KEY_BITS):032x}"
        params = {"party": key, "party_size": len(self.players), "mode": self.state.choice}
        self.move_all(self.destination(), params=params)

    def on_move_failed(self, player: Player, failure: MoveFailed) -> None:
        """There is no place for the party: its members stay, learn why, and may try again."""
        self.state.leaving = False
        self._unready()
        self.send(player, "failed", str(failure))
