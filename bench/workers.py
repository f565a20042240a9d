"""Cost and gain of several workers: the same load on one process and on `--workers 2`, in turn.

    python -m bench.workers [--clients 400] [--seconds 10] [--rounds 3]

There are two measurements. *Cost*: clients of the reference scene (rooms of 50) at a load that both can carry; the
servers' CPU time, from the operating system, per client and tick. *Throughput*: rooms whose rules take 5 ms of CPU a
tick, three times what one core can do; ticks made per second in all rooms. The load generator does next to nothing
there, so the server has both cores as far as no other process uses them.

The clients are as cheap as possible: they send inputs and discard unread what they receive; tests/live/test_workers.py
tests that it is correct.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import selectors
import signal
import socket
import statistics
import subprocess
import sysconfig
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgpack

from bench.scene import ArenaReference
from gameserver import Entity, Float, Room
from gameserver.protocol.constants import SUBPROTOCOL, WEBSOCKET_PATH, ClientMessage

if TYPE_CHECKING:
    from collections.abc import Iterator

GAMESERVER: Final = Path(sysconfig.get_path("scripts")) / "gameserver"
INPUT_EVERY_S: Final = 0.05
ACK_EVERY_S: Final = 0.5
WARM_S: Final = 3.0
NO_KEY: Final = bytes(4)
"""A mask that leaves the payload as it is."""
ALL_OF_IT: Final = 2**32 - 1
"""As an ack: everything that was sent has arrived."""
BURN_S: Final = 0.005
BURNING_ROOMS: Final = 30
"""At 20 ticks a second and 5 ms each: three cores' worth."""


class Scene(ArenaReference):
    """The reference scene, fifty players per room."""

    kind = "scene"
    max_players = 50


class Dot(Entity):
    x = Float(step=1)


class Burner(Room):
    """A room of one player; from its first message on, each tick takes BURN_S of CPU."""

    kind = "burner"
    max_players = 1
    entities = (Dot,)
    burns = False

    def on_message(self, _player: Any, _name: str, _payload: Any) -> None:
        self.burns = True

    def on_tick(self) -> None:
        until_s = time.thread_time() + BURN_S
        while self.burns and time.thread_time() < until_s:
            pass


def frame(*items: object) -> bytes:
    """Return a client's WebSocket frame with one message."""
    payload = msgpack.packb(items)
    assert len(payload) < 126
    return bytes((0x82, 0x80 | len(payload))) + NO_KEY + payload


class Crowd:
    """Clients that play until `close`."""

    def __init__(self, port: int, kind: str, count: int, pause_s: float) -> None:
        self._selector = selectors.DefaultSelector()
        self._seq = 0
        self.sockets = []
        for number in range(count):
            self.sockets.append(self._join(port, kind, number))
            self.run(pause_s, inputs=False)

    def _join(self, port: int, kind: str, number: int) -> socket.socket:
        sock = socket.create_connection(("127.0.0.1", port))
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.sendall(
            f"GET {WEBSOCKET_PATH} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
            f"Sec-WebSocket-Protocol: {SUBPROTOCOL}\r\n\r\n".encode()
        )
        answer = sock.recv(4_096)
        assert answer.startswith(b"HTTP/1.1 101"), answer
        sock.sendall(frame(ClientMessage.JOIN, kind, None, 0, {"name": f"p{number}"}))
        sock.setblocking(False)
        self._selector.register(sock, selectors.EVENT_READ)
        return sock

    def say(self, data: bytes) -> None:
        """Send the same bytes from every client."""
        for sock in self.sockets:
            sock.send(data)

    def run(self, seconds: float, *, inputs: bool) -> None:
        """Send inputs, or ACKs if not `inputs`, and discard what arrives, for some seconds."""
        now_s = time.monotonic()
        until_s, next_s, ack_s = now_s + seconds, now_s, now_s
        while now_s < until_s:
            if not inputs and now_s >= ack_s:  # to keep the links alive
                self.say(frame(ClientMessage.ACK, ALL_OF_IT))
                ack_s += ACK_EVERY_S
            if inputs and now_s >= next_s:
                self._seq += 1
                dx, dy = (self._seq // 20) % 3 - 1, (self._seq // 33) % 3 - 1
                self.say(frame(ClientMessage.INPUT, self._seq, ALL_OF_IT, 0, dx, dy, self._seq * 37 % 65_536))
                next_s += INPUT_EVERY_S
            for key, _ in self._selector.select(min(0.02, until_s - now_s)):
                data = key.fileobj.recv(1 << 18)  # type: ignore[union-attr]
                assert data, "a client was thrown out"
            now_s = time.monotonic()

    def close(self) -> None:
        """Close all sockets."""
        for sock in self.sockets:
            sock.close()


class Server:
    """A server process, with its workers if it has any."""

    def __init__(self, process: subprocess.Popen[str], port: int) -> None:
        self.process = process
        self.port = port

    def get(self, path: str) -> str:
        """Return the page at `path`."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}") as answer:
            text: str = answer.read().decode()
        return text

    @property
    def pids(self) -> dict[str, int]:
        """The process ids of the main process and of each worker."""
        workers = json.loads(self.get("/api/rooms")).get("workers", [])
        return {"main": self.process.pid} | {f"worker {worker['worker']}": worker["pid"] for worker in workers}

    def wait_for(self, crowd: Crowd, count: int) -> None:
        """Wait until the server has `count` sessions."""
        while json.loads(self.get("/api/rooms"))["sessions"] < count:
            crowd.run(0.2, inputs=False)

    def metric(self, name: str) -> int:
        """Return a metric, summed over workers."""
        found = re.findall(rf"^gameserver_{name}(?:{{worker=\"\d+\"}})? (\d+)$", self.get("/metrics"), re.MULTILINE)
        return sum(map(int, found))


@contextmanager
def serving(room: str, workers: int) -> Iterator[Server]:
    """Run `gameserver run` with so many workers; stop it at the end."""
    command = [str(GAMESERVER), "run", room, "--port", "0", "--workers", str(workers)]
    command += ["--log-level", "error"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            found = re.search(r":(\d+)/", process.stdout.readline())
            assert found, "the server did not start"
            yield Server(process, int(found[1]))
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(20)


def cpu_s(pid: int) -> float:
    """Return user plus system time of a process, in seconds."""
    with open(f"/proc/{pid}/stat") as stat:
        fields = stat.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def cost(workers: int, clients: int, seconds: float) -> dict[str, Any]:
    """Measure the CPU time per client and tick, and how it is spread over the processes."""
    with serving("bench.workers:Scene", workers) as server:
        crowd = Crowd(server.port, "scene", clients, 0.01)
        server.wait_for(crowd, clients)
        crowd.run(WARM_S, inputs=True)
        pids, skipped = server.pids, server.metric("ticks_skipped_total")
        before, began_s = {name: cpu_s(pid) for name, pid in pids.items()}, time.monotonic()
        crowd.run(seconds, inputs=True)
        took_s = time.monotonic() - began_s
        spent = {name: cpu_s(pid) - before[name] for name, pid in pids.items()}
        rooms = clients / 50
        held = 1 - (server.metric("ticks_skipped_total") - skipped) / (rooms * 20 * took_s)
        crowd.close()
    return {
        "us_per_client_tick": round(sum(spent.values()) / (clients * 20 * took_s) * 1e6, 2),
        "cpu_share": {name: round(value / took_s, 3) for name, value in spent.items()},
        "ticks_held": round(held, 4),
    }


def throughput(workers: int, seconds: float) -> dict[str, Any]:
    """Measure the ticks per second under more load than two cores can carry."""
    with serving("bench.workers:Burner", workers) as server:
        crowd = Crowd(server.port, "burner", BURNING_ROOMS, 0.02)
        server.wait_for(crowd, BURNING_ROOMS)
        crowd.run(WARM_S, inputs=False)
        pids = server.pids
        crowd.say(frame(ClientMessage.MESSAGE, "burn", None))
        crowd.run(WARM_S, inputs=False)
        made, began_s = server.metric("ticks_total"), time.monotonic()
        before = {name: cpu_s(pid) for name, pid in pids.items()}
        crowd.run(seconds, inputs=False)
        spent = {name: cpu_s(pid) - before[name] for name, pid in pids.items()}
        made, took_s = server.metric("ticks_total") - made, time.monotonic() - began_s
        crowd.close()
    return {
        "ticks_per_s": round(made / took_s, 1),
        "cpu_share": {name: round(value / took_s, 3) for name, value in spent.items()},
        "ticks_per_cpu_s": round(made / sum(spent.values()), 1),
    }


def main() -> None:
    """Run both measurements, with one process and two workers in turn, and print the medians."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--clients", type=int, default=400)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    costs: dict[int, list[float]] = {1: [], 2: []}
    speeds: dict[int, list[float]] = {1: [], 2: []}
    for _ in range(options.rounds):
        for workers in (1, 2):
            found = cost(workers, options.clients, options.seconds)
            costs[workers].append(found["us_per_client_tick"])
            print(json.dumps({"measured": "cost", "workers": workers, **found}), flush=True)
        for workers in (1, 2):
            found = throughput(workers, options.seconds)
            speeds[workers].append(found["ticks_per_s"])
            print(json.dumps({"measured": "throughput", "workers": workers, **found}), flush=True)
    one, two = (statistics.median(costs[workers]) for workers in (1, 2))
    slow, fast = (statistics.median(speeds[workers]) for workers in (1, 2))
    print(f"µs of CPU a client and tick: {one} with one process, {two} with two workers ({two / one:.2f} times)")
    print(f"ticks a second: {slow} with one process, {fast} with two workers ({fast / slow:.2f} times)")


if __name__ == "__main__":
    main()
