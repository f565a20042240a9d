"""A page that is loaded again has its seat; every other tab is another player."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from playwright.sync_api import expect

from tests.support.browser.page import avatar, wait_for_ships

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.support.browser.page import Enter

ONLINE = "() => window.arena?.avatar() && document.body.dataset.link === 'online'"
PEEK = "() => arena.ships().map(({ id, name }) => [id, name]).sort()"


def play_as(page: Page, name: str) -> dict[str, Any]:
    page.locator("#name").fill(name)
    page.get_by_role("button", name="Play").click()
    page.wait_for_function(ONLINE)
    return avatar(page)


def test_a_page_that_is_loaded_again_is_the_same_ship_at_once(duel: str, enter: Enter) -> None:
    ada, bob = enter(duel), enter(duel)
    play_as(ada, "Ada")
    play_as(bob, "Bob")
    ada.keyboard.down("Space")  # Bob is in front of her
    ada.wait_for_function("() => arena.avatar().score === 1")
    ada.keyboard.up("Space")
    before = avatar(ada)
    ada.reload()
    ada.wait_for_function(ONLINE)
    after = avatar(ada)
    kept = ("id", "name", "hue", "score")
    assert [after[key] for key in kept] == [before[key] for key in kept]
    expect(ada.get_by_role("button", name="Play")).to_be_hidden()
    wait_for_ships(bob, 2)
    ada.keyboard.down("KeyD")
    ada.wait_for_function("angle => arena.avatar().angle !== angle", arg=after["angle"])
    ada.keyboard.up("KeyD")
    ada.get_by_role("button", name="Leave").click()
    wait_for_ships(bob, 1)
    ada.reload()
    expect(ada.get_by_role("button", name="Play")).to_be_visible()


def test_a_second_tab_and_a_window_that_the_page_opens_are_other_players(duel: str, enter: Enter) -> None:
    first = enter(duel)
    play_as(first, "Ada")
    second = first.context.new_page()
    second.goto(duel)
    play_as(second, "Bob")
    with first.context.expect_page() as opened:  # begins with a copy of the first tab's storage, as a duplicate does
        first.evaluate("() => { window.open(location.href); }")
    third = opened.value
    play_as(third, "Eve")
    wait_for_ships(first, 3)
    everyone = first.evaluate(PEEK)
    for page in (third, first, second):
        page.reload()
        page.wait_for_function(ONLINE)
    wait_for_ships(first, 3)
    assert first.evaluate(PEEK) == everyone
    assert [avatar(page)["name"] for page in (first, second, third)] == ["Ada", "Bob", "Eve"]


def test_a_name_that_is_typed_before_the_page_has_loaded_is_not_replaced_by_the_one_before(
    duel: str, enter: Enter
) -> None:
    page = enter(duel)
    page.evaluate("() => localStorage.setItem('arena.pilot', JSON.stringify({ name: 'Old', hue: 0 }))")
    page.route("**/ui/join.js", lambda route: None)
    page.goto(duel, wait_until="commit")
    page.locator("#name").fill("Eve")
    page.unroute("**/ui/join.js")  # which lets those go on that wait
    page.wait_for_function("() => window.arena !== undefined")
    assert page.locator("#name").input_value() == "Eve"
