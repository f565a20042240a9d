"""Rooms for tests that start `gameserver run` as a process."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from gameserver import Entity, Flag, Float, Inputs, Listing, Options, Room

if TYPE_CHECKING:
    from gameserver import Player


class Dot(Entity):
    """Moves to the right."""

    x = Float(step=1 / 16, min=0, max=1_000)


class Steer(Inputs):
    """Whether to move."""

    right = Flag()


class Small(Room[Steer]):
    """Eight players. A MESSAGE is broadcast as an event."""

    kind = "small"
    tick_hz = 20
    max_players = 8
    entities = (Dot,)

    def on_join(self, player: Player) -> None:
        """Spawn its dot."""
        player.avatar = self.spawn(Dot, owner=player, x=self.random.uniform(0, 1_000))

    def on_input(self, player: Player, controls: Steer) -> None:
        """Move, and start over at the end."""
        player.avatar.x = (player.avatar.x + (2 if controls.right else 1)) % 1_000

    def on_message(self, player: Player, name: str, payload: Any) -> None:
        """Broadcast the message."""
        self.broadcast(name, payload)


class CupOptions(Options):
    """What the creator of a cup chooses."""

    track: str = "sand"
    visibility: str = "public"


class CupListing(Listing):
    """What a cup shows."""

    track: str = "sand"
    laps: int = 0


class Cup(Small):
    """Lists its track, and the laps that a MESSAGE says."""

    kind = "cup"
    options = CupOptions()
    listing = CupListing()

    def on_create(self, options: Any) -> None:
        """List the track."""
        self.listing.track = self.options.track
        self.set_visibility(self.options.visibility)

    def on_message(self, player: Player, name: str, payload: Any) -> None:
        """`laps`: list so many. `invite`: keep a seat."""
        if name == "invite":
            self.send(player, "invitation", self.reserve())
        else:
            self.listing.laps = int(payload)


class Town(Small):
    """There is one."""

    kind = "town"
    single = True
    max_players = 60


class Busy(Small):
    """Overruns its ticks for as long as it is asked to."""

    kind = "busy"

    def on_create(self, options: Any) -> None:
        """Begin without load."""
        self.busy_until = 0

    def on_message(self, player: Player, name: str, payload: Any) -> None:
        """`work`: overrun so many ticks from now on."""
        if name == "work":
            self.busy_until = self.tick + int(payload)

    def on_tick(self) -> None:
        """Take the time of two ticks."""
        if self.tick < self.busy_until:
            until_s = time.perf_counter() + 2 * self.dt
            while time.perf_counter() < until_s:
                pass
