"""Makes the pictures of docs/guide/touch.md: hockey's page with its layers, in Chromium, with 100 ms each way.

    python -m bench.touch_pictures

One player pushes the puck alone; then two push it against each other.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from playwright.sync_api import ViewportSize, sync_playwright

from tests.support.live.process import ServerProcess

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from playwright.sync_api import Browser, Page

PICTURES = Path(__file__).parents[1] / "docs/images"
SIZE = ViewportSize(width=1000, height=640)
CLIP_WIDTH, CLIP_HEIGHT = 560, 300
APART = 58.0
"""A skater and the puck touch."""
PLACES = """() => {
  const session = hockey.session();
  const own = session.layers.predicted.get("Skater")[0];
  const puck = session.layers.predicted.get("Puck")[0] ?? session.layers.server.get("Puck")[0];
  return own && puck ? [own.x, own.y, puck.x, puck.y, Math.hypot(puck.vx, puck.vy)] : null;
}"""
KEYS = ("ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown")


class Player:
    """A page whose player skates at the puck.

    Args:
        page: The page, in a room.
        side: 1 pushes the puck to the right, -1 to the left.
    """

    def __init__(self, page: Page, side: int) -> None:
        self.page, self.side = page, side
        self.distance = 1000.0
        """To the puck; large while that is not in the middle of the rink."""
        self.touching = 0
        """For how many looks the puck has been at the skater."""
        self._held: set[str] = set()

    def look(self) -> float:
        """Press what leads to the puck; return how fast that is."""
        places: list[float] | None = self.page.evaluate(PLACES)
        if places is None:
            return 0.0
        x, y, puck_x, puck_y, speed = places
        behind = (puck_x - x) * self.side > 0.0
        aim_x, aim_y = puck_x, puck_y
        if not behind:  # round it, to its other side
            aim_x, aim_y = puck_x - 120.0 * self.side, puck_y + (110.0 if y > puck_y else -110.0)
        wanted = {
            key
            for key, way in zip(KEYS, (x - aim_x, aim_x - x, y - aim_y, aim_y - y), strict=True)
            if way > (6.0 if behind else 30.0)
        }
        for key in self._held - wanted:
            self.page.keyboard.up(key)
        for key in wanted - self._held:
            self.page.keyboard.down(key)
        self._held = wanted
        middle = 300.0 < puck_x < 1300.0
        self.distance = ((puck_x - x) ** 2 + (puck_y - y) ** 2) ** 0.5 if middle else 1000.0
        self.touching = self.touching + 1 if self.distance < APART + 4.0 else 0
        return speed

    def picture(self, name: str) -> None:
        """Save what is around the own skater."""
        self.page.screenshot(path=PICTURES / name, clip=self._clip())

    def _clip(self) -> Any:
        x, y = self.page.evaluate("() => hockey.onScreen(hockey.session().layers.predicted.get('Skater')[0])")
        left = min(max(0.0, x - CLIP_WIDTH / 2), SIZE["width"] - CLIP_WIDTH)
        top = min(max(0.0, y - CLIP_HEIGHT / 2), SIZE["height"] - CLIP_HEIGHT)
        return {"x": left, "y": top, "width": CLIP_WIDTH, "height": CLIP_HEIGHT}


def play_until(players: Sequence[Player], done: Callable[[float], bool], seconds: float) -> None:
    """Let players skate until something is so, which may look at how fast the puck is.

    Raises:
        TimeoutError: They do not get there.
    """
    until_s = time.monotonic() + seconds
    while time.monotonic() < until_s:
        speeds = [player.look() for player in players]
        if done(min(speeds)):
            return
        players[0].page.wait_for_timeout(20)
    raise TimeoutError("the players have not met the puck")


def enter(browser: Browser, url: str, button: str) -> Page:
    """Return a page whose player is in a room."""
    page = browser.new_page(viewport=SIZE)
    page.goto(url)
    page.get_by_role("button", name=button).click()
    page.wait_for_function("() => hockey.room() && hockey.session().avatarId !== null")
    page.evaluate("() => { document.getElementById('lobby').style.visibility = 'hidden'; }")
    return page


def main() -> None:
    arguments = ("gameserver.games.hockey:Hockey", "--seed", "1", "--lag", "100", "--jitter", "20")
    with ServerProcess(*arguments) as server, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium")
        ada = Player(enter(browser, f"{server.address}hockey/?layers", "Play with friends"), 1)
        play_until([ada], lambda speed: ada.touching > 4 and speed > 280.0, 60.0)
        ada.picture("touch-alone.png")
        bob = Player(enter(browser, ada.page.url, "Join your friends"), -1)
        play_until([ada, bob], lambda _: max(ada.distance, bob.distance) < APART + 14.0, 60.0)
        ada.picture("touch-contested.png")
        browser.close()


if __name__ == "__main__":
    main()
