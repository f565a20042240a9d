"""The client that was written from protocol.md alone plays on the real server, over a real socket."""

from typing import Any

from tests.support.foreign.client import LEAVE, PING, SERVER_PONG, Client, pack, read_message
from tests.support.foreign.player import MAX_MESSAGES, closing, enter, follow, link, next_state
from tests.support.foreign.websocket import WebSocket


def steer(client: Client, websocket: WebSocket, frames: int, **controls: int) -> None:
    """Send so many input frames, one for each STATE, and wait until the last was consumed."""
    fields = client.welcome["schema"]["inputs"]
    for _ in range(frames):
        websocket.send(client.steer([controls.get(field["name"], 0) for field in fields]))
        next_state(client, websocket)
    follow(client, websocket, lambda: client.consumed == client.seq)


def avatar(client: Client) -> int:
    """Return which entity the player steers, as the last @avatar event said."""
    number: int = [payload for _, name, payload in client.events if name == "@avatar"][-1]
    return number


def place(client: Client) -> tuple[Any, Any]:
    """Return where the avatar is."""
    ship = client.view.entities[avatar(client)]
    fields = client.types[ship.type].fields
    values = {field.name: field.value(code) for field, code in zip(fields, ship.codes, strict=True)}
    return values["x"], values["y"]


def test_it_joins_steers_and_sees_itself_move(port: int) -> None:
    client = Client("arena", {"name": "Stranger"})
    with link(port) as websocket:
        enter(client, websocket)
        start = place(client)
        steer(client, websocket, 20, thrust=1)
        assert place(client) != start
        assert client.leads, "no STATE said how early an input frame was"
        assert (client.resyncs, client.welcome["resumed"]) == (0, False)


def test_a_client_with_nothing_but_the_token_has_its_seat_again(port: int) -> None:
    before = Client("arena", {"name": "Ada"})
    with link(port) as websocket:
        enter(before, websocket)
        steer(before, websocket, 5, thrust=1)
        again = Client("arena", {"name": "Ada"}, token=before.welcome["token"])
        with link(port) as new:
            enter(again, new)
            assert again.welcome["resumed"]
            assert (avatar(again), again.seq) == (avatar(before), again.welcome["seq"])
            assert again.view.entities.keys() == before.view.entities.keys()
            assert [name for _, name, _ in again.events] == ["@avatar"]
            start = place(again)
            steer(again, new, 5, thrust=1)
            assert place(again) != start


def test_two_clients_see_the_same(port: int) -> None:
    one, other = Client("arena", {"name": "One"}), Client("arena", {"name": "Other"})
    with link(port) as link_one, link(port) as link_other:
        enter(one, link_one)
        other.join[2] = one.welcome["room"]
        enter(other, link_other)
        steer(one, link_one, 10, thrust=1)
        while one.view.tick != other.view.tick:
            next_state(*((one, link_one) if one.view.tick < other.view.tick else (other, link_other)))
        assert one.view.entities == other.view.entities
        assert {avatar(one), avatar(other)} <= one.view.entities.keys()


def test_it_repeats_a_join_over_another_link_and_has_the_same_seat(port: int) -> None:
    client, before = (Client("arena", {"name": "Lost"}, room={"create": {}}) for _ in range(2))
    before.join = list(client.join)
    with link(port) as first, link(port) as second:
        enter(before, first)
        enter(client, second)
        for key in ("room", "session"):
            assert client.welcome[key] == before.welcome[key]
        assert client.welcome["resumed"] is False
        assert closing(before, first).code == 4023


def test_two_meet_in_a_room_of_their_own_by_its_code(port: int) -> None:
    one, other = Client("arena", {"name": "One"}, room={"create": {}}), Client("arena", {"name": "Other"})
    with link(port) as link_one, link(port) as link_other, link(port) as link_late:
        enter(one, link_one)
        code = one.welcome["room"].upper()
        other.join[2] = {"code": f"{code[:3]} {code[3:]}"}
        enter(other, link_other)
        assert other.welcome["room"] == one.welcome["room"]
        late = Client("arena", {}, room={"create": {"gravity": 9}})
        link_late.send(late.open())
        assert closing(late, link_late).code == 4019


def test_it_resumes_its_ship_with_a_delta_from_its_newest_state(port: int) -> None:
    client = Client("arena", {"name": "Lost"})
    with link(port) as websocket:
        enter(client, websocket)
        steer(client, websocket, 5, thrust=1)
        websocket.drop()
    session, ship, tick = client.welcome["session"], avatar(client), client.view.tick
    with link(port) as websocket:
        enter(client, websocket)
        steer(client, websocket, 3, thrust=1)
    assert (client.welcome["resumed"], client.welcome["session"], avatar(client)) == (True, session, ship)
    assert client.view.tick > tick
    assert client.resyncs == 0
    joined = [payload for _, name, payload in client.events if name == "joined"]
    assert joined.count({"name": "Lost"}) == 1, "an event came twice, or the player joined anew"


def test_a_token_works_once(port: int) -> None:
    client = Client("arena", {"name": "Twice"})
    with link(port) as websocket:
        enter(client, websocket)
        used = client.open()
        websocket.drop()
    with link(port) as websocket, link(port) as thiefs:
        enter(client, websocket)
        steer(client, websocket, 1)
        thiefs.send(used)
        assert closing(Client("arena", {}), thiefs).code == 4024
        steer(client, websocket, 1)


def test_it_leaves(port: int) -> None:
    client = Client("arena", {"name": "Gone"})
    with link(port) as websocket:
        enter(client, websocket)
        websocket.send(pack(LEAVE))
        assert closing(client, websocket).code == 1000


def test_ping_is_answered_before_and_after_joining(port: int) -> None:
    client = Client("arena", {"name": "Ping"})
    with link(port) as websocket:
        websocket.send(pack(PING, 7))
        assert read_message(websocket.receive()) == (SERVER_PONG, [7, 0, 0, 0, 0])
        enter(client, websocket)
        websocket.send(pack(PING, 8))
        messages = (read_message(websocket.receive()) for _ in range(MAX_MESSAGES))
        nonce, tick, *_ = next(items for number, items in messages if number == SERVER_PONG)
        assert nonce == 8
        assert tick >= client.view.tick
