"""The board's page: people who draw together, come late, load again, lose links, use fingers or only keys."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from xml.etree import ElementTree as ET

import pytest
from playwright.sync_api import expect

from tests.support.browser.cuttable_link import CuttableLink
from tests.support.live.process import ServerProcess

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from playwright.sync_api import Page

    from tests.support.browser.page import Enter

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
SVG = "{http://www.w3.org/2000/svg}"
PIXELS = """async () => {
  for (let still = 0, before = -1; still < 10; ) {
    await new Promise(requestAnimationFrame);
    still = board.frames() === before ? still + 1 : 0;
    before = board.frames();
  }
  return document.getElementById("stage").toDataURL();
}"""

Place = tuple[float, float]


@pytest.fixture
def server() -> Iterator[str]:
    """The URL of a server with boards."""
    with ServerProcess("gameserver.games.board:Board", "--seed", "1") as process:
        yield process.address


def join(page: Page, name: str) -> Page:
    page.locator("#name").fill(name)
    page.keyboard.press("Enter")
    page.wait_for_function("() => board.session()?.me?.state")
    return page


def draw(page: Page, places: Sequence[Place]) -> None:
    page.mouse.move(*places[0])
    page.mouse.down()
    for place in places[1:]:
        page.mouse.move(*place)
    page.mouse.up()


def wave(top: float, count: int = 30, left: float = 200) -> list[Place]:
    return [(left + 10 * i, round(top + 40 * math.sin(i / 4))) for i in range(count)]


def wait_for_strokes(page: Page, count: int) -> None:
    page.wait_for_function(
        "count => board.strokes().length === count && board.waiting() === 0 && board.growing() === 0", arg=count
    )


def strokes(page: Page) -> list[list[Any]]:
    """Order, who, colour, pen, and then across, down, … of each finished stroke."""
    found: list[list[Any]] = page.evaluate("() => board.strokes()")
    return found


def drawn_points(page: Page, places: Sequence[Place]) -> list[int]:
    """What a stroke over these pixels of the page has as its points."""
    view = page.evaluate("() => board.view()")
    units = 4 / view["zoom"]
    return [
        math.floor(start + units * place + 0.5)
        for at in places
        for start, place in zip((view["x"], view["y"]), at, strict=True)
    ]


def test_two_draw_together_and_who_comes_late_or_loads_again_has_the_same_picture(server: str, enter: Enter) -> None:
    ada = join(enter(server), "Ada")
    expect(ada).to_have_url(f"{server}board/?code={ada.locator('#code').inner_text().upper()}")
    bob = join(enter(server), "Bob")
    draw(ada, wave(200))
    bob.keyboard.press("6")
    bob.locator(".width-3").click()
    draw(bob, wave(260))
    for page in (ada, bob):
        wait_for_strokes(page, 2)
    (first, second) = strokes(ada)
    assert first[1:] == [1, "black", 16, *drawn_points(ada, wave(200))]
    assert second[1:4] == [2, "red", 72]
    draw(ada, wave(300, left=500))
    wait_for_strokes(ada, 3)
    bob.reload()
    eve = enter(server)
    eve.get_by_role("button", name="Just watch").click()
    pages = (ada, bob, eve)
    for page in pages:
        wait_for_strokes(page, 3)
        page.locator("#fit").click()  # so the pointer is on no sheet, and nobody shows its cursor
    assert strokes(ada) == strokes(bob) == strokes(eve)
    for page in pages:
        page.wait_for_function("() => board.cursors() === 0")
    pictures = {page.evaluate(PIXELS) for page in pages}
    assert len(pictures) == 1
    bob.locator("#undo").click()  # of what it drew before it was loaded again
    for page in pages:
        wait_for_strokes(page, 2)
        assert [stroke[1] for stroke in strokes(page)] == [1, 1]


def test_a_link_that_is_lost_in_the_middle_of_a_stroke_loses_and_doubles_no_point(server: str, enter: Enter) -> None:
    eve = join(enter(server), "Eve")
    with CuttableLink(urlsplit(server).port or 0) as link:
        ada = join(enter(f"http://127.0.0.1:{link.port}/board/"), "Ada")
        places = wave(300, 60)
        ada.mouse.move(*places[0])
        ada.mouse.down()
        for index, place in enumerate(places[1:], 1):
            ada.mouse.move(*place)
            if index == 20:
                eve.wait_for_function("() => board.growing() === 1")
                link.cut()
            if index == 40:
                expect(ada.locator("#pill")).to_be_visible()
                link.mend()
                ada.evaluate("() => board.session().reconnect()")
        ada.mouse.up()
        draw(ada, wave(500))
        for page in (ada, eve):
            wait_for_strokes(page, 2)
        expect(ada.locator("#pill")).to_be_hidden()
        expected = [drawn_points(ada, places), drawn_points(ada, wave(500))]
        assert [stroke[4:] for stroke in strokes(eve)] == [stroke[4:] for stroke in strokes(ada)] == expected


def test_keys_alone_draw_erase_and_undo(server: str, enter: Enter) -> None:
    page = join(enter(server), "Ada")
    for key in ("4", "]", "Space", "ArrowRight", "ArrowRight", "Shift+ArrowDown", "ArrowDown", "Space"):
        page.keyboard.press(key)
    wait_for_strokes(page, 1)
    (stroke,) = strokes(page)
    assert stroke[2:4] == ["green", 32]
    middle = stroke[4:6]
    steps = [stroke[i] - stroke[i - 2] for i in range(6, len(stroke))]
    assert steps == [48, 0, 48, 0, 0, 8, 0, 48]
    assert middle == [8192, 5120]
    for key in ("e", "Space", "ArrowUp", "Space"):
        page.keyboard.press(key)
    wait_for_strokes(page, 0)
    page.keyboard.press("u")
    wait_for_strokes(page, 1)
    assert strokes(page) == [stroke]
    page.keyboard.press("Control+z")
    wait_for_strokes(page, 0)
    page.keyboard.press("r")
    wait_for_strokes(page, 1)


def test_one_finger_draws_and_two_zoom(server: str, enter: Enter) -> None:
    page = enter(server, **PHONE)
    join(page, "Ada")
    touches = page.context.new_cdp_session(page)

    def touch(kind: str, *points: Place) -> None:
        where = [{"x": x, "y": y, "id": index} for index, (x, y) in enumerate(points)]
        touches.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": where})

    touch("touchStart", (100, 300))
    for step in range(1, 12):
        touch("touchMove", (100 + 15 * step, 300 + 5 * step))
    touch("touchEnd")
    wait_for_strokes(page, 1)
    zoom = page.evaluate("() => board.view().zoom")
    touch("touchStart", (150, 400))
    touch("touchMove", (160, 400))
    touch("touchStart", (160, 400), (240, 400))
    for step in range(1, 10):
        touch("touchMove", (160 - 8 * step, 400), (240 + 8 * step, 400))
    touch("touchEnd")
    page.wait_for_function("zoom => board.view().zoom > 1.5 * zoom", arg=zoom)
    wait_for_strokes(page, 1)
    expect(page.locator(".tools")).to_be_in_viewport(ratio=1)


def test_a_pen_draws_thick_where_it_is_pressed(server: str, enter: Enter) -> None:
    ada, bob = join(enter(server), "Ada"), join(enter(server), "Bob")
    ada.evaluate("""() => {
      const fire = (type, x, pressure) => document.getElementById("stage").dispatchEvent(new PointerEvent(type, {
        pointerId: 7, pointerType: "pen", clientX: x, clientY: 300, buttons: 1, bubbles: true, pressure }));
      fire("pointerdown", 200, 0.1);
      for (let i = 1; i <= 40; i += 1) fire("pointermove", 200 + 10 * i, i / 40);
      fire("pointerup", 600, 0);
    }""")
    for page in (ada, bob):
        wait_for_strokes(page, 1)
    svg = ET.fromstring(bob.evaluate("() => board.svg()"))
    widths = [float(path.get("stroke-width", "0")) for path in svg.iter(f"{SVG}path")]
    assert widths == sorted(widths)
    assert widths[0] < 16 < widths[-1]
    assert len(widths) > 5
    assert ada.evaluate("() => board.svg()") == bob.evaluate("() => board.svg()")


def test_what_is_drawn_can_be_saved_as_svg_and_png(server: str, enter: Enter, tmp_path: Path) -> None:
    page = join(enter(server), "Ada")
    draw(page, wave(300))
    draw(page, [(400, 500)])
    wait_for_strokes(page, 2)
    for button, name in (("Save as SVG", "board.svg"), ("Save as PNG", "board.png")):
        page.locator("#open-menu").click()
        with page.expect_download() as download:
            page.get_by_role("button", name=button).click()
        assert download.value.suggested_filename == name
        download.value.save_as(tmp_path / name)
    paths = list(ET.parse(tmp_path / "board.svg").iter(f"{SVG}path"))
    assert [path.get("stroke-width") for path in paths] == ["16", "16"]
    assert (tmp_path / "board.png").read_bytes().startswith(b"\x89PNG\r\n")


def test_only_the_host_erases_what_others_drew_and_the_page_says_so(server: str, enter: Enter) -> None:
    ada, bob = join(enter(server), "Ada"), join(enter(server), "Bob")
    draw(ada, wave(300))
    wait_for_strokes(bob, 1)
    bob.keyboard.press("e")
    draw(bob, wave(300))
    expect(bob.locator("#toast")).to_have_text("Only the host erases what others drew.")
    bob.locator("#open-menu").click()
    expect(bob.locator("#clear")).to_be_disabled()
    ada.locator("#open-menu").click()
    ada.locator("#clear").click()
    wait_for_strokes(bob, 0)
    ada.locator("#undo").click()
    wait_for_strokes(bob, 1)
