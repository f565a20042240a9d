"""Two players in one room: each page is a client of a real server and draws what happens there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.sync_api import expect

from tests.support.browser.page import (
    avatar,
    count_pixels,
    ship,
    wait_for_health_bar,
    wait_for_ships,
    wait_until_still,
    watch_health_bar,
)

if TYPE_CHECKING:
    from tests.support.browser.page import Enter

FLOWN = 60.0
"""Units that a ship must have covered to count as moving: two lengths of it."""
MINT = "oklch(0.8 0.155 165 / 1)"
"""The join screen's colour Mint, as arena/palette.js draws it."""
HALF_HEALTH = "#ffc857"
"""The health bar's colour between a quarter and a half."""
LOW_HEALTH = "#ff5d73"
"""The health bar's colour below a quarter."""


def test_joining_takes_a_name_and_a_colour_from_the_first_screen(duel: str, enter: Enter) -> None:
    page = enter(duel)
    page.get_by_label("Call sign").fill("Ada")
    page.get_by_label("Mint").check(force=True)
    page.get_by_role("button", name="Play").click()
    wait_for_ships(page, 1)
    assert (avatar(page)["name"], avatar(page)["hue"]) == ("Ada", 165)
    expect(page.locator("#join")).to_be_hidden()
    expect(page.locator("#live")).to_have_text("Connected")


def test_two_pages_see_each_other_move(duel: str, enter: Enter) -> None:
    ada, bob = enter(duel, "?name=Ada"), enter(duel, "?name=Bob")
    for page in (ada, bob):
        wait_for_ships(page, 2)
    for mover, watcher, name in ((ada, bob, "Ada"), (bob, ada, "Bob")):
        start = ship(watcher, name)
        mover.keyboard.down("ArrowUp")
        watcher.wait_for_function(
            "([name, x, far]) => Math.abs(arena.ships().find(ship => ship.name === name).x - x) > far",
            arg=[name, start["x"], FLOWN],
        )
        mover.keyboard.up("ArrowUp")
        mover.keyboard.down("ArrowDown")
        watcher.wait_for_function("name => Math.abs(arena.ships().find(ship => ship.name === name).vx) < 2", arg=name)
        mover.keyboard.up("ArrowDown")
        assert abs(ship(watcher, name)["x"] - avatar(mover)["x"]) < FLOWN


def test_a_shot_takes_health_down_on_both_screens(duel: str, enter: Enter) -> None:
    ada = enter(duel, "?name=Ada")
    wait_for_ships(ada, 1)
    bob = enter(duel, "?name=Bob")
    for page in (ada, bob):
        wait_for_ships(page, 2)
    for page in (ada, bob):
        watch_health_bar(page, "Bob", {40: HALF_HEALTH, 20: LOW_HEALTH})
    # Ada stands left of Bob, both look to the right.
    ada.keyboard.down("Space")
    for page in (ada, bob):
        wait_for_health_bar(page)
    ada.keyboard.up("Space")
    assert ship(ada, "Ada")["hp"] == ship(bob, "Ada")["hp"] == 100


def test_a_destroyed_ship_sees_who_destroyed_it_and_respawns(duel: str, enter: Enter) -> None:
    ada = enter(duel, "?name=Ada")
    wait_for_ships(ada, 1)
    bob = enter(duel, "?name=Bob")
    wait_for_ships(bob, 2)
    ada.keyboard.down("Space")
    bob.wait_for_function("() => arena.avatar().dead")
    ada.keyboard.up("Space")
    expect(bob.locator("#live")).to_have_text("Your ship was destroyed by Ada")
    expect(ada.locator("#feed")).to_contain_text("Ada▸Bob")
    ada.wait_for_function("() => arena.avatar().score === 1")
    bob.wait_for_function("() => !arena.avatar().dead && arena.avatar().hp === 100")
    expect(ada.locator("#scores tr").first).to_contain_text("Ada")


def test_ships_are_drawn_where_they_are_in_their_colour(duel: str, enter: Enter) -> None:
    page = enter(duel)
    page.get_by_label("Mint").check(force=True)
    page.get_by_role("button", name="Play").click()
    wait_for_ships(page, 1)
    wait_until_still(page)
    own = avatar(page)
    assert count_pixels(page, own["x"], own["y"], 50, MINT) > 50
    assert count_pixels(page, own["x"], own["y"] - 150, 50, MINT) == 0


def test_chat_reaches_the_other_page(duel: str, enter: Enter) -> None:
    ada, bob = enter(duel, "?name=Ada"), enter(duel, "?name=Bob")
    for page in (ada, bob):
        wait_for_ships(page, 2)
    ada.keyboard.press("Enter")
    ada.keyboard.type("Hello, Bob")
    ada.keyboard.press("Enter")
    for page in (ada, bob):
        expect(page.locator("#chat-lines")).to_contain_text("AdaHello, Bob")
    # The keys fly the ship again.
    angle = avatar(ada)["angle"]
    ada.keyboard.down("KeyA")
    ada.wait_for_function("angle => arena.avatar().angle !== angle", arg=angle)
    ada.keyboard.up("KeyA")


def test_names_and_chat_are_shown_as_text(duel: str, enter: Enter) -> None:
    name = "<img src=x onerror=x()>"
    line = "<script>document.title='owned'</script><b>bold</b>"
    peer, host = enter(duel, f"?name={name}"), enter(duel, "?name=Host")
    for page in (peer, host):
        wait_for_ships(page, 2)
    peer.keyboard.press("Enter")
    peer.keyboard.type(line)
    peer.keyboard.press("Enter")
    for page in (peer, host):
        expect(page.locator("#chat-lines li")).to_have_text(f"{name}{line}")
        expect(page.locator("#scores")).to_contain_text(name)
        assert page.locator("img, b, #chat-lines script").count() == 0
        assert page.title() == "Arena"


def test_a_spectator_sees_the_room_and_steers_nothing(duel: str, enter: Enter) -> None:
    ada = enter(duel, "?name=Ada")
    wait_for_ships(ada, 1)
    watcher = enter(duel)
    watcher.get_by_role("button", name="Just watch").click()
    watcher.wait_for_function("() => arena.ships().length === 1")
    assert watcher.evaluate("arena.avatar()") is None
    ada.keyboard.down("ArrowUp")
    watcher.wait_for_function("x => Math.abs(arena.ships()[0].x - x) > 100", arg=avatar(ada)["x"])
    watcher.wait_for_function("() => Math.abs(arena.camera().x - arena.ships()[0].x) < 200")
