"""What one address may have before and beside its links: connections and requests, with time as an argument."""

from __future__ import annotations

from gameserver.net.clients import MAX_TURN_WAIT_S, Clients
from gameserver.net.settings import NetLimits
from gameserver.sync.token_bucket import MAX_IDLE_BUCKETS

LIMITS = NetLimits(max_requests_per_s_per_address=10.0, max_requests_burst_per_address=20.0)


def test_requests_beyond_the_burst_wait_for_their_turn_and_those_that_would_wait_too_long_are_refused() -> None:
    clients = Clients(LIMITS)
    assert [clients.request("a", 1, 0.0) for _ in range(20)] == [0.0] * 20
    waits = [clients.request("a", 1, 0.0) for _ in range(60)]
    assert [round(wait, 3) for wait in waits[:50]] == [round((number + 1) / 10, 3) for number in range(50)]
    assert waits[50:] == [-1.0] * 10
    assert waits[49] <= MAX_TURN_WAIT_S + 1e-6


def test_another_address_does_not_wait() -> None:
    clients = Clients(LIMITS)
    while clients.request("a", 10, 0.0) >= 0:
        pass
    assert clients.request("b", 10, 0.0) == 0.0


def test_refused_requests_cost_nothing_so_that_a_client_that_pauses_is_served_again() -> None:
    clients = Clients(LIMITS)
    for _ in range(10_000):
        clients.request("a", 1, 0.0)
    assert clients.request("a", 1, MAX_TURN_WAIT_S) > 0
    assert clients.request("a", 1, MAX_TURN_WAIT_S + 0.3) >= 0
    assert clients.request("a", 1, 2 * MAX_TURN_WAIT_S) == 0.0


def test_connections_count_as_requests_and_are_counted_until_they_end() -> None:
    clients = Clients(LIMITS)
    assert sum(clients.connect("a", 0.0) for _ in range(100)) == 20 + 50
    assert clients.connections("a") == 70
    for _ in range(70):
        clients.disconnect("a")
    assert clients.connections("a") == 0


def test_a_connection_with_tls_counts_as_five_requests() -> None:
    clients = Clients(LIMITS)
    assert sum(clients.connect("a", 0.0, tls=True) for _ in range(100)) == (20 + 50) / 5


def test_addresses_that_are_not_counted_have_no_limits() -> None:
    clients = Clients(LIMITS)
    assert all(clients.connect("", 0.0) for _ in range(1_000))
    assert all(clients.request("", 10, 0.0) == 0.0 for _ in range(1_000))
    clients.disconnect("")
    assert clients.connections("") == 0


def test_what_is_kept_for_addresses_that_have_gone_is_bounded() -> None:
    clients = Clients(LIMITS)
    for number in range(10 * MAX_IDLE_BUCKETS):
        clients.connect(str(number), float(number))
        clients.disconnect(str(number))
    assert len(clients) <= MAX_IDLE_BUCKETS
