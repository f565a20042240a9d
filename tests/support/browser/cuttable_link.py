"""A TCP forwarder between a page and its server that a test can cut."""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import Self

CHUNK_BYTES = 65_536
CONNECT_TIMEOUT_S = 5.0


class CuttableLink:
    """Forwards connections on `port` to the target, until `cut`; after that it refuses them, until `mend`."""

    def __init__(self, target_port: int) -> None:
        self._target_port = target_port
        self._whole = True
        self._ends: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.close()
        self.cut()

    def cut(self) -> None:
        """Break every connection at once, and take no new one."""
        with self._lock:
            self._whole = False
            ends, self._ends = self._ends, set()
        for end in ends:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def mend(self) -> None:
        """Take connections again."""
        with self._lock:
            self._whole = True

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            with self._lock:
                whole = self._whole
            if not whole:
                near.close()
                continue
            far = socket.create_connection(("127.0.0.1", self._target_port), CONNECT_TIMEOUT_S)
            far.settimeout(None)
            with self._lock:
                self._ends |= {near, far}
            for source, sink in ((near, far), (far, near)):
                threading.Thread(target=_pump, args=(source, sink), daemon=True).start()


def _pump(source: socket.socket, sink: socket.socket) -> None:
    """Carry bytes one way until either end is gone."""
    with contextlib.suppress(OSError):
        while chunk := source.recv(CHUNK_BYTES):
            sink.sendall(chunk)
        sink.shutdown(socket.SHUT_WR)
