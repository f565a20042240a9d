"""What becomes of a session after each close by the server: protocol.md §8 says which closes end it.

A session that goes on is resumed with its newest token; one that has ended answers 4024.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import pytest

from gameserver.protocol.constants import ClientMessage as C
from gameserver.protocol.constants import CloseCode, Limits
from gameserver.protocol.constants import ServerMessage as S
from tests.support.field_room import Field, field
from tests.support.memory_server import MemoryLink, MemoryServer
from tests.support.source import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable

    from gameserver.hub.peer import Peer

    Close = Callable[[MemoryServer, MemoryLink, Peer], None]

LIMITS: Final = Limits(max_messages_per_s=1.0, max_messages_burst=5.0, dead_after_s=9.0, evict_after_s=1.0)
PAGE: Final = (ROOT / "protocol.md").read_text("utf-8")


def receive(*data: bytes | str) -> Close:
    """Take messages of a client that the server closes the link over."""

    def close(server: MemoryServer, _link: MemoryLink, peer: Peer) -> None:
        for one in data:
            peer.receive(one, server.now_s)

    return close


def say(*items: object) -> Close:
    return lambda server, _link, peer: server.say(peer, *items)


def be_silent(server: MemoryServer, _link: MemoryLink, peer: Peer) -> None:
    server.now_s += LIMITS.dead_after_s
    peer.check(server.now_s)


def close_below(code: CloseCode) -> Close:
    """Close as the net layer does, which the peer is informed of when the link is over."""

    def close(_server: MemoryServer, link: MemoryLink, _peer: Peer) -> None:
        link.close(code, "")

    return close


def read_too_slowly(server: MemoryServer, link: MemoryLink, _peer: Peer) -> None:
    link.ready = False
    server.tick(40)


def resume_elsewhere(server: MemoryServer, link: MemoryLink, _peer: Peer) -> None:
    resume(server, link)


def stop_server(server: MemoryServer, _link: MemoryLink, _peer: Peer) -> None:
    server.hub.drain(1.0)


def end_room(server: MemoryServer, _link: MemoryLink, _peer: Peer) -> None:
    field(server).close()
    server.tick()


CLOSES: Final[dict[CloseCode, Close]] = {
    CloseCode.NORMAL: say(C.LEAVE),
    CloseCode.GOING_AWAY: stop_server,
    CloseCode.MESSAGE_TOO_BIG: close_below(CloseCode.MESSAGE_TOO_BIG),
    CloseCode.MALFORMED: receive(b"\xc1"),
    CloseCode.TEXT_FRAME: receive("text"),
    CloseCode.UNKNOWN_MESSAGE: say(99),
    CloseCode.INVALID_FIELD: say(C.PING, None),
    CloseCode.OUT_OF_STATE: say(C.JOIN, "field", None, 0, {}),
    CloseCode.TOO_BIG: receive(b"\xc1" * (LIMITS.max_message_bytes + 1)),
    CloseCode.RATE_LIMITED: receive(*[b"\x92\x05\x01"] * 1000),
    CloseCode.DEAD: be_silent,
    CloseCode.UNAUTHORIZED: close_below(CloseCode.UNAUTHORIZED),
    CloseCode.ROOM_CLOSED: end_room,
    CloseCode.ROOM_FAILED: say(C.MESSAGE, "boom", None),
    CloseCode.KICKED: say(C.MESSAGE, "kick", None),
    CloseCode.BANNED: say(C.MESSAGE, "ban", None),
    CloseCode.REPLACED: resume_elsewhere,
    CloseCode.TOO_SLOW: read_too_slowly,
}
"""How a link that has joined comes to be closed with each code."""

WITHOUT_A_SESSION: Final = {
    CloseCode.UNSUPPORTED_VERSION, CloseCode.JOIN_TIMEOUT, CloseCode.UNKNOWN_KIND, CloseCode.ROOM_NOT_FOUND,
    CloseCode.ROOM_FULL, CloseCode.SERVER_FULL, CloseCode.FORBIDDEN, CloseCode.UNAVAILABLE, CloseCode.ROOM_LOCKED,
    CloseCode.INVALID_OPTIONS, CloseCode.INVALID_WHERE, CloseCode.INVALID_RESERVATION, CloseCode.JOIN_REFUSED,
    CloseCode.SESSION_EXPIRED, CloseCode.SERVER_RESTARTED, CloseCode.LINK_LOST,
}  # fmt: skip
"""Only links that have not joined are closed with these, or none."""


def codes_that_end_a_session() -> set[CloseCode]:
    found = re.search(r"It has ended after ([\d,\sand]+);", PAGE)
    assert found is not None
    return {CloseCode(int(code)) for code in re.findall(r"\d+", found[1])}


def resume(server: MemoryServer, link: MemoryLink) -> MemoryLink:
    new, peer = server.connect()
    cursor = [link.welcome["event"], *[upto for _, _, upto, _ in link.of(S.EVENTS)]][-1]
    server.say(peer, C.RESUME, link.welcome["token"], link.of(S.STATE)[-1][1], cursor)
    server.tick()
    return new


def test_every_code_is_tried_or_closes_no_link_that_has_joined() -> None:
    assert CLOSES.keys() | WITHOUT_A_SESSION | {CloseCode.MOVED} == set(CloseCode)  # see test_distant_travel
    assert not CLOSES.keys() & WITHOUT_A_SESSION


def joined() -> tuple[MemoryServer, MemoryLink, Peer]:
    """A server with two in its room, of which one is about to be closed."""
    server = MemoryServer(Field, limits=LIMITS)
    server.keep_up(*server.join("field"))
    link, peer = server.join("field")
    server.say(peer, C.ACK, server.engine.tick_number)
    return server, link, peer


@pytest.mark.parametrize("code", CLOSES, ids=lambda code: code.name)
def test_a_session_goes_on_after_each_close_that_the_page_does_not_say_has_ended_it(code: CloseCode) -> None:
    server, link, peer = joined()
    CLOSES[code](server, link, peer)
    server.tick()
    assert link.closed is not None
    assert link.closed[0] == code
    peer.lost(server.now_s, code)
    new = resume(server, link)
    if code in codes_that_end_a_session():
        assert new.closed is not None
        assert new.closed[0] == (code if code is CloseCode.BANNED else CloseCode.SESSION_EXPIRED)
        assert new.of(S.WELCOME) == []
    else:
        assert new.closed is None
        assert (new.welcome["resumed"], new.welcome["session"]) == (True, 2)
