"""The marks of the ships' colours, as they are drawn: pictures without their hue must still differ."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from playwright.sync_api import expect

if TYPE_CHECKING:
    from tests.support.browser.page import Enter

COLOURS = 8
PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "device_scale_factor": 2, "has_touch": True}
MIN_DIFFERENT_PIXELS = 8
"""Of a ship on the minimap, about 14 pixels wide and high at two device pixels a CSS pixel."""
LARGE_ENOUGH = """paths => paths.map((path) => {
  const { width, height } = path.getBoundingClientRect();
  return Math.max(width, height) > 8;
})"""
DRAWN_ON_THE_MAP = """async () => {
  const { Minimap } = await import("/arena/render/minimap.js");
  const { SHIP_COLOURS } = await import("/arena/palette.js");
  const canvas = document.createElement("canvas");
  canvas.style.cssText = "position:fixed;width:240px;height:160px";
  document.body.append(canvas);
  const ships = SHIP_COLOURS.map(({ hue }, index) => ({ hue, x: 200 + index * 250, y: 800, dead: false }));
  const bounds = { left: 0, top: 0, right: 2400, bottom: 1600 };
  const scene = { bounds, wallsVersion: 1, walls: [], pickups: [], ships, avatar: null };
  const seen = { left: 0, top: 0, right: 1, bottom: 1 };
  const map = new Minimap(canvas);
  map.draw(scene, { density: 2, seen });
  map.draw(scene, { density: 2, seen });
  const { data } = canvas.getContext("2d").getImageData(0, 0, 480, 320);
  const pictures = ships.map(({ x, y }) => Array.from({ length: 256 }, (_, at) => {
    const start = 4 * ((y / 5 - 8 + (at >> 4)) * 480 + x / 5 - 8 + (at & 15));
    return Math.max(...data.slice(start, start + 3)) > 110;
  }));
  return pictures.map((one) => pictures.map((other) => one.filter((covered, at) => covered !== other[at]).length));
}"""


def test_each_swatch_shows_a_mark_of_its_own(duel: str, enter: Enter) -> None:
    page = enter(duel, **PHONE)
    marks = page.locator(".swatch .mark path")
    expect(marks).to_have_count(COLOURS)
    assert len(set(marks.evaluate_all("paths => paths.map((path) => path.getAttribute('d'))"))) == COLOURS
    assert all(marks.evaluate_all(LARGE_ENOUGH))


def test_ships_on_the_minimap_differ_without_their_hues(duel: str, enter: Enter) -> None:
    different = enter(duel, **PHONE).evaluate(DRAWN_ON_THE_MAP)
    for one, row in enumerate(different):
        for other, pixels in enumerate(row):
            assert one == other or pixels >= MIN_DIFFERENT_PIXELS, (one, other, pixels)
