"""A STATE reaches its viewer in the same way with the native path and without it, however slowly the viewer reads."""

from __future__ import annotations

import socket
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, Self, TypeAlias

import msgpack
import pytest
import trio
import trio.testing
from hypothesis import given
from hypothesis import strategies as st

from gameserver.native import UNWRITTEN
from gameserver.net.frames import binary_frames
from gameserver.net.settings import NetLimits
from gameserver.protocol.codec import encode_state, shared_state_head
from gameserver.protocol.constants import MAX_COUNTER, MAX_LEAD, CloseCode, Limits, ServerMessage
from gameserver.protocol.constants import ClientMessage as C
from gameserver.room.room import Room
from gameserver.state.entity import Entity
from gameserver.state.fields import Text
from gameserver.state.inputs import Inputs
from gameserver.sync.window import Window
from tests.support import native_twins as twins
from tests.support.link_rig import linked
from tests.support.memory_server import MemoryServer
from tests.support.websocket_frames import BINARY, client_close, client_frame

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gameserver.hub.peer import Peer
    from gameserver.net.link import Link
    from gameserver.room.player import Player

links = pytest.importorskip("gameserver.native.links", reason="it is built with the compiled build only")
writing = pytest.importorskip("gameserver.native.writing")

LIMITS = Limits(evict_after_s=1.0, max_unacked_snapshots=6)
NET_LIMITS = NetLimits(max_wire_message_bytes=1_000, max_queued_bytes=10_000)
MUCH = 65_400
"""More may be left to Python."""
LOWEST_SEND_BUFFER = 2_304  # Linux gives no less; it doubles what is asked for

Does: TypeAlias = Literal["ticks", "acks", "stops reading", "reads", "resyncs", "says", "pings", "closes", "is closed"]
Step: TypeAlias = tuple[Does, int]
"""What a viewer does, and a number: of ticks, of bytes of the state, or whatever else there is to count."""


# -- one STATE ---------------------------------------------------------------------------------------------------------


class Outcome:
    """Notes what a writer calls of its transport."""

    def __init__(self) -> None:
        self.rest: list[bytes] = []
        self.calls: list[str] = []

    def keep_rest(self, data: bytes) -> None:
        self.rest.append(data)

    def note_full(self) -> None:
        self.calls.append("full")

    def fail(self) -> None:
        self.calls.append("broken")


class Ends:
    """A writer with its socket, its queue and its window, and the other end of the socket."""

    def __init__(self, send_buffer: int = 65_536) -> None:
        self.socket, self.far = socket.socketpair()
        for end in (self.socket, self.far):
            end.setblocking(False)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, send_buffer)
        self.queue = links.InputQueue(hold_s=0.25, tick_hz=20, neutral=(0,))
        self.window = links.Window(30, 20)
        self.outcome = Outcome()
        self.writer = writing.LinkWriter()
        self.writer.start(self.socket.fileno(), self.outcome)
        self.writer.ready = True

    def offer(self, shared_head: bytes, body: bytes, tick: int = 1) -> int:
        size: int = self.writer.offer_state(self.queue, self.window, shared_head, body, tick)
        return size

    def read(self) -> bytes:
        try:
            return self.far.recv(1 << 20)
        except BlockingIOError:
            return b""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()
        self.far.close()


@pytest.fixture
def ends() -> Iterator[Ends]:
    with Ends() as made:
        yield made


COUNTS = st.integers(0, 300) | st.integers(0, MAX_COUNTER)


@given(
    COUNTS, COUNTS, st.none() | st.integers(0, MAX_LEAD), st.binary(max_size=200) | st.integers(90, 66_000).map(bytes)
)
def test_the_bytes_of_a_state(tick: int, seq: int, lead: int | None, body: bytes) -> None:
    shared_head = shared_state_head(tick, 1)
    state = encode_state(shared_head, seq, lead, body)
    with Ends(1 << 20) as ends:
        ends.queue.restore(seq, 0, 0)
        ends.queue.lead = lead
        size = ends.offer(shared_head, body, tick)
        assert size == len(state) if len(body) < MUCH else size in (UNWRITTEN, len(state))
        is_written = size != UNWRITTEN
        assert ends.read() + b"".join(ends.outcome.rest) == (binary_frames((state,)) if is_written else b"")
        assert ends.queue.lead == (None if is_written else lead)
        assert len(ends.window) == ends.writer.messages_out == is_written


def test_viewers_with_different_heads_and_bodies_in_turns(ends: Ends) -> None:
    for seq in range(200):
        ends.queue.restore(seq, 0, 0)
        shared_head, body = shared_state_head(seq // 3, seq % 2), bytes([seq // 5]) * (seq // 7)
        ends.offer(shared_head, body)
        assert ends.read() == binary_frames((encode_state(shared_head, seq, None, body),))


def test_a_write_that_is_cut() -> None:
    """An AF_UNIX socket takes its buffer's size at most, less 128 bytes: up to the last byte, and all."""
    shared_head, body = shared_state_head(7, 1), bytes(number % 251 for number in range(4_550))
    frame = binary_frames((encode_state(shared_head, 0, None, body),))
    cuts = []
    for more in range(60):
        with Ends(LOWEST_SEND_BUFFER + more) as ends:
            assert ends.offer(shared_head, body)
            taken = ends.read()
            assert taken + b"".join(ends.outcome.rest) == frame
            assert ends.writer.bytes_out == len(taken)
            assert ends.writer.messages_out == 1
            cuts.append(len(taken))
    assert cuts[0] < 4_550
    assert len(set(cuts)) > 30
    assert cuts[-1] == len(frame)
    assert not ends.outcome.rest


def test_a_full_or_broken_socket_takes_nothing(ends: Ends) -> None:
    shared_head = shared_state_head(1, 1)
    taken = 0
    while ends.offer(shared_head, bytes(1_000)):
        taken += 1
    assert ends.outcome.calls == ["full"]
    ends.far.close()
    assert ends.offer(shared_head, b"x") == 0
    assert ends.outcome.calls == ["full", "broken"]
    assert ends.writer.messages_out == len(ends.window) == taken > 1
    ends.writer.stop()
    assert ends.offer(shared_head, b"x") == 0
    assert ends.outcome.calls == ["full", "broken"]


def test_what_python_made_is_left_to_python(ends: Ends) -> None:
    assert ends.writer.offer_state(ends.queue, Window(30, 20), b"", b"", 1) == UNWRITTEN
    assert ends.writer.offer_state(object(), ends.window, b"", b"", 1) == UNWRITTEN
    assert ends.read() == b""


# -- a room's viewer ---------------------------------------------------------------------------------------------------


class Sheet(Entity):
    text = Text(8_000)


class Nothing(Inputs):
    pass


class Desk(Room[Nothing]):
    """Its state has as many bytes as the test says, and they change in every tick."""

    entities = (Sheet,)
    size = 1

    def on_create(self, options: Any) -> None:
        self.sheet = self.spawn(Sheet)

    def on_message(self, player: Player, name: str, payload: Any) -> None:
        self.send(player, name, payload)

    def on_tick(self) -> None:
        self.sheet.text = chr(97 + self.tick % 26) * self.size


async def play(
    steps: list[Step], send_buffer: int, clock: trio.testing.MockClock, *, is_native: bool
) -> list[dict[str, Any]]:
    """Play a viewer on a link that its room polls, and return what can be seen after each step."""
    with twins.path(is_native=is_native):
        server = MemoryServer(Desk, limits=LIMITS)
        server.now_s = trio.current_time()
        peers: list[Peer] = []

        def open_peer(link: Link) -> Peer:
            peers.append(server.hub.open(link, server.now_s, address="test"))
            return peers[0]

        seen: list[dict[str, Any]] = []
        async with linked("polled", NET_LIMITS, open_peer, send_buffer=send_buffer) as rig:
            await rig.send(client_frame(msgpack.packb([C.JOIN, "desk", None, 0, {}])))
            engine = server.engine

            async def tick() -> None:
                clock.jump(engine.tick_s)
                server.now_s = trio.current_time()
                engine.tick(server.now_s)
                await trio.testing.wait_all_tasks_blocked()

            await tick()
            (session,) = engine.seats.sessions.values()
            assert (session.writer is not None) == is_native
            for does, number in steps:
                if does == "ticks":
                    for _ in range(number):
                        await tick()
                elif does == "stops reading":
                    rig.stop_reading()
                elif does == "reads":
                    rig.reading.set()
                elif does == "is closed":
                    rig.link.close(CloseCode.KICKED, "by the test")
                else:
                    message: dict[Does, list[Any]] = {
                        "acks": [C.ACK, engine.tick_number],
                        "resyncs": [C.RESYNC],
                        "says": [C.MESSAGE, "echo", "x" * min(number, 50)],
                        "pings": [C.PING, number],
                    }
                    if does == "acks":
                        assert isinstance(engine.room, Desk)
                        engine.room.size = number
                    await rig.send(
                        client_close(1000) if does == "closes" else client_frame(msgpack.packb(message[does]))
                    )
                await rig.settle()
                traffic, replicator, window = rig.link.traffic, engine.replicator, session.window
                seen.append(
                    {
                        "step": (does, number),
                        "counts": (traffic.messages_out, traffic.bytes_out, traffic.messages_in),
                        "replicator": (replicator.states, replicator.state_bytes, replicator.skipped),
                        "link": (rig.link.ready, rig.link.transport.queued_bytes, rig.link.transport.outbox_bytes),
                        "window": (len(window), window.open, session.behind_since_s, session.event_cursor),
                        "base": None if session.base is None else session.base.tick,
                        "session": (session.link is None, session.budget_bytes, session.input_queue.lead),
                        "over": (rig.link.close_code, rig.over.is_set(), peers[0].state.name),
                    }
                )
            seen.append({"frames": await rig.frames()})
        return seen


def played(steps: list[Step], send_buffer: int, *, is_native: bool) -> list[dict[str, Any]]:
    """The same, on a clock of its own."""
    clock = trio.testing.MockClock()
    return trio.run(partial(play, steps, send_buffer, clock, is_native=is_native), clock=clock)


def both(steps: list[Step], send_buffer: int = LOWEST_SEND_BUFFER) -> list[dict[str, Any]]:
    """Play on both paths, compare, and return what was seen."""
    python, native = (played(steps, send_buffer, is_native=is_native) for is_native in (False, True))
    for one, other in zip(python, native, strict=True):
        assert one == other
    return native


SIZES = st.integers(0, 100) | st.integers(0, 8_000)
STEPS: st.SearchStrategy[Step] = st.one_of(
    st.tuples(st.just("ticks"), st.integers(1, 12)),
    st.tuples(st.just("ticks"), st.integers(1, 3)),
    st.tuples(st.just("acks"), SIZES),
    st.tuples(st.just("acks"), SIZES),
    st.tuples(st.sampled_from(["stops reading", "reads", "resyncs", "says", "pings"]), SIZES),
    st.tuples(st.sampled_from(["says", "stops reading"] * 5 + ["closes", "is closed"]), SIZES),
)


@given(st.lists(STEPS, max_size=40), st.integers(LOWEST_SEND_BUFFER, 6_000))
def test_any_viewer_and_any_states(steps: list[Step], send_buffer: int) -> None:
    both(steps, send_buffer)


def test_a_slow_reader_gets_the_rest_of_a_write_and_then_the_newest_state() -> None:
    seen = both([("acks", 8_000), ("stops reading", 0), ("ticks", 4), ("reads", 0), ("acks", 1), ("ticks", 1)])
    stopped = seen[2]
    assert not stopped["link"][0]
    assert stopped["link"][2] > 0, "a write was cut"
    assert stopped["replicator"][2] > 0, "states were skipped"
    states = [msgpack.unpackb(frame.payload) for frame in seen[-1]["frames"] if frame.opcode == BINARY]
    assert [state[1] for state in states if state[0] == ServerMessage.STATE][-1] == 6


def test_a_viewer_that_reads_nothing_is_closed() -> None:
    seen = both([("acks", 8_000), ("stops reading", 0), ("ticks", 40)])
    assert seen[-2]["over"][0] == CloseCode.TOO_SLOW


def test_a_link_that_is_closing_is_offered_nothing() -> None:
    seen = both([("ticks", 1), ("is closed", 0), ("ticks", 2)])
    assert seen[2]["replicator"][0] == seen[0]["replicator"][0]
