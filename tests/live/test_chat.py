"""The chat over real sockets: what is said arrives once and in order through resets, and the history has all of it."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import trio

from gameserver.client import connect
from gameserver.client.session_events import Joined
from gameserver.protocol import messages as m
from tests.support.live.fault_proxy import faulty
from tests.support.live.process import ServerProcess
from tests.support.live.server import until

if TYPE_CHECKING:
    from collections.abc import Callable

    from gameserver.client import Session
    from gameserver.client.session_events import SessionEvent
    from tests.support.live.fault_proxy import FaultProxy

PEOPLE = 4
MESSAGES = 25
RESETS = 8
GENERAL = 1


class Person:
    """Says so many messages, and sends again what is not confirmed when a link is new, as the page does."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.said: list[dict[str, Any]] = []
        self.pages: list[dict[str, Any]] = []
        self.refused: list[dict[str, Any]] = []
        self.links = 0
        self.waiting: dict[int, str] = {}
        self._sent: set[int] = set()

    def take(self, event: SessionEvent) -> None:
        """Note what the room says."""
        if isinstance(event, Joined):
            self.links += 1
            self._sent.clear()
        if not isinstance(event, m.Event):
            return
        if event.name == "said":
            self.said.append(event.payload)
            if event.payload["name"] == self.name:
                self.waiting.pop(event.payload["nonce"], None)
        elif event.name == "sent":
            self.waiting.pop(event.payload["nonce"], None)
        elif event.name == "history":
            self.pages.append(event.payload)
        elif event.name == "refused":
            self.refused.append(event.payload)

    def flush(self, session: Session) -> None:
        """Send what this link has not been sent yet, in order."""
        for nonce, text in self.waiting.items():
            if nonce in self._sent:
                continue
            if not session.send("say", {"channel": GENERAL, "text": text, "nonce": nonce}):
                return
            self._sent.add(nonce)

    async def talk(self, port: int, all_said: int, is_full: Callable[[], bool]) -> None:
        """Say everything once all are there, and stay until everything has come."""
        url = f"ws://127.0.0.1:{port}/ws"
        async with connect(url, "chat", params={"name": self.name}, on_event=self.take) as session:
            await until(is_full)
            for number in range(1, MESSAGES + 1):
                self.waiting[number] = f"{self.name} {number}"
                self.flush(session)
                await trio.sleep(0.04)
            while self.waiting or len(self.said) < all_said:
                self.flush(session)
                await trio.sleep(0.05)


async def reset_some(network: FaultProxy, is_full: Callable[[], bool]) -> None:
    """Break links while people talk; not for ever, since clients wait longer after each."""
    dice = random.Random(1)
    await until(is_full)
    for _ in range(RESETS):
        await trio.sleep(dice.uniform(0.1, 0.3))
        network.reset_one()


async def read_back(port: int, person: Person) -> list[dict[str, Any]]:
    """Join late, and ask for one page after the other."""
    read: list[dict[str, Any]] = []
    async with connect(f"ws://127.0.0.1:{port}/ws", "chat", params={"name": "Eve"}, on_event=person.take) as session:
        before = None
        while True:
            person.pages.clear()
            session.send("history", {"channel": GENERAL, "before": before})
            await until(lambda: bool(person.pages))
            (page,) = person.pages
            read = page["messages"] + read
            if not page["more"]:
                return read
            before = read[0]["id"]


async def test_what_is_said_arrives_once_and_in_order_through_resets_and_who_comes_late_reads_all_of_it() -> None:
    def is_full() -> bool:
        return all(person.links for person in people)

    people = [Person(name) for name in ("Ada", "Bob", "Kim", "Lea")[:PEOPLE]]
    with trio.fail_after(60):
        async with (
            ServerProcess("tests.support.browser.open_chat:OpenChat", "--log-level", "error") as server,
            faulty(server.port) as network,
            trio.open_nursery() as nursery,
        ):
            nursery.start_soon(reset_some, network, is_full)
            async with trio.open_nursery() as talking:
                for person in people:
                    talking.start_soon(person.talk, network.port, PEOPLE * MESSAGES, is_full)
            nursery.cancel_scope.cancel()
            late = Person("Eve")
            with trio.CancelScope(shield=True):
                history = await read_back(server.port, late)
    assert sum(person.links for person in people) > PEOPLE + RESETS / 2, "links were lost"
    ids = list(range(1, PEOPLE * MESSAGES + 1))
    for person in people:
        assert [each["id"] for each in person.said] == ids
        assert person.refused == []
        own = [each["text"] for each in person.said if each["name"] == person.name]
        assert own == [f"{person.name} {number}" for number in range(1, MESSAGES + 1)]
    texts = [(each["id"], each["text"]) for each in people[0].said]
    assert [(each["id"], each["text"]) for each in history] == texts
