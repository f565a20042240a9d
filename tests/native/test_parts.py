"""What a link holds natively is what it holds in Python: the same calls give the same results, in any order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gameserver.protocol.constants import MAX_COUNTER
from gameserver.sync.inputs import InputQueue
from gameserver.sync.token_bucket import TokenBucket
from gameserver.sync.window import Window

if TYPE_CHECKING:
    from collections.abc import Callable

links = pytest.importorskip("gameserver.native.links", reason="it is built with the compiled build only")

CODES = st.tuples(st.integers(-(2**63), 2**63 - 1), st.integers(-9, 9))
SEQS = st.integers(0, 30) | st.integers(0, MAX_COUNTER)
TIMES_S = st.floats(0.0, 20.0) | st.sampled_from([0.0, 1e9])
SMALL = st.integers(0, 40)
QUEUE_CALLS = st.one_of(
    st.tuples(st.just("push"), SEQS, CODES, TIMES_S, st.integers(-50, 2_000)),
    st.tuples(st.just("take"), TIMES_S, st.integers(0, 100)),
    st.tuples(st.just("clear")),
    st.tuples(st.just("restore"), SMALL, SMALL, SMALL),
)
WINDOW_CALLS = st.one_of(
    st.tuples(st.just("sent"), SMALL),
    st.tuples(st.just("sent"), SMALL),
    st.tuples(st.just("ack"), SMALL, st.integers(0, 10_000)),
    st.tuples(st.sampled_from(["clear", "restart", "stay_open"])),
)


def both(*made: Any, of: tuple[str, ...]) -> Callable[..., None]:
    """Return what makes a call on both objects, and compares the results and these attributes."""

    def call(name: str, *arguments: Any) -> None:
        python, native = (getattr(each, name)(*arguments) for each in made)
        assert python == native, (name, arguments)
        assert len(made[0]) == len(made[1])
        assert [getattr(made[0], name) for name in of] == [getattr(made[1], name) for name in of]

    return call


@given(st.lists(QUEUE_CALLS, max_size=60), st.sampled_from([0.0, 0.25, 1.0]), st.sampled_from([5, 20, 240]))
def test_an_input_queue(calls: list[tuple[Any, ...]], hold_s: float, tick_hz: int) -> None:
    kinds: list[Any] = [InputQueue, links.InputQueue]
    python, native = (kind(hold_s=hold_s, tick_hz=tick_hz, neutral=(0, 7)) for kind in kinds)
    of = ("consumed", "lead", "lag", "missed", "trimmed", "neutral")
    call = both(python, native, of=of)
    for name, *arguments in calls:
        call(name, *arguments)
        if name == "take" and arguments[1] % 3 == 0:  # a snapshot was sent
            python.lead = native.lead = None


def test_a_queue_takes_no_frame_that_is_not_whole() -> None:
    queue = links.InputQueue(hold_s=0.25, tick_hz=20, neutral=(0, 0))
    for codes, error in (((1,), ValueError), ((1, 2**63), OverflowError), ((1, "x"), TypeError)):
        with pytest.raises(error):
            queue.push(1, codes, 0.0)
    assert len(queue) == 0
    queue.push(1, (3, 4), 0.0)
    assert queue.take(0.0, 1) == (3, 4)


@given(st.lists(WINDOW_CALLS, max_size=80), st.sampled_from([0, 1, 3, 64]), st.sampled_from([1, 3]))
def test_a_window(calls: list[tuple[Any, ...]], limit: int, snapshot_every: int) -> None:
    call = both(
        Window(limit, 20, snapshot_every), links.Window(limit, 20, snapshot_every), of=("open", "width", "limit")
    )
    for name, *arguments in calls:
        call(name, *arguments)


@given(
    st.lists(st.tuples(st.sampled_from([0.0, 1e-9, 0.01, 0.3, 5.0]), st.sampled_from([1, 1.0, 17, 400])), max_size=60),
    st.sampled_from([(1.0, 3.0), (30.0, 100.0), (1 / 3, 500.0)]),
)
def test_a_token_bucket(takes: list[tuple[float, float]], limits: tuple[float, float]) -> None:
    now_s = 1_000.1
    python, native = TokenBucket(*limits, now_s), links.TokenBucket(*limits, now_s)
    for wait_s, amount in takes:
        now_s += wait_s
        assert python.take(amount, now_s) == native.take(amount, now_s)
