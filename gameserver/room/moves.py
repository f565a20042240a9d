"""Moves: participants go from one room to another, with their links.

The rules ask for a move at a tick. Whoever carries it out (`Moves.carry_with`) finds the room, and keeps a seat there
for each of them; the outcome comes back as a command at a later tick. Only then do they leave here. Recordings hold
that command, so a replay moves nobody again.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import compress
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, cast

from gameserver.protocol.codec import check_storable
from gameserver.protocol.constants import CloseCode
from gameserver.protocol.payload import plain_payload
from gameserver.room import commands

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gameserver.room.player import Player
    from gameserver.room.session import Session, SessionPeer

log = logging.getLogger("gameserver.room")


@dataclass(frozen=True, slots=True)
class NewRoom:
    """A room that is made for the move.

    Args:
        kind: Its kind, as clients name it.
        options: Its options, as its class declares them.
    """

    kind: str
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AnyRoom:
    """The fullest public room that has seats for all who move, or a new one if there is none.

    Args:
        kind: Its kind, as clients name it.
        where: What its listing must be, with the conditions of `connect`.
        options: The options of a room that has to be made.
    """

    kind: str
    where: Mapping[str, Any] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FreeSeats:
    """The seats that a running room asks the kind of this one to fill, also while it is locked. They are looked at
    again when the move begins; if they do not suffice any more, nobody moves.

    Args:
        room: Its id: `OpenSeats.room`.
        players: How many come for each team: none more than in `OpenSeats.free`.
    """

    room: str
    players: tuple[int, ...]


Destination: TypeAlias = str | NewRoom | AnyRoom | FreeSeats
"""Where to: the id of a room, a new one, any, or one that has asked for players."""

Params: TypeAlias = "Mapping[str, Any] | Callable[[Player], Mapping[str, Any]] | None"
"""What `player.params` has there, beyond what it has here: the same for all who move, or what a function returns for
each of them."""


class MoveFailed(Exception):
    """A move did not take place; the text says why.

    Args:
        code: The close code that a JOIN would be refused with for the same reason.
        reason: The reason in words.
    """

    def __init__(self, code: CloseCode, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        """Why, as one of the protocol's close codes."""


class Carrier(Protocol):
    """Carries out one move."""

    @property
    def failure(self) -> MoveFailed | None:
        """Why it cannot take place now; None: the seats there are certain."""

    def hand_over(self, session: Session, peer: SessionPeer | None) -> None:
        """A participant has left this room: its session goes on over `peer` in the seat there."""

    def drop(self, player: Player) -> None:
        """A participant has left this room otherwise, and needs no seat there. The last one ends the move."""

    def close(self) -> None:
        """Give back the seats that nobody has taken. Idempotent."""


@dataclass(eq=False, slots=True)
class Move:
    """One move that the rules asked for.

    Args:
        number: Its number in the room, from 1.
        players: Who moves, in order.
        to: Where to.
        params: For each of them, what `player.params` has there beyond what it has here.
        failure: Why it failed before anybody carried it out.
        carrier: Who carries it out.
    """

    number: int
    players: tuple[Player, ...]
    to: Destination
    params: tuple[Mapping[str, Any], ...]
    failure: MoveFailed | None = None
    carrier: Carrier | None = None

    def close(self) -> None:
        """Give back the seats that nobody has taken."""
        if self.carrier is not None:
            self.carrier.close()


class Moves:
    """The moves of one room, from when the rules ask for them until their outcome."""

    def __init__(self, room_id: str) -> None:
        """Begin without moves.

        Args:
            room_id: For the log.
        """
        self._room_id = room_id
        self._carry: Callable[[Move], None] | None = None
        self._moves: dict[int, Move] = {}
        self.asked: list[Move] = []
        """Those that `begin` is to have carried out."""
        self.decided: list[Move] = []
        """Those whose outcomes `take_decided` returns."""
        self._last_number = 0

    def __len__(self) -> int:
        return len(self._moves)

    def carry_with(self, carry: Callable[[Move], None]) -> None:
        """Have moves carried out from now on. In a replay nobody does.

        Args:
            carry: Begins to carry out a move, and has `decide` called once.
        """
        self._carry = carry

    def start(self, players: Sequence[Player], to: Destination, params: Params) -> None:
        """Note that players are to move; the move begins at the end of the tick. One who moves already fails it.

        Raises:
            TypeError: `to` is no destination, or `params` neither a map nor a function that returns one.
            ValueError: `params`, or the options or conditions in `to`, are nothing that a recording can hold.
        """
        if not isinstance(to, str | NewRoom | AnyRoom | FreeSeats):
            raise TypeError(f"to is {to!r}; write the id of a room, NewRoom(kind, options), or AnyRoom(kind)")
        each = tuple([_params_of(params, player) for player in players])
        self._last_number += 1
        move = Move(self._last_number, tuple(players), to, each)
        on_the_way = {player.number for other in self._moves.values() for player in other.players}
        self._moves[move.number] = move
        if any(player.number in on_the_way for player in players):
            move.failure = MoveFailed(CloseCode.OUT_OF_STATE, "on the way to another room already")
            self.decide(move)
        else:
            self.asked.append(move)

    def begin(self, is_here: Callable[[Player], bool]) -> None:
        """Have what was asked for carried out: the tick is over.

        Args:
            is_here: Whether a player is in the room; others move nowhere, such as one that `on_auth` has let wait.
        """
        if not self.asked:
            return
        asked, self.asked = self.asked, []
        for move in asked:
            here = [is_here(player) for player in move.players]
            move.players = tuple(compress(move.players, here))
            move.params = tuple(compress(move.params, here))
            if not move.players:
                self.forget(move)
            elif self._carry is not None:
                self._carry(move)

    def decide(self, move: Move) -> None:
        """It is certain whether a move takes place: the next tick learns it."""
        if move.number in self._moves and move not in self.decided:
            self.decided.append(move)

    def take_decided(self) -> list[commands.Moved]:
        """Return the outcomes since the last tick. What was certain and is not any more has failed."""
        decided, self.decided = self.decided, []
        return [_outcome(move) for move in decided]

    def saved(self) -> list[Any]:
        """Return the moves as plain data, for a checkpoint."""
        return [self._last_number, [[m.number, [p.number for p in m.players]] for m in self._moves.values()]]

    def restore(self, saved: Any, players: Mapping[int, Player]) -> None:
        """Go on with the moves of a checkpoint; nobody carries them out."""
        self._last_number, moves = saved
        for number, moving in moves:
            known = tuple([players[player] for player in moving if player in players])
            self._moves[number] = Move(number, known, "", ({},) * len(known))

    def abandon(self) -> None:
        """Let all moves fail at the next tick: what carried them out is gone."""
        self.asked.clear()
        self.decided.clear()
        for move in list(self._moves.values()):
            move.failure = MoveFailed(CloseCode.UNAVAILABLE, "the server was restarted")
            self.decide(move)

    def take(self, command: commands.Moved) -> Move | None:
        """Take out the move that a command is about; None if there is none."""
        move = self._moves.pop(command.move, None)
        if move is not None and command.code is not None:
            level = logging.WARNING if command.code == CloseCode.UNKNOWN_KIND else logging.INFO  # the author's slip
            log.log(level, "a move from room %s failed: %s", self._room_id, command.reason)
        return move

    def drop(self, player: Player) -> None:
        """A participant has left the room: it moves nowhere."""
        for move in list(self._moves.values()):
            if player in move.players and move.carrier is not None:
                move.carrier.drop(player)

    def forget(self, move: Move) -> None:
        """Nobody is left of those who were to move."""
        self._moves.pop(move.number, None)
        self.decided = [other for other in self.decided if other is not move]

    def cancel_all(self) -> None:
        """The room has ended: nobody moves any more."""
        moves, self._moves = self._moves, {}
        self.asked.clear()
        self.decided.clear()
        for move in moves.values():
            move.close()


def _outcome(move: Move) -> commands.Moved:
    failure = move.failure or (None if move.carrier is None else move.carrier.failure)
    if failure is None:
        return commands.Moved(move.number, None, "")
    return commands.Moved(move.number, int(failure.code), str(failure))


def _params_of(params: Params, player: Player) -> Mapping[str, Any]:
    """Return what one of those who move takes along.

    Raises:
        TypeError: That is no map.
        ValueError: It is nothing that a recording can hold.
    """
    own = params(player) if callable(params) else params or {}
    if not isinstance(own, Mapping):
        raise TypeError(f"params is {own!r}; write a map of names and values, or a function that returns one")
    check_storable(dict(own))
    return cast("Mapping[str, Any]", plain_payload(dict(own)))
