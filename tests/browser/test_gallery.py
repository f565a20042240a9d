"""The gallery: reached from the first screen, one card for each page that comes with the server, on any size."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urljoin

from playwright.sync_api import expect

from gameserver.net.http.no_page import DEMO_PATHS
from tests.support.live.process import ServerProcess

if TYPE_CHECKING:
    from playwright.sync_api import ViewportSize

    from tests.support.browser.page import Enter

PHONE: ViewportSize = {"width": 390, "height": 844}
FITS = """document.documentElement.scrollWidth <= innerWidth
  && [...document.images].every((image) => image.complete && image.naturalWidth > 0)"""


def test_the_gallery_leads_to_every_page_that_comes_with_the_server_and_its_rooms_are_there(enter: Enter) -> None:
    with ServerProcess() as server:
        page = enter(server.address)
        page.get_by_role("link", name="What else runs here").click()
        expect(page.get_by_role("heading", name="Gallery")).to_be_visible()
        links = [link.get_attribute("href") or "" for link in page.get_by_role("main").get_by_role("link").all()]
        assert {urljoin(page.url, link) for link in links} == {server.address + path for path in DEMO_PATHS.values()}
        for kind, path in DEMO_PATHS.items():
            assert page.request.get(server.address + path).ok
            assert page.request.get(f"{server.address}api/rooms?kind={kind}").ok
        page.wait_for_function(FITS)
        page.set_viewport_size(PHONE)
        page.wait_for_function(FITS)
