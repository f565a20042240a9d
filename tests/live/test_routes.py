"""Routes of a program's own, on real sockets: what they cost their clients, and nobody else."""

from __future__ import annotations

import asyncio
import dataclasses
import logging
import sys
from typing import TYPE_CHECKING, Any

import pytest
import trio

from gameserver.server import AuthRefused, Request, Response
from tests.support.live.certificates import Authority
from tests.support.live.embedded import Handlers, embedded, exchange, post, request_bytes
from tests.support.live.server import FAST, get, playing, until

if TYPE_CHECKING:
    from pathlib import Path

    from gameserver.server import Reply


async def test_methods_that_a_path_does_not_have_are_refused_with_those_that_it_has() -> None:
    async with embedded(Handlers()) as server:
        for method, body in (("GET", b""), ("PUT", b"abc"), ("OPTIONS", b""), ("TRACE", b"")):
            status, head, _ = await post(server.port, "/hooks/score", body, method=method)
            assert (status, b"\r\nAllow: POST\r\n" in head) == (405, True), method
        assert (await post(server.port, "/", b"", method="DELETE"))[0] == 405
        server.route("GET", "/motd")(lambda_page)
        status, head, body = await get(server.port, "/motd", method="HEAD")
        assert (status, b"Content-Length: 7" in head, body) == (200, True, b"")


async def lambda_page(_request: Request) -> Reply:
    return Response("welcome", headers={"Cache-Control": "max-age=60"})


@pytest.mark.parametrize("path", ["/ws", "/healthz", "/metrics", "/api/rooms", "/step/x.js"])
async def test_the_servers_own_paths_cannot_be_taken(path: str) -> None:
    async with embedded(Handlers()) as server:
        with pytest.raises(ValueError, match="itself"):
            server.route("GET", path)(lambda_page)


async def test_bodies_are_bounded_in_size_and_time_and_only_routes_have_them() -> None:
    handlers, limits = Handlers(), dataclasses.replace(FAST, max_body_bytes=1_000, body_timeout_s=0.3)
    async with embedded(handlers, net_limits=limits) as server, playing(server.port):
        port = server.port
        assert (await post(port, "/hooks/score", b"x" * 1_000))[0] == 200
        assert (await post(port, "/hooks/score", b"x" * 1_001))[0] == 413
        assert (await post(port, "/healthz", b"x"))[0] == 413
        chunked = ("POST /hooks/score HTTP/1.1", f"Host: 127.0.0.1:{port}", "Transfer-Encoding: chunked", "", "")
        head = "\r\n".join(chunked).encode()
        ends = head.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
        assert (await exchange(port, ends + b"3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nTrailer: a\r\n\r\n"))[0] == 200
        assert handlers.got[-1].body == b"abcde"
        assert (await exchange(port, head + b"1\r\nx\r\n" * 1_001 + b"0\r\n\r\n"))[0] == 413
        assert (await exchange(port, head + b"zz\r\n"))[0] == 400
        began_s = trio.current_time()
        assert (await exchange(port, head + b"3\r\nab"))[0] == 408
        assert trio.current_time() - began_s < 2
        smuggled = head.replace(b"Transfer", b"Content-Length: 3\r\nTransfer")
        assert (await exchange(port, smuggled + b"0\r\n\r\n"))[0] == 400
        assert len(handlers.got) == 2


async def test_a_body_may_be_asked_for_before_it_is_sent() -> None:
    handlers = Handlers()
    async with embedded(handlers) as server:
        raw = request_bytes(server.port, "/hooks/score", b"hello", "Expect: 100-continue", "Connection: close")
        async with await trio.open_tcp_stream("127.0.0.1", server.port) as stream:
            await stream.send_all(raw.removesuffix(b"hello"))
            assert await stream.receive_some() == b"HTTP/1.1 100 Continue\r\n\r\n"
            await stream.send_all(b"hello")
            assert (await stream.receive_some()).startswith(b"HTTP/1.1 200 ")
        assert handlers.got[0].body == b"hello"


async def test_requests_that_come_together_are_answered_in_order() -> None:
    handlers = Handlers()
    async with embedded(handlers) as server:
        many = b"".join(request_bytes(server.port, "/hooks/score", b"x" * size) for size in range(1, 6))
        last = request_bytes(server.port, "/healthz", b"", "Connection: close", method="GET")
        _, _, rest = await exchange(server.port, many + last)
        assert [len(request.body) for request in handlers.got] == [1, 2, 3, 4, 5]
        assert rest.count(b"HTTP/1.1 200 OK") == 5
        assert rest.endswith(b"ok\n")


async def test_a_handler_that_raises_gives_500_and_one_log_line_with_the_authors_frames(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with embedded(Handlers()) as server, playing(server.port):
        status, _, body = await get(server.port, "/fail")
        assert (status, b"bug" in body) == (500, False)
        (record,) = [record for record in caplog.records if record.levelno >= logging.ERROR]
        assert record.name == "gameserver.routes"
        assert record.getMessage() == "the handler of GET /fail failed"
        assert record.exc_info is not None
        assert record.exc_info[2] is not None
        assert record.exc_info[2].tb_frame.f_code.co_name == "fail"
        for _ in range(30):
            assert (await get(server.port, "/fail"))[0] == 500
        assert server._server.counters.errors == 31
        assert len([record for record in caplog.records if record.levelno >= logging.ERROR]) < 25


async def exits_in_a_task(_request: Request) -> Reply:
    async with trio.open_nursery() as nursery:
        nursery.start_soon(leave_the_process)
        await trio.sleep_forever()


async def leave_the_process() -> None:
    sys.exit(3)


async def waits_as_asyncio_does(_request: Request) -> Reply:
    raise asyncio.CancelledError


async def is_interrupted(_request: Request) -> Reply:
    raise KeyboardInterrupt


@pytest.mark.parametrize("handler", [exits_in_a_task, waits_as_asyncio_does, is_interrupted])
async def test_whatever_a_handler_raises_costs_its_own_client_only(handler: Any) -> None:
    async with embedded(Handlers()) as server:
        server.route("GET", "/sore")(handler)
        assert (await get(server.port, "/sore"))[0] == 500
        assert (await get(server.port, "/healthz"))[0] == 200


async def test_a_handler_that_returns_no_reply_gives_500(caplog: pytest.LogCaptureFixture) -> None:
    async def wrong(_request: Request) -> Any:
        return 5

    async with embedded(Handlers()) as server:
        server.route("GET", "/wrong")(wrong)
        assert (await get(server.port, "/wrong"))[0] == 500
        assert "the handler returned a int" in caplog.text or "the handler returned an int" in caplog.text


async def test_a_handler_is_cancelled_when_its_client_leaves() -> None:
    handlers = Handlers()
    async with embedded(handlers) as server:
        stream = await trio.open_tcp_stream("127.0.0.1", server.port)
        await stream.send_all(request_bytes(server.port, "/hang", b"", method="GET"))
        await until(lambda: handlers.began == 1)
        assert handlers.cancelled == 0
        await stream.aclose()
        await until(lambda: handlers.cancelled == 1)
        assert server._server.counters.errors == 0


async def test_a_handler_that_takes_too_long_is_cancelled_and_the_client_hears_of_it() -> None:
    handlers = Handlers()
    async with embedded(handlers, net_limits=dataclasses.replace(FAST, handler_timeout_s=0.2)) as server:
        assert (await get(server.port, "/hang"))[0] == 503
        assert handlers.cancelled == 1


async def test_handlers_at_once_are_bounded_in_all_and_for_each_address() -> None:
    handlers, limits = Handlers(), dataclasses.replace(FAST, max_handlers=3, max_handlers_per_address=2)
    async with embedded(handlers, net_limits=limits, uncounted_address=()) as server, trio.open_nursery() as nursery:

        async def hang(source: str) -> None:
            async with await trio.open_tcp_stream("127.0.0.1", server.port, local_address=source) as stream:
                await stream.send_all(request_bytes(server.port, "/hang", b"", method="GET"))
                await trio.sleep_forever()

        for _ in range(2):
            nursery.start_soon(hang, "127.0.0.1")
        await until(lambda: handlers.began == 2)
        status, head, _ = await get(server.port, "/fail")
        assert (status, b"Retry-After: 1" in head) == (429, True)
        nursery.start_soon(hang, "127.0.0.9")
        await until(lambda: handlers.began == 3)
        assert (await get(server.port, "/fail"))[0] == 503
        assert (await get(server.port, "/healthz"))[0] == 200
        nursery.cancel_scope.cancel()


async def test_requests_have_the_budget_of_their_address() -> None:
    limits = dataclasses.replace(FAST, max_requests_per_s_per_address=0.1, max_requests_burst_per_address=4)
    async with embedded(Handlers(), net_limits=limits, uncounted_address=()) as server:
        statuses = []
        async with await trio.open_tcp_stream("127.0.0.1", server.port) as stream:
            for _ in range(8):
                await stream.send_all(request_bytes(server.port, "/hooks/score", b"x"))
            answer = b"".join([bytes(data) async for data in stream])
            statuses = [int(part[:3]) for part in answer.split(b"HTTP/1.1 ")[1:]]
        assert statuses[:3] == [200] * 3
        assert statuses[-1] == 429


async def test_a_route_asks_for_the_same_token_as_a_link() -> None:
    async def check(token: str | None, _head: object) -> dict[str, Any]:
        if token is None:
            raise AuthRefused("a token is needed")
        return {"sub": token}

    handlers = Handlers()
    async with embedded(handlers, auth=check) as server:
        server.route("POST", "/open", token=False)(handlers.note)
        status, head, body = await post(server.port, "/hooks/score", b"")
        assert (status, body) == (401, b"a token is needed\n")
        assert b"WWW-Authenticate: Bearer" in head
        assert handlers.got == []
        assert (await post(server.port, "/hooks/score", b"", "Authorization: Bearer ada"))[0] == 200
        assert (await post(server.port, "/open", b"", "Authorization: Bearer no-jwt"))[0] == 200
        assert [request.claims for request in handlers.got] == [{"sub": "ada"}, None]


async def test_pages_of_allowed_origins_use_routes_and_those_of_others_do_not() -> None:
    handlers, origin = Handlers(), "https://play.example.org"
    async with embedded(handlers, origin=origin) as server:
        port, asked = server.port, "Access-Control-Request-Method: POST"
        status, head, _ = await post(
            port,
            "/hooks/score",
            b"",
            f"Origin: {origin}",
            asked,
            "Access-Control-Request-Headers: authorization",
            method="OPTIONS",
        )
        assert status == 204
        assert b"Access-Control-Allow-Methods: POST\r\n" in head
        assert b"Access-Control-Allow-Headers: authorization\r\n" in head
        status, head, _ = await post(port, "/hooks/score", b"", f"Origin: {origin}")
        assert (status, f"Access-Control-Allow-Origin: {origin}".encode() in head) == (200, True)
        assert (await post(port, "/hooks/score", b"", f"Origin: http://127.0.0.1:{port}"))[0] == 200
        for stranger in ("https://other.example.org", "null"):
            status, head, _ = await post(port, "/hooks/score", b"", f"Origin: {stranger}")
            assert (status, b"Allow-Origin" in head) == (403, False)
        assert (await post(port, "/hooks/score", b"", "Host: evil.example.org"))[0] == 400
        wrong_host = request_bytes(port, "/hooks/score", b"", "Connection: close").replace(b"127.0.0.1", b"evil.test")
        assert (await exchange(port, wrong_host))[0] == 421
        assert len(handlers.got) == 2


async def test_routes_work_over_tls(tmp_path: Path) -> None:
    authority, handlers = Authority(tmp_path), Handlers()
    async with embedded(handlers, cert=authority.cert, key=str(authority.key)) as server:
        assert server.url.startswith("https://")
        stream = await trio.open_ssl_over_tcp_stream("localhost", server.port, ssl_context=authority.client())
        for size in (1, 20_000):
            await stream.send_all(request_bytes(server.port, "/hooks/score", b"x" * size))
            assert (await stream.receive_some()).startswith(b"HTTP/1.1 200 ")
        await stream.send_all(request_bytes(server.port, "/hang", b"", method="GET"))
        await until(lambda: handlers.began == 1)
        await trio.aclose_forcefully(stream)
        await until(lambda: handlers.cancelled == 1)
        assert [len(request.body) for request in handlers.got] == [1, 20_000]
