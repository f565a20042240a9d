"""The chat: messages once and in order, history, channels, people, moderators, and limits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from gameserver import Player, Role
from gameserver.games.chat import PAGE_BURST, PAGE_BYTES, PAGE_MESSAGES, Channel, Chat, ChatOptions, MessageRefused
from gameserver.games.chat_history import History, Message
from gameserver.games.chat_text import MAX_SAID_BYTES
from gameserver.testing import game, random_play

if TYPE_CHECKING:
    from gameserver.testing import Client, Game

GENERAL = 1
MODERATOR = {"sub": "root", "moderator": True}


class Talkative(Chat):
    """Everybody may say as much as a link carries."""

    kind = "talkative"
    say_burst = 10_000
    newcomers_burst = 10_000


class Moderated(Talkative):
    kind = "moderated"

    def moderate(self, player: Player, channel: Channel, text: str) -> str | None:
        if "buy now" in text:
            return None
        if "secret" in text:
            raise MessageRefused("no secrets here")
        return text.replace("darn", "****")


class Small(Talkative):
    kind = "small"
    max_channels = 5
    history_bytes = 8_000
    channel_kept_s = 30.0


class Closed(Chat):
    kind = "closed"
    options = ChatOptions(open_channels=False, friends_only=True)


def say(client: Client, text: Any, *, channel: Any = GENERAL, nonce: Any = 0) -> None:
    client.send("say", {"channel": channel, "text": text, "nonce": nonce or len(client.events) + 1000})


def payloads(client: Client, wanted: str) -> list[Any]:
    return [payload for name, payload in client.events if name == wanted]


def texts(client: Client, channel: int = GENERAL) -> list[tuple[int, str]]:
    return [(each["id"], each["text"]) for each in payloads(client, "said") if each["channel"] == channel]


def refusals(client: Client) -> list[str]:
    return [each["why"] for each in payloads(client, "refused")]


def entry(client: Client, number: int) -> Any:
    return next(each for each in client.roster if each.number == number)


def channels(client: Client) -> dict[str, int]:
    return {each.name: each.last for each in client.view.entities("Channel")}


def speak(play: Game, client: Client, count: int, *, channel: int = GENERAL, text: str = "line") -> None:
    for number in range(count):
        say(client, f"{text} {number}", channel=channel, nonce=channel * 1000 + number)
        play.ticks(1)
    play.ticks(2)


# -- messages ----------------------------------------------------------------------------------------------------------


def test_a_message_goes_to_everyone_once_with_a_number_of_its_channel() -> None:
    with game(Talkative) as play:
        ada, bob = play.join(name="Ada"), play.join(name="Bob")
        watcher = play.join(role=Role.SPECTATOR)
        say(ada, "hello")
        play.ticks(2)
        say(bob, "hi", nonce=7)
        say(bob, "elsewhere", channel=2)
        play.ticks(3)
        for client in (ada, bob, watcher):
            assert texts(client) == [(1, "hello"), (2, "hi")]
            assert texts(client, 2) == [(1, "elsewhere")]
            assert channels(client) == {"general": 2, "random": 1, "help": 0}
        said = payloads(watcher, "said")[1]
        assert (said["from"], said["name"], said["nonce"], said["mod"]) == (2, "Bob", 7, False)


def test_a_message_that_is_sent_again_is_not_said_again() -> None:
    with game(Talkative) as play:
        ada = play.join()
        for _ in range(3):
            say(ada, "once", nonce=5)
            play.ticks(2)
        assert texts(ada) == [(1, "once")]
        assert payloads(ada, "sent") == [{"nonce": 5}] * 2


def test_messages_come_once_and_in_order_across_lost_links_in_both_directions() -> None:
    with game(Talkative, seed=5) as play:
        ada, bob = play.join(name="Ada"), play.join(name="Bob")
        accepted = 0
        for number in range(1, 61):
            if number % 7 == 0:
                bob.lose_link()
            if number % 11 == 0:  # as a page does: what has no answer is sent again
                say(ada, f"{number}", nonce=number)
                play.ticks(number % 2)  # with the message on its way, or when it has arrived
                ada.lose_link()
                play.ticks(2)
                ada.come_back()
            say(ada, f"{number}", nonce=number)
            play.ticks(1)
            if number % 7 == 3:
                bob.come_back()
            accepted += 1
        bob.come_back()
        play.ticks(10)
        for client in (ada, bob):
            assert texts(client) == [(number, f"{number}") for number in range(1, accepted + 1)]


def test_bad_messages_are_refused_with_the_field_and_change_nothing() -> None:
    with game(Talkative) as play:
        ada, bob = play.join(), play.join()
        bad: list[tuple[str, Any, str]] = [
            ("say", None, "channel is no int"),
            ("say", {"channel": True, "text": "a", "nonce": 1}, "channel is no int"),
            ("say", {"channel": 99, "text": "a", "nonce": 1}, "no channel 99"),
            ("say", {"channel": 1, "text": b"a", "nonce": 1}, "text is no str"),
            ("say", {"channel": 1, "text": "a"}, "nonce is no int"),
            ("say", {"channel": 1, "text": "a", "nonce": -1}, "nonce is -1"),
            ("say", {"channel": 1, "text": " \u200b", "nonce": 1}, "text shows nothing"),
            ("say", {"channel": 1, "text": "é" * 1001, "nonce": 1}, f"longer than {MAX_SAID_BYTES} bytes"),
            ("history", {"channel": 1, "before": "x"}, "before is no number"),
            ("typing", "general", "channel is no int"),
            ("open", 5, "a channel has"),
            ("open", "General", "a channel general already"),
            ("mute", {"number": 1, "muted": True}, "only moderators"),
            ("hide", {"channel": 1, "id": 1}, "only moderators"),
            ("close", {"channel": 1}, "only moderators"),
            ("dance", None, "there is no 'dance'"),
        ]
        for name, payload, _ in bad:
            ada.send(name, payload)
            play.ticks(2)
        for why, (_, _, wanted) in zip(refusals(ada), bad, strict=True):
            assert wanted in why
        assert bob.events == []
        assert channels(bob) == {"general": 0, "random": 0, "help": 0}


def test_who_sends_rubbish_is_not_answered_for_ever() -> None:
    with game(Talkative) as play:
        ada = play.join()
        for _ in range(20):
            for _ in range(10):
                ada.send("x" * 60, [None] * 20)
            play.ticks(1)
        assert 20 <= len(refusals(ada)) <= 25


def test_who_watches_reads_and_says_nothing() -> None:
    with game(Talkative) as play:
        ada = play.join()
        watcher = play.join(role=Role.SPECTATOR)
        say(ada, "hello")
        say(watcher, "me too")
        watcher.send("history", {"channel": GENERAL})
        play.ticks(3)
        assert texts(ada) == [(1, "hello")]
        assert refusals(watcher) == ["say: who watches cannot do this"]
        assert len(payloads(watcher, "history")) == 1


# -- history -----------------------------------------------------------------------------------------------------------


def test_who_comes_late_pages_back_through_the_history() -> None:
    with game(Talkative) as play:
        ada = play.join(name="Ada")
        speak(play, ada, 120)
        late = play.join()
        assert channels(late)["general"] == 120
        got: list[Any] = []
        before = None
        while True:
            late.send("history", {"channel": GENERAL, "before": before})
            play.ticks(10)
            page = payloads(late, "history")[-1]
            assert page["before"] == before
            assert len(page["messages"]) <= PAGE_MESSAGES
            got = page["messages"] + got
            if not page["more"]:
                break
            before = page["messages"][0]["id"]
        assert [(each["id"], each["text"]) for each in got] == [(n + 1, f"line {n}") for n in range(120)]
        assert {each["name"] for each in got} == {"Ada"}


def test_pages_are_bounded_in_bytes_and_asked_for_within_limits() -> None:
    with game(Talkative) as play:
        ada = play.join()
        speak(play, ada, 30, text="x" * 1900)
        for _ in range(20):
            ada.send("history", {"channel": GENERAL, "before": None})
        play.ticks(5)
        pages = payloads(ada, "history")
        assert PAGE_BURST <= len(pages) <= PAGE_BURST + 1
        assert any("too many pages" in why for why in refusals(ada))
        assert sum(len(each["text"]) for each in pages[0]["messages"]) < PAGE_BYTES
        assert pages[0]["more"]


def test_the_oldest_messages_go_and_a_flood_of_one_channel_takes_nothing_of_another() -> None:
    with game(Small) as play:
        ada = play.join()
        speak(play, ada, 5, channel=2, text="kept")
        speak(play, ada, 60, text="flood")
        assert play.room.history.size <= Small.history_bytes
        for channel in (1, 2):
            ada.send("history", {"channel": channel})
        play.ticks(3)
        flood, kept = payloads(ada, "history")
        assert [each["text"] for each in kept["messages"]] == [f"kept {n}" for n in range(5)]
        assert flood["messages"][-1]["id"] == 60
        assert flood["messages"][0]["id"] > 30
        assert not flood["more"]


def test_a_history_gives_the_page_before_any_number() -> None:
    history = History(10_000)
    history.open(1)
    assert history.page(1, None, 5, 1000) == history.page(1, 3, 5, 1000) == ([], False)
    for number in range(1, 101):
        history.add(1, Message(number, 0, 1, "Ada", False, "x"))
    oldest = history.page(1, None, 1000, 10**9)[0][0].id
    assert 1 < oldest < 100
    for before in (0, oldest - 1, oldest):
        assert history.page(1, before, 5, 10**9) == ([], False)
    ids = [message.id for message in history.page(1, oldest + 3, 50, 10**9)[0]]
    assert ids == [oldest, oldest + 1, oldest + 2]
    assert len(history.page(1, 10**9, 50, 1)[0]) == 1, "one at least"


# -- limits ------------------------------------------------------------------------------------------------------------


def test_a_person_says_five_at_once_and_then_one_a_second() -> None:
    with game(Chat) as play:
        ada = play.join()
        for number in range(1, 11):
            say(ada, "quick", nonce=number)
        play.ticks(2)
        assert len(texts(ada)) == 5
        assert set(refusals(ada)) == {"too fast: wait a moment"}
        play.seconds(1)
        say(ada, "again", nonce=10)
        play.ticks(2)
        assert texts(ada)[-1] == (6, "again")


def test_leaving_and_joining_again_gives_no_more_to_say_and_does_not_silence_the_others() -> None:
    with game(Chat) as play:
        ada = play.join()
        play.seconds(Chat.newcomer_s + 1)
        for _ in range(12):
            flooder = play.join()
            for number in range(1, 6):
                say(flooder, "flood", nonce=number)
            play.ticks(1)
            flooder.leave()
        say(ada, "still here")
        play.ticks(3)
        floods = [text for _, text in texts(ada) if text == "flood"]
        assert Chat.newcomers_burst <= len(floods) <= Chat.newcomers_burst + 12
        assert texts(ada)[-1][1] == "still here"


def test_who_comes_with_a_token_in_a_flood_may_speak_and_goes_on_with_its_own_limit() -> None:
    with game(Chat) as play:
        for _ in range(6):
            visitor = play.join()
            for number in range(1, 6):
                say(visitor, "flood", nonce=number)
            play.ticks(1)
        assert "many people have just come: wait a moment" in refusals(visitor)
        for _ in range(3):
            ada = play.join(claims={"sub": "ada"})
            for number in range(1, 6):
                say(ada, "mine", nonce=number)
            play.ticks(2)
            ada.leave()
            play.ticks(1)
        mine = [text for _, text in texts(visitor) if text == "mine"]
        assert len(mine) == 5, "joining again gives no more"


# -- people ------------------------------------------------------------------------------------------------------------


def test_no_two_people_have_names_that_look_alike() -> None:
    with game(Chat) as play:
        names = ["Ada", "Аdа", "A-D-A", "Visitor 9", "", "★", "Моderаtоr", "admin", "a" * 30, "a" * 24]  # noqa: RUF001
        clients = [play.join(name=name) for name in names]
        shown = [each.name for each in clients[-1].roster]
        assert shown[:4] == ["Ada", "Аdа 2", "A-D-A 3", "Visitor 9"]  # noqa: RUF001
        assert shown[4:8] == ["Visitor 5", "Visitor 6", "Visitor 7", "Visitor 8"]
        assert shown[8:] == ["a" * 24, "a" * 21 + " 10"]


def test_names_that_are_no_text_are_left_out() -> None:
    with game(Chat) as play:
        assert play.join(name=5).me.state.name == "Visitor 1"  # type: ignore[union-attr]
        assert play.join().me.state.name == "Visitor 2"  # type: ignore[union-attr]


def test_typing_is_seen_and_ends_by_itself_by_the_message_and_with_the_link() -> None:
    with game(Chat) as play:
        ada, bob = play.join(), play.join()
        bob.send("typing", 2)
        play.ticks(3)
        assert entry(ada, 2).typing == 2
        play.seconds(7)
        assert entry(ada, 2).typing == 0
        for end in (lambda: say(bob, "done"), lambda: bob.send("typing", 0), bob.lose_link):
            bob.send("typing", 1)
            play.ticks(3)
            assert entry(ada, 2).typing == 1
            end()
            play.ticks(3)
            assert entry(ada, 2).typing == 0
        assert not entry(ada, 2).connected


# -- channels ----------------------------------------------------------------------------------------------------------


def test_people_open_channels_within_limits_and_a_new_one_takes_the_place_of_an_unused_one() -> None:
    with game(Small) as play:
        ada, bob, eve = play.join(), play.join(), play.join()
        ada.send("open", "#Board Games")
        play.ticks(3)
        assert payloads(ada, "opened") == [{"channel": 4}]
        assert "board-games" in channels(bob)
        for name in ("cats", "dogs"):
            ada.send("open", name)
            play.ticks(3)
        assert refusals(ada) == ["open: one channel a minute"]
        bob.send("open", "dogs")
        play.ticks(3)
        assert list(channels(bob)) == ["general", "random", "help", "cats", "dogs"], "board-games was never used"
        for channel in (5, 6):
            say(ada, "used", channel=channel, nonce=channel)
        bob.send("open", "birds")
        play.ticks(3)
        assert refusals(bob) == ["there are 5 channels already"]
        eve.send("typing", 4)
        play.ticks(3)
        assert refusals(eve) == ["typing: there is no channel 4"]


def test_who_has_just_come_opens_few_channels_and_one_that_is_silent_for_long_makes_place() -> None:
    with game(Small) as play:
        ada = play.join()
        for number in range(5):
            play.join().send("open", f"spam-{number}")
            play.ticks(2)
        assert list(channels(ada))[3:] == ["spam-2", "spam-3"]
        assert not any("spam-4" in channels(client) for client in play.clients)
        for channel in (6, 7):
            say(ada, "used", channel=channel, nonce=channel)
        play.ticks(2)
        play.seconds(Small.channel_kept_s - 1)
        say(ada, "still used", channel=7, nonce=99)
        play.seconds(2)
        ada.send("open", "fresh")
        play.ticks(3)
        assert list(channels(ada))[3:] == ["spam-3", "fresh"]


def test_where_only_moderators_open_channels_and_only_friends_come_in() -> None:
    with game(Closed) as play:
        ada = play.join()
        root = play.join(claims=MODERATOR, room=play.room.id)
        ada.send("open", "cats")
        root.send("open", "dogs")
        play.ticks(3)
        assert refusals(ada) == ["open: only moderators open channels here"]
        assert "dogs" in channels(ada)
        assert "cats" not in channels(ada)
        assert play.room._context.visibility == "unlisted"


# -- moderators --------------------------------------------------------------------------------------------------------


def test_the_moderation_hook_changes_refuses_and_hides() -> None:
    with game(Moderated) as play:
        ada, bob = play.join(), play.join()
        for nonce, text in enumerate(("darn it", "buy now!", "a secret", "fine"), 1):
            say(ada, text, nonce=nonce)
            play.ticks(2)
        assert texts(bob) == [(1, "**** it"), (2, "fine")]
        assert texts(ada) == [(1, "**** it"), (0, "buy now!"), (2, "fine")]
        assert payloads(ada, "refused") == [{"what": "say", "why": "no secrets here", "nonce": 3}]
        say(ada, "buy now!", nonce=2)
        play.ticks(2)
        assert payloads(ada, "sent") == [{"nonce": 2}], "what is hidden is not said again either"


def test_a_moderator_takes_out_what_was_said_also_for_who_comes_later() -> None:
    with game(Talkative) as play:
        ada, root = play.join(), play.join(claims=MODERATOR, name="Moderator Kim")
        speak(play, ada, 3)
        root.send("hide", {"channel": GENERAL, "id": 2})
        root.send("hide", {"channel": GENERAL, "id": 2})
        play.ticks(3)
        assert payloads(ada, "hidden") == [{"channel": GENERAL, "id": 2}]
        assert refusals(root) == ["hide: there is no message 2"]
        assert (entry(ada, 2).name, entry(ada, 2).moderator) == ("Moderator Kim", True)
        late = play.join()
        late.send("history", {"channel": GENERAL})
        play.ticks(3)
        page = payloads(late, "history")[0]["messages"]
        assert [(each["text"], each["hidden"]) for each in page] == [("line 0", False), ("", True), ("line 2", False)]


def test_who_is_muted_says_nothing_and_stays_muted_after_joining_again() -> None:
    with game(Talkative) as play:
        ada, root = play.join(claims={"sub": "ada"}), play.join(claims=MODERATOR)
        ada.send("typing", 1)
        root.send("mute", {"number": 1, "muted": True})
        root.send("mute", {"number": 2, "muted": True})
        play.ticks(3)
        assert entry(root, 1).muted
        assert entry(root, 1).typing == 0
        assert refusals(root) == ["mute: 2 is nobody whom you can mute"]
        ada.leave()
        again = play.join(claims={"sub": "ada"})
        say(again, "hello?")
        again.send("open", "cats")
        play.ticks(3)
        assert refusals(again) == ["a moderator has muted you"] * 2
        root.send("mute", {"number": 3, "muted": False})
        play.ticks(3)
        say(again, "thanks")
        play.ticks(3)
        assert texts(root) == [(1, "thanks")]


def test_a_moderator_closes_a_channel_and_its_number_is_not_used_again() -> None:
    with game(Talkative) as play:
        ada, root = play.join(), play.join(claims=MODERATOR)
        root.send("open", "cats")
        play.ticks(3)
        say(ada, "meow", channel=4)
        for channel in (4, 1):
            root.send("close", {"channel": channel})
        play.ticks(3)
        assert refusals(root) == ["close: general stays"]
        assert list(channels(ada)) == ["general", "random", "help"]
        root.send("open", "cats")
        play.ticks(3)
        assert payloads(root, "opened") == [{"channel": 4}, {"channel": 5}]
        assert channels(ada)["cats"] == 0


@pytest.mark.parametrize("claims", [None, {}, {"moderator": 1}, {"moderator": "true"}, {"roles": ["moderator"]}])
def test_nobody_else_is_a_moderator(claims: dict[str, object] | None) -> None:
    with game(Chat) as play:
        ada = play.join(claims=claims, moderator=True, name="moderator")
        assert not entry(ada, 1).moderator


def test_whatever_clients_do_the_rules_do_not_fail() -> None:
    numbers: list[Any] = [1, 2, 3, 4, 99, -1, True, None, 2**40]
    messages: dict[str, list[Any]] = {
        "say": [{"channel": n, "text": text, "nonce": 1} for n in numbers for text in ("hello", "\u202e", "", 5)],
        "typing": numbers,
        "history": [{"channel": n, "before": m} for n in numbers for m in numbers],
        "open": ["cats", "dogs", "#", None],
        "hide": [{"channel": n, "id": 1} for n in numbers],
        "mute": [{"number": n, "muted": True} for n in numbers],
        "close": [{"channel": n} for n in numbers],
    }
    played = random_play(Talkative, seed=3, ticks=1000, messages=messages, params={"name": "Ada"})
    assert played is not None
