"""The page of notifications: two people, two tabs of one, one who comes late; the browser's own; the keyboard."""

from __future__ import annotations

import json
import urllib.request
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from tests.support.live.process import ServerProcess

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Page

    from tests.support.browser.page import Enter

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
KEY = "k" * 40
WATCHED = """
window.asked = 0;
window.shownOnDesktop = [];
window.Notification = class extends EventTarget {
  static permission = "default";
  static async requestPermission() { window.asked += 1; return (this.permission = "granted"); }
  constructor(title, { body, tag }) { super(); window.shownOnDesktop.push([title, body, tag]); }
  close() {}
};
Object.defineProperty(document, "hidden", { get: () => window.isAway === true });
"""


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    key = tmp_path / "publish.key"
    key.write_text(KEY)
    with ServerProcess("gameserver.games.notifications:Notifications", "--publish-key", str(key)) as server:
        yield f"{server.address}"


def publish(address: str, text: str, **more: Any) -> None:
    url = f"{address}api/commands/notifications/publish"
    body = json.dumps({"text": text, **more}).encode()
    with urllib.request.urlopen(urllib.request.Request(url, body, {"Authorization": f"Bearer {KEY}"})) as answer:
        assert answer.status == 202


def texts(page: Page) -> list[str]:
    return page.locator(".item .text").all_inner_texts()


def test_two_people_two_tabs_and_one_who_comes_late(address: str, enter: Enter) -> None:
    ada = enter(f"{address}notifications/")
    ada.locator("#name").fill("Ada")
    ada.keyboard.press("Enter")
    expect(ada.locator("#who")).to_have_text("Ada")
    phone = enter(f"{address}notifications/", "?name=Ada", **PHONE)
    bob = enter(f"{address}notifications/", "?name=Bob")
    for page in (phone, bob):
        page.wait_for_function("() => inbox.user() !== ''")
    hostile = "<img src=x onerror=alert(1)> done"
    publish(address, hostile, user="Ada", title="Build <1>")
    for page in (ada, phone):
        expect(page.locator(".item .text")).to_have_text([hostile])
        expect(page).to_have_title("(1) Notifications")
    phone.get_by_role("button", name="Mark as read", exact=True).click()
    for page in (ada, phone):
        expect(page.locator(".item")).to_have_attribute("data-read", "true")
        expect(page).to_have_title("Notifications")
    ada.locator("#topic").fill("news")
    ada.keyboard.press("Enter")
    expect(phone.locator(".followed")).to_have_text(["news✕"])
    publish(address, "all of you", topic="news")
    expect(ada.locator(".item")).to_have_count(2)
    assert texts(ada) == texts(phone) == ["all of you", hostile]
    expect(bob.locator(".item")).to_have_count(0)
    publish(address, "while you were away", user="Cleo")
    late = enter(f"{address}notifications/", "?name=Cleo")
    expect(late.locator(".item .text")).to_have_text(["while you were away"])
    ada.reload()
    expect(ada.locator(".item")).to_have_count(2)  # the name is remembered, and so is what was read
    assert ada.evaluate("() => inbox.items().map(({ read }) => read)") == [False, True]


def test_the_browser_shows_what_comes_while_nobody_looks_and_is_asked_by_a_click_only(
    address: str, enter: Enter
) -> None:
    page = enter("about:blank")
    page.context.add_init_script(WATCHED)
    page.goto(f"{address}notifications/?name=Ada")
    page.wait_for_function("() => inbox.user() === 'Ada'")
    publish(address, "in view", user="Ada")
    expect(page.locator(".item")).to_have_count(1)
    assert page.evaluate("() => [asked, shownOnDesktop.length]") == [0, 0]
    page.get_by_role("button", name="Show them on the desktop").focus()
    page.keyboard.press("Enter")
    page.wait_for_function("() => asked === 1")
    publish(address, "still in view", user="Ada")
    expect(page.locator(".item")).to_have_count(2)
    assert page.evaluate("() => shownOnDesktop.length") == 0
    page.evaluate("() => { window.isAway = true; }")
    publish(address, "while away", user="Ada", title="Build")
    page.wait_for_function("() => shownOnDesktop.length === 1")
    assert page.evaluate("() => shownOnDesktop[0].slice(0, 2)") == ["Build", "while away"]
