"""Python's usual way: plain trio-websocket, one task a client reads, one loop sends the same 400 bytes to all.

python -m bench.peers.trio_websocket.server [--bytes 400]
"""

from __future__ import annotations

import argparse
from functools import partial
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import trio
from trio_websocket import ConnectionClosed, serve_websocket

from bench.control import obey, say

if TYPE_CHECKING:
    from trio_websocket import WebSocketConnection, WebSocketRequest

PERIOD_S = 0.05


class Floor:
    """The clients, and what was done."""

    def __init__(self, payload: bytes) -> None:
        self._payload = payload
        self._clients: set[WebSocketConnection] = set()
        self._ticks = 0
        self._inputs = 0

    async def handle(self, request: WebSocketRequest) -> None:
        """Read one client for as long as it is there."""
        websocket = await request.accept()
        self._clients.add(websocket)
        try:
            while True:
                await websocket.get_message()
                self._inputs += 1
        except ConnectionClosed:
            pass
        finally:
            self._clients.discard(websocket)

    async def tick(self) -> None:
        """Send to everyone, for ever."""
        due_s = trio.current_time()
        while True:
            due_s += PERIOD_S
            await trio.sleep_until(due_s)
            self._ticks += 1
            for websocket in list(self._clients):
                await websocket.send_message(self._payload)

    def stats(self, _command: dict[str, Any]) -> dict[str, Any]:
        """What was done so far."""
        return {"t": trio.current_time(), "ticks": self._ticks, "inputs": self._inputs}


async def main(size: int) -> None:
    """Serve until a signal says to stop."""
    floor = Floor(bytes(i & 127 for i in range(size)))
    async with trio.open_nursery() as nursery:
        server = await nursery.start(partial(serve_websocket, floor.handle, "127.0.0.1", 0, None))
        nursery.start_soon(floor.tick)
        versions = {"trio": version("trio"), "trio-websocket": version("trio-websocket")}
        say({"re": "ready", "port": server.port, "name": "trio-websocket", "versions": versions})
        await obey({"stats": floor.stats})
        nursery.cancel_scope.cancel()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bytes", type=int, default=400)
    trio.run(main, parser.parse_args().bytes)
