"""Links that never open, over real sockets: protocol.md §10 counts them as 1006, and says where a client stops."""

from __future__ import annotations

import json
import socket
import subprocess
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

import pytest
import trio

from gameserver.client import JoinFailed, connect
from gameserver.client.session_events import SessionState, Status

if TYPE_CHECKING:
    from collections.abc import Iterator

PROGRAM = Path(__file__).with_name("never_opens.mjs")

pytestmark = pytest.mark.live


@contextmanager
def answering(*statuses: int) -> Iterator[str]:
    """Serve HTTP that answers each request with the next status, and then always with the last; return the URL."""
    left = list(statuses)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(left.pop(0) if len(left) > 1 else left[0])
            self.send_header("Content-Length", "7")
            self.end_headers()
            self.wfile.write(b"not now")

        def log_message(self, *_arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"ws://127.0.0.1:{server.server_port}/ws"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def nobody_listening() -> Iterator[str]:
    """Hold a port at which connections are refused."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield f"ws://127.0.0.1:{held.getsockname()[1]}/ws"


def attempts(url: str, most: int) -> tuple[list[Status], str]:
    """Connect with the Python client; return the waits between its attempts, and the reason if it has stopped."""
    waits: list[Status] = []
    stopped = ""

    async def main() -> None:
        nonlocal stopped
        with trio.move_on_after(20) as scope:

            def note(status: Status) -> None:
                if status.state is SessionState.WAITING:
                    waits.append(status)
                    if len(waits) == most:
                        scope.cancel()

            try:
                async with connect(url, "arena", on_status=note):
                    pytest.fail("it must not get here")
            except JoinFailed as failed:
                stopped = failed.reason

    trio.run(main)
    return waits, stopped


@pytest.mark.parametrize("status", [400, 401, 403, 404])
def test_the_python_client_stops_at_a_status_that_another_attempt_will_not_change(status: int) -> None:
    with answering(503, status) as url:
        waits, stopped = attempts(url, 5)
    assert [(wait.code, wait.reason) for wait in waits] == [(None, "HTTP 503 not now")]
    assert stopped == f"HTTP {status} not now"


def test_the_python_client_goes_on_where_nobody_listens() -> None:
    with nobody_listening() as url:
        waits, stopped = attempts(url, 2)
    assert [(wait.code, wait.attempt) for wait in waits] == [(None, 1), (None, 2)]
    assert stopped == ""


def test_the_sdk_which_sees_no_status_goes_on_at_each() -> None:
    with ExitStack() as servers:
        urls = [servers.enter_context(answering(status)) for status in (400, 401, 403, 404, 503)]
        urls.append(servers.enter_context(nobody_listening()))
        done = subprocess.run(["node", str(PROGRAM), *urls], capture_output=True, text=True, timeout=30, check=True)
    heard = json.loads(done.stdout)
    for url in urls:
        assert [(status["code"], status["attempt"]) for status in heard[url]] == [(1006, 1), (1006, 2), (1006, 3)]
