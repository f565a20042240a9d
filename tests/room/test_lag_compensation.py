"""Rewinding to what a player saw: as far back as its input frames say and the room's bound allows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from gameserver import Entity, Flag, Float, Inputs, Player, Room, Touch, shared
from gameserver.protocol.constants import ClientMessage as C
from gameserver.state.errors import DeclarationError
from tests.support.memory_server import MemoryServer

if TYPE_CHECKING:
    from gameserver.hub.peer import Peer
    from gameserver.room.lag_compensation import Rewind


class Cart(Entity):
    """Rolls one unit a tick: its x is the tick."""

    x = Float(step=1 / 16, min=0.0, max=100_000.0)


class Controls(Inputs):
    look = Flag()


class Track(Room[Controls]):
    """Keeps a rewind for each frame with `look`."""

    tick_hz = 20
    entities: ClassVar[tuple[type[Entity], ...]] = (Cart,)
    looks: list[Rewind]

    def on_create(self, options: object) -> None:
        self.looks = []
        self.spawn(Cart)

    def on_input(self, player: Player, controls: Controls) -> None:
        if controls.look:
            self.looks.append(self.rewind(player))

    def on_message(self, player: Player, name: str, payload: Any) -> None:
        self.looks.append(self.rewind(player))

    def on_tick(self) -> None:
        for cart in self.all(Cart):
            cart.x = float(self.tick)


class Table:
    """One player of a `Track` at a known tick."""

    def __init__(self, room: type[Track] = Track, *, tick: int = 50) -> None:
        self.server = MemoryServer(room)
        self.peer: Peer
        self.link, self.peer = self.server.join("track")
        self.seq = 0
        self.server.tick(tick - self.engine.tick_number)

    @property
    def engine(self) -> Any:
        return self.server.engine

    @property
    def looks(self) -> list[Rewind]:
        found: list[Rewind] = self.engine.room.looks
        return found

    def look(self, ack: int, behind: int = 0) -> Rewind:
        """Send a frame with `look`, consumed in the next tick. Return its rewind."""
        self.seq += 1
        self.server.say(self.peer, C.INPUT, self.seq, ack, behind, 1)
        self.server.tick()
        return self.looks[-1]


def places(rewind: Rewind, tick: int | None = None) -> list[float]:
    return [cart.x for cart in rewind.all(Cart, tick)]


def test_a_player_sees_the_tick_that_its_frame_names() -> None:
    past = Table().look(48)
    assert (past.seen, past.newest) == (48, 50)
    assert places(past) == [48.0]


def test_behind_is_how_far_before_that_tick_the_others_were_drawn() -> None:
    assert places(Table().look(49, 2 * 16)) == [47.0]


def test_a_moment_between_two_ticks_is_interpolated() -> None:
    past = Table().look(49, 24)
    assert past.seen == 47.5
    assert places(past) == [47.5]


def test_the_ticks_of_a_flight_go_up_to_the_newest() -> None:
    past = Table().look(47)
    assert list(past.ticks) == [48, 49, 50]
    assert [places(past, tick) for tick in past.ticks] == [[48.0], [49.0], [50.0]]


@pytest.mark.parametrize(("behind", "first"), [(0, 48), (7, 48), (8, 48), (9, 47), (16, 47)])
def test_a_flight_begins_at_the_nearest_tick(behind: int, first: int) -> None:
    assert Table().look(47, behind).ticks[0] == first


def test_a_player_that_saw_the_newest_tick_has_no_past() -> None:
    past = Table().look(50)
    assert (past.seen, list(past.ticks)) == (50, [])


def test_a_view_far_behind_is_rewound_to_the_bound_and_no_further() -> None:
    past = Table().look(20)
    assert past.seen == 51 - 5, "250 ms are 5 ticks before the tick that is being made"
    assert places(past) == [46.0]


@pytest.mark.parametrize(("ack", "behind"), [(1, 0), (30, 100), (45, 200)])
def test_no_claim_goes_back_further_than_the_bound(ack: int, behind: int) -> None:
    assert Table().look(ack, behind).seen == 46


@pytest.mark.parametrize("ack", [51, 60, 2**32 - 1])
def test_a_claim_to_have_seen_the_future_counts_as_the_newest(ack: int) -> None:
    assert Table().look(ack).seen == 50


@pytest.mark.parametrize(("ack", "behind"), [(0, 0), (0, 100), (5, 4095)])
def test_a_player_that_has_seen_nothing_yet_is_judged_by_the_newest(ack: int, behind: int) -> None:
    assert Table().look(ack, behind).seen == 50


def test_the_moment_that_a_player_saw_never_goes_back() -> None:
    table = Table()
    assert table.look(49).seen == 49
    assert table.look(46).seen == 49, "a view never runs backwards"
    assert table.look(50).seen == 50


def test_each_room_sets_its_own_bound() -> None:
    class Patient(Track):
        kind = "track"
        max_rewind_s = 0.5

    class Strict(Track):
        kind = "track"
        max_rewind_s = 0.0

    assert Table(Patient).look(20).seen == 41
    assert Table(Strict).look(20).seen == 50


@pytest.mark.parametrize("seconds", [-0.1, 1.0, float("nan"), None])
def test_a_bound_beyond_the_history_is_refused(seconds: Any) -> None:
    with pytest.raises(DeclarationError, match=r"Odd.max_rewind_s .* write 0 to 0.9 seconds"):
        type("Odd", (Track,), {"max_rewind_s": seconds})


def test_a_repeated_frame_is_as_far_behind_as_the_last() -> None:
    table = Table()
    table.look(48)
    table.server.tick()
    assert [look.seen for look in table.looks] == [48, 49]


def test_a_message_is_judged_by_the_frame_before_it() -> None:
    table = Table()
    table.look(49)
    table.server.say(table.peer, C.MESSAGE, "look", None)
    table.server.tick()
    assert table.looks[1].seen == 50, "two ticks behind, as the frame was"


def test_in_the_first_tick_of_a_room_there_is_no_past() -> None:
    class Eager(Track):
        kind = "track"

        def on_join(self, player: Player) -> None:
            self.looks.append(self.rewind(player))

    server = MemoryServer(Eager)
    server.join("track")
    (past,) = server.engine.room.looks  # type: ignore[attr-defined]
    assert (places(past), past.get(1), list(past.ticks)) == ([], None, [])


def test_get_finds_one_entity_by_its_id_or_returns_none() -> None:
    table = Table()
    past = table.look(48)
    cart = past.get(1)
    assert isinstance(cart, Cart)
    assert cart.x == 48.0
    assert past.get(99) is None
    table.engine.room.spawn(Cart)
    table.server.tick()
    assert table.look(50).get(2) is None, "it was not there yet"


def test_entities_of_the_past_are_copies() -> None:
    table = Table()
    past = table.look(48)
    past.all(Cart).clear()
    for cart in past.all(Cart):
        cart.x = 1.0
        assert cart.owner is None
    assert [cart.x for cart in table.engine.room.all(Cart)] == [51.0]
    snapshot = table.engine.history.get(48)
    assert snapshot.tables[0].codes.tolist() == [[48 * 16]]


def test_only_states_that_can_be_asked_for_again_are_kept_decoded() -> None:
    table = Table()
    for _ in range(40):
        now = table.engine.tick_number
        past = table.look(now - 2, 5)
        for tick in past.ticks:
            past.all(Cart, tick)
    assert len(table.engine.lag_compensation._states) <= 6


# -- bodies that players see in the present --------------------------------------------------------------------------


class Pusher(Entity):
    x = Float(step=1 / 16)
    y = Float(step=1 / 16)


class RollingCart(Entity):
    """Rolls one unit a tick."""

    x = Float(step=1 / 16)
    y = Float(step=1 / 16)


@shared
def stand(pusher: Pusher, controls: Controls, dt: float) -> None:
    pusher.y = 0.0


@shared
def roll(cart: RollingCart, dt: float) -> None:
    cart.x += 20.0 * dt


class Yard(Track):
    """Two carts roll side by side: one within reach of the avatar, one beyond."""

    kind = "track"
    entities = (RollingCart, Pusher)
    predict = stand
    predict_world = Touch(200, steps={RollingCart: roll})

    def on_create(self, options: object) -> None:
        self.looks = []
        self.near, self.far = self.spawn(RollingCart), self.spawn(RollingCart, y=300.0)

    def on_join(self, player: Player) -> None:
        player.avatar = self.spawn(Pusher, owner=player)

    def on_tick(self) -> None:
        """The carts have a step."""


def test_bodies_near_the_avatar_are_judged_where_their_player_saw_them_in_the_present() -> None:
    table = Table(Yard)
    room = table.engine.room
    past = table.look(47)
    near, far = past.all(RollingCart)
    assert (near.id, far.id) == (room.near.id, room.far.id)
    assert far.x == near.x - 3, "the far one is drawn three ticks in the past"
    assert near.x == room.near.x - 1, "the tick that consumed the frame has moved it once more"
    assert [cart.x - near.x for cart in past.all(RollingCart, 48)] == [0, -2]
    assert [getattr(past.get(cart.id), "x", None) for cart in (near, far)] == [near.x, far.x]


def test_a_body_that_has_left_the_reach_is_judged_in_the_past() -> None:
    table = Table(Yard)
    room = table.engine.room
    room.near.y = 250.0
    table.server.tick()
    near, far = table.look(48).all(RollingCart)
    assert near.x == far.x == room.near.x - 4


def test_a_body_that_came_after_what_the_player_saw_is_judged_all_the_same_when_it_is_near() -> None:
    table = Table(Yard)
    room = table.engine.room
    new, unseen = room.spawn(RollingCart), room.spawn(RollingCart, y=400.0)
    table.server.tick()
    ids = [cart.id for cart in table.look(47).all(RollingCart)]
    assert new.id in ids
    assert unseen.id not in ids


def test_without_an_avatar_all_is_judged_in_the_past() -> None:
    table = Table(Yard)
    (player,) = table.engine.players
    player.avatar = None
    near, far = table.look(47).all(RollingCart)
    assert near.x == far.x
