"""Watching in Chromium without a WebSocket: the SDK falls back by itself, and an EventSource of a page's own."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any
from urllib.request import urlopen

import pytest

from tests.support.page_blocks import blocks_in

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page, Route

BLOCKED = """
globalThis.opened = 0;
globalThis.WebSocket = class {
  readyState = 3;
  bufferedAmount = 0;
  constructor() {
    globalThis.opened += 1;
    setTimeout(() => this.onclose?.({ code: 1006, reason: "" }));
  }
  close() {}
};
"""

WATCH = """
async ({ room, until }) => {
  const { connect, Role } = await import("/sdk/index.js");
  globalThis.noted = { events: [], notices: [], ticks: 0, joined: 0 };
  const session = globalThis.session = connect("ws", { kind: "arena", room, role: Role.SPECTATOR, params: {} });
  session.on("event", ({ name }) => noted.events.push(name));
  session.on("notice", ({ name, detail }) => noted.notices.push([name, detail]));
  session.on("updated", () => { noted.ticks += 1; });
  session.on("joined", ({ resumed }) => { noted.joined += 1; noted.resumed = resumed; });
  await session.joined;
}
"""
SEES = """
(count) => {
  const { entities } = session.draw();
  return noted.ticks >= count && (entities.get("Ship") ?? []).length > 0;
}
"""


@pytest.fixture
def page(duel: str, browser: Browser) -> Iterator[Page]:
    """A blank page of the server's origin, in a browser whose WebSockets fail."""
    context = browser.new_context()
    page = context.new_page()
    page.add_init_script(BLOCKED)
    page.goto(f"{duel}healthz")
    yield page
    context.close()


@pytest.fixture
def room(duel: str, browser: Browser) -> Iterator[str]:
    """The id of the room in which somebody plays, who turns all the time."""
    context = browser.new_context()
    player = context.new_page()
    player.goto(f"{duel}?name=Ada")
    player.wait_for_function("() => document.body.dataset.link === 'online'")
    player.keyboard.down("KeyD")
    with urlopen(f"{duel}api/rooms") as answer:
        yield json.load(answer)["rooms"][0]["id"]
    context.close()


def test_a_spectator_whose_websocket_is_blocked_watches_a_stream(room: str, page: Page) -> None:
    page.evaluate(WATCH, {"room": room})
    page.wait_for_function(SEES, arg=20)
    assert page.evaluate("session.transport") == "sse"
    assert ["transport", {"transport": "sse"}] in page.evaluate("noted.notices")
    assert page.evaluate('session.send("chat", "hello")') is False
    assert page.evaluate("session.me.role") == 1
    assert page.evaluate("[opened, noted.joined]") == [1, 1]


def test_any_room_of_the_kind_is_watched_where_none_is_named(room: str, page: Page) -> None:
    page.evaluate(WATCH, {"room": None})
    assert page.evaluate("session.welcome.room") == room


def test_where_streams_are_held_back_it_polls_and_tries_the_others_again_later(room: str, page: Page) -> None:
    held: list[Route] = []
    page.route(re.compile("/stream"), lambda route: held.append(route))
    page.evaluate(WATCH, {"room": room})
    page.wait_for_function(SEES, arg=5)
    assert page.evaluate("session.transport") == "polling"
    assert len(held) == 1
    page.unroute(re.compile("/stream"))
    page.route(re.compile("/state"), lambda route: route.abort())
    page.wait_for_function("() => session.transport === 'sse' && session.status.state === 'joined'")
    assert page.evaluate("noted.resumed") is True, "the seat is the same"
    assert page.evaluate("opened") >= 2, "a WebSocket was tried first"
    before = page.evaluate("noted.ticks")
    page.wait_for_function("before => noted.ticks > before + 5", arg=before)


def test_a_room_that_is_not_there_ends_the_session(duel: str, page: Page) -> None:
    code = page.evaluate(
        """async () => {
          const { connect, Role } = await import("/sdk/index.js");
          const session = connect("ws", { kind: "arena", room: "zzzzzz", role: Role.SPECTATOR });
          return session.joined.then(() => 0, (error) => error.code);
        }"""
    )
    assert code == 4011


def test_an_event_source_reads_a_room_and_comes_back_with_its_place(room: str, page: Page) -> None:
    got: dict[str, Any] = page.evaluate(
        """(room) => new Promise((resolve) => {
          const source = new EventSource(`/api/rooms/${room}/stream`);
          const got = { rooms: [], changes: 0, ids: new Set() };
          source.addEventListener("room", ({ data }) => got.rooms.push(JSON.parse(data).resumed));
          source.addEventListener("state", ({ data }) => { got.state = JSON.parse(data); });
          source.addEventListener("change", ({ data, lastEventId }) => {
            got.changes += 1;
            got.ids.add(lastEventId);
            if (got.changes < 10) return;
            source.close();
            resolve({ ...got, ids: got.ids.size });
          });
        })""",
        room,
    )
    assert (got["rooms"], got["changes"], got["ids"]) == ([False], 10, 10)
    assert len(got["state"]["entities"]["Ship"]) >= 1


def test_the_sample_of_the_guide_follows_a_room_as_printed(room: str, page: Page) -> None:
    (sample,) = [block.source for block in blocks_in("js") if block.page == "docs/transports.md"]
    page.evaluate(f"room => {{ {sample}; Object.assign(globalThis, {{ entities, stream }}); }}", room)
    ship = "[...entities.values()].find(({ name }) => name === 'Ada')"
    page.wait_for_function(f"() => {ship} !== undefined")
    before = page.evaluate(ship)
    page.wait_for_function(f"before => {ship}.angle !== before.angle", arg=before)
    after = page.evaluate(ship)
    assert after.keys() == before.keys(), "a change is merged into what was there"
    assert page.evaluate("stream.readyState") == 1
