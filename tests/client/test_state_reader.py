"""Clients that share what they read get exactly what each would have read alone."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gameserver.client import state_reader as reading_module
from gameserver.client.session_core import DEFAULT_LIMITS
from gameserver.client.state_reader import KEPT, SharedStateReader, StateReader
from gameserver.protocol import messages as m
from gameserver.protocol.codec import encode_server, encode_state, shared_state_head
from gameserver.protocol.constants import Role
from gameserver.protocol.errors import ProtocolError
from gameserver.state.schema import Schema
from gameserver.state.world import World
from gameserver.sync.decode.decoder import DeltaDecoder
from gameserver.sync.encode.encoder import DeltaEncoder
from gameserver.sync.snapshot import Snapshot
from tests.support.ships import Ship

if TYPE_CHECKING:
    from gameserver.sync.decode.view_state import ViewState


SCHEMA = Schema([Ship])
WELCOME = m.Welcome(
    server="s",
    session=1,
    token=bytes(24),
    resumed=False,
    kind="k",
    room="r",
    role=Role.PLAYER,
    tick=0,
    tick_hz=20,
    snapshot_every=1,
    grace_s=20,
    event=0,
    seq=0,
    schema=SCHEMA.to_wire(),
    step=None,
    limits=DEFAULT_LIMITS,
)


class Room:
    """Makes snapshots, and the STATE of one viewer with any base."""

    def __init__(self, seed: int = 1) -> None:
        self._random = random.Random(seed)
        self._encoder = DeltaEncoder(SCHEMA, 20)
        self.world = World(SCHEMA)
        self.snapshot = Snapshot(0, self.world.capture())

    def tick(self) -> Snapshot:
        ships = self.world.entities(Ship)
        if not ships or self._random.random() < 0.3:
            self.world.spawn(Ship, x=self._random.uniform(-100, 100), name=str(len(ships)))
        for ship in ships:
            ship.vx += self._random.choice((0.0, 0.0, 1.5))
            ship.x += ship.vx / 20
        self.snapshot = Snapshot(self.snapshot.tick + 1, self.world.capture())
        return self.snapshot

    def state(self, base: Snapshot | None, seq: int = 0) -> bytes:
        span = 0 if base is None else self.snapshot.tick - base.tick
        return encode_state(
            shared_state_head(self.snapshot.tick, span), seq, None, self._encoder.encode(base, self.snapshot)
        )


class Viewer:
    """A session with a shared reader, and one that reads alone and is sent the same."""

    def __init__(self, shared: StateReader) -> None:
        self._readers = [(reader, reader.decoder(WELCOME)) for reader in (shared, StateReader())]
        self.views = [decoder.empty() for _, decoder in self._readers]
        self.base: Snapshot | None = None

    def take(self, room: Room, seq: int) -> None:
        data = room.state(self.base, seq)
        self.base = room.snapshot
        for place, (reader, decoder) in enumerate(self._readers):
            message = reader.decode(data)
            assert isinstance(message, m.State)
            assert message.seq == seq
            self.views[place] = reader.apply(decoder, self.views[place], message)

    def agrees(self) -> bool:
        shared, alone = self.views
        return shared.tick == alone.tick and all(a.same(b) for a, b in zip(shared.tables, alone.tables, strict=True))


@given(st.lists(st.tuples(st.integers(0, 5), st.booleans()), min_size=5, max_size=40), st.integers(0, 99))
def test_sharing_changes_nothing_for_anybody(plan: list[tuple[int, bool]], seed: int) -> None:
    """Viewers come in at any time, skip states, and start anew."""
    shared, room = SharedStateReader(), Room(seed)
    viewers: list[Viewer] = []
    for number, (choice, anew) in enumerate(plan):
        room.tick()
        if len(viewers) <= choice:
            viewers.append(Viewer(shared))
        if anew:
            viewers[choice % len(viewers)].base = None
        for place, viewer in enumerate(viewers):
            if place != choice:
                viewer.take(room, number)
                assert viewer.agrees()


def count_applies(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    counts: list[int] = []
    apply = DeltaDecoder.apply

    def counted(self: DeltaDecoder, view: ViewState, state: Any) -> ViewState:
        counts.append(state.tick)
        return apply(self, view, state)

    monkeypatch.setattr(DeltaDecoder, "apply", counted)
    return counts


def test_what_many_see_is_worked_out_once_even_when_they_came_in_at_different_times(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    counts = count_applies(monkeypatch)
    shared, room = SharedStateReader(), Room()
    viewers: list[Viewer] = []
    for _ in range(10):
        room.tick()
        viewers.append(Viewer(shared))
        for viewer in viewers:
            viewer.take(room, 0)
    counts.clear()
    room.tick()
    for number, viewer in enumerate(viewers):
        viewer.take(room, number)
    assert len(counts) == 1 + len(viewers), "one together, and each one's own for comparison"
    assert len({id(viewer.views[0]) for viewer in viewers}) == 1


def test_rooms_do_not_see_each_other() -> None:
    shared, rooms = SharedStateReader(), [Room(1), Room(2)]
    viewers = [Viewer(shared), Viewer(shared)]
    for number in range(30):
        for room, viewer in zip(rooms, viewers, strict=True):
            room.tick()
            viewer.take(room, number)
            assert viewer.agrees()


def test_what_is_remembered_is_bounded() -> None:
    shared, room = SharedStateReader(), Room()
    viewer = Viewer(shared)
    for number in range(2 * KEPT):
        room.tick()
        viewer.take(room, number)
    assert len(shared._bodies) <= KEPT
    assert len(shared._made) <= KEPT
    assert len(shared._by_tick) <= KEPT


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x99",
        b"\x99\x11",
        b"\x99\x11\x01\x02\x00\xc0\x90\x90\x90\x90",
        b"\x99\x11\x00\x00\x00\xc0\x90\x90\x90\x90",
        b"\x99\x11\xc0\x00\x00\xc0\x90\x90\x90\x90",
        b"\x99\x11\x05\x00\x00\x2b\x90\x90\x90",
        b"\x99\x11\xc1\x00\x00\xc0\x90\x90\x90\x90",
        b"\x99\x11\x05\x00\xa1x\xc0\x90\x90\x90\x90",
        b"\x99\x11\x05\x00\x00\xd9\xff",
    ],
)
def test_a_bad_head_is_refused_as_ever_even_with_a_body_that_is_known(data: bytes) -> None:
    shared = SharedStateReader()
    shared.decode(encode_server(m.State(5, 0, 0, None, [], [], [], [])))
    with pytest.raises(ProtocolError) as alone:
        StateReader().decode(data)
    with pytest.raises(ProtocolError) as together:
        shared.decode(data)
    assert str(together.value) == str(alone.value)


def test_other_messages_are_read_as_ever() -> None:
    shared = SharedStateReader()
    for message in (m.ServerPing(7), m.Notice("x", {}), WELCOME):
        assert shared.decode(encode_server(message)) == message


def test_a_schema_with_the_fingerprint_of_another_is_read_for_itself() -> None:
    shared = SharedStateReader()
    shared.decoder(WELCOME)
    wire = SCHEMA.to_wire()
    wire["entities"] = []
    lying = m.Welcome(**{name: getattr(WELCOME, name) for name in WELCOME.__struct_fields__} | {"schema": wire})
    assert shared.decoder(lying).schema.entities == ()


def test_the_head_is_found_where_the_encoder_puts_it() -> None:
    data = encode_state(shared_state_head(70_000, 300), 2**31, 65_535, b"\x90\x90\x90\x90")
    assert data[reading_module._body_start(data) :] == b"\x90\x90\x90\x90"
