"""The numbers in protocol.md's sentences are those of the code."""

import pytest

from gameserver.client import backoff, estimator, pacer
from gameserver.client.link import RETRY_STATUSES
from gameserver.hub import attempts, open_rooms
from gameserver.protocol import constants as wire
from gameserver.protocol.constants import CHECKS_IN_DEAD_TIME, PING_AFTER_DEAD_SHARE, Limits
from gameserver.room.room import Room
from gameserver.state import declare, fields, schema
from gameserver.state.jumps import JUMP_COUNTS
from gameserver.sync.inputs import MIN_QUEUED_FRAMES
from tests.support.protocol_page import section

LIMITS = Limits()
HOLD = f"{LIMITS.input_hold_s * 1000:g} ms"

SENTENCES = [
    (2, f"is an integer 0 … {wire.MAX_COUNTER} (2³² - 1)"),
    (3, f"`token`: bin of {wire.RESUME_TOKEN_BYTES} bytes"),
    (3, f"a bin of {wire.ATTEMPT_BYTES} random bytes"),
    (3, f"The reservation is {wire.RESERVATION_BYTES} random bytes"),
    (3, f"accepted within the last {attempts.ATTEMPT_KEPT_S:g} s"),
    (3, f"A server looks at {open_rooms.MAX_FILTERED_ROOMS} rooms at most"),
    (3, f"in 1/{wire.BEHIND_UNITS_PER_TICK} tick (0-{wire.MAX_BEHIND})"),
    (3, f"in 1/{wire.LEAD_UNITS_PER_TICK} tick, 0-{wire.MAX_LEAD} "),
    (3, f"`kind`: str, 1-{LIMITS.max_kind_bytes} bytes"),
    (3, f"a str of 1-{LIMITS.max_room_id_bytes} bytes"),
    (3, f"`name`: str, 1-{LIMITS.max_name_bytes} bytes"),
    (4, f"at most {schema.MAX_ENTITY_TYPES} entity types and a type at most {declare.MAX_FIELDS} fields"),
    (4, f"names are `{declare.NAME.pattern}`"),
    (4, f"A `choice` has at most {fields.MAX_CHOICES} names"),
    (4, f"a `list` at most {fields.MAX_LIST_ITEMS} items"),
    (4, f"a `text` at most {fields.MAX_TEXT_BYTES} bytes"),
    (4, f"`lo` 0 and `hi` {JUMP_COUNTS - 1}"),
    (5, f"in 1/{wire.LEAD_UNITS_PER_TICK} tick (0-{wire.MAX_LEAD})"),
    (5, f"(`step` of an angle is `{fields.TURN} / steps`)"),
    (6, f"as far as they fit into {wire.MAX_EVENT_BYTES:,} bytes"),
    (7, f"counts again, for at most {HOLD}"),
    (7, f"holds {HOLD} worth of frames, but at least {MIN_QUEUED_FRAMES}"),
    (7, f"by at most {pacer.MAX_STRETCH:.0%}".replace("%", " %")),
    (7, f"more than {pacer.JUMP_TICKS:g} ticks off"),
    (7, f"min({pacer.BASE_LEAD_TICKS:g} + {pacer.JITTERS_OF_LEAD:g} * jitter"),
    (7, f"clamp({pacer.STRETCH_PER_TICK:g} * (target - early), -{pacer.MAX_STRETCH:g}, {pacer.MAX_STRETCH:g})"),
    (7, f"lead / {wire.LEAD_UNITS_PER_TICK} + shift"),
    (7, f"{pacer.LEAD_OUTLIER_TICKS:g} + {estimator.OUTLIER_DEVIATIONS:g} * jitter"),
    (7, f"early += (waited - early) / {1 / pacer.LEAD_GAIN:g}"),
    (7, f"to one side for {pacer.LEAD_SHIFT_TICKS:g} frames"),
    (7, f"early - target > {pacer.JUMP_TICKS:g}"),
    (7, f"1/{1 / pacer.LEAD_RISE_GAIN:g} : 1/{1 / estimator.DEVIATION_FALL_GAIN:g}"),
    (7, f"`ack - behind / {wire.BEHIND_UNITS_PER_TICK}`"),
    (7, f"at most {Room.max_rewind_s * 1000:g} ms (a room may set another bound)"),
    (8, f"the dead time ({LIMITS.dead_after_s:g} s)"),
    (9, f"A reason has at most {wire.MAX_REASON_BYTES} bytes"),
    (10, f"({backoff.FIRST_S:g} s doubling to {backoff.CAP_S:g} s, full jitter)"),
    (10, "(all but {}, {}, {}, {}, {} and {})".format(*sorted(RETRY_STATUSES))),
    (10, f"joined for at least {backoff.HELD_AFTER_S:g} s, or"),
    (10, f"4021, for at least {backoff.RULES_HELD_AFTER_S:g} s"),
]


def text(number: int) -> str:
    """A section in one line, every dash, minus and multiplication sign as those that keyboards have."""
    return " ".join(section(number).translate({0x2013: "-", 0x2212: "-", 0xD7: "*"}).split())


@pytest.mark.parametrize(("number", "sentence"), SENTENCES)
def test_page_states_the_numbers_of_the_code(number: int, sentence: str) -> None:
    assert sentence in text(number)


def test_numbers_that_the_page_writes_as_words_are_those_of_the_code() -> None:
    assert declare.MAX_RATE_RATIO == 2**20
    assert "at most 2²⁰ times its field's" in text(4)
    assert PING_AFTER_DEAD_SHARE == 1 / 3
    assert "nothing for a third of the dead time" in text(8)
    assert CHECKS_IN_DEAD_TIME == 20
    assert "up to a twentieth of the dead time early" in text(8)
    assert (pacer.BASE_LEAD_TICKS, pacer.JITTERS_OF_LEAD) == (0.5, 2.0)
    assert "half a tick plus twice the jitter" in text(7)
