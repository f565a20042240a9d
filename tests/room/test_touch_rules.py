"""A predicted world on the server: what a declaration may say, and in which order its rules run."""

from __future__ import annotations

from typing import Any

import pytest

from gameserver import Entity, Flag, Float, Inputs, Int, Player, Room, Touch, shared
from gameserver.room.kind import make_kind
from gameserver.state.errors import DeclarationError
from gameserver.testing import game


class Cart(Entity):
    x = Float(step=1 / 16)
    y = Float(step=1 / 16)
    dx = Int(-1, 1)
    horn = Flag()


class Crate(Entity):
    x = Float(step=1 / 16)
    y = Float(step=1 / 16)
    weight = Float(step=1 / 16)


class Wall(Entity):
    x = Float(step=1 / 16)
    y = Float(step=1 / 16)


class Grid(Entity, columns=True):
    x = Float(step=1 / 16)
    y = Float(step=1 / 16)


class Sign(Entity):
    x = Float(step=1 / 16)


class Steer(Inputs):
    dx = Int(-1, 1)
    horn = Flag()
    brake = Flag()


@shared
def drive(cart: Cart, steer: Steer, dt: float) -> None:
    cart.x += steer.dx * 8.0
    if steer.brake:
        cart.x = 0.0


@shared
def slide(crate: Crate, dt: float) -> None:
    crate.x = crate.x * 2.0


@shared
def sink(wall: Any, dt: float) -> None:
    wall.depth += dt


@shared
def lift(wall: Cart, steer: Steer, dt: float) -> None:
    wall.horn = steer.horn


@shared
def hit(cart: Cart, crate: Crate, dt: float) -> None:
    crate.x += cart.x
    cart.y += 1.0


@shared
def stack(low: Crate, high: Crate, dt: float) -> None:
    high.y = high.y * 2.0 + low.x
    low.weight += 1.0


@shared
def pull(me: Cart, other: Cart, dt: float) -> None:
    me.x += other.x


class Yard(Room[Steer]):
    tick_hz = snapshot_hz = 20
    entities = (Cart, Crate, Wall, Grid, Sign)
    predict = drive
    predict_world = Touch(50, steps={Crate: slide, Wall: None}, contacts=[(Cart, Crate, hit), (Crate, Crate, stack)])

    def on_create(self, options: Any) -> None:
        for x in (1.0, 2.0, 3.0):
            self.spawn(Crate, x=x)

    def on_join(self, player: Player) -> None:
        player.avatar = self.spawn(Cart, owner=player)


class Anew(Yard):
    def on_input(self, player: Player, controls: Steer) -> None:
        """Every tick begins in the same state."""
        for crate, x in zip(self.all(Crate), (1.0, 2.0, 3.0), strict=True):
            crate.x, crate.y, crate.weight = x, 1.0, 0.0
        player.avatar.x = player.avatar.y = 0.0
        super().on_input(player, controls)


@shared
def pass_by(one: Cart, other: Cart, dt: float) -> None:
    one.y = other.y


class Shown(Yard):
    predict_world = Touch(50, contacts=[(Cart, Cart, pass_by)], shows=("dx",))

    def on_command(self, name: str, payload: Any) -> None:
        self.spawn(Cart, x=100.0, dx=1)


def test_steps_run_after_inputs_and_before_contacts_which_run_as_declared_with_ids_ascending() -> None:
    with game(Anew) as play:
        client = play.join()
        client.controls(dx=1)
        play.ticks(10)
        cart = play.room.all(Cart)[0]
        assert cart.x == 8.0
        first, second, third = play.room.all(Crate)
        assert cart.y == 3.0, "a contact may change both"
        assert [crate.x for crate in (first, second, third)] == [2.0 + 8.0, 4.0 + 8.0, 6.0 + 8.0]
        assert [crate.weight for crate in (first, second, third)] == [2.0, 1.0, 0.0]
        assert (first.y, second.y, third.y) == (1.0, 1.0 * 2 + 10.0, (1.0 * 2 + 10.0) * 2 + 12.0)


def test_an_avatar_shows_the_controls_that_are_declared_and_no_other() -> None:
    with game(Shown) as play:
        ada, _ = play.join(), play.join()
        ada.controls(dx=-1, horn=True)
        play.ticks(10)
        cart = play.room.all(Cart)[0]
        assert (cart.dx, cart.horn) == (-1, False)
        ada.controls()
        play.ticks(10)
        assert play.room.all(Cart)[0].dx == 0


def test_what_is_steered_and_nobodys_avatar_moves_with_the_controls_in_its_fields() -> None:
    with game(Shown) as play:
        play.join()
        play.command("bot")
        play.ticks(3)
        own, bot = play.room.all(Cart)
        assert (own.x, bot.x, bot.dx) == (0.0, 124.0, 1)


def test_a_room_without_a_predicted_world_moves_nothing_by_itself() -> None:
    with game(type("Plain", (Yard,), {"predict_world": None, "kind": "plain"})) as play:
        play.join()
        play.ticks(5)
        assert [crate.x for crate in play.room.all(Crate)] == [1.0, 2.0, 3.0]


def test_the_world_is_exported_beside_the_step_and_changes_the_fingerprint() -> None:
    kinds = [make_kind(type("Plain", (Yard,), {"predict_world": touch})) for touch in (None, *touches())]
    texts = [kind.step.text for kind in kinds if kind.step is not None]
    assert len({kind.step.fingerprint for kind in kinds if kind.step is not None}) == len(kinds)
    assert "$world" not in texts[0]
    assert "export { drive as predict, $world as world };" in texts[1]
    assert '"steps": [["Crate", slide], ["Wall", null]],' in texts[1]
    assert "    read(entity, array) {\n        array[0] = entity.x;\n" in texts[1]
    assert "      write(entity, array) {\n        entity.x = array[0];\n" in texts[1]
    assert "entity.dx" not in texts[2], "an int is no float"
    assert '"contacts": [["Cart", "Crate", hit]],' in texts[2]


def touches() -> list[Touch]:
    steps: Any = {Crate: slide, Wall: None}
    return [
        Touch(50, steps=steps),
        Touch(50, steps={Crate: slide}, contacts=[(Cart, Crate, hit)]),
        Touch(51, steps={Crate: slide}, contacts=[(Cart, Crate, hit)]),
        Touch(51, steps={Crate: slide}, contacts=[(Cart, Crate, hit)], shows=("dx",)),
    ]


def plain(cart: Cart, crate: Crate, dt: float) -> None:
    """Not shared."""


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"reach": 0}, "reach is 0; write a distance above 0"),
        ({"reach": float("inf")}, "reach is inf"),
        ({"reach": True}, "reach is True"),
        ({"snap": -1}, "snap is -1"),
        ({"shows_s": 3}, "shows_s is 3; write 0 to 2 seconds"),
        ({"shows": "dx"}, "shows is 'dx'; write names of inputs"),
        ({"place": "x"}, "place is 'x'; write the names of two fields"),
        ({"steps": [Crate]}, "write a dict, such as {Ball: roll}"),
        ({"steps": {Entity: slide}}, "steps names <class 'gameserver.state.entity.Entity'>; write an Entity class"),
        ({"steps": {Crate: drive}}, "steps[Crate]: drive takes 3 arguments; write body, dt"),
        ({"steps": {Crate: plain}}, "it is not a shared function"),
        ({"contacts": [(Cart, hit)]}, "write a tuple, such as (Ship, Ball, kick)"),
        ({"contacts": [(Cart, Crate, slide)]}, "slide takes 2 arguments; write one, other, dt"),
        ({"contacts": [(Cart, "Crate", hit)]}, "contacts names 'Crate'; write an Entity class"),
        ({"steps": {}}, "no type is named; write steps={Ball: roll}"),
    ],
)
def test_a_wrong_declaration_is_refused_where_it_is_written(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(DeclarationError) as refused:
        Touch(**{"reach": 50, "steps": {Crate: slide}, **arguments})
    assert message in str(refused.value)


@pytest.mark.parametrize(
    ("attributes", "message"),
    [
        ({"predict_world": 300}, "predict_world is 300; write Touch(300, steps={Ball: roll}"),
        ({"predict": None}, "predict_world: write predict = your_step beside it"),
        ({"predict_contact": pull}, "predict_world is there too; add the contact to its contacts"),
        ({"entities": (Cart, Wall)}, "the room has no Crate; add it to entities"),
        ({"predict_world": Touch(50, steps={Grid: None})}, "Grid is kept in columns"),
        ({"predict_world": Touch(50, steps={Sign: None})}, "Sign has no numeric field y"),
        ({"predict_world": Touch(50, steps={Wall: sink})}, "sink uses depth, which Wall does not have"),
        ({"predict_world": Touch(50, contacts=[(Cart, Crate, hit)]), "predict": lift}, "lift uses horn, which Crate"),
        ({"predict_world": Touch(5, steps={Wall: None}, contacts=[(Wall, Cart, stack)])}, "stack uses weight, which"),
        ({"predict_world": Touch(5, contacts=[(Cart, Cart, stack)], shows=("up",))}, "shows has 'up', but the room's"),
        ({"predict_world": Touch(5, contacts=[(Cart, Cart, stack)], shows=("brake",))}, "declare the field brake in"),
        ({"predict_world": Touch(5, steps={Crate: slide}, shows=("dx",))}, "shows needs a type that players steer"),
    ],
)
def test_what_does_not_fit_the_room_is_refused_when_its_kind_is_made(attributes: dict[str, Any], message: str) -> None:
    with pytest.raises(DeclarationError, match="Wrong") as refused:
        make_kind(type("Wrong", (Yard,), attributes))
    assert message in str(refused.value)
