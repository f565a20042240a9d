"""What is committed in which order, whatever ends, is saved or fails meanwhile; and nothing waits for ever."""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING, Any

import pytest
import trio

from gameserver.protocol.constants import ClientMessage as C
from gameserver.protocol.constants import CloseCode
from gameserver.protocol.constants import ServerMessage as S
from gameserver.store.api import StoreError
from tests.support.lasting_server import Cellar, Ledger, Process
from tests.support.moving_rooms import Lobby, Match

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


class DurableLobby(Lobby):
    kind = "lobby"
    lasting = True
    durable = True


class FreeLock:
    """A lock that is free whenever somebody wants it, or the test fails."""

    def __init__(self) -> None:
        self._lock = threading.Lock()

    def __enter__(self) -> None:
        assert self._lock.acquire(blocking=False), "this would wait for ever"

    def __exit__(self, *_: object) -> None:
        self._lock.release()


def before_the_thread(monkeypatch: pytest.MonkeyPatch, act: Callable[[], Any]) -> None:
    """Have something happen between the moment when a commit is taken and its thread's start."""

    async def run_sync(call: Callable[[], Any]) -> Any:
        act()
        await trio.lowlevel.checkpoint()
        return call()

    monkeypatch.setattr(trio.to_thread, "run_sync", run_sync)


def process(folder: Path, *kinds: type[Cellar]) -> Process:
    one = Process(folder, *(kinds or (Cellar, Ledger)))
    one.lasting._writing = FreeLock()  # type: ignore[assignment]
    return one


def records(one: Process) -> list[tuple[str, bool]]:
    """The rooms that are stored, and whether each has a journal."""
    return [(saved.id, bool(saved.records)) for saved in one.store.rooms(0)]


async def test_a_durable_room_that_ends_while_a_commit_is_on_its_way_does_not_wait_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = process(tmp_path)
    link, _ = one.server.join("ledger")
    engine = one.server.engine
    before_the_thread(monkeypatch, lambda: engine.close(CloseCode.ROOM_CLOSED, "over"))
    await one.lasting._commit_soon(list(one.lasting._rooms.values()))
    assert link.closed == (CloseCode.ROOM_CLOSED, "over")
    assert records(one) == []
    one.kill()


async def test_a_server_that_stops_while_a_commit_is_on_its_way_saves_its_rooms_after_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = process(tmp_path)
    one.server.join("ledger")
    one.commit()
    one.server.tick(3)
    before_the_thread(monkeypatch, lambda: one.server.hub.drain(1.0))
    await one.lasting._commit_soon(list(one.lasting._rooms.values()))
    one.stop()
    two = Process(tmp_path, Ledger, seed=2)
    assert two.server.engine.tick_number == 4
    two.kill()


async def test_what_was_taken_is_written_though_the_task_is_cancelled_before_its_thread_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = process(tmp_path)
    one.server.join("cellar")
    with trio.CancelScope() as scope:
        before_the_thread(monkeypatch, scope.cancel)
        await one.lasting._commit_soon(list(one.lasting._rooms.values()))
    assert scope.cancelled_caught
    one.lasting._commit_now()
    assert len(records(one)) == 1
    one.kill()


async def test_rooms_that_end_or_are_saved_while_their_commit_waits_are_not_committed_again(tmp_path: Path) -> None:
    one = process(tmp_path)
    link, _ = one.server.join("cellar")
    one.server.hub.open_room("cellar")
    kept, ends = list(one.lasting._rooms.values())
    ends.engine.close(CloseCode.ROOM_CLOSED, "over")
    one.server.hub.drain(1.0)
    one.commit()
    await one.lasting._commit_soon([kept, ends])
    assert records(one) == [(kept.engine.id, False)]
    one.kill()
    two = Process(tmp_path, seed=2)
    again, _ = two.resume(link, tick=0, event=None)
    assert again.welcome["resumed"]
    two.kill()


def test_a_commit_that_fails_brings_no_room_back_that_has_ended_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = process(tmp_path)
    one.server.join("ledger")
    one.lasting._take(one.server.now_s, list(one.lasting._rooms.values()))

    def fail(*_: object) -> None:
        raise StoreError("the disk is full")

    with monkeypatch.context() as broken:
        broken.setattr(one.store, "commit", fail)
        one.lasting._write_taken()
    one.server.engine.close(CloseCode.ROOM_CLOSED, "over")
    one.commit()
    assert records(one) == []
    one.kill()


def test_a_room_under_the_id_of_one_that_has_just_ended_is_kept(tmp_path: Path) -> None:
    one = process(tmp_path)
    one.server.hub.open_room("cellar", room_id="aaaaaa")
    one.commit()
    one.server.engine.close(CloseCode.ROOM_CLOSED, "over")
    one.server.hub.open_room("cellar", room_id="aaaaaa")
    one.commit()
    one.server.tick(2)
    one.commit()
    assert records(one) == [("aaaaaa", True)]
    one.kill()


def test_a_disk_that_is_full_is_said_once_though_other_parts_have_nothing_to_commit(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = process(tmp_path)
    one.server.join("cellar")
    one.commit()

    def fail(*_: object) -> None:
        raise StoreError("the disk is full")

    monkeypatch.setattr(one.store, "commit", fail)
    for _ in range(3):
        one.server.tick(2)
        one.commit()
        one.lasting._commit_now()  # of no room
    assert "rooms are kept again" not in caplog.text
    assert caplog.text.count("the disk is full") == 1
    one.kill()


def test_moved_waits_for_the_tick_of_the_durable_room_that_the_session_leaves(tmp_path: Path) -> None:
    one = Process(tmp_path, DurableLobby, Match)
    link, peer = one.server.join("lobby")
    one.commit()
    lobby = one.server.engine
    one.server.say(peer, C.MESSAGE, "go", {})
    while not one.server.hub.counts["moves"]:
        one.server.tick()
    assert lobby.gate is not None
    lobby.gate.release(lobby.tick_number - 1)
    assert link.of(S.MOVED) == []
    lobby.gate.release(lobby.tick_number)
    assert len(link.of(S.MOVED)) == 1
    one.kill()


class Bank:
    """Cannot be saved today."""

    def save(self) -> Any:
        raise KeyError("the vault is locked")

    @classmethod
    def load(cls, saved: Any) -> Bank:
        return cls()


class Link:
    def __init__(self, next_link: Link | None) -> None:
        self.next_link = next_link


def chain(links: int) -> Link | None:
    first = None
    for _ in range(links):
        first = Link(first)
    return first


@pytest.fixture
def recursion_limit() -> Iterator[None]:
    """Python's usual limit, which mypy raises for good where another test has called it in this process."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(1000)
    yield
    sys.setrecursionlimit(before)


@pytest.mark.usefixtures("recursion_limit")
@pytest.mark.parametrize(
    ("value", "why"),
    [
        (Bank(), "it raises KeyError: 'the vault is locked'"),
        ("\ud800", "it raises UnicodeEncodeError"),
        (chain(1000), "it raises RecursionError"),
    ],
)
def test_a_room_that_raises_while_it_is_saved_is_named_and_the_others_are_kept(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, value: Any, why: str
) -> None:
    one = process(tmp_path)
    one.server.join("cellar")
    one.cellar.heard.append(value)
    one.server.hub.open_room("cellar", room_id="aaaaaa")
    one.commit()
    assert f"(cellar) does not last: Cellar: {why}" in caplog.text
    assert records(one) == [("aaaaaa", False)]
    one.kill()
