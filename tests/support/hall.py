"""A room whose players say what its hooks do, and the model of its sessions that the machine of the seats checks."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from gameserver.room.player import JoinRefused, Player
from gameserver.room.room import Room
from gameserver.room.roster import PlayerState, Roster
from tests.support.field_room import Dot, Push

if TYPE_CHECKING:
    from gameserver.hub.peer import Peer
    from gameserver.protocol.constants import Role
    from gameserver.room.engine import RoomEngine
    from gameserver.room.outside_work import Job
    from gameserver.room.session import Session
    from tests.support.memory_server import MemoryLink

DEEDS = st.sampled_from([*["kick"] * 6, "kick everyone", "close", "lock", "raise"])
"""What a hook of a `Hall` can be made to do, most often nothing that ends the room."""
HOOKS = st.sampled_from(["on_auth", "on_join", "on_leave", "on_suspend", "on_resume"])
PARAMS = st.one_of(
    *[st.just({})] * 8,
    *[st.builds(lambda deed: {"on_auth": "wait", "then": deed}, st.just("") | DEEDS | st.just("refuse"))] * 3,
    st.builds(lambda hook: {hook: "refuse"}, st.sampled_from(["on_auth", "on_join"])),
    st.builds(lambda hook, deed: {hook: deed}, HOOKS, DEEDS),
)
"""Params of a JOIN: most players do nothing, or wait for a job and do nothing."""


class Hall(Room[Push]):
    """Notes who is in.

    A player's params name what its hooks do, such as `{"on_join": "refuse"}`, and its messages what `on_message` does.
    A player that waits joins once its job has a result, and then does what its param `then` names.
    """

    entities = (Dot,)
    roster = Roster(PlayerState)
    max_players = 2
    max_spectators = 1
    empty_close_s = 0.5

    def on_create(self, options: Any) -> None:
        self.joined: set[int] = set()
        """The numbers of all for whom `on_join` was called."""
        self.inside: dict[int, Player] = {}
        """Those for whom `on_join` has succeeded and `on_leave` was not called yet."""
        self.suspended: set[int] = set()
        self.kicked: set[int] = set()
        self.raised = False
        self.disposed = 0

    def on_auth(self, player: Player) -> Job | None:
        if player.params.get("on_auth") == "wait":
            return self.run(int, then=lambda _: self.act(player, player.params.get("then")))
        self.act(player, player.params.get("on_auth"))
        return None

    def on_join(self, player: Player) -> None:
        assert player.number not in self.joined
        self.joined.add(player.number)
        player.avatar = self.spawn(Dot, owner=player)
        self.broadcast("joined", player.number)
        self.act(player, player.params.get("on_join"))
        self.inside[player.number] = player

    def on_spectate(self, spectator: Player) -> None:
        self.on_join(spectator)

    def on_leave(self, player: Player) -> None:
        assert self.inside.pop(player.number) is player
        self.suspended.discard(player.number)
        self.act(player, player.params.get("on_leave"))

    def on_suspend(self, player: Player) -> None:
        assert player.number in self.inside
        assert player.number not in self.suspended
        self.suspended.add(player.number)
        self.act(player, player.params.get("on_suspend"))

    def on_resume(self, player: Player) -> None:
        assert player.number in self.inside
        self.suspended.remove(player.number)
        self.act(player, player.params.get("on_resume"))

    def on_input(self, player: Player, controls: Push) -> None:
        assert player.number in self.inside
        player.avatar.x += controls.dx

    def on_message(self, player: Player, name: str, payload: Any) -> None:
        assert player.number in self.inside
        self.act(player, name)

    def on_dispose(self) -> None:
        self.disposed += 1

    def act(self, player: Player, deed: object) -> None:
        """Do what a player says; nothing for an unknown deed."""
        match deed:
            case "refuse":
                raise JoinRefused("not you")
            case "raise":
                self.raised = True
                raise RuntimeError("a bug of the author's")
            case "close":
                self.close()
            case "lock":
                self.lock()
            case "kick":
                self._kick_all([player])
            case "kick everyone":
                self._kick_all([*self.players, *self.spectators])

    def _kick_all(self, players: list[Player]) -> None:
        for player in players:
            self.kicked.add(player.number)
            player.kick("enough")


@dataclass(eq=False)
class Member:
    """One session of a `Hall`: which of its tokens may resume it."""

    engine: RoomEngine = field(repr=False)
    number: int
    link: MemoryLink = field(repr=False)
    """The newest link that it ran over."""
    current: bytes | None = None
    """The token in the WELCOME over `link`; None until that has arrived."""
    previous: bytes | None = None
    """The token that `link` resumed with, until its client has sent something other than PING."""
    leaving: bool = False
    """Whether its client has left for good."""
    cancelled: bool = False
    """Whether its link was lost before its JOIN took effect."""

    @property
    def room(self) -> Hall:
        room = self.engine.room
        assert isinstance(room, Hall)
        return room

    @property
    def joined(self) -> bool:
        """Whether `on_join` was called for it."""
        return self.number in self.room.joined

    def may_resume(self, token: bytes) -> bool:
        """Whether a RESUME with this token finds its session."""
        is_inside = not self.engine.closed and self.number in self.room.inside
        is_leaving = self.leaving or self.number in self.room.kicked
        return is_inside and not is_leaving and token in (self.current, self.previous)

    def lost(self, link: MemoryLink, *, for_good: bool) -> None:
        """One of its links was lost."""
        if link is self.link:
            self.cancelled |= not self.joined
            self.leaving |= for_good or self.cancelled

    def rejoined(self, link: MemoryLink) -> None:
        """Its JOIN was repeated over `link`, and accepted."""
        self.link, self.current, self.previous = link, None, None
        self.cancelled = self.leaving = False

    def resumed(self, link: MemoryLink, token: bytes) -> None:
        """A RESUME with this token over `link` was accepted."""
        self.link, self.current, self.previous = link, None, token


@dataclass(eq=False)
class Reserved:
    """One reservation of a `Hall`, and whether it still counts."""

    engine: RoomEngine = field(repr=False)
    role: Role
    until_tick: int
    member: Member | None = None
    """The newest that took the seat."""

    @property
    def session(self) -> Session | None:
        """The session that has the seat; None: it waits, or is used up."""
        if self.member is None or self.member.engine is not self.engine:  # it has moved to another room
            return None
        return self.engine.seats.sessions.get(self.member.number)

    @property
    def counts(self) -> bool:
        """Whether a JOIN with it finds its seat. It is used up when a session has ended that was in the room."""
        if self.engine.tick_number > self.until_tick:
            return False
        if self.session is None:
            return self.member is None or not self.member.joined
        return not self.session.leaving


@dataclass(eq=False)
class Client:
    """One link whose end the server does not know of yet."""

    link: MemoryLink = field(repr=False)
    peer: Peer = field(repr=False)
    member: Member | None = None
    """The session that it has joined or resumed."""
