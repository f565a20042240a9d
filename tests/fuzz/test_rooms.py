"""The room fuzzer in a short form: fixed seeds, and some that nobody has seen. It finds faults that there once were."""

import os
import random
from collections.abc import Iterator

import pytest

from gameserver.room.lifecycle import Lifecycle
from gameserver.sync.encode.type_delta import TypeDelta
from tests.fuzz.rooms import cut_down, describe, run, search
from tests.support.any_room.browser import Browser
from tests.support.any_room.traces import random_trace

pytestmark = pytest.mark.slow

FIXED_SEEDS = (*range(1, 31), 1387603138)
"""In the last one a client is going away, and its session ends before the grace time of a lost link."""
RANDOM_SEEDS = 0 if os.environ.get("CI") else 8
"""How many seeds are tried that nobody has seen; a submission must not fail on what another run did not draw."""
TRIES = 100
"""How many shorter traces are tried when one shows a fault."""


@pytest.fixture(scope="module")
def sdk() -> Iterator[Browser]:
    with Browser() as one:
        yield one


@pytest.mark.parametrize("seed", FIXED_SEEDS)
def test_no_room_fails_and_no_viewer_holds_anything_else_than_it_is_to_see(seed: int, sdk: Browser) -> None:
    trace = random_trace(seed)
    fault = run(trace, sdk)
    if fault is not None:
        pytest.fail(f"seed {seed}: {describe(*cut_down(trace, fault, sdk, TRIES))}")


def test_nor_with_seeds_that_nobody_has_seen(sdk: Browser) -> None:
    first = random.SystemRandom().getrandbits(32)
    found = search(range(first, first + RANDOM_SEEDS), sdk)
    if found.fault is not None:
        pytest.fail(found.report(sdk, TRIES))


def test_a_replaced_entity_without_its_texts_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    right = TypeDelta._changed
    monkeypatch.setattr(TypeDelta, "_changed", lambda self, old, new: None if old == new else right(self, old, new))
    found = search(FIXED_SEEDS, None)
    assert found.fault is not None
    assert found.fault.kind == "wrong objects"


def test_a_resume_that_ends_a_room_with_interest_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Lifecycle, "_has_own_view", lambda *_: False)
    found = search(FIXED_SEEDS, None)
    assert found.fault is not None
    assert found.fault.kind.startswith("room failed: IndexError")
