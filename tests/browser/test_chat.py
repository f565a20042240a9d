"""The chat's page: two people and one who comes late, lost links and reloads, hostile texts, and a keyboard alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from tests.support.browser.cuttable_link import CuttableLink
from tests.support.live.process import ServerProcess

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Page

    from tests.support.browser.page import Enter

PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
ONLINE = "() => document.body.dataset.link === 'online' && chat.channels().length > 0"
TEXTS = "() => chat.messages().map(({ text }) => text)"
# Whether a message reaches into another's rows, or out of the list.
STICKS_OUT = """() => {
  const list = document.getElementById("log").getBoundingClientRect();
  return [...document.querySelectorAll(".message")].filter((row) => {
    const { top, bottom } = row.getBoundingClientRect();
    return [row, ...row.querySelectorAll("*:not(.visually-hidden)")].some((part) => {
      const box = part.getBoundingClientRect();
      const isFace = part.className === "face";
      return box.width > 0 && (box.left < list.left - 1 || box.right > list.right + 1 || box.top < top - 1
        || (box.bottom > bottom + 1 && !isFace));
    });
  }).map((row) => row.dataset.id);
}"""
HOSTILE = {
    "script": "<script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">",
    "marks": "Z" + "\u0301\u0316\u0489" * 300,
    "direction": "\u202e\u2067 gnp.exe \u202d https://example.org/\u202egpj.exe",
    "wide": "\U0001242b\ufdfd" * 20,
    "emoji": "\U0001f469\u200d\U0001f469\u200d\U0001f467\U0001f3f4" * 40,
    "controls": "a\x00b\x07c\x1b[31md\x7f\u0085e",
    "long word": "w" * 900,
    "lines": "\n".join(["x"] * 400),
    "blank": "\u2800\u3164\u200b",
}


@pytest.fixture
def server() -> Iterator[str]:
    """The URL of a chat without limits of speech."""
    with ServerProcess("tests.support.browser.open_chat:OpenChat") as process:
        yield process.address


def come_in(page: Page, name: str) -> None:
    page.locator("#name").fill(name)
    page.get_by_role("button", name="Come in").click()
    page.wait_for_function(ONLINE)


def say(page: Page, text: str) -> None:
    page.get_by_label("Message", exact=True).fill(text)
    page.keyboard.press("Enter")


def wait_for(page: Page, texts: list[str]) -> None:
    page.wait_for_function(
        "texts => JSON.stringify(chat.messages().map(({ text }) => text)) === JSON.stringify(texts)", arg=texts
    )


def test_two_people_talk_and_one_who_comes_late_reads_all_of_it(server: str, enter: Enter) -> None:
    ada, bob = enter(server), enter(server, **PHONE)
    expect(ada).to_have_url(f"{server}chat/")
    come_in(ada, "Ada")
    come_in(bob, "Bob")
    bob.get_by_label("Message", exact=True).press_sequentially("hm")
    expect(ada.locator("#typing")).to_have_text("Bob is typing…")
    said = [f"message {number}" for number in range(70)]
    for text in said[:68]:
        ada.evaluate(
            "text => { const field = document.getElementById('text'); field.value = text; "
            "document.getElementById('composer').requestSubmit(); }",
            text,
        )
    wait_for(bob, said[:68])
    say(bob, said[68])
    wait_for(ada, said[:69])
    say(ada, said[69])
    expect(ada.locator("#typing")).to_have_text("")
    late = enter(ada.url)
    late.locator("#name").fill("Eve")
    late.get_by_role("button", name="Join your friends").click()
    late.wait_for_function("() => chat.messages().length >= 50")
    assert late.evaluate(TEXTS) == said[-50:]
    assert late.title() == "Chat", "what was said before one came is not unread"
    while late.evaluate("() => chat.messages().length") < len(said):
        before = late.evaluate("() => chat.messages().length")
        late.locator("#scroller").evaluate("scroller => { scroller.scrollTop = 0; }")
        late.wait_for_function("before => chat.messages().length > before", arg=before)
    assert late.evaluate(TEXTS) == said
    late.locator("#scroller").evaluate("scroller => { scroller.scrollTop = 0; }")
    expect(late.get_by_text("This is where the channel begins.")).to_be_visible()
    say(bob, "one more")
    late.wait_for_function("() => chat.messages().length === 71")
    expect(late.get_by_role("button", name="1 new")).to_be_visible()
    late.get_by_role("button", name="1 new").click()
    expect(late.get_by_role("button", name="1 new")).to_be_hidden()


def test_a_reload_keeps_name_seat_messages_and_what_is_unread(server: str, enter: Enter) -> None:
    ada, bob = enter(server), enter(server)
    come_in(ada, "Ada")
    come_in(bob, "Bob")
    say(ada, "in general")
    bob.locator("#channels").get_by_role("button", name="random").click()
    for text in ("one", "two"):
        say(bob, text)
    random = ada.locator("#channels").get_by_role("button", name="random")
    expect(random.locator(".count")).to_have_text("2")
    expect(ada).to_have_title("(2) Chat")
    ada.reload()
    ada.wait_for_function(ONLINE)
    assert ada.evaluate("() => [chat.me().name, chat.me().number]") == ["Ada", 1]
    wait_for(ada, ["in general"])
    expect(ada).to_have_title("(2) Chat")
    say(bob, "three")
    expect(random.locator(".count")).to_have_text("3")
    random.click()
    wait_for(ada, ["one", "two", "three"])
    expect(ada).to_have_title("Chat")
    expect(ada.locator(".new-line")).to_have_count(0)  # the first message that there is has no line before it
    ada.reload()
    ada.wait_for_function(ONLINE)
    expect(ada).to_have_title("Chat")


def test_what_is_said_while_the_link_is_cut_arrives_once_and_in_order(enter: Enter) -> None:
    with (
        ServerProcess("tests.support.browser.open_chat:OpenChat") as process,
        CuttableLink(process.port) as link,
    ):
        ada, bob = enter(f"http://127.0.0.1:{link.port}/"), enter(process.address)
        come_in(ada, "Ada")
        come_in(bob, "Bob")
        said: list[str] = []
        for cut in range(2):
            for number in range(3):
                said.append(f"{cut} {number}")
                say(ada, said[-1])
            link.cut()
            wait_until_cut = "() => document.body.dataset.link === 'reconnecting'"
            ada.wait_for_function(wait_until_cut)
            say(ada, f"{cut} offline")
            bob.wait_for_function("count => chat.messages().length >= count", arg=len(said) - 3)
            expect(ada.locator(".waiting").last).to_contain_text(f"{cut} offline")
            link.mend()
            ada.wait_for_function(ONLINE)
            ada.wait_for_function("() => chat.waiting().length === 0")
            said.append(f"{cut} offline")
        wait_for(bob, said)
        wait_for(ada, said)
        say(bob, "done")
        wait_for(ada, [*said, "done"])


def test_hostile_texts_and_names_are_shown_harmlessly(server: str, enter: Enter) -> None:
    bob, eve = enter(server), enter(server)
    come_in(bob, "Bob")
    eve.locator("#name").evaluate("field => { field.maxLength = 1000; }")
    come_in(eve, "\u202eB\u043eb\U0001f6e1\u2714<b>" + "\u0301" * 200)
    names = bob.evaluate("() => chat.roster().map(({ name }) => name)")
    assert names[0] == "Bob"
    assert len(names[1]) <= 24
    eve.locator("#text").evaluate("field => { field.maxLength = 100000; }")
    say(bob, "before")
    for text in HOSTILE.values():
        eve.evaluate(
            "text => { chat.session().send('say', { channel: 1, text, nonce: Math.floor(Math.random() * 1e9) }); }",
            text[:1000],
        )
    say(bob, "after")
    for page, size in ((bob, {"width": 1280, "height": 800}), (eve, {"width": 390, "height": 844})):
        page.set_viewport_size(size)  # type: ignore[arg-type]
        expect(page.get_by_text("after")).to_be_visible()
        assert page.evaluate(STICKS_OUT) == []
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert page.evaluate("document.querySelectorAll('#log script, #log img, #log b').length") == 0
        assert (
            page.evaluate("Math.max(...[...document.querySelectorAll('.message')].map((row) => row.offsetHeight))")
            < 420
        )
    links = bob.locator("#log a")
    expect(links).to_have_count(1)
    assert links.first.get_attribute("href") == "https://example.org/gpj.exe"
    assert links.first.get_attribute("rel") == "noopener noreferrer nofollow"
    assert links.first.get_attribute("target") == "_blank"
    assert bob.title() == "Chat"


def test_a_keyboard_alone_is_enough(server: str, enter: Enter) -> None:
    page, bob = enter(server), enter(server)
    come_in(bob, "Bob")
    expect(page.locator("#name")).to_be_focused()
    page.keyboard.type("Ada")
    page.keyboard.press("Enter")
    page.wait_for_function(ONLINE)
    expect(page.locator("#text")).to_be_focused()
    page.keyboard.type("first")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("second")
    page.keyboard.press("Enter")
    wait_for(bob, ["first\nsecond"])
    page.keyboard.press("Alt+ArrowDown")
    expect(page.locator("#channel-name")).to_have_text("random")
    page.keyboard.type("here")
    page.keyboard.press("Enter")
    wait_for(page, ["here"])
    page.keyboard.press("Alt+ArrowUp")
    for _ in range(3):
        page.keyboard.press("Shift+Tab")
        if page.evaluate("document.activeElement.id") == "scroller":
            break
    expect(page.locator("#scroller")).to_be_focused()
    while page.evaluate("document.activeElement.getAttribute('aria-label')") != "Hide Bob for me":
        page.keyboard.press("Shift+Tab")
        assert page.evaluate("document.activeElement !== document.body")
    say(bob, "can you see me?")
    wait_for(page, ["first\nsecond", "can you see me?"])
    expect(page.locator("#log").get_by_text("can you see me?")).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.locator("#log").get_by_text("can you see me?")).to_have_count(0)
    expect(page.get_by_role("button", name="Unhide Bob for me")).to_be_focused()
    assert page.get_by_role("log").get_attribute("aria-label") == "Messages"


def test_a_moderator_mutes_and_takes_out_messages_and_a_refused_one_can_be_dropped(server: str, enter: Enter) -> None:
    root, eve = enter(server), enter(server, **PHONE)
    come_in(root, "Root")
    come_in(eve, "Eve")
    say(eve, "rude")
    expect(root.locator(".message", has_text="rude")).to_be_visible()
    say(root, "no")
    expect(eve.locator(".by .badge")).to_have_text("moderator")
    root.locator(".message", has_text="rude").get_by_role("button", name="Remove").click()
    expect(eve.get_by_text("taken out by a moderator")).to_be_visible()
    assert eve.get_by_role("button", name="Remove").count() == 0
    root.get_by_role("button", name="Mute Eve for all").click()
    eve.get_by_role("button", name="Channels and people").click()
    expect(eve.locator(".person", has_text="Eve")).to_contain_text("muted")
    eve.keyboard.press("Escape")
    say(eve, "but")
    expect(eve.locator(".failed")).to_contain_text("Not sent: a moderator has muted you")
    eve.get_by_role("button", name="Discard").click()
    expect(eve.locator(".failed")).to_have_count(0)
    assert root.evaluate(TEXTS) == ["", "no"]
