"""The same link twice: handled by Python alone, and with the native path. What comes of both must be the same."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

import msgpack
import trio
import trio.testing
from hypothesis import strategies as st

from gameserver import native
from gameserver.net.settings import NetLimits
from gameserver.protocol.constants import ClientMessage as C
from tests.support.field_room import Field
from tests.support.link_rig import linked
from tests.support.memory_server import MemoryServer
from tests.support.websocket_frames import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, client_frame

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gameserver.hub.peer import Peer
    from gameserver.net.link import Link
    from gameserver.protocol.constants import Limits

Then: TypeAlias = Literal["nothing", "poll", "tick", "check"]
Step: TypeAlias = tuple[bytes, Then]
"""Bytes that a client sends, and what the server does next."""

JOIN: Final = msgpack.packb([C.JOIN, "field", None, 0, {}])
TICK_S: Final = 0.05
NET_LIMITS: Final = NetLimits(max_wire_message_bytes=1_000, max_queued_bytes=10_000, max_partial_frames_burst=6.0)


@contextmanager
def path(*, is_native: bool) -> Iterator[None]:
    """What is made in here uses the native path, or Python alone."""
    before = native.enabled
    native.enabled = is_native
    try:
        yield
    finally:
        native.enabled = before


def state_of(peer: Peer, server: MemoryServer) -> dict[str, Any]:
    """What a peer and its session hold, with all that would show in what happens next."""
    hub = server.hub
    known: dict[str, Any] = {"state": peer.state.name, "refused": dict(hub.refusals.counts), "rooms": len(hub.rooms)}
    peer.check(server.now_s)
    known |= {"heard": peer.heard_at_s, "state after the check": peer.state.name}
    session = peer.session
    if session is not None:
        inputs, window = session.input_queue, session.window
        known["inputs"] = len(inputs), inputs.consumed, inputs.lead, inputs.lag, inputs.missed, inputs.trimmed
        known["window"] = len(window), window.width, window.open
    return known


async def play(
    steps: list[Step], limits: Limits, clock: trio.testing.MockClock, *, is_native: bool
) -> list[dict[str, Any]]:
    """Play a client on a link that its room polls, and return what can be seen after each step."""
    with path(is_native=is_native):
        server = MemoryServer(Field, limits=limits)
        server.now_s = trio.current_time()
        peers: list[Peer] = []

        def open_peer(link: Link) -> Peer:
            peers.append(server.hub.open(link, server.now_s, address="test"))
            return peers[0]

        seen: list[dict[str, Any]] = []
        async with linked("polled", NET_LIMITS, open_peer) as rig:
            for data, then in steps:
                if then == "nothing":
                    with suppress(trio.BrokenResourceError):  # the server has closed
                        await rig.client.send_all(data)
                    continue
                clock.jump(TICK_S if then == "tick" else TICK_S / 7)
                await rig.send(data)
                server.now_s = trio.current_time()
                if then == "tick":
                    for engine in list(server.hub.rooms.values()):
                        engine.tick(server.now_s)
                traffic, frames = rig.link.traffic, await rig.frames()
                counts = traffic.messages_in, traffic.bytes_in, traffic.messages_out, traffic.bytes_out
                seen.append(
                    {"frames": frames, "counts": counts, "close": rig.link.close_code, "over": rig.over.is_set()}
                )
                if then == "check":
                    seen[-1] |= state_of(peers[0], server)
            seen.append(state_of(peers[0], server))
        return seen


def played(steps: list[Step], limits: Limits, *, is_native: bool) -> list[dict[str, Any]]:
    """The same, on a clock of its own, which moves between the steps only."""
    clock = trio.testing.MockClock()
    return trio.run(partial(play, steps, limits, clock, is_native=is_native), clock=clock)


# -- what clients send -------------------------------------------------------------------------------------------------


@st.composite
def integers(draw: st.DrawFn, lo: int, hi: int) -> bytes:
    """A msgpack integer in any of the forms that can hold it, not only the shortest."""
    value = draw(st.integers(lo, hi))
    forms = [msgpack.packb(value)]
    for size, unsigned, signed in ((1, 0xCC, 0xD0), (2, 0xCD, 0xD1), (4, 0xCE, 0xD2), (8, 0xCF, 0xD3)):
        bits = 8 * size
        if 0 <= value < 1 << bits:
            forms.append(bytes([unsigned]) + value.to_bytes(size, "big"))
        if -(1 << bits - 1) <= value < 1 << bits - 1:
            forms.append(bytes([signed]) + value.to_bytes(size, "big", signed=True))
    return draw(st.sampled_from([forms[0], *forms]))


@st.composite
def inputs(draw: st.DrawFn) -> bytes:
    """An INPUT of a Field: nearly always a valid one."""
    items = draw(st.tuples(integers(0, 40), integers(0, 12), integers(0, 200), integers(-1, 1)))
    message = b"\x95\x03" + b"".join(items)
    return draw(st.sampled_from([message] * 12 + [message[:-1], message + b"\x00", b"\x95\x03" + message[3:]]))


STRANGE: Final = st.one_of(
    st.tuples(st.just(C.INPUT), *[st.integers(-3, 300)] * 4).map(msgpack.packb),
    st.sampled_from(
        [b"", b"\x95", b"\x95\x03", b"\x95\x03\x01\x01\x01\xc0", b"\xdc\x00\x05\x03\x01\x01\x01\x01", b"\xc1"]
    ),
    st.binary(max_size=12),
)
ORDINARY: Final = st.one_of(
    st.builds(lambda tick: msgpack.packb([C.ACK, tick]), st.integers(0, 20)),
    st.builds(lambda nonce: msgpack.packb([C.PING, nonce]), st.integers(0, 20)),
    st.builds(lambda size: msgpack.packb([C.MESSAGE, "say", "x" * size]), st.sampled_from([0, 100, 150])),
    st.just(msgpack.packb([C.RESYNC])),
)
KEYS: Final = st.binary(min_size=4, max_size=4)


@st.composite
def frames(draw: st.DrawFn) -> bytes:
    """One frame or two: mostly a whole INPUT."""
    kind = draw(
        st.sampled_from(["input"] * 10 + ["ordinary"] * 3 + ["strange", "control", "fragments", "text", "junk"])
    )
    key = draw(KEYS)
    if kind == "control":
        return client_frame(draw(st.binary(max_size=6)), draw(st.sampled_from([PING, PING, PONG, CLOSE])), key=key)
    if kind == "text":
        return client_frame(b"text", TEXT, key=key)
    if kind == "junk":
        whole = client_frame(draw(inputs()), key=key)
        return draw(st.sampled_from([whole[:3], b"\x82\x05\x95", client_frame(whole, masked=False), b"\xff" + whole]))
    message = draw({"input": inputs(), "ordinary": ORDINARY}.get(kind, STRANGE if kind == "strange" else inputs()))
    if kind == "fragments":
        cut = draw(st.integers(0, len(message)))
        return client_frame(message[:cut], fin=False, key=key) + client_frame(message[cut:], CONTINUATION, key=key)
    return client_frame(message, BINARY, key=key)


@st.composite
def steps(draw: st.DrawFn) -> list[Step]:
    """A client that joins and goes on, its bytes cut anywhere."""
    stream = b"".join(draw(st.lists(frames(), max_size=30)))
    cuts = sorted(draw(st.lists(st.integers(0, len(stream)), max_size=12)))
    pieces = [stream[start:end] for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    then: st.SearchStrategy[Then] = st.sampled_from(["nothing", "poll", "poll", "tick", "tick", "check"])
    first: list[Step] = [(client_frame(JOIN), "tick"), (client_frame(bytes.fromhex("950301000000")), "tick")]
    return first + [(piece, draw(then)) for piece in pieces]
