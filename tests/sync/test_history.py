"""A lookup by tick finds that tick's own snapshot, or none."""

import hypothesis.strategies as st
import pytest
from hypothesis import given

from gameserver.sync.history import History
from gameserver.sync.snapshot import Snapshot


@given(st.integers(1, 8), st.lists(st.integers(1, 5), max_size=30))
def test_the_last_ticks_are_found_and_no_others(size: int, steps: list[int]) -> None:
    history = History(size)
    kept: dict[int, Snapshot] = {}
    tick = 0
    for step in steps:
        tick += step
        kept[tick] = Snapshot(tick, ())
        history.put(kept[tick])
        assert history.newest is kept[tick]
    for asked in range(tick + 20):
        found = history.get(asked)
        if found is not None:
            assert found is kept[asked]
        elif asked in kept:
            assert asked <= tick - size


def test_an_empty_history_finds_nothing() -> None:
    history = History(4)
    assert history.newest is None
    assert history.get(0) is None


@pytest.mark.parametrize("tick", [4, 5])
def test_a_snapshot_that_is_not_newer_is_refused(tick: int) -> None:
    history = History(4)
    history.put(Snapshot(5, ()))
    with pytest.raises(ValueError, match="goes forward only"):
        history.put(Snapshot(tick, ()))
