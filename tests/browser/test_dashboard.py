"""The dashboard's page: readings that come over HTTP, two viewers and one who comes late, thresholds, the keyboard."""

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


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    key = tmp_path / "publish.key"
    key.write_text(KEY)
    with ServerProcess("gameserver.games.dashboard:Dashboard", "--publish-key", str(key)) as server:
        yield server.address


def send(address: str, name: str, payload: Any) -> None:
    request = urllib.request.Request(
        f"{address}api/commands/dashboard/{name}",
        json.dumps(payload).encode(),
        {"Authorization": f"Bearer {KEY}"},
    )
    with urllib.request.urlopen(request) as answer:
        assert answer.status == 202


def wait_for(page: Page, name: str, value: float) -> None:
    page.wait_for_function("([name, value]) => dashboard.values()[name] === value", arg=[name, value])


def test_two_people_and_one_who_comes_late_see_the_same_readings_and_minutes(address: str, enter: Enter) -> None:
    ada, bob = enter(f"{address}dashboard/"), enter(f"{address}dashboard/", **PHONE)
    expect(ada.locator("#demo")).to_be_visible()
    ada.wait_for_function("() => dashboard.points('Boiler 1 steam').length > 250")  # the room has had it before
    assert len(ada.evaluate("dashboard.values()")) > 200
    send(address, "sensors", {"oven <b>1</b>": {"unit": "°C", "decimals": 1, "warn_above": 80, "alarm_above": 90}})
    for value in (20.5, 85.0, 95.0, 70.0):
        send(address, "readings", {"oven <b>1</b>": value, "fan": 1})
        for page in (ada, bob):
            wait_for(page, "oven <b>1</b>", value)
        level = {85.0: "warn", 95.0: "alarm"}.get(value, "ok")
        card = ada.locator(".sensor").filter(has_text="oven")
        expect(card).to_have_attribute("data-level", level)
        expect(card.locator(".shape")).to_have_text({"ok": "●", "warn": "▲", "alarm": "■"}[level])
    expect(ada.locator("#demo")).to_be_hidden()
    ada.wait_for_function("() => dashboard.points('fan').length >= 2")
    late = enter(f"{address}dashboard/")
    wait_for(late, "oven <b>1</b>", 70.0)
    late.wait_for_function("() => dashboard.points('fan').length >= 2")
    expect(late.locator(".sensor .name").first).to_have_text("oven <b>1</b>")


def test_everything_can_be_done_with_the_keyboard(address: str, enter: Enter) -> None:
    page = enter(f"{address}dashboard/")
    page.wait_for_function("() => dashboard.chosen() === 'Boiler 1 steam'")
    page.keyboard.press("/")
    page.keyboard.type("vibration")
    expect(page.locator(".sensor:visible")).to_have_count(12)
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    assert page.evaluate("dashboard.chosen()") == "Turbine 2 vibration"
    expect(page.locator("#detail-name")).to_have_text("Turbine 2 vibration")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Space")
    assert page.evaluate("dashboard.chosen()") not in ("Turbine 1 vibration", "Turbine 2 vibration")
