"""The latency lab: two clients and an observer in one page, and what each of them shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.sync_api import Page, expect

if TYPE_CHECKING:
    from tests.support.browser.page import Enter

FAR_RTT_MS = 300
INK, WARN, SHIELD, GOOD = (233, 237, 255), (255, 200, 87), (127, 227, 255), (95, 242, 180)
OUTLINE_PIXELS = """(colour) => {
  const stage = document.querySelectorAll(".stage")[1];
  window.probe ??= document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  [probe.canvas.width, probe.canvas.height] = [stage.width, stage.height];
  probe.drawImage(stage, 0, 0);
  const { data } = probe.getImageData(0, 0, stage.width, stage.height);
  let count = 0;
  for (let i = 0; i < data.length; i += 4) {
    if (colour.every((part, channel) => Math.abs(part - data[i + channel]) < 24)) count += 1;
  }
  return count;
}"""
"""How many pixels of the far client's picture have a colour."""


def figure(page: Page, pane: str, name: str) -> float:
    """The number that a pane shows."""
    text = page.get_by_role("article", name=pane).locator(f".{name}").inner_text()
    return float(text.split()[0])


def test_the_far_client_is_further_off_and_both_are_in_one_room(duel: str, enter: Enter) -> None:
    page = enter(duel, "lab/")
    expect(page.locator("#live")).to_have_text("")
    far = f"() => parseFloat(document.querySelectorAll('.rtt')[1].textContent) > {FAR_RTT_MS}"
    page.wait_for_function(far)
    assert figure(page, "Ada", "rtt") < FAR_RTT_MS
    # The own ship is drawn ahead of the server by as much as it flies while its controls are on their way.
    page.wait_for_function(
        """() => {
          const [ada, bob] = [...document.querySelectorAll(".own-error")].map((e) => parseFloat(e.textContent));
          return ada > 1 && bob > 10 && bob > 2 * ada;
        }"""
    )


def test_a_pane_has_switches_of_its_own(duel: str, enter: Enter) -> None:
    page = enter(duel, "lab/")
    expect(page.locator("#live")).to_have_text("")
    far = page.get_by_role("article", name="Bob")
    far.get_by_label("Prediction").uncheck()
    far.get_by_label("Latency each way").fill("100")
    expect(far.locator(".verdict")).to_have_text("Your ship now answers 200 ms late.")
    near = page.get_by_role("article", name="Ada")
    expect(near.locator(".verdict")).to_have_text("Latency is on, and your ship still answers at once.")


def test_ghosts_are_shown_by_each_reckoning_that_is_asked_for(duel: str, enter: Enter) -> None:
    page = enter(duel, "lab/")
    expect(page.locator("#live")).to_have_text("")
    names = {"the server, now": INK, "newest snapshot": WARN, "interpolated": SHIELD, "predicted": GOOD}
    for name in names:
        page.get_by_label(name).uncheck()
    for name, colour in names.items():
        # What else has the colour, such as a ship's light, varies from frame to frame: the least of some counts.
        count = f"""() => new Promise((resolve) => {{
          const counts = [];
          const look = () => {{
            counts.push(({OUTLINE_PIXELS})({list(colour)}));
            if (counts.length < 8) setTimeout(look, 60); else resolve(Math.min(...counts));
          }};
          look();
        }})"""
        without = page.evaluate(count)
        page.get_by_label(name).check()
        page.wait_for_timeout(100)
        assert page.evaluate(count) > without + 5, name
        page.get_by_label(name).uncheck()
        page.wait_for_timeout(100)
