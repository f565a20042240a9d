"""What the page shows when a link breaks or the server refuses."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from playwright.sync_api import expect

from gameserver.protocol.constants import CloseCode
from tests.support.browser.cuttable_link import CuttableLink
from tests.support.browser.page import avatar, wait_for_ships

if TYPE_CHECKING:
    from tests.support.browser.page import Enter

UNKNOWN_CODE = 4999  # of a later version


def test_a_cut_link_shows_reconnecting_and_gives_the_same_ship_back(duel: str, enter: Enter) -> None:
    port = urlsplit(duel).port
    assert port is not None
    with CuttableLink(port) as link:
        page = enter(f"http://127.0.0.1:{link.port}/", "?name=Ada")
        wait_for_ships(page, 1)
        before = avatar(page)
        page.wait_for_load_state("networkidle")  # a page that is cut off while it loads logs errors
        link.cut()
        expect(page.locator("#banner-title")).to_have_text("Reconnecting…")
        expect(page.locator("#banner")).to_be_visible()
        expect(page.locator("#live")).to_contain_text("Reconnecting…")
        expect(page.locator("#pill")).to_have_text("reconnecting…")
        link.mend()
        page.get_by_role("button", name="Try now").click()
        expect(page.locator("#banner")).to_be_hidden()
        page.wait_for_function("() => document.body.dataset.link === 'online'")
        assert avatar(page)["id"] == before["id"]
        page.keyboard.down("KeyD")
        page.wait_for_function("angle => arena.avatar().angle !== angle", arg=before["angle"])
        page.keyboard.up("KeyD")


def test_it_reconnects_by_itself(duel: str, enter: Enter) -> None:
    port = urlsplit(duel).port
    assert port is not None
    with CuttableLink(port) as link:
        page = enter(f"http://127.0.0.1:{link.port}/", "?name=Ada")
        wait_for_ships(page, 1)
        page.wait_for_load_state("networkidle")  # a page that is cut off while it loads logs errors
        link.cut()
        page.wait_for_function("() => document.body.dataset.link === 'reconnecting'")
        link.mend()
        page.wait_for_function("() => document.body.dataset.link === 'online'")


def test_an_unknown_room_is_explained(duel: str, enter: Enter) -> None:
    page = enter(duel, "?name=Ada&room=nowhere")
    expect(page.locator("#banner-title")).to_have_text("That room is gone")
    expect(page.locator("#banner-detail")).to_contain_text("ROOM_NOT_FOUND")
    page.get_by_role("button", name="Back to the start").click()
    expect(page.get_by_role("button", name="Play")).to_be_visible()


def test_leaving_goes_back_to_the_first_screen_and_takes_the_ship_out(duel: str, enter: Enter) -> None:
    ada, bob = enter(duel, "?name=Ada"), enter(duel, "?name=Bob")
    for page in (ada, bob):
        wait_for_ships(page, 2)
    ada.get_by_role("button", name="Leave").click()
    expect(ada.get_by_role("button", name="Play")).to_be_visible()
    wait_for_ships(bob, 1)
    ada.get_by_role("button", name="Play").click()
    wait_for_ships(bob, 2)


def test_every_close_code_is_explained(duel: str, enter: Enter) -> None:
    page = enter(duel)
    say = "async (code) => (await import('/pages/close_messages.js')).closeMessage(code, 'the <b>reason</b>')"
    for code in (*CloseCode, UNKNOWN_CODE):
        words = page.evaluate(say, code)
        assert words["title"], code
        assert words["hint"], code
        assert words["detail"].startswith(f"code {code}")
        assert words["detail"].endswith("the <b>reason</b>")
