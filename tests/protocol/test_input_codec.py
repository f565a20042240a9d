"""The compiled decoder of INPUT at its limits."""

import msgpack
import pytest

from gameserver.protocol import InputCodec

INPUTS = InputCodec([(-1, 1), (0, 1)])


@pytest.mark.parametrize(
    "packed",
    [
        "96 03 01 00 28 ff 01",
        "96 cc03 cd0001 ce00000000 d028 d0ff cf0000000000000001",
        "dc0006 03 01 00 cd0028 d3ffffffffffffffff 01",
    ],
)
def test_integers_and_arrays_may_come_in_any_form(packed: str) -> None:
    assert INPUTS.try_decode(bytes.fromhex(packed)) == (1, 0, 40, (-1, 1))


@pytest.mark.parametrize(
    "items",
    [
        [3, 1, 0, 0, 2, 0], [3, 1, 0, 0, 0], [3, 1, 0, 0, 0, 0, 0], [3, 0, 0, 0, 0, 0], [3, 2**32, 0, 0, 0, 0],
        [3, 1, 0, 0, 0, True], [3, 1, 0, 0, 0, 1.0], [3, 1, 0, 0, 0, None], [4, 1, 0, 0, 0, 0], [3.0, 1, 0, 0, 0, 0],
        [3, 1, 0, -1, 0, 0], [3, 1, 0, 4096, 0, 0], [3, 1, 0, 0.0, 0, 0], [],
    ],
)  # fmt: skip
def test_everything_else_does_not_match(items: list[object]) -> None:
    assert INPUTS.try_decode(msgpack.packb(items)) is None
    assert INPUTS.try_decode(msgpack.packb(items) + b"\x00") is None
    assert INPUTS.try_decode(b"") is None


def test_room_without_inputs_takes_frames_without_codes() -> None:
    assert InputCodec([]).try_decode(bytes.fromhex("9403010000")) == (1, 0, 0, ())


def test_names_must_go_with_ranges() -> None:
    with pytest.raises(ValueError, match="zip"):
        InputCodec([(0, 1)], ["turn", "fire"])
