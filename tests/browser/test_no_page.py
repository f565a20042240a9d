"""The page at `/` of a server whose rooms no page plays."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.sync_api import expect

from tests.support.live.process import ServerProcess

if TYPE_CHECKING:
    from tests.support.browser.page import Enter

PHONE = {"width": 390, "height": 844}


def test_the_page_names_the_rooms_fits_on_a_phone_and_keeps_the_policy(enter: Enter) -> None:
    with ServerProcess("tests.support.field_room:Field") as server:
        page = enter(server.address, viewport=PHONE)
        expect(page.get_by_role("heading")).to_have_text("No page yet for field")
        expect(page.get_by_text("--web FOLDER")).to_be_visible()
        assert page.evaluate("getComputedStyle(document.documentElement).backgroundColor") == "rgb(5, 7, 15)"
        assert page.evaluate("[...document.querySelectorAll('pre')].every((pre) => pre.scrollWidth <= pre.clientWidth)")
        for link in page.get_by_role("link").all():
            assert page.request.get(f"{server.address}{link.get_attribute('href')}").ok
