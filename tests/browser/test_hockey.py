"""The second game's page: two browsers meet by a code, play, load again, and play again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from tests.support.live.process import ServerProcess, kill_worker

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Page

    from tests.support.browser.page import Enter

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}


@pytest.fixture(params=[(), ("--workers", "2")], ids=["one process", "workers"])
def quick(request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of a server with short matches."""
    with ServerProcess("tests.support.browser.quick_hockey:QuickHockey", "--seed", "1", *request.param) as server:
        yield server.address


def wait_for_phase(page: Page, phase: str) -> None:
    page.wait_for_function("phase => hockey.room()?.phase === phase", arg=phase)


def people(page: Page) -> list[Any]:
    found: list[Any] = page.evaluate("() => hockey.roster().map(({ name, team }) => [name, team])")
    return found


def test_two_browsers_meet_by_a_code_play_load_again_and_play_again(quick: str, enter: Enter) -> None:
    ada = enter(quick)
    expect(ada).to_have_url(f"{quick}hockey/")
    ada.locator("#name").fill("Ada")
    ada.get_by_role("button", name="Play with friends").click()
    ada.wait_for_function("() => hockey.room()")
    bob = enter(ada.url, **PHONE)
    bob.locator("#name").fill("Bob")
    bob.get_by_role("button", name="Join your friends").click()
    for page in (ada, bob):
        page.wait_for_function("() => hockey.roster().length === 2")
    assert people(ada) == people(bob) == [["Ada", "red"], ["Bob", "blue"]]
    expect(ada.locator("#lobby-hint")).to_have_text("The match begins when all are ready: Ada, Bob.")
    for _ in range(2):
        for key, shown in (("n", "#graph"), ("l", "#layers")):
            ada.keyboard.press(key)
            expect(ada.locator(shown)).to_be_visible()
            ada.keyboard.press(key)
            expect(ada.locator(shown)).to_be_hidden()
        ada.keyboard.press("r")
        bob.locator("#ready").click()
        wait_for_phase(bob, "playing")
        expect(bob.locator("#lobby")).to_be_hidden()
        bob.reload()  # in the middle of the match
        wait_for_phase(bob, "results")
        expect(bob.locator("#lobby-title")).to_have_text("A draw")
        assert people(bob) == [["Ada", "red"], ["Bob", "blue"]]
        assert bob.evaluate("() => [hockey.me().name, hockey.me().number]") == ["Bob", 2]
        wait_for_phase(ada, "results")
    assert ada.evaluate("() => hockey.room().round") == 2
    ada.get_by_role("button", name="Leave").click()
    bob.wait_for_function("() => hockey.roster().length === 1")


def test_a_worker_is_killed_in_the_middle_of_a_match_and_nobody_is_stuck(enter: Enter) -> None:
    with ServerProcess("tests.support.browser.quick_hockey:QuickHockey", "--workers", "2") as server:
        ada = enter(server.address)
        ada.locator("#name").fill("Ada")
        ada.get_by_role("button", name="Play with friends").click()
        ada.wait_for_function("() => hockey.room()")
        bob = enter(ada.url, **PHONE)
        bob.locator("#name").fill("Bob")
        bob.get_by_role("button", name="Join your friends").click()
        ada.wait_for_function("() => hockey.roster().length === 2")
        ada.keyboard.press("r")
        bob.locator("#ready").click()
        wait_for_phase(bob, "playing")
        gone = ada.evaluate("() => [hockey.session().welcome.server, hockey.session().code]")
        kill_worker(server.address, gone[0])
        # Who had made the room makes another one.
        ada.wait_for_function("server => hockey.session().welcome?.server !== server", arg=gone[0])
        expect(ada.locator("#banner")).to_be_hidden()
        code = ada.evaluate("() => hockey.session().code")
        assert code != gone[1]
        expect(ada).to_have_url(f"{server.address}hockey/?code={code}")
        # Who had come by its code learns that it is gone, and where to go on.
        expect(bob.locator("#banner-title")).to_have_text("That room is gone", timeout=15_000)
        bob.get_by_role("button", name="Join again").click()  # with anyone
        bob.wait_for_function("() => hockey.roster().length === 1")
        bob.locator("#leave").click()
        bob.locator("#friend-code").fill(code)
        bob.locator("#join-code").click()
        ada.wait_for_function("() => hockey.roster().length === 2")
        assert people(ada) == people(bob) == [["Ada", "red"], ["Bob", "blue"]]
