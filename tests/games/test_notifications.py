"""Notifications: who gets which, once, on all devices; what is kept for who is away; what is bounded."""

from __future__ import annotations

import random
from typing import Any

import pytest

from gameserver import Player, Role, Room
from gameserver.client import JoinFailed
from gameserver.games import notifications
from gameserver.games.notifications import (
    MAX_PER_USER,
    MAX_REMINDERS,
    MAX_TOPICS_PER_USER,
    NEWEST_OF_TOPIC,
    Notifications,
    notify,
)
from gameserver.room.accepted_commands import CommandInvalid, read_command
from gameserver.testing import Client, Game, game


def publish(play: Game, text: str, **more: Any) -> None:
    """Publish what has come over HTTP."""
    payload = read_command(Notifications.commands, "publish", {"text": text, **more})
    room = next(room for room in play.rooms if isinstance(room, Notifications))
    play.command("publish", payload, room=room)
    play.ticks(3)


def arrived(client: Client) -> list[str]:
    """The texts that came while the client was there, in order."""
    return [payload["text"] for name, payload in client.events if name == "notification"]


def inbox(client: Client) -> dict[str, bool]:
    """What an inbox has when all events are applied: each text, and whether it was read."""
    found: dict[int, dict[str, Any]] = {}
    for name, payload in client.events:
        if name == "inbox":
            found.clear()
        elif name == "items":
            found |= {item["id"]: dict(item) for item in payload}
        elif name == "notification":
            assert payload["id"] not in found, "twice"
            found[payload["id"]] = dict(payload)
        elif name == "read":
            for one in payload:
                found[one]["read"] = True
    return {found[one]["text"]: found[one]["read"] for one in sorted(found)}


def ids(client: Client) -> list[int]:
    return [
        item["id"]
        for name, payload in client.events
        if name in ("items", "notification")
        for item in (payload if name == "items" else [payload])
    ]


def topics(client: Client) -> list[str]:
    return next(payload for name, payload in reversed(client.events) if name == "topics")


def test_a_users_notifications_reach_all_its_devices_and_nobody_else() -> None:
    with game(Notifications) as play:
        phone, laptop, bob = play.join(name="Ada"), play.join(name="Ada"), play.join(name="Bob")
        publish(play, "your turn", user="Ada")
        publish(play, "and yours", user="Bob")
        assert arrived(phone) == arrived(laptop) == ["your turn"]
        assert arrived(bob) == ["and yours"]
        received = str([client.events for client in (phone, laptop)])
        assert "and yours" not in received
        assert "your turn" not in str(bob.events)


def test_a_subject_and_a_name_are_no_ways_to_anothers_inbox() -> None:
    with game(Notifications) as play:
        ada = play.join(claims={"sub": "ada"}, name="Bob")
        eve = play.join(claims={"sub": "eve"}, name="ada")
        publish(play, "for ada", user="ada")
        assert arrived(ada) == ["for ada"]
        junks: list[Any] = [ids(ada), "ada", {"user": "ada"}, None, 7, [None, "x", [], 1e9, -1]]
        for junk in junks:
            eve.send("read", junk)
        play.ticks(3)
        assert inbox(ada) == {"for ada": False}
        assert "for ada" not in str(eve.events)
        for claims in ({}, {"sub": 7}, {"sub": ""}, {"sub": "x" * 65}):
            with pytest.raises(JoinFailed):
                play.join(claims=claims, name="ada")
        for params in ({}, {"name": "\x00"}, {"name": 7}):
            with pytest.raises(JoinFailed):
                play.join(**params)
        with pytest.raises(JoinFailed):
            play.join(role=Role.SPECTATOR, name="ada")


def test_what_is_read_on_one_device_is_read_on_all_and_stays_so() -> None:
    with game(Notifications) as play:
        phone, laptop = play.join(name="Ada"), play.join(name="Ada")
        publish(play, "one", user="Ada")
        publish(play, "two", user="Ada")
        phone.send("read", ids(phone)[:1] * 3)
        play.ticks(3)
        assert inbox(phone) == inbox(laptop) == inbox(play.join(name="Ada")) == {"one": True, "two": False}
        assert [payload for name, payload in laptop.events if name == "read"] == [ids(phone)[:1]]


def test_what_came_while_somebody_was_away_is_there_later_up_to_a_number() -> None:
    with game(Notifications) as play:
        ada = play.join(name="Ada")
        ada.leave()
        play.ticks(3)
        for number in range(MAX_PER_USER + 5):
            publish(play, f"n{number}", user="Ada")
        again = play.join(name="Ada")
        assert list(inbox(again)) == [f"n{number}" for number in range(5, MAX_PER_USER + 5)]
        assert arrived(again) == []


def test_delivery_is_once_and_in_order_through_lost_links_on_two_devices() -> None:
    dice = random.Random(3)
    with game(Notifications) as play:
        devices = [play.join(name="Ada"), play.join(name="Ada")]
        sent = []
        for number in range(40):
            for device in devices:
                if dice.random() < 0.3:
                    device.lose_link() if device.joined else device.come_back()
            sent.append(f"n{number}")
            publish(play, sent[-1], user="Ada", key=f"k{number}")
            if dice.random() < 0.3:
                publish(play, sent[-1], user="Ada", key=f"k{number}")  # its answer was lost
        for device in devices:
            if not device.joined:
                device.come_back()
        play.until(lambda: all(device.joined for device in devices))
        play.ticks(10)
        assert [arrived(device) for device in devices] == [sent, sent]


def test_topics_reach_those_who_follow_them_and_who_follows_later_gets_the_newest_as_read() -> None:
    with game(Notifications) as play:
        ada, bob = play.join(name="Ada"), play.join(name="Bob")
        ada.send("follow", "news")
        play.ticks(3)
        for number in range(NEWEST_OF_TOPIC + 2):
            publish(play, f"n{number}", topic="news")
        assert len(arrived(ada)) == NEWEST_OF_TOPIC + 2
        assert arrived(bob) == []
        bob.send("follow", "news")
        play.ticks(3)
        assert inbox(bob) == {f"n{number}": True for number in range(2, NEWEST_OF_TOPIC + 2)}
        ada.send("unfollow", "news")
        play.ticks(3)
        publish(play, "last", topic="news")
        assert "last" not in arrived(ada)
        assert arrived(bob) == ["last"]
        assert (topics(ada), topics(bob)) == ([], ["news"])
        second = play.join(name="Bob")
        assert [payload["topics"] for name, payload in second.events if name == "inbox"] == [["news"]]


def test_rooms_publish_with_one_call() -> None:
    class Duel(Room):
        kind = "duel"
        entities = ()

        def on_message(self, player: Player, name: str, payload: Any) -> None:
            notify(self, "x" * 1_000, user=payload, title="Your turn")

    with game(Duel, Notifications) as play:
        duellist, ada = play.join(), play.join("notifications", name="Ada")
        duellist.send("move", "Ada")
        play.seconds(0.5)
        assert [len(text) for text in arrived(ada)] == [280]


def test_what_a_client_may_publish_is_up_to_its_token() -> None:
    with game(Notifications) as play:
        desk = play.join(claims={"sub": "desk", "scope": "publish:notifications"})
        eve = play.join(claims={"sub": "eve", "scope": "publish:dashboard"})
        desk.send("publish", {"text": "hello", "user": "eve"})
        desk.send("publish", {"text": "hello"})
        eve.send("publish", {"text": "spam", "user": "desk"})
        play.ticks(3)
        assert arrived(eve) == ["hello"]
        assert arrived(desk) == []
        assert [payload for name, payload in eve.events if name == "refused"] == [
            "a token with publish:notifications is needed"
        ]
        assert any("give user or topic" in payload for name, payload in desk.events if name == "refused")


@pytest.mark.parametrize(
    "payload",
    [
        {"text": "x"},
        {"text": "x", "user": "a", "topic": "b"},
        {"text": "", "user": "a"},
        {"text": "x" * 281, "user": "a"},
        {"text": "x", "user": "a" * 65},
        {"text": "x", "topic": "Two words"},
        {"text": "x", "topic": "a" * 41},
        {"text": "x", "topic": "../../etc"},
        {"text": "x", "user": "a", "html": "<b>"},
        {"text": 7, "user": "a"},
        [],
    ],
)
def test_what_cannot_be_published_is_refused(payload: Any) -> None:
    with pytest.raises(CommandInvalid):
        read_command(Notifications.commands, "publish", payload)


def test_users_topics_keys_and_inboxes_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, limit in {"MAX_USERS": 20, "MAX_KEPT": 50, "MAX_TOPICS": 5, "MAX_KEYS": 10}.items():
        monkeypatch.setattr(notifications, name, limit)
    with game(Notifications) as play:
        ada = play.join(name="Ada")
        publish(play, "kept", user="Ada")
        for number in range(60):
            publish(play, "flood", user=f"u{number}", key=f"k{number}")
            publish(play, "flood", topic=f"t{number}")
        room = play.room
        assert len(room._users) == 20
        assert "Ada" in room._users  # she is here
        assert len(room._kept) <= 50
        assert (len(room._newest), len(room._keys)) == (5, 10)
        for number in range(MAX_TOPICS_PER_USER + 3):
            ada.send("follow", f"t{number}")
        for junk in ("", "Two Words", "x" * 41, 7, None, ["t1"]):
            ada.send("follow", junk)
        play.ticks(4)
        assert len(topics(ada)) == MAX_TOPICS_PER_USER
        for name in list(room._users):
            if name != "Ada":
                room._forget(name)
        assert set(room._following) == set(topics(ada))


def test_who_gets_many_notifications_pushes_out_its_own_and_nobody_elses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notifications, "MAX_KEPT", 2 * MAX_PER_USER)
    with game(Notifications) as play:
        eve = play.join(name="Eve")
        publish(play, "hello", user="Ada")
        for number in range(NEWEST_OF_TOPIC):
            publish(play, f"old {number}", topic="old")
        for number in range(2 * MAX_PER_USER):
            publish(play, f"flood {number}", user="Eve")
        for _ in range(10):  # puts the old ones of the topic into the full inbox again
            eve.send("follow", "old")
            eve.send("unfollow", "old")
            play.ticks(2)
        assert len(inbox(play.join(name="Eve"))) == MAX_PER_USER
        assert inbox(play.join(name="Ada")) == {"hello": False}


def test_a_user_with_many_devices_changes_topics_a_few_times_a_second() -> None:
    with game(Notifications) as play:
        devices = [play.join(name="Ada") for _ in range(3)]
        for number in range(200):
            devices[number % 3].send("follow" if number % 2 else "unfollow", "news")
        play.ticks(4)
        changes = [name for name, _ in devices[1].events if name == "topics"]
        assert 0 < len(changes) <= notifications.TOPIC_CHANGES_AT_ONCE + 2
        assert "refused" in [name for name, _ in devices[1].events]
        play.seconds(2)
        devices[0].send("follow", "later")
        play.ticks(3)
        assert "later" in topics(devices[2])


def test_reminders_are_ones_own_and_few() -> None:
    with game(Notifications) as play:
        ada, bob = play.join(name="Ada"), play.join(name="Bob")
        for number in range(MAX_REMINDERS + 1):
            ada.send("remind", {"text": f"tea {number}", "seconds": 1})
        for junk in (None, {}, {"text": "x"}, {"text": " ", "seconds": 5}, {"text": "x", "seconds": 0}, {"text": 1}):
            bob.send("remind", junk)
        play.seconds(1.5)
        assert arrived(ada) == [f"tea {number}" for number in range(MAX_REMINDERS)]
        assert arrived(bob) == []
        assert [name for name, _ in ada.events if name == "refused"] == ["refused"]
        ada.send("remind", {"text": "again", "seconds": 1})
        play.seconds(1.5)
        assert arrived(ada)[-1] == "again"


def test_reminders_of_many_names_are_bounded_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notifications, "MAX_ALL_REMINDERS", 7)
    with game(Notifications) as play:
        for number in range(4):
            client = play.join(name=f"u{number}")
            for _ in range(MAX_REMINDERS):
                client.send("remind", {"text": "x", "seconds": 3_600})
            play.ticks(2)
            client.leave()
        play.ticks(2)
        assert play.room._reminders == 7


def test_texts_are_shown_in_one_line_without_what_turns_the_rest_around() -> None:
    with game(Notifications) as play:
        ada = play.join(name="Ada")
        publish(play, "<b>a</b>\n\u202e\x1b[31m", user="Ada", title="\x00\u2066t")
        (item,) = [payload for name, payload in ada.events if name == "notification"]
        assert (item["title"], item["text"]) == ("t", "<b>a</b>[31m")
