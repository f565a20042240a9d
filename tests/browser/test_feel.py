"""What prediction does about latency, measured from a key press to the changed picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.sync_api import Page, expect

from tests.support.browser.page import avatar, press_and_watch, wait_for_ships, wait_until_still
from tests.support.live.process import ServerProcess

if TYPE_CHECKING:
    from tests.support.browser.page import Enter

LAG_MS = 150
"""Added in each direction."""
MAX_FRAMES = 2
"""The frame that reads the key runs a tick, and its pose is reached over that tick, one frame later."""
PRESSES = 3
"""Their median counts: a press in a frame in which no tick is due may take one more."""
SHIP_PX = 80
PONG_FRAMES = 180
"""Three seconds: by then the server has reported again how many input frames it missed."""


def join_far_away(duel: str, enter: Enter) -> Page:
    """Join with the latency added, and wait until the client's clock has settled on it."""
    page = enter(duel, f"?name=Far&lag={LAG_MS}")
    wait_for_ships(page, 1)
    page.wait_for_function("ms => arena.figures().rtt > 2 * ms", arg=LAG_MS)
    wait_until_still(page, frames=60)
    return page


def turn_and_watch(page: Page) -> dict[str, float]:
    own = avatar(page)
    return press_and_watch(page, "ArrowRight", own["x"], own["y"], SHIP_PX)


def test_a_key_press_moves_the_own_ship_on_the_next_frames_at_150_ms_each_way(duel: str, enter: Enter) -> None:
    page = join_far_away(duel, enter)
    answers = sorted([turn_and_watch(page) for _ in range(PRESSES)], key=lambda answer: answer["frames"])
    assert answers[PRESSES // 2]["frames"] <= MAX_FRAMES, answers


def test_the_own_shot_leaves_the_muzzle_at_once_and_becomes_the_servers(duel: str, enter: Enter) -> None:
    page = join_far_away(duel, enter)
    page.evaluate(
        """() => {
          window.answer = new Promise((resolve) => {
            addEventListener("keydown", () => {
              const pressed = performance.now();
              const check = () => {
                if (arena.shots() > 0) resolve(performance.now() - pressed);
                else requestAnimationFrame(check);
              };
              requestAnimationFrame(check);
            }, { once: true, capture: true });
          });
        }"""
    )
    page.keyboard.press("Space")
    assert page.evaluate("window.answer") < LAG_MS
    # One shot was fired, so one is drawn while it flies: the server's shot replaced the predicted one.
    counts = page.evaluate(
        """() => new Promise((resolve) => {
          const counts = new Set();
          const count = () => {
            counts.add(arena.shots());
            if (arena.shots() > 0) requestAnimationFrame(count);
            else resolve([...counts].sort());
          };
          count();
        })"""
    )
    assert counts == [0, 1]


def test_without_prediction_the_own_ship_waits_for_the_server(duel: str, enter: Enter) -> None:
    page = join_far_away(duel, enter)
    page.keyboard.press("f")
    page.get_by_label("Prediction").uncheck()
    page.locator("#stage").focus()
    wait_until_still(page, frames=30)
    answer = turn_and_watch(page)
    assert answer["ms"] >= 2 * LAG_MS, answer


def test_flying_through_open_space_at_150_ms_each_way_is_predicted_right(duel: str, enter: Enter) -> None:
    """When no input frame is late there is no correction at all; each late one, as on a busy machine, causes one. If
    the rules differed there would be one with every snapshot, forty in this flight.
    """
    page = join_far_away(duel, enter)
    start = avatar(page)
    for key in ("ArrowLeft", "ArrowUp", "ArrowRight"):
        page.keyboard.down(key)
        wait_until_still(page, frames=25)
        page.keyboard.up(key)
    wait_until_still(page, frames=PONG_FRAMES)
    assert abs(avatar(page)["x"] - start["x"]) + abs(avatar(page)["y"] - start["y"]) > SHIP_PX
    figures = page.evaluate("arena.figures()")
    assert figures["corrections"] <= figures["missed"] + figures["trimmed"], figures
    assert figures["prediction"] in ("matched", "jitter"), figures


def test_the_switches_reach_the_session_and_say_what_to_notice(duel: str, enter: Enter) -> None:
    page = enter(duel, "?name=Ada")
    wait_for_ships(page, 1)
    page.get_by_role("button", name="Feel").click()
    page.get_by_label("Interpolation").uncheck()
    page.get_by_label("Latency each way").fill("100")
    page.get_by_label("Jitter").fill("20")
    assert page.evaluate("({...arena.session().switches})") == {
        "prediction": True,
        "interpolation": False,
        "lagMs": 100,
        "jitterMs": 20,
    }
    expect(page.locator("#feel-verdict")).to_contain_text("jump from snapshot to snapshot")
    page.wait_for_function("() => arena.figures().rtt > 150")


def test_the_net_graph_opens_on_its_key_and_shows_figures(duel: str, enter: Enter) -> None:
    page = enter(duel, "?name=Ada")
    wait_for_ships(page, 1)
    expect(page.locator("#graph")).to_be_hidden()
    page.keyboard.press("n")
    expect(page.locator("#graph")).to_be_visible()
    page.wait_for_function("() => arena.figures().snapshotHz > 15 && arena.figures().snapshotBytes > 0")
    lit = "() => { const c = document.getElementById('graph-canvas'); return c.width > 0 &&"
    lit += " c.getContext('2d').getImageData(0, 0, c.width, c.height).data.some((v) => v > 0) }"
    page.wait_for_function(lit)


def test_a_pickup_is_gone_in_the_frame_in_which_the_own_ship_reaches_it(enter: Enter) -> None:
    with ServerProcess("tests.support.browser.duel:PickupAhead", "--seed", "1") as server:
        page = join_far_away(server.address, enter)
        page.evaluate(
            """() => {
              window.there = [];
              const session = arena.session();
              session.on("event", ({ name, payload }) => {
                if (name === "pickup") window.there.push([`${name} of ${payload.ship === arena.avatar().id}`]);
              });
              const look = () => {
                const { x } = arena.avatar();
                window.there.push([x, arena.pickups().some((pickup) => pickup.x === 1000)]);
                requestAnimationFrame(look);
              };
              requestAnimationFrame(look);
            }"""
        )
        page.keyboard.down("ArrowUp")
        page.wait_for_function("() => arena.avatar().x > 1040")
        page.keyboard.up("ArrowUp")
        page.wait_for_timeout(2 * 2 * LAG_MS)
        seen = page.evaluate("() => window.there")
    shown = [at[0] for at in seen if len(at) == 2 and at[1]]
    assert shown[0] < 970.0 - 30.0
    assert max(shown) <= 970.0 + 10.0, "it is drawn for one more frame at the most"
    assert [at[0] for at in seen if len(at) == 1] == ["pickup of true"], "the server's own event is not reported again"
