"""Watching rooms over HTTP: `/api/rooms/ID/stream` and `/api/rooms/ID/state` (docs/transports.md).

A viewer is a spectator like any other: its JOIN or RESUME goes through a `Peer`, with the same checks, limits and
hooks. Only its link is of another kind.
"""

from __future__ import annotations

import time
from http import HTTPStatus
from typing import TYPE_CHECKING, Final, NamedTuple

import trio

from gameserver.net.http.cors import cors_headers
from gameserver.net.http.head import RequestRefused
from gameserver.net.http.responses import NO_STORE, Response, text
from gameserver.net.http.upgrade import check_host, check_origin, verified_claims
from gameserver.net.http.watching import check_sender, status_of, watch_of, watches
from gameserver.net.poll_link import PollLink
from gameserver.net.stream_link import RETRY_MS, StreamLink
from gameserver.protocol import messages as m
from gameserver.protocol.codec import encode_client
from gameserver.protocol.constants import Role
from gameserver.protocol.errors import ProtocolError

if TYPE_CHECKING:
    import socket
    from collections.abc import Mapping

    from gameserver.hub.peer import Peer
    from gameserver.net.http.head import Head
    from gameserver.net.http.policy import Headers
    from gameserver.net.http.watching import Cursor, Watch
    from gameserver.net.poll_link import Answer
    from gameserver.net.server_state import ServerState

STREAM_REQUESTS: Final = 10
"""A stream counts as so many requests, as a WebSocket does."""
_EVENT_STREAM: Final = "text/event-stream; charset=utf-8"
_MSGPACK: Final = "application/msgpack"
_EXPOSED: Final = ("Access-Control-Expose-Headers", "ETag")


class Viewer(NamedTuple):
    """A request to watch a room that has passed the checks before the room's own."""

    watch: Watch
    claims: Mapping[str, object] | None
    address: str


async def check_viewer(server: ServerState, head: Head, address: str) -> Viewer:
    """Check a request to watch a room, as protocol.md §1 checks a WebSocket's.

    Args:
        server: the server.
        head: the request.
        address: the client's.

    Raises:
        RequestRefused: the client may not watch, or a part of the request is wrong.
    """
    settings = server.settings
    if server.draining:
        seconds = max(1, round(settings.retry_after_s))
        raise RequestRefused(
            HTTPStatus.SERVICE_UNAVAILABLE, f"retry in {settings.retry_after_s:g} s", ("Retry-After", str(seconds))
        )
    check_host(head, settings)
    check_origin(head, settings.origins)
    check_sender(head)
    watch = watch_of(head)
    return Viewer(watch, await verified_claims(head, settings, watch.token), address)


def is_elsewhere(server: ServerState, head: Head) -> bool:
    """Return whether another process may have the room, or the session, of a request to watch one.

    Args:
        server: the server, which is one of several processes.
        head: the request.
    """
    if not watches(head.path) or head.method != "GET":
        return False
    try:
        watch = watch_of(head)
    except RequestRefused:
        return False
    if watch.cursor is not None and server.hub.tokens.takes(watch.cursor.token):
        return False
    return watch.cursor is not None or watch.room not in server.hub.rooms


def first_message(server: ServerState, viewer: Viewer) -> bytes:
    """Return what the viewer would say first over a WebSocket: RESUME if its session is there, else JOIN. Of the SDK it
    is RESUME whenever it has a token: it joins anew by itself.

    Raises:
        RequestRefused: there is no such room; or the session is a player's, who does not only watch.
    """
    watch, hub = viewer.watch, server.hub
    if watch.cursor is not None and (_may_resume(server, watch.cursor, viewer.claims) or watch.format == "messages"):
        return encode_client(m.Resume(watch.cursor.token, watch.cursor.tick, watch.cursor.event))
    engine = hub.rooms.get(watch.room)
    if engine is None:
        raise RequestRefused(HTTPStatus.NOT_FOUND, "no such room")
    try:
        return encode_client(m.Join(engine.kind.name, watch.room, Role.SPECTATOR, watch.params))
    except (ValueError, TypeError, OverflowError):
        raise RequestRefused(HTTPStatus.BAD_REQUEST, "params: the protocol cannot carry them") from None


def _may_resume(server: ServerState, cursor: Cursor, claims: Mapping[str, object] | None) -> bool:
    hub = server.hub
    if hub.distant is not None and hub.distant.forward_of(cursor.token, claims) is not None:
        return True  # it has gone to another process, and learns where
    try:
        session, _ = hub.tokens.find(cursor.token)
    except ProtocolError:
        return False
    if session.is_player:
        raise RequestRefused(HTTPStatus.FORBIDDEN, "a player's session goes on over a WebSocket")
    return True


# -- streams -----------------------------------------------------------------------------------------------------------


def stream_head(head: Head, cors: Headers) -> bytes:
    """Return the head of a stream's answer. nginx passes such an answer on as it comes.

    Args:
        head: the request.
        cors: what lets the page that asks read it.
    """
    # The answer ends with the connection: it has no length.
    headers = (*cors, ("X-Accel-Buffering", "no"))
    response = Response(HTTPStatus.OK, b"", _EVENT_STREAM, headers, cache=NO_STORE)
    lines = response.head(closes=True, date_s=time.time()).replace(b"Content-Length: 0\r\n", b"")
    return lines + (b"" if head.method == "HEAD" else b"retry: %d\n\n" % RETRY_MS)


async def run_stream(
    server: ServerState, stream: trio.abc.Stream, sock: socket.socket | None, head: Head, viewer: Viewer
) -> Response | None:
    """Let a viewer watch a room until either side ends it.

    Args:
        server: the server.
        stream: carries the answer.
        sock: the socket that `stream` wraps; None: it is no plain socket.
        head: the request.
        viewer: who has sent it.

    Returns:
        The answer that refuses the viewer, if it was refused before the stream began.
    """
    cors = cors_headers(head, server.settings.origins)
    try:
        first = first_message(server, viewer)
        check_links(server, viewer.address)
    except RequestRefused as refused:
        return text(refused.status, refused.reason, *refused.headers, *cors)
    async with trio.open_nursery() as nursery:
        link = StreamLink(
            stream,
            sock if sock is not None and hasattr(sock, "sendmsg") else None,
            nursery,
            server.settings.limits,
            head=stream_head(head, cors),
            form=viewer.watch.format,
            cursor=viewer.watch.cursor,
            protocol_limits=server.hub.limits,
        )
        with server.registered(link, viewer.address):
            await link.run(_open_peer(server, link, viewer), first)
        server.count_link(link)
        nursery.cancel_scope.cancel()
    if link.begun:
        server.counters.responses[HTTPStatus.OK] += 1
        return None
    return _refusal(link, cors)


def _open_peer(server: ServerState, link: StreamLink | PollLink, viewer: Viewer) -> Peer:
    return server.hub.open(
        link,
        trio.current_time(),
        claims=viewer.claims,
        address=viewer.address,
        json_link=link if link.is_json else None,
        acks=False,
    )


def check_links(server: ServerState, address: str) -> None:
    """Check whether an address may have one more link.

    Raises:
        RequestRefused: it has as many as are allowed.
    """
    allowed = server.settings.limits.max_links_per_address
    if server.links_from(address) >= allowed:
        reason = f"at most {allowed} links from one address"
        raise RequestRefused(HTTPStatus.TOO_MANY_REQUESTS, reason, ("Retry-After", "1"))


def _refusal(link: StreamLink | PollLink, more: Headers = ()) -> Response:
    """Return the answer for a link that was closed before its room let it in."""
    if link.close_code is None:  # the client has left, or there was no answer in time
        return text(HTTPStatus.SERVICE_UNAVAILABLE, "the room did not answer", ("Retry-After", "1"), *more)
    status = status_of(link.close_code)
    again = (("Retry-After", "1"),) if status is HTTPStatus.SERVICE_UNAVAILABLE else ()
    return text(status, link.close_reason, *again, *more)


# -- polls -------------------------------------------------------------------------------------------------------------


async def answer_poll(server: ServerState, viewer: Viewer) -> Response:
    """Answer one poll.

    Args:
        server: the server.
        viewer: who has sent it.

    Raises:
        RequestRefused: the viewer may not watch.
    """
    watch = viewer.watch
    link = _link_of(server, viewer)
    if link is None:
        first = first_message(server, viewer)
        check_links(server, viewer.address)
        link = _open_poll(server, viewer, first)
    answer = await link.ask(watch.wait_s, full=watch.wants_full)
    if answer is None:
        return text(HTTPStatus.CONFLICT, "another request of this viewer has come")
    if watch.format == "messages" and (link.joined or link.close_code is not None):
        return Response(HTTPStatus.OK, answer.body or b"", _MSGPACK, (_EXPOSED,))
    if link.close_code is not None or not link.joined:
        refusal = _refusal(link)
        if not link.joined:
            link.end()  # it has no seat, and nothing more to say
        return refusal
    return _as_response(watch, answer)


def _as_response(watch: Watch, answer: Answer) -> Response:
    etag = f'"{answer.cursor}"'
    if answer.body is not None:
        return Response(HTTPStatus.OK, answer.body + b"\n", "application/json", (_EXPOSED,), etag=etag)
    if watch.conditional:
        return Response(HTTPStatus.NOT_MODIFIED, headers=(_EXPOSED,), etag=etag)
    body = b'{"next":"%b","full":false}\n' % str(answer.cursor).encode()
    return Response(HTTPStatus.OK, body, "application/json", (_EXPOSED,), etag=etag)


def _link_of(server: ServerState, viewer: Viewer) -> PollLink | None:
    """Return the link that a viewer has, if it goes on over that: it has received the newest answer."""
    cursor = viewer.watch.cursor
    link = None if cursor is None else server.polls.get(cursor.token)
    if link is None or link.is_json is not (viewer.watch.format == "json") or link.cursor != cursor:
        return None
    return link if link.belongs_to(viewer.claims) else None


def _open_poll(server: ServerState, viewer: Viewer, first: bytes) -> PollLink:
    def note_token(token: bytes, link: PollLink) -> None:
        server.polls[token] = link

    def end(link: PollLink) -> None:
        for token in link.tokens:
            if server.polls.get(token) is link:
                del server.polls[token]
        server.unregister(link)
        server.count_link(link)

    link = PollLink(
        server.settings.limits,
        form=viewer.watch.format,
        cursor=viewer.watch.cursor,
        on_token=note_token,
        on_end=end,
    )
    server.register(link, viewer.address)
    link.start(_open_peer(server, link, viewer), first)
    return link
