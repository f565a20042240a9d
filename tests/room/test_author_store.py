"""`self.store`: results come at a later tick, calls are made in order, and a replay makes none of them."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest

from gameserver import JoinRefused, Player, Room
from gameserver.room.author_store import Calls, MemoryEntries

if TYPE_CHECKING:
    from collections.abc import Callable

    from gameserver.room.outside_work import Job, WorkFailed
    from gameserver.testing import Game


class Shop(Room):
    """Keeps each player's gold."""

    lasting = True

    def on_create(self, options: Any) -> None:
        self.seen: list[Any] = []

    def on_auth(self, player: Player) -> Job:
        player.data = 0
        return self.store.get(player.text("name"), player_loaded(self, player))

    def loaded(self, player: Player, gold: Any, version: int) -> None:
        if gold == "banned":
            raise JoinRefused("you are banned")
        player.data = gold or 100

    def note(self, *what: Any) -> None:
        self.seen.append(what)

    def failed(self, failure: WorkFailed) -> None:
        self.seen.append(str(failure))

    def on_leave(self, player: Player) -> None:
        self.store.put(player.text("name"), player.data + 1)


class Bank(Shop):
    kind = "bank"


def player_loaded(room: Shop, player: Player) -> Any:
    from functools import partial

    return partial(room.loaded, player)


def test_what_a_room_stores_the_next_one_finds(play: Callable[..., Game]) -> None:
    g = play(Shop)
    ada = g.join(name="Ada")
    assert g.room.players[0].data == 100
    ada.leave()
    g.ticks(3)
    g.join(name="Ada")
    assert g.room.players[0].data == 101


def test_a_join_may_wait_for_it_and_be_refused(play: Callable[..., Game]) -> None:
    from gameserver.client.errors import JoinFailed

    g = play(Shop)
    g.join(name="Bob")
    g.room.store.put("Eve", "banned")
    g.ticks(2)
    with pytest.raises(JoinFailed, match="you are banned"):
        g.join(name="Eve")


def test_calls_are_made_in_order_and_versions_keep_two_from_overwriting_each_other(play: Callable[..., Game]) -> None:
    g = play(Shop)
    g.join(name="Ada")
    room = g.room
    for number in range(20):
        room.store.put("n", number)
    room.store.get("n", room.note)
    room.store.put("n", "other", version=3, then=room.note)
    room.store.put("n", "mine", version=20, then=room.note)
    room.store.put("new", 1, version=0, then=room.note)
    room.store.scan("n", room.note)
    room.store.delete("n", then=room.note)
    room.store.get("n", room.note)
    g.ticks(4)
    expected = [(19, 20), (None,), (21,), (1,), ([["n", "mine", 21], ["new", 1, 1]],), (True,), (None, 0)]
    assert sorted(room.seen, key=repr) == sorted(expected, key=repr)  # threads may report in another order


def test_each_kind_has_keys_of_its_own_and_all_share_others(play: Callable[..., Game]) -> None:
    g = play(Shop, Bank)
    g.join("shop", name="Ada")
    g.join("bank", name="Bob")
    shop, bank = g.rooms
    assert isinstance(shop, Shop)
    assert isinstance(bank, Bank)
    shop.store.put("best", "shop's")
    shop.store.shared.put("best", "everybody's")
    g.ticks(3)
    bank.store.get("best", bank.note)
    bank.store.shared.get("best", bank.note)
    g.ticks(3)
    assert sorted(bank.seen, key=repr) == [("everybody's", 1), (None, 0)]


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda room: room.store.get(5, room.note), "key is 5; write a text"),
        (lambda room: room.store.get("x" * 257, room.note), "at most 256 bytes"),
        (lambda room: room.store.put("a\n", 1), "printable text"),
        (lambda room: room.store.put("a", object()), "payload"),
        (lambda room: room.store.scan("a", room.note, limit=0), "1 to 1000"),
        (lambda room: room.store.get("a", lambda *_: None), "write a method"),
        (lambda room: room.store.get("a", 5), "write the function itself"),
    ],
)
def test_what_cannot_be_stored_is_refused_at_the_call(
    play: Callable[..., Game], call: Callable[[Any], object], said: str
) -> None:
    g = play(Shop)
    g.join(name="Ada")
    with pytest.raises((TypeError, ValueError), match=said):
        call(g.room)


def test_what_a_room_asked_for_at_its_end_is_done() -> None:
    calls = Calls()
    calls.add("put", "shop", "a", 1, None)
    calls.add("put", "shop", "a", 2, None)
    calls.leave()
    assert calls.entries.get("shop", "a") == [2, 2]


def test_an_error_reaches_its_own_call_only() -> None:
    class Broken(MemoryEntries):
        def delete(self, scope: str, key: str) -> bool:
            raise OSError("no disk")

    calls = Calls()
    calls.entries = Broken(threading.Lock())
    first = calls.add("delete", "s", "a")
    second = calls.add("put", "s", "a", 1, None)
    assert second() == 1
    with pytest.raises(OSError, match="no disk"):
        first()
