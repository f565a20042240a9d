"""Plays on a real socket with the client that was written from protocol.md alone."""

from collections.abc import Callable

from tests.support.foreign.client import SUBPROTOCOL, Client
from tests.support.foreign.websocket import Closed, WebSocket

MAX_MESSAGES = 400  # more than any test needs


def link(port: int, subprotocol: str = SUBPROTOCOL) -> WebSocket:
    """Open a WebSocket to the server."""
    return WebSocket("127.0.0.1", port, "/ws", subprotocol)


def follow(client: Client, websocket: WebSocket, until: Callable[[], bool]) -> None:
    """Take messages and answer them until something holds."""
    for _ in range(MAX_MESSAGES):
        for answer in client.receive(websocket.receive()):
            websocket.send(answer)
        if until():
            return
    raise AssertionError(f"still not after {MAX_MESSAGES} messages, at tick {client.view.tick}")


def next_state(client: Client, websocket: WebSocket) -> None:
    """Take messages up to the next STATE."""
    states = client.states
    follow(client, websocket, lambda: client.states > states)


def enter(client: Client, websocket: WebSocket) -> None:
    """Send JOIN or RESUME and wait for the first STATE after it."""
    websocket.send(client.open())
    next_state(client, websocket)


def closing(client: Client, websocket: WebSocket) -> Closed:
    """Take messages until the server closes, and return how it did."""
    try:
        follow(client, websocket, lambda: False)
    except Closed as closed:
        return closed
    raise AssertionError("unreachable: follow returns only when its condition holds")
