"""Hockey's puck in browsers, with 150 ms each way: two people pass it; the scenario has how. And one hits it alone."""

from __future__ import annotations

from math import hypot
from typing import TYPE_CHECKING

import pytest

from tests.scenarios.passing import play
from tests.support.live.process import ServerProcess

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.browser.page import Enter

LAGGING = ("gameserver.games.hockey:Hockey", "--seed", "1", "--lag", "150", "--jitter", "20")
RECORD = """() => {
  const session = hockey.session();
  const [hits, withdrawn, frames] = [[], [], []];
  window.seen = { hits, withdrawn, frames };
  session.on("event", ({ name, payload }) => {
    if (name === "hit") hits.push({ ...payload, frame: frames.length });
  });
  session.on("withdrawn", (what) => withdrawn.push(what));
  const draw = session.draw.bind(session);
  session.draw = (nowMs) => {
    const drawn = draw(nowMs);
    for (const { x, y, vx, vy } of drawn.entities.get("Puck") ?? []) frames.push([x, y, vx, vy]);
    return drawn;
  };
}"""


def test_a_hit_is_shown_when_and_where_the_puck_is_hit_and_not_again_when_the_server_says_so(enter: Enter) -> None:
    with ServerProcess(*LAGGING) as server:
        page = enter(f"{server.address}hockey/")
        page.get_by_role("button", name="Play with friends").click()
        page.wait_for_function("() => hockey.room() && hockey.session().stats.bodies.Puck?.bodies === 1")
        page.wait_for_timeout(500)
        page.evaluate(RECORD)
        page.keyboard.down("ArrowRight")
        page.wait_for_function("() => window.seen.hits.length > 0")
        page.keyboard.up("ArrowRight")
        page.wait_for_timeout(1600)  # what the server had not sent within a second would be withdrawn
        seen = page.evaluate("() => window.seen")
    (hit,) = seen["hits"]
    assert seen["withdrawn"] == []
    moves = next(number for number, (_, _, vx, vy) in enumerate(seen["frames"]) if hypot(vx, vy) > 100.0)
    assert moves == hit["frame"], "the picture in which the puck has got its speed is the first one with the hit"
    x, y, vx, vy = seen["frames"][moves]
    assert hypot(x - hit["x"], y - hit["y"]) < 30.0 + hypot(vx, vy) / 20.0


@pytest.mark.slow
def test_two_people_pass_the_puck_at_150_ms_each_way_and_each_touch_answers_at_once(
    enter: Enter, tmp_path: Path
) -> None:
    for trace in play(enter, 16.0, tmp_path):
        assert len(trace.overlaps) > 0, "the puck was played alone"
        assert max(trace.overlaps) < 8.0, "1, where no frame of input is late"
        assert max(trace.puck_steps) < 110.0, "of an error at the snap bound a 60th of a second takes 15 %"
        assert max(trace.other_steps) < 110.0
