"""The first screen on a slow network."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.page_load import load_page

if TYPE_CHECKING:
    from playwright.sync_api import Browser

MAX_USABLE_S = 2.0


def test_the_first_screen_is_usable_within_two_seconds_on_a_slow_network(duel: str, browser: Browser) -> None:
    assert load_page(browser, duel).usable_s < MAX_USABLE_S
