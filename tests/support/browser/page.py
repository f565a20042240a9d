"""What a test sees of a page: what `window.arena` says, and which pixels are drawn."""

from collections.abc import Callable
from typing import Any, TypeAlias

from playwright.sync_api import Page

Enter: TypeAlias = Callable[..., Page]
"""Opens the demo: `enter(url, "?name=Ada", width=…, height=…, **context options)`."""

_PIXELS = """(() => {
  const probe = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const stage = document.getElementById("stage");
  // A square of the picture around a place in the world, `size` CSS pixels wide.
  window.pixelsAround = (x, y, size) => {
    const camera = arena.camera();
    const density = stage.width / stage.clientWidth;
    const side = Math.round(size * density);
    probe.canvas.width = probe.canvas.height = side;
    const left = (x - camera.x) * camera.scale + stage.width / 2 - side / 2;
    const top = (y - camera.y) * camera.scale + stage.height / 2 - side / 2;
    probe.drawImage(stage, left, top, side, side, 0, 0, side, side);
    return probe.getImageData(0, 0, side, side).data;
  };
  window.rgbOf = (colour) => {
    probe.canvas.width = probe.canvas.height = 1;
    probe.fillStyle = colour;
    probe.fillRect(0, 0, 1, 1);
    return [...probe.getImageData(0, 0, 1, 1).data.slice(0, 3)];
  };
})()"""

_COUNT = """([x, y, size, colour, tolerance = 40]) => {
  const wanted = rgbOf(colour);
  const data = pixelsAround(x, y, size);
  let count = 0;
  for (let at = 0; at < data.length; at += 4) {
    if (wanted.every((value, channel) => Math.abs(data[at + channel] - value) <= tolerance)) count++;
  }
  return count;
}"""

# Health and picture are compared in the callback of one frame: two calls of the test may see two frames.
_HEALTH_BAR = """([name, colours]) => {
  const count = %s;
  window.barSeen = false;
  const check = () => {
    const ship = arena.ships().find((ship) => ship.name === name);
    window.barSeen = ship.hp in colours && count([ship.x, ship.y + 25, 60, colours[ship.hp]]) > 20;
    if (!window.barSeen) requestAnimationFrame(check);
  };
  requestAnimationFrame(check);
}"""

# The demo requested its frame first, so each comparison comes right after a frame was drawn.
_ANSWER = """([x, y, size]) => {
  const look = () => pixelsAround(x, y, size).join();
  window.answer = new Promise((resolve) => {
    addEventListener("keydown", () => {
      const before = look();
      const pressed = performance.now();
      let frames = 0;
      const check = () => {
        frames += 1;
        if (look() !== before) resolve({ frames, ms: performance.now() - pressed });
        else requestAnimationFrame(check);
      };
      requestAnimationFrame(check);
    }, { once: true, capture: true });
  });
}"""

_STANDS_STILL = """([x, y, size, wanted]) => new Promise((resolve) => {
  let before = "";
  let still = 0;
  const check = () => {
    const now = pixelsAround(x, y, size).join();
    still = now === before ? still + 1 : 0;
    before = now;
    if (still >= wanted) resolve();
    else requestAnimationFrame(check);
  };
  requestAnimationFrame(check);
})"""
STILL_FRAMES = 40
"""Longer than any answer that a test waits for, so a change after a press is the answer to it."""


def avatar(page: Page) -> dict[str, Any]:
    """The own ship as it is drawn."""
    found: dict[str, Any] = page.evaluate("arena.avatar()")
    return found


def ship(page: Page, name: str) -> dict[str, Any]:
    """The ship of that name as it is drawn."""
    found: dict[str, Any] = page.evaluate("name => arena.ships().find(ship => ship.name === name)", name)
    return found


def wait_for_ships(page: Page, count: int) -> None:
    """Wait until the page draws that many ships, its own among them."""
    page.wait_for_function("count => arena.avatar() && arena.ships().length === count", arg=count)


def wait_until_still(page: Page, frames: int = 20) -> None:
    """Wait until so many more frames were drawn: sparks have faded and the camera is at rest."""
    page.wait_for_function("start => arena.frames() >= start", arg=page.evaluate("arena.frames()") + frames)


def count_pixels(page: Page, x: float, y: float, size: float, colour: str, tolerance: int = 40) -> int:
    """Pixels of about that CSS colour in a square of `size` CSS pixels around a place in the world."""
    page.evaluate(_PIXELS)
    count: int = page.evaluate(_COUNT, [x, y, size, colour, tolerance])
    return count


def watch_health_bar(page: Page, name: str, colours: dict[int, str]) -> None:
    """From now on look at each frame for the bar below a ship; `wait_for_health_bar` waits until one had it.

    Args:
        page: The page.
        name: Whose ship.
        colours: The bar's CSS colour by health. Frames in which the ship has another health are not looked at.
    """
    page.evaluate(_PIXELS)
    page.evaluate(_HEALTH_BAR % _COUNT, [name, colours])


def wait_for_health_bar(page: Page) -> None:
    """Wait until a frame had the bar in the colour for the ship's health."""
    page.wait_for_function("() => window.barSeen")


def press_and_watch(page: Page, key: str, x: float, y: float, size: float) -> dict[str, float]:
    """Wait until the picture around a place stands still, then hold a key until it changes.

    Returns:
        How many `frames` and `ms` that took.
    """
    page.evaluate(_PIXELS)
    page.evaluate(_STANDS_STILL, [x, y, size, STILL_FRAMES])
    page.evaluate(_ANSWER, [x, y, size])
    page.keyboard.down(key)
    answer: dict[str, float] = page.evaluate("window.answer")
    page.keyboard.up(key)
    return answer
