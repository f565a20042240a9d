"""In a room with `interest` a player sees what is near its avatar, and a spectator sees everything."""

import math
from typing import TYPE_CHECKING, Any

import msgpack
import numpy as np
import pytest

from gameserver.protocol.codec import decode_server
from gameserver.protocol.constants import ClientMessage as C
from gameserver.protocol.constants import ServerMessage as S
from gameserver.protocol.messages import State
from gameserver.room.player import Player
from gameserver.room.player_views import Near
from gameserver.room.room import Room
from gameserver.state.entity import Entity
from gameserver.state.errors import DeclarationError
from gameserver.state.fields import Float, Int
from gameserver.state.inputs import Inputs
from gameserver.sync.decode.decoder import DeltaDecoder
from tests.support.memory_server import MemoryLink, MemoryServer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from gameserver.state.table import Table


class Dot(Entity):
    x = Float(step=1.0)
    y = Float(step=1.0)


class Sun(Entity):
    x = Float(step=1.0)
    y = Float(step=1.0)


class Push(Inputs):
    dx = Int(-100, 100)


class Plain(Room[Push]):
    entities = (Dot, Sun)
    interest = Near(radius=100, leave_radius=150, types={Sun: None})

    def on_create(self, options: Any) -> None:
        self.spawn(Sun, x=10_000)
        for x in range(0, 1000, 50):
            self.spawn(Dot, x=x)

    def on_join(self, player: Player) -> None:
        player.avatar = self.spawn(Dot, owner=player, x=0, y=10)

    def on_input(self, player: Player, controls: Push) -> None:
        if player.avatar is not None:
            player.avatar.x += controls.dx

    def on_message(self, player: Player, name: str, payload: Any) -> None:
        if name == "die":
            self.despawn(player.avatar)
            player.avatar = None


def seen(link: MemoryLink) -> set[int]:
    """The ids in a client's view, from the leaves and enters that it received."""
    ids: set[int] = set()
    for _, _, span, _, _, leaves, enters, _, _ in link.of(S.STATE):
        if span == 0:
            ids.clear()
        ids -= set(np.cumsum(leaves).tolist())
        for _, gaps, _, _ in enters:
            ids |= set(np.cumsum(gaps).tolist())
    return ids


SUN = 1
DOTS = {x: 2 + x // 50 for x in range(0, 1000, 50)}


def test_a_player_sees_what_is_near_and_what_is_always_visible() -> None:
    server = MemoryServer(Plain)
    link, _ = server.join("plain")
    assert seen(link) == {SUN, DOTS[0], DOTS[50], 22}


def test_the_view_follows_the_avatar_with_hysteresis() -> None:
    server = MemoryServer(Plain)
    link, peer = server.join("plain")
    server.say(peer, C.INPUT, 1, 0, 0, 100)
    server.tick()
    assert seen(link) == {SUN, DOTS[0], DOTS[50], DOTS[100], DOTS[150], 22}, "0 is still within the leave radius"
    for seq in (2, 3):
        server.say(peer, C.INPUT, seq, 0, 0, 100)
        server.tick()
    assert seen(link) == {SUN, DOTS[250], DOTS[300], DOTS[350], DOTS[200], 22}


def test_spectators_see_everything() -> None:
    server = MemoryServer(Plain)
    server.join("plain")
    link, _ = server.join("plain", role=1)
    assert seen(link) == {SUN, *DOTS.values(), 22}


def test_a_player_without_avatar_keeps_its_last_viewpoint() -> None:
    server = MemoryServer(Plain)
    link, peer = server.join("plain")
    server.say(peer, C.MESSAGE, "die", None)
    server.tick(2)
    assert seen(link) == {SUN, DOTS[0], DOTS[50]}


def test_a_player_that_joined_without_avatar_sees_what_is_always_visible() -> None:
    class Ghost(Plain):
        def on_join(self, player: Player) -> None:
            pass

    server = MemoryServer(Ghost)
    link, _ = server.join("ghost")
    assert seen(link) == {SUN}


def test_viewers_with_different_bases_are_served_in_one_tick() -> None:
    server = MemoryServer(Plain)
    slow, _ = server.join("plain")
    fast, _ = server.join("plain")
    slow.ready = False
    server.tick(3)
    slow.ready = True
    server.tick()
    assert seen(slow) == seen(fast) == {SUN, DOTS[0], DOTS[50], 22, 23}
    assert slow.of(S.STATE)[-1][2] == 4
    assert fast.of(S.STATE)[-1][2] == 1


def test_narrow_view_hides_entities() -> None:
    class Hidden(Plain):
        def narrow_view(
            self, players: "Sequence[Player]", entity_type: type[Entity], table: "Table", mask: "NDArray[np.bool_]"
        ) -> "NDArray[np.bool_]":
            return mask & (table.ids % 2 == 0) if entity_type is Dot else mask

    server = MemoryServer(Hidden)
    link, _ = server.join("hidden")
    assert seen(link) == {SUN, DOTS[0], 22}


def test_a_resumed_player_with_a_view_gets_one_full_state() -> None:
    server = MemoryServer(Plain)
    link, peer = server.join("plain")
    peer.lost(server.now_s, None)
    server.tick()
    new, new_peer = server.connect()
    server.say(new_peer, C.RESUME, link.welcome["token"], 1, link.of(S.EVENTS)[-1][2])
    server.tick()
    assert new.of(S.STATE)[0][2] == 0
    assert seen(new) == seen(link)


class Crowd(Room[Push]):
    """Two hundred dots that all move, around one player."""

    entities = (Dot,)
    interest = Near(radius=1000, tiers={300: 4})

    def on_create(self, options: Any) -> None:
        self.dots = [self.spawn(Dot, x=number * 5) for number in range(200)]

    def on_join(self, player: Player) -> None:
        player.avatar = self.spawn(Dot, owner=player)

    def on_tick(self) -> None:
        for dot in self.dots:
            dot.y = self.random.randrange(100)


class Tight(Crowd):
    interest = Near(radius=1000, bytes_per_s=5000)


def sizes(room: type[Room[Any]], **tuned: Any) -> tuple[list[int], MemoryLink]:
    """Play for three seconds. Return the size of each STATE, and the link that received them."""
    server = MemoryServer(room)
    link = RawLink()
    peer = server.hub.open(link, server.now_s)
    server.say(peer, C.JOIN, room.__name__.lower(), None, 0, {})
    server.keep_up(link, peer)
    for name, value in tuned.items():
        server.tick()
        setattr(server.engine.players[0], name, value)
    server.tick(60)
    return [len(raw) for raw in link.raw if raw[1] == S.STATE], link


def test_what_lies_in_a_far_tier_is_sent_less_often() -> None:
    class Even(Crowd):
        interest = Near(radius=1000)

    even, _ = sizes(Even)
    tiered, _ = sizes(Crowd)
    assert sum(tiered[5:]) < 0.65 * sum(even[5:])


def test_a_byte_budget_is_kept_and_every_entity_is_sent_in_the_end() -> None:
    spent, link = sizes(Tight)
    assert sum(spent[20:40]) <= 5000 * 1.1
    assert len(spent) >= 60, "a state is sent in each tick"
    assert len(seen(link)) > 100, "all come into view in the end"


def test_a_players_own_byte_budget_overrides_the_rooms() -> None:
    spent, _ = sizes(Tight, bytes_per_s=2000)
    assert sum(spent[-20:]) <= 2000 * 1.1


class RawLink(MemoryLink):
    """Keeps the encoded messages, too."""

    def __init__(self) -> None:
        super().__init__()
        self.raw: list[bytes] = []

    def carry(self, message: bytes) -> None:
        self.raw.append(message)
        super().carry(message)


def test_every_message_of_a_room_with_views_is_well_formed() -> None:
    server = MemoryServer(Plain)
    link = RawLink()
    peer = server.hub.open(link, server.now_s)
    server.say(peer, C.JOIN, "plain", None, 0, {})
    server.tick(3)
    assert len(link.raw) > 3
    for message in link.raw:
        decode_server(message)


def test_what_was_sent_before_there_was_a_budget_is_no_debt() -> None:
    class Free(Crowd):
        interest = Near(radius=1000)

    server = MemoryServer(Free)
    link, peer = server.join("free")
    server.keep_up(link, peer)
    server.tick(60)
    (player,) = server.engine.players
    player.bytes_per_s = 5000
    server.tick(20)
    before = len(link.messages)
    server.tick(20)
    taken = sum(len(msgpack.packb(message)) for message in link.messages[before:])
    assert 0.7 * 5000 < taken <= 1.1 * 5000


def test_what_a_budget_left_out_is_sent_once_the_budget_is_lifted() -> None:
    server = MemoryServer(Tight)
    link = RawLink()
    peer = server.hub.open(link, server.now_s)
    server.say(peer, C.JOIN, "tight", None, 0, {})
    server.keep_up(link, peer)
    server.tick()
    (player,) = server.engine.players
    player.bytes_per_s = 1000
    server.tick(20)
    schema = server.engine.kind.schema
    decoder = DeltaDecoder(schema, server.engine.tick_hz)
    assert not same_view(decoder, link, server), "something is left out"
    player.bytes_per_s = math.inf
    server.tick(2)
    assert same_view(decoder, link, server)


def same_view(decoder: DeltaDecoder, link: RawLink, server: MemoryServer) -> bool:
    """Whether what a client holds is all of the newest snapshot."""
    view, newest = decoder.empty(), server.engine.history.newest
    for message in map(decode_server, link.raw):
        if isinstance(message, State):
            view = decoder.apply(view, message)
    assert newest is not None
    return all(held.same(table) for held, table in zip(view.tables, newest.tables, strict=True))


@pytest.mark.parametrize("tiers", [{100: 0}, {100: 9}, {0: 2}, {-5: 2}, {math.nan: 2}, {100: 1.5}, {"far": 2}])
def test_tiers_that_cannot_be_kept_are_refused(tiers: Any) -> None:
    with pytest.raises(DeclarationError, match="tiers"):
        Near(radius=1000, tiers=tiers)
