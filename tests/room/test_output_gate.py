"""What a durable room sends waits at its gate, in order, until its tick has been stored."""

from __future__ import annotations

from typing import Any

from gameserver.room.output_gate import GatedLink, OutputGate
from gameserver.room.session import Update


class Wire:
    """A link that notes what it is given."""

    writer = None

    def __init__(self) -> None:
        self.given: list[Any] = []
        self.ready = True

    def offer(self, *messages: bytes) -> bool:
        if self.ready:
            self.given += messages
        return self.ready

    def send(self, *messages: bytes) -> None:
        self.given += messages

    def offer_update(self, update: Update) -> bool:
        if self.ready:
            self.given.append(update)
        return self.ready

    def send_update(self, update: Update) -> None:
        self.given.append(update)

    def close(self, code: int, reason: str) -> None:
        self.given.append((code, reason))

    def start_polling(self, room_id: str) -> None:
        self.given.append(room_id)

    def stop_polling(self) -> None:
        self.given.append("stop")


def gated(*, durable: bool = True, max_ahead: int = 3) -> tuple[OutputGate, Wire, GatedLink]:
    gate, wire = OutputGate(durable=durable, max_ahead=max_ahead), Wire()
    link = GatedLink(wire)
    link.pass_through(gate)
    gate.release(0)
    return gate, wire, link


def test_nothing_passes_before_its_tick_is_stored_and_everything_in_order_after() -> None:
    gate, wire, link = gated()
    gate.tick = 1
    link.send(b"welcome")
    assert link.offer(b"events", b"state")
    gate.tick = 2
    link.send(b"pong")
    link.close(4022, "kicked")
    assert wire.given == []
    gate.release(1)
    assert wire.given == [b"welcome", b"events", b"state"]
    gate.release(2)
    assert wire.given[3:] == [b"pong", (4022, "kicked")]


def test_a_batch_at_the_gate_makes_the_link_unready() -> None:
    gate, wire, link = gated()
    gate.tick = 1
    assert link.offer(b"one")
    assert not link.ready
    gate.tick = 2
    assert not link.offer(b"two")
    gate.release(2)
    assert link.ready
    wire.ready = False
    assert not link.ready


def test_a_batch_that_the_link_does_not_take_any_more_is_queued() -> None:
    gate, wire, link = gated()
    gate.tick = 1
    assert link.offer(b"events", b"state")
    wire.ready = False
    gate.release(1)
    assert wire.given == [b"events", b"state"]


def test_an_update_that_the_link_does_not_take_any_more_is_not_lost() -> None:
    gate, wire, link = gated()
    gate.tick = 1
    update = Update(b'{"tick":1}', full=False, tick=1, event=0)
    assert link.offer_update(update)
    assert not link.ready
    wire.ready = False
    gate.release(1)
    assert wire.given == [update]
    wire.ready = True
    assert link.ready


def test_a_room_that_is_not_durable_holds_nothing_of_its_links() -> None:
    gate, wire, link = gated(durable=False)
    gate.tick = 1
    link.send(b"state")
    assert wire.given == [b"state"]
    done: list[str] = []
    gate.hold(done.append, "effect")
    assert done == []
    gate.release(1)
    assert done == ["effect"]


def test_a_room_far_ahead_of_the_disk_blocks_and_an_open_gate_holds_nothing() -> None:
    gate, wire, link = gated()
    for tick in range(1, 4):
        gate.tick = tick
        link.send(b"%d" % tick)
    assert gate.blocks
    gate.release(1)
    assert not gate.blocks
    gate.open()
    link.send(b"last")
    assert wire.given == [b"1", b"2", b"3", b"last"]
    assert not gate.blocks


def test_what_waits_stays_in_front_when_the_link_goes_to_another_room() -> None:
    gate, wire, link = gated()
    gate.tick = 1
    link.send(b"moved")
    link.pass_through(None)
    link.send(b"welcome there")
    assert wire.given == []
    gate.release(1)
    assert wire.given == [b"moved", b"welcome there"]
    link.pass_through(None)
    gate.tick = 2
    link.send(b"free")
    assert wire.given[2:] == [b"free"]


def test_what_is_sent_in_another_durable_room_waits_for_that_one_too() -> None:
    for first_stored in (True, False):
        before, wire, link = gated()
        there = OutputGate(durable=True, max_ahead=3)
        before.tick, there.tick = 5, 1
        link.send(b"moved")
        link.pass_through(there)
        link.send(b"welcome there")
        assert link.offer(b"state there")
        (before if first_stored else there).release(5 if first_stored else 1)
        assert wire.given == ([b"moved"] if first_stored else [])
        (there if first_stored else before).release(1 if first_stored else 5)
        assert wire.given == [b"moved", b"welcome there", b"state there"]
        there.tick = 2
        link.send(b"later")
        before.release(9)
        assert wire.given[3:] == []
        there.release(2)
        assert wire.given[3:] == [b"later"]
        assert link.ready
