"""Plays a room at random, as players and their networks do: joins, controls, messages, lost links, returns, junk."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from gameserver.client.errors import JoinFailed
from gameserver.protocol.constants import Role
from gameserver.testing.game import game
from gameserver.testing.network import Network

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from gameserver.room.room import Room
    from gameserver.testing.client import Client
    from gameserver.testing.game import Game

JUNK: tuple[Any, ...] = (
    None,
    True,
    -1,
    2**53 - 1,
    1.5,
    "",
    "x" * 200,
    b"\x00",
    [],
    [[[]]],
    {},
    {"a": {"b": None}},
    [1, "a"],
)
MESSAGE_NAMES: Final = ("chat", "ready", "", "__class__", "x" * 32)


@dataclass
class Played:
    """What happened in a random game.

    Args:
        ticks: How long it was.
        joins: How many joined.
        refused: How many joins and returns were refused.
        leaves: How many left on purpose.
        lost_links: How many links were lost.
        messages: How many messages of the game's own were sent.
        events: How many events clients received.
        corrections: How often a prediction differed from what the server said.
    """

    ticks: int = 0
    joins: int = 0
    refused: int = 0
    leaves: int = 0
    lost_links: int = 0
    messages: int = 0
    events: int = 0
    corrections: int = 0


def random_play(
    kind: type[Room[Any]],
    *,
    players: int = 5,
    ticks: int = 1000,
    seed: int = 1,
    messages: Mapping[str, Sequence[Any]] | None = None,
    params: Mapping[str, Any] | None = None,
    each_tick: Callable[[Game], object] | None = None,
) -> Played:
    """Play a room at random, and check at the end what `Game.check` checks. What the rules ask for with `Room.effect`
    is not carried out.

    Args:
        kind: Your room class.
        players: How many take part at a time, at most.
        ticks: How long.
        seed: The same seed gives the same game.
        messages: Payloads to draw from, by the name of a message; they are sent beside junk.
        params: What each client joins with.
        each_tick: Called after each tick; None: nothing is.

    Returns:
        What happened.

    Raises:
        AssertionError: The rules raised, a client received what does not fit, or a replay gives another game. What the
            rules raised is its cause.
    """
    dice = random.Random(seed)
    with game(kind, seed=seed, network=Network(delay_ms=40, jitter_ms=15)) as g:
        g.carries_out_effects = False
        play = _RandomPlay(g, dice, Played(), {**(messages or {})}, {**(params or {})})
        while play.played.ticks < ticks:
            play.act(players)
            g.ticks()
            play.played.ticks += 1
            _check_rooms(g, seed, play.played.ticks)
            if each_tick is not None:
                each_tick(g)
        play.played.events = sum(len(client.events) for client in g.clients)
        play.played.corrections = sum(client.corrections for client in g.clients)
        return play.played


def _check_rooms(g: Game, seed: int, tick: int) -> None:
    try:
        g.check_rules()
    except AssertionError as error:
        raise AssertionError(f"seed {seed}, tick {tick}: {error}") from error.__cause__


class _RandomPlay:
    """One random game while it is played."""

    def __init__(
        self, g: Game, dice: random.Random, played: Played, messages: dict[str, Sequence[Any]], params: dict[str, Any]
    ) -> None:
        self.game = g
        self.dice = dice
        self.played = played
        self._messages = messages
        self._params = params
        self._here: list[Client] = []
        self._away: list[Client] = []

    def act(self, players: int) -> None:
        """Do what happens before one tick."""
        dice = self.dice
        if len(self._here) + len(self._away) < players and dice.random() < 0.2:
            self._join()
        for client in self._here:
            if dice.random() < 0.3:
                client.controls(**self._controls(client))
            if dice.random() < 0.05:
                self._send(client)
        if self._here and dice.random() < 0.01:
            self._here.pop(dice.randrange(len(self._here))).leave()
            self.played.leaves += 1
        if self._here and dice.random() < 0.02:
            client = self._here.pop(dice.randrange(len(self._here)))
            client.lose_link()
            self._away.append(client)
            self.played.lost_links += 1
        if self._away and dice.random() < 0.05:
            self._come_back(self._away.pop(dice.randrange(len(self._away))))
        self._here = [client for client in self._here if client.joined]

    def _join(self) -> None:
        role = Role.SPECTATOR if self.dice.random() < 0.1 else Role.PLAYER
        try:
            self._here.append(self.game.join(role=role, **self._params))
            self.played.joins += 1
        except JoinFailed:
            self.played.refused += 1

    def _come_back(self, client: Client) -> None:
        try:
            client.come_back()
            self._here.append(client)
        except JoinFailed:
            self.played.refused += 1

    def _send(self, client: Client) -> None:
        if self._messages and self.dice.random() < 0.7:
            name = self.dice.choice(list(self._messages))
            payload = self.dice.choice(self._messages[name])
        else:
            name, payload = self.dice.choice(MESSAGE_NAMES), self.dice.choice(JUNK)
        try:
            self.played.messages += client.send(name, payload)
        except ValueError:  # a client does not even send it
            return

    def _controls(self, client: Client) -> dict[str, Any]:
        """Draw a value for each field of the room's inputs."""
        fields = client.inputs_type.fields.items()
        return {name: field.decode(self.dice.randint(field.lo, field.hi)) for name, field in fields}
