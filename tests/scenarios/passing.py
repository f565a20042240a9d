"""Two people pass and shoot hockey's puck in two browsers, with 150 ms each way: what each of them sees.

`python -m tests.scenarios.passing FOLDER` prints the figures of docs/guide/touch.md, and saves pictures in the folder.
"""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import dataclass, field
from math import copysign, hypot
from pathlib import Path
from typing import TYPE_CHECKING

from playwright.sync_api import ViewportSize, sync_playwright

from gameserver.games.hockey_rink import PUCK_RADIUS, RINK_HEIGHT, RINK_WIDTH, SKATER_RADIUS
from tests.support.live.process import ServerProcess

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from playwright.sync_api import Page

ARGUMENTS = ("gameserver.games.hockey:Hockey", "--seed", "1", "--lag", "150", "--jitter", "20")
KEYS = ("ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown")
TOUCHING = SKATER_RADIUS + PUCK_RADIUS
ALONE_S = 0.7
"""Nobody else has been near the puck for so long: everything that a client predicts of it is its own doing."""
FAR = TOUCHING + 90.0
"""The other skater is no nearer to the puck than this."""
LONGEST = 6
"""Times the asked duration that they play at most until both have had the puck alone."""
RECORD = """() => {
  const session = hockey.session();
  const draw = session.draw.bind(session);
  const frames = window.frames_drawn = [];
  session.draw = (nowMs) => {
    const drawn = draw(nowMs);
    const [puck] = drawn.entities.get("Puck") ?? [];
    const own = drawn.avatar;
    const other = (drawn.entities.get("Skater") ?? []).find(({ id }) => id !== own?.id);
    if (puck && own && other) {
      frames.push([nowMs, own.x, own.y, puck.id, puck.x, puck.y, puck.vx, puck.vy, other.x, other.y]);
    }
    return drawn;
  };
}"""
PLACES = """() => window.frames_drawn.at(-1)?.slice(1) ?? null"""


class Skater:
    """A player who passes: it waits at home until the puck comes into its half, and pushes it to the other one.

    Args:
        page: Its page, in a room.
        side: 1 plays to the right, -1 to the left.
    """

    def __init__(self, page: Page, side: int) -> None:
        self.page, self.side = page, side
        self._held: set[str] = set()
        page.evaluate(RECORD)

    def look(self) -> None:
        """Press what leads to the puck, or home."""
        places: list[float] | None = self.page.evaluate(PLACES)
        if places is not None:
            self._press(*self._aim(*places))

    def _aim(self, x: float, y: float, _: float, puck_x: float, puck_y: float, *__: float) -> tuple[float, float]:
        """Return how far it wants to go from where it is."""
        side = self.side
        mine = (puck_x - RINK_WIDTH / 2 - 5.0) * side < 0.0  # a puck that rests in the middle is the left one's
        if not mine:
            return RINK_WIDTH * (0.5 - 0.32 * side) - x, RINK_HEIGHT / 2 - y
        if (puck_x - x) * side > TOUCHING - 30.0:
            return puck_x - x, puck_y - y
        aside = copysign(TOUCHING + 40.0, y - puck_y)  # round it, to its other side
        return puck_x - side * (TOUCHING + 70.0) - x, puck_y + aside - y

    def _press(self, way_x: float, way_y: float) -> None:
        ways = (-way_x, way_x, -way_y, way_y)
        wanted = {key for key, way in zip(KEYS, ways, strict=True) if way > 12.0}
        for key in self._held - wanted:
            self.page.keyboard.up(key)
        for key in wanted - self._held:
            self.page.keyboard.down(key)
        self._held = wanted

    def trace(self) -> Trace:
        """Return what was drawn, and what the client has counted."""
        seen = Trace(corrections=self.page.evaluate("() => hockey.session().stats.bodies.Puck.corrections"))
        seen.read(self.page.evaluate("() => window.frames_drawn"))
        return seen


@dataclass
class Trace:
    """What one player has seen."""

    corrections: int = 0
    """Of the puck."""
    frames: int = 0
    overlaps: list[float] = field(default_factory=list)
    """Of own skater and puck, in frames in which they touch and the other is far from the puck."""
    puck_steps: list[float] = field(default_factory=list)
    """How far the puck went from one frame to the next beyond what its speed explains, in units a 60th of a second."""
    other_steps: list[float] = field(default_factory=list)
    """How far the other skater went from one frame to the next, in units a 60th of a second."""

    @property
    def summary(self) -> str:
        """The figures in a line."""
        deep = sum(one > 1.0 for one in self.overlaps)
        return (
            f"{self.frames} frames; alone with the puck {len(self.overlaps)} frames in touch, {deep} of them with more "
            f"than 1 px of overlap, at most {max(self.overlaps, default=0.0):.1f}; {self.corrections} corrections of "
            f"the puck; beyond its speed it moved at most {max(self.puck_steps, default=0.0):.1f} px in a 60th of a "
            f"second; the other skater moved at most {max(self.other_steps, default=0.0):.1f}"
        )

    def read(self, frames: Sequence[Sequence[float]]) -> None:
        """Take all drawn frames."""
        before: Sequence[float] | None = None
        alone_from_ms = 0.0
        for now in frames:
            ms, x, y, puck_id, puck_x, puck_y, puck_vx, puck_vy, other_x, other_y = now
            if hypot(puck_x - other_x, puck_y - other_y) < FAR or before is None or before[3] != puck_id:
                alone_from_ms = ms + 1000.0 * ALONE_S
            if before is not None and before[3] == puck_id:
                ticks = max(1.0, (ms - before[0]) * 0.06)
                speed = max(hypot(puck_vx, puck_vy), hypot(before[6], before[7])) / 60.0
                self.puck_steps.append(hypot(puck_x - before[4], puck_y - before[5]) / ticks - speed)
                self.other_steps.append(hypot(other_x - before[8], other_y - before[9]) / ticks)
            gap = hypot(puck_x - x, puck_y - y) - TOUCHING
            if ms >= alone_from_ms and gap < 1.0:
                self.overlaps.append(max(0.0, -gap))
            before = now
        self.frames = len(frames)


def play(enter: Callable[[str], Page], seconds: float, pictures: Path) -> list[Trace]:
    """Let two players pass for some time; return what they have seen.

    On a slow machine, or by chance, one of them may not have had the puck alone by then: they play on until both had
    it, for at most `LONGEST` times as long.

    Args:
        enter: Opens a page.
        seconds: How long.
        pictures: The folder for pictures of what both see.
    """
    with ServerProcess(*ARGUMENTS) as server:
        players = []
        url, button = f"{server.address}hockey/", "Play with friends"
        for side in (1, -1):
            page = enter(url)
            page.get_by_role("button", name=button).click()
            page.wait_for_function("() => hockey.room() && hockey.session().avatarId !== null")
            page.evaluate("() => { document.getElementById('lobby').style.visibility = 'hidden'; }")
            url, button = page.url, "Join your friends"
            players.append(Skater(page, side))
        quarter_s, traces = seconds / 4.0, list[Trace]()
        for quarter in range(1, 4 * LONGEST + 1):
            until_s = time.monotonic() + quarter_s
            while time.monotonic() < until_s:
                for player in players:
                    player.look()
                players[0].page.wait_for_timeout(15)
            for name, player in zip("ab", players, strict=True):
                player.page.screenshot(path=pictures / f"touch-{quarter}{name}.png")
            traces = [player.trace() for player in players]
            if quarter >= 4 and all(trace.overlaps for trace in traces):
                break
        return traces


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seconds", type=float, default=60.0)
    arguments = parser.parse_args()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])

        def enter(url: str) -> Page:
            page = browser.new_page(viewport=ViewportSize(width=1000, height=640))
            page.goto(url)
            return page

        for trace in play(enter, arguments.seconds, arguments.folder):
            sys.stdout.write(f"{trace.summary}\n")
        browser.close()


if __name__ == "__main__":
    main()
