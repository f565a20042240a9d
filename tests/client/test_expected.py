"""Events that were told ahead of the server."""

from gameserver.client.expected import Expected, ExpectedEvents
from gameserver.protocol.messages import Event


def expect(name: str = "shot", payload: object = None, *, until_s: float = 1.0, only: object = None) -> Expected:
    return Expected(name, payload, lambda found: only is None or found == only, until_s)


def test_the_servers_own_is_claimed_once() -> None:
    expected = ExpectedEvents()
    expected.add(expect())
    assert expected.claim(Event(1, "shot", 7))
    assert not expected.claim(Event(2, "shot", 7))


def test_only_the_name_and_payload_that_match_are_claimed() -> None:
    expected = ExpectedEvents()
    expected.add(expect(only=7))
    assert not expected.claim(Event(1, "hit", 7))
    assert not expected.claim(Event(1, "shot", 8))
    assert expected.claim(Event(1, "shot", 7))


def test_what_does_not_come_in_time_is_given_up_oldest_first() -> None:
    expected = ExpectedEvents()
    for number, until_s in enumerate((1.0, 5.0, 2.0)):
        expected.add(expect(payload=number, until_s=until_s))
    assert [one.payload for one in expected.take_overdue(2.0)] == [0, 2]
    assert expected.take_overdue(2.0) == []
    assert len(expected) == 1
