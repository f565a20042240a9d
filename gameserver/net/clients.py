"""What each address has of the server before and beside its links: connections and requests. No I/O."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from gameserver.sync.token_bucket import BucketsByKey

if TYPE_CHECKING:
    from gameserver.net.settings import NetLimits

MAX_TURN_WAIT_S: Final = 5.0
"""How long a request may wait for its turn among those of its address. Beyond it, it is refused."""
UPGRADE_REQUESTS: Final = 10
"""A WebSocket counts as so many requests: its handshake takes about so much longer."""

TLS_REQUESTS: Final = 5
"""A connection with TLS counts as so many requests, and one without as one: its handshake takes 2 ms."""


class Clients:
    """Counts by limit key (`NetSettings.limit_key`); "" stands for addresses that are not limited."""

    def __init__(self, limits: NetLimits) -> None:
        """Count by these limits."""
        self._requests = BucketsByKey(limits.max_requests_per_s_per_address, limits.max_requests_burst_per_address)
        self._connections: dict[str, int] = {}

    def __len__(self) -> int:
        """Return for how many addresses something is kept."""
        return len(self._requests)

    def connections(self, key: str) -> int:
        """Return how many connections an address has."""
        return self._connections.get(key, 0)

    def connect(self, key: str, now_s: float, *, tls: bool = False) -> bool:
        """Count one more connection, which counts as a request too; False if there were too many requests."""
        if not key:
            return True
        if self._requests.take_ahead(key, TLS_REQUESTS if tls else 1, now_s, MAX_TURN_WAIT_S) < 0:
            return False
        self._connections[key] = self.connections(key) + 1
        return True

    def disconnect(self, key: str) -> None:
        """Count one connection less."""
        if not key:
            return
        self._connections[key] -= 1
        if not self._connections[key]:
            del self._connections[key]

    def request(self, key: str, count: int, now_s: float) -> float:
        """Count requests.

        Args:
            key: of the address.
            count: as how many the request counts.
            now_s: seconds on trio's clock.

        Returns:
            How many seconds the request must wait; a number below 0 if that is too long: it is refused.
        """
        return self._requests.take_ahead(key, count, now_s, MAX_TURN_WAIT_S) if key else 0.0
