"""The tables of the wire are consistent."""

import pytest

from gameserver.protocol.constants import CLOSE, ClientMessage, CloseCode, Limits, ServerMessage
from gameserver.protocol.specs import CLIENT_MESSAGES, SERVER_MESSAGES


def test_message_ids_of_both_sides_differ() -> None:
    assert not set(ClientMessage) & set(ServerMessage)


def test_every_message_has_a_spec_whose_items_are_its_attributes() -> None:
    assert [spec.id for spec in CLIENT_MESSAGES] == list(ClientMessage)
    assert [spec.id for spec in SERVER_MESSAGES] == list(ServerMessage)


def test_every_close_code_says_what_to_do() -> None:
    assert list(CLOSE) == list(CloseCode)
    assert CloseCode(4023).back == "no"
    assert CLOSE[CloseCode.DEAD].back == "resume"


@pytest.mark.parametrize("wrong", [{"max_depth": 0}, {"max_depth": 65}, {"dead_after_s": 0}, {"max_held_events": -1}])
def test_limits_that_make_no_sense_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Limits(**wrong)
