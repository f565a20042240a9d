"""A recording in the demo: it plays, pauses, jumps and runs faster, by its buttons and by keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from tests.support.browser.page import wait_until_still
from tests.support.live.process import ServerProcess
from tests.support.recorded_game import recorded_game

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Page

    from tests.support.browser.page import Enter

TICKS = 3000
JOINS = 3
"""Ticks that pass while the players join."""
HZ = 60
SETTLED_FRAMES = 45
"""Drawn frames after which a request has reached the room, and what it changed is in the picture."""

_REPORTS = """([speed, wanted]) => new Promise((resolve) => {
  const reports = [];
  arena.session().on("event", ({ name, tick, payload }) => {
    if (name !== "replay" || payload.paused || payload.speed !== speed) return;
    reports.push([tick, payload.tick]);
    if (reports.length === wanted) resolve(reports);
  });
})"""


@pytest.fixture
def cinema(tmp_path: Path, enter: Enter) -> Iterator[Page]:
    """A page that shows the recording."""
    path = tmp_path / "arena.gsrec"
    path.write_bytes(recorded_game(TICKS))
    with ServerProcess(str(path), "--serve", command="replay") as server:
        page = enter(server.address)
        page.wait_for_function("() => arena.replay() !== null && arena.ships().length > 0")
        yield page


def place(page: Page) -> Any:
    """The places of the drawn ships."""
    return page.evaluate("arena.ships().map(({ id, x, y }) => [id, x, y])")


def shown(page: Page) -> Any:
    return page.evaluate("arena.replay()")


def test_it_plays_as_soon_as_the_page_opens_and_shows_where_it_is(cinema: Page) -> None:
    expect(cinema.get_by_role("region", name="Replay")).to_be_visible()
    before = place(cinema)
    cinema.wait_for_function("() => arena.replay().tick > 120")
    expect(cinema.locator("#replay-time")).to_contain_text("/ 0:50")
    assert shown(cinema)["ticks"] == TICKS + JOINS
    assert place(cinema) != before


def test_a_pause_stops_all_motion_and_ends(cinema: Page) -> None:
    cinema.get_by_role("button", name="Pause").click()
    wait_until_still(cinema, frames=SETTLED_FRAMES)
    before, tick = place(cinema), shown(cinema)["tick"]
    wait_until_still(cinema, frames=SETTLED_FRAMES)
    assert place(cinema) == before
    assert shown(cinema)["tick"] == tick
    cinema.get_by_role("button", name="Play", exact=True).click()
    cinema.wait_for_function("tick => arena.replay().tick > tick + 30", arg=tick)
    assert place(cinema) != before


def test_a_jump_goes_there_at_once_and_back_again_to_the_same(cinema: Page) -> None:
    cinema.locator("#stage").focus()
    cinema.keyboard.press("Space")
    cinema.get_by_role("slider", name="Moment").fill("2400")
    wait_until_still(cinema, frames=SETTLED_FRAMES)
    there = place(cinema)
    assert shown(cinema)["tick"] == 2400
    cinema.keyboard.press("Home")
    wait_until_still(cinema, frames=SETTLED_FRAMES)
    assert shown(cinema)["tick"] < HZ
    assert place(cinema) != there
    cinema.get_by_role("slider", name="Moment").fill("2400")
    wait_until_still(cinema, frames=SETTLED_FRAMES)
    assert place(cinema) == there


def recorded_ticks_per_tick(page: Page, speed: float) -> float:
    """How many recorded ticks one tick of the room shows while it plays at that speed, by the room's own reports."""
    reports: list[tuple[int, int]] = page.evaluate(_REPORTS, [speed, 4])
    (first, shown_first), (last, shown_last) = reports[0], reports[-1]
    return (shown_last - shown_first) / (last - first)


def test_at_twice_the_speed_twice_as_much_goes_by(cinema: Page) -> None:
    assert recorded_ticks_per_tick(cinema, 1) == 1
    cinema.get_by_role("button", name="Faster").click()
    expect(cinema.locator("#replay-speed")).to_have_text("2\N{MULTIPLICATION SIGN}")
    assert recorded_ticks_per_tick(cinema, 2) == 2
    for _ in range(2):
        cinema.keyboard.press(",")
    expect(cinema.locator("#replay-speed")).to_have_text("½\N{MULTIPLICATION SIGN}")


def test_the_camera_follows_the_chosen_player(cinema: Page) -> None:
    followed = cinema.locator("#replay-followed")
    expect(followed).to_have_text("Ada")
    names = []
    for _ in range(2):
        before = followed.inner_text()
        cinema.locator("#replay-follow").click()
        expect(followed).not_to_have_text(before)
        names.append(followed.inner_text())
    assert len(set(names)) == 2
    name = names[-1]
    cinema.wait_for_function(
        "name => { const ship = arena.ships().find(ship => ship.name === name);"
        " return ship !== undefined && Math.hypot(arena.camera().x - ship.x, arena.camera().y - ship.y) < 200; }",
        arg=name,
    )


def test_it_pauses_at_the_end_and_starts_over(cinema: Page) -> None:
    cinema.locator("#stage").focus()
    cinema.keyboard.press("End")
    expect(cinema.get_by_role("button", name="Play", exact=True)).to_be_visible()
    wait_until_still(cinema, frames=SETTLED_FRAMES)
    cinema.keyboard.press("k")
    cinema.wait_for_function("() => !arena.replay().paused && arena.replay().tick > 10 && arena.replay().tick < 600")
