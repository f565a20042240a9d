"""A link does the same with the native path and without it, whatever bytes come in and wherever they are cut."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gameserver.protocol.constants import ClientMessage as C
from gameserver.protocol.constants import CloseCode, Limits
from tests.support import native_twins as twins
from tests.support.field_room import Field
from tests.support.memory_server import MemoryServer
from tests.support.websocket_frames import client_frame

if TYPE_CHECKING:
    from tests.support.native_twins import Step

pytest.importorskip("gameserver.native.links", reason="it is built with the compiled build only")

FEW = Limits(max_messages_per_s=1.0, max_messages_burst=2, max_bytes_per_s=1.0, max_bytes_burst=40, dead_after_s=1.5)
MOST_AT_ONCE = 41
"""How many messages of one link these limits let through at once: its bucket is full when it has joined."""


def both(steps: list[Step], limits: Limits | None = None) -> list[dict[str, Any]]:
    """Play on both paths, compare, and return what was seen."""
    python, native = (twins.played(steps, limits or Limits(), is_native=is_native) for is_native in (False, True))
    for number, (one, other) in enumerate(zip(python, native, strict=True)):
        assert one == other, f"after step {number}"
    return native


def input_frame(seq: int, ack: int = 0, dx: int = 0) -> bytes:
    return client_frame(msgpack.packb([C.INPUT, seq, ack, 0, dx]))


@given(twins.steps())
def test_any_bytes_cut_anywhere(steps: list[Step]) -> None:
    both(steps)


@given(twins.steps())
def test_any_bytes_against_low_limits(steps: list[Step]) -> None:
    both(steps, FEW)


def test_inputs_cut_at_every_byte() -> None:
    stream = input_frame(2, 1, 1) + client_frame(msgpack.packb([C.ACK, 2])) + input_frame(300, 2, -1)
    begin: list[Step] = [(client_frame(twins.JOIN), "tick"), (input_frame(1), "tick")]
    for cut in range(len(stream) + 1):
        seen = both([*begin, (stream[:cut], "poll"), (stream[cut:], "tick"), (b"", "check")])
        assert seen[-1]["inputs"][1:2] == (2,)


@pytest.mark.parametrize("is_native", [False, True])
@pytest.mark.parametrize("acks", [0, 1, 7, 30])
def test_messages_of_both_ways_count_in_one_limit(acks: int, is_native: bool) -> None:
    """ACKs take the Python way, INPUTs the native one; they use up the same bucket."""
    with twins.path(is_native=is_native):
        server = MemoryServer(Field, limits=FEW)
        link, peer = server.join("field")
        server.say(peer, C.INPUT, 1, 0, 0, 1)
        sent = 1
        while link.closed is None:
            message = (C.ACK, 1) if sent % 2 and sent < 2 * acks else (C.INPUT, sent + 1, 0, 0, 1)
            server.say(peer, *message)
            sent += 1
    assert link.closed[0] == CloseCode.RATE_LIMITED
    assert sent == MOST_AT_ONCE + 1


def test_the_native_path_takes_inputs_and_the_python_one_is_the_reference(monkeypatch: pytest.MonkeyPatch) -> None:
    for is_native in (False, True):
        with twins.path(is_native=is_native):
            server = MemoryServer(Field)
            _, peer = server.join("field")
            assert (peer.input_handler is not None) == is_native
            server.say(peer, C.INPUT, 1, 0, 0, 1)
            handler = peer.input_handler
            assert handler is None or handler.armed
            assert handler is None or handler.receive(msgpack.packb([C.INPUT, 2, 0, 0, 1]), server.now_s)


MESSAGES = st.one_of(twins.inputs(), twins.inputs(), twins.ORDINARY)


@given(st.lists(st.tuples(MESSAGES, st.sampled_from([0.0, 0.0, 0.01, 0.05, 0.4])), max_size=120), st.booleans())
def test_a_peer_in_memory(messages: list[tuple[bytes, float]], few: bool) -> None:
    """Without a socket: many messages against the limits, at any times."""
    seen = []
    for is_native in (False, True):
        with twins.path(is_native=is_native):
            server = MemoryServer(Field, limits=FEW if few else None)
            link, peer = server.join("field")
            states = []
            for number, (message, wait_s) in enumerate(messages):
                server.now_s += wait_s
                peer.receive(message, server.now_s)
                if number % 5 == 4:
                    server.tick()
                states.append((link.closed, *twins.state_of(peer, server).values()))
            seen.append((states, link.messages))
    assert seen[0] == seen[1]


def test_a_session_that_resumes_on_another_link_is_fed_by_that_one_alone() -> None:
    with twins.path(is_native=True):
        server = MemoryServer(Field)
        link, old = server.join("field")
        server.say(old, C.INPUT, 1, 0, 0, 1)
        session = old.session
        assert session is not None
        assert old.input_handler is not None
        assert old.input_handler.armed
        _, new = server.connect()
        server.say(new, C.RESUME, link.welcome["token"], 0, None)
        assert not old.input_handler.armed
        server.say(old, C.INPUT, 2, 0, 0, 1)
        assert len(session.input_queue) == 0
        assert new.input_handler is not None
        assert not new.input_handler.armed, "the client has not said yet that it has its new token"
        server.tick()
        server.say(new, C.INPUT, 1, 0, 0, 1)
        assert new.input_handler.armed
