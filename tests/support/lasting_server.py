"""Servers in memory, one after the other, with the same folder, and rooms that last for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from gameserver import Entity, Int, Player, Room
from gameserver.ops.lasting import Lasting
from gameserver.protocol.constants import ClientMessage as C
from gameserver.store.sqlite import open_store, signing_key_of
from tests.support.memory_server import MemoryLink, MemoryServer

if TYPE_CHECKING:
    from pathlib import Path

    from gameserver.hub.peer import Peer


class Pot(Entity):
    gold = Int(0, 1000)


def pay(key: str, amount: int) -> int:
    """What the cellar has done outside."""
    return amount


class Cellar(Room):
    lasting = True
    entities: ClassVar[tuple[type[Entity], ...]] = (Pot,)
    resume_grace_s = 30.0

    def on_create(self, options: Any) -> None:
        self.pot = self.spawn(Pot)
        self.heard: list[Any] = []
        self.left: list[int] = []

    def on_tick(self) -> None:
        self.pot.gold = (self.pot.gold + self.random.randrange(5)) % 1000

    def on_message(self, player: Player, name: str, payload: Any) -> None:
        self.heard.append(payload)
        self.broadcast("heard", payload)

    def on_command(self, name: str, payload: Any) -> None:
        self.effect(pay, payload, then=self.hear)

    def hear(self, result: Any) -> None:
        self.heard.append(result)

    def on_leave(self, player: Player) -> None:
        self.left.append(player.number)


class Shed(Cellar):
    """Does not last."""

    kind = "shed"
    lasting = False


class Ledger(Cellar):
    """A durable cellar."""

    kind = "ledger"
    durable = True


class Process:
    """One server process after the other."""

    def __init__(
        self, folder: Path, *kinds: type[Room[Any]], seed: int = 1, slot: int | None = None, processes: int = 1
    ) -> None:
        self.server = MemoryServer(*(kinds or (Cellar, Shed)), seed=seed)
        self.server._tokens = seed * 1000
        self.server.hub.tokens.instance = bytes([seed] * 4)
        self.store = open_store(folder, locks=slot is None)
        self.lasting = Lasting(self.server.hub, self.store, signing_key_of(folder), slot or 0, processes)
        try:
            self.lasting.restore(self.server.now_s)
        except BaseException:
            self.store.close()
            raise

    def commit(self) -> None:
        lasting = self.lasting
        lasting._take(self.server.now_s, list(lasting._rooms.values()))
        lasting._write_taken()
        lasting._note_tried()

    def kill(self) -> None:
        self.store.close()

    def stop(self) -> None:
        self.server.hub.drain(1.0)
        self.commit()
        self.store.close()

    def resume(self, link: MemoryLink, *, tick: int, event: int | None) -> tuple[MemoryLink, Peer]:
        """A link that resumes with the newest token of another one."""
        new, peer = self.server.connect()
        self.server.say(peer, C.RESUME, link.welcome["token"], tick, event)
        if self.server.hub.rooms:
            self.server.tick()
        return new, peer

    @property
    def cellar(self) -> Cellar:
        room = self.server.engine.room
        assert isinstance(room, Cellar)
        return room
